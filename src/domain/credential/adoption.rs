//! The table of `design.md` 5: which record may be written whose id is not in our status (P4).
//!
//! | the list shows | `Never` | `ByIdentifier` | `TakeOver` |
//! |---|---|---|---|
//! | neither our identifier nor our account | create | create | create |
//! | our identifier on our account | conflict, unless `inFlight` tells that we created the record | update | update |
//! | our account without an identifier | as above | update | update |
//! | our account under an identifier of a former cluster name | update | update | update |
//! | our identifier on another account | conflict | conflict | update, if the connection allows it |
//! | our account under another identifier | conflict | conflict | update, if the connection allows it |
//! | several records that match, or an SSH key's row | conflict | conflict | conflict |
//!
//! A record of another object of this cluster that is being deleted and hands the record over is written as by `TakeOver`,
//! but under `Never`: the consent of that object takes the place of the policy and of the connection's permission.
//!
//! A conflict is [`Reason::RecordConflict`]; a take-over that the connection does not allow is [`Reason::AccessDenied`]. A
//! creation under `Never` and every take-over are announced in status first, so that a later pass knows whose the record is.
//! The laws check every cell (`laws/tables/p4_table.rs`).

use super::{AdoptionPolicy, Binding, Decision, Expect, Facts, Intent, Push, Reason, Request, Seen, ValueComparison};

/// Decides for a record that was there before us.
///
/// After an answer that named another record, that record may have our identifier by our own write (API 2.6, row 2), and a
/// record of ours that is listed under another id was created again by somebody: then only the user's word makes it ours.
pub(super) fn existing_record(s: &impl Facts, value: ValueComparison, seen: Seen) -> Decision {
    if (s.mismatch() || s.binding() == Binding::Bound) && s.request() == Request::None {
        return Decision::Wait(Reason::RecordConflict);
    }
    match seen {
        Seen::IdentifierOnAccount { rotates } | Seen::AccountBare { rotates } if may_have(s) => {
            adopt(s, value, rotates)
        }
        Seen::FormerOnAccount { rotates } if s.binding() != Binding::Bound => adopt(s, value, rotates),
        Seen::IdentifierElsewhere { rotates } | Seen::AccountOther { rotates } if takes_over(s) => {
            if s.take_over_granted() { adopt(s, value, rotates) } else { Decision::Wait(Reason::AccessDenied) }
        }
        _ => Decision::Wait(Reason::RecordConflict),
    }
}

/// Decides for a record that the object which has it hands over to this one. `decision` is what would be decided without
/// that.
pub(super) fn handed_over(s: &impl Facts, value: ValueComparison, decision: Decision) -> Decision {
    let may_have = s.binding() != Binding::Bound && s.adoption() != AdoptionPolicy::Never;
    let unclear = s.mismatch() && s.request() == Request::None;
    match (decision, s.inventory().seen()) {
        (
            Decision::Wait(Reason::RecordConflict | Reason::AccessDenied),
            Some(Seen::IdentifierElsewhere { rotates } | Seen::AccountOther { rotates }),
        ) if may_have && !unclear => adopt(s, value, rotates),
        _ => decision,
    }
}

/// Whether a record may be written that has our account, and our identifier or none.
fn may_have(s: &impl Facts) -> bool {
    s.adoption() != AdoptionPolicy::Never || is_of_our_making(s)
}

/// Whether the status announced a creation for this very target, and no answer named another record.
fn is_of_our_making(s: &impl Facts) -> bool {
    s.in_flight() == Some(Intent::Create) && s.binding() != Binding::Bound && !s.mismatch()
}

fn takes_over(s: &impl Facts) -> bool {
    s.adoption() == AdoptionPolicy::TakeOver && s.binding() != Binding::Bound
}

/// Updates a record that was there before us, and takes its id as ours.
pub(super) fn adopt(s: &impl Facts, value: ValueComparison, rotates: bool) -> Decision {
    let value = value != ValueComparison::None && (!rotates || s.request() == Request::Value);
    Decision::Push(Push { expect: Expect::Existing, value, all_fields: true })
}

/// Returns what the status must announce before that POST, and does not.
pub(super) fn intent_due(s: &impl Facts, push: Push, seen: Option<Seen>) -> Option<Intent> {
    let intent = match (push.expect, s.adoption(), seen) {
        (Expect::Create, AdoptionPolicy::Never, _) => Intent::Create,
        (Expect::Existing, _, Some(Seen::IdentifierElsewhere { .. } | Seen::AccountOther { .. })) => Intent::TakeOver,
        _ => return None,
    };
    (s.in_flight() != Some(intent)).then_some(intent)
}

//! The table of `design.md` 5: what may be written onto a record whose id is not in our status (P4).

use super::{Adoption, Binding, Decision, Expect, Facts, Intent, Push, Reason, Request, Seen, Value};

/// Decides for a record that was there before us.
///
/// After an answer that named another record, our identifier may be there by our own stray write (API 2.6, row 2), and a
/// record of ours that is listed under another id was made anew by somebody: then only the user's word makes it ours.
pub(super) fn existing_record(s: &impl Facts, value: Value, seen: Seen) -> Decision {
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

/// Whether a record with our account, and our identifier or none, may be written.
fn may_have(s: &impl Facts) -> bool {
    s.adoption() != Adoption::Never || is_of_our_making(s)
}

/// We were about to make a record exactly here, and no answer said that it became another.
fn is_of_our_making(s: &impl Facts) -> bool {
    s.in_flight() == Some(Intent::Create) && s.binding() != Binding::Bound && !s.mismatch()
}

fn takes_over(s: &impl Facts) -> bool {
    s.adoption() == Adoption::TakeOver && s.binding() != Binding::Bound
}

/// Onto a record that was there before us.
pub(super) fn adopt(s: &impl Facts, value: Value, rotates: bool) -> Decision {
    let value = value != Value::None && (!rotates || s.request() == Request::Value);
    Decision::Push(Push { expect: Expect::Adopt, value, all_fields: true })
}

/// What must be in status before that POST, and is not.
pub(super) fn intent_due(s: &impl Facts, push: Push, seen: Option<Seen>) -> Option<Intent> {
    let intent = match (push.expect, s.adoption(), seen) {
        (Expect::Create, Adoption::Never, _) => Intent::Create,
        (Expect::Adopt, _, Some(Seen::IdentifierElsewhere { .. } | Seen::AccountOther { .. })) => Intent::TakeOver,
        _ => return None,
    };
    (s.in_flight() != Some(intent)).then_some(intent)
}

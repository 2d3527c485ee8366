//! The one place where it is decided what happens to a credential.

use super::adoption::{adopt, existing_record, handed_over, intent_due};
use super::decision::{Decision, Expect, Look, Planned, Push};
use super::repair::{checked, correction_due, is_only_correction, lost_key, missed, resend_due};
use super::{
    Binding, Claims, Connection, Facts, Inventory, Reason, ReleaseReason, Request, SecretsState, Seen, ValueComparison,
};

/// Decides what happens to a credential.
///
/// # Guarantees
///
/// * A push is decided only when something is due (P1). After a push that was answered as expected the next decision is
///   [`Decision::Settled`], with these exceptions: [`Decision::Enable`] where the spec has the record enabled and it may be
///   disabled; [`Decision::RemoveFinalizer`] where the deletion policy no longer needs the finalizer; and, after a push that
///   repeated a write without an answer, one more push once the settle window of that write is over.
/// * A record whose id is not in our status is written only after a look at the list that permits it, by the
///   column of `design.md` 5 that the spec chose (P4), and only once no other object of this cluster claims it. Where
///   nothing but status could tell later what was tried, that is written there first. (Where the connection may not
///   list, a record that is not ours yet is only created, or written on the user's word.)
/// * A record is enabled only where it is ours, was there before us, and was not enabled for this object yet.
/// * A push carries the value only on creation, when the value is new or changed, or when somebody asked for it; and again
///   where a write of ours may have been missed or came late, or where a value that somebody else changed is corrected. A
///   push to a record that was there before, or for any other cause than a new value, never carries a value that the vault
///   rotates (P6).
/// * A record is disabled only while the object is being deleted, its policy says so, no other object has the record or
///   gets it, and the list shows it as ours or does not show it at all (P7). Nothing is sent before the finalizer is there, and the
///   finalizer is put back first of all while a record may exist whose deletion policy is `Disable`.
/// * With `mode: Plan`, beside that finalizer, nothing is decided but what would be sent ([`Decision::Plan`]), or what prevents it.
/// * Each [`Look`] is asked for at most once: what was seen is never asked for again.
#[must_use]
pub fn decide(s: &impl Facts) -> Decision {
    match (s.deleting(), s.suspended()) {
        _ if is_finalizer_missing(s) => Decision::AddFinalizer,
        (true, _) => match super::deletion::decide_deletion(s) {
            Decision::Disable if s.plan() => Decision::Plan(Planned::Disable),
            Decision::HandOver if s.plan() => Decision::Plan(Planned::Nothing),
            decision => decision,
        },
        (false, true) => Decision::Suspend,
        (false, false) => match decide_live(s) {
            decision if s.plan() => planned(decision),
            Decision::Push(_) if s.disable() && !s.finalizer() => Decision::AddFinalizer,
            Decision::Push(push) => {
                intent_due(s, push, s.inventory().seen()).map_or(Decision::Push(push), Decision::Intend)
            }
            Decision::Settled if s.finalizer() && !s.disable() => Decision::RemoveFinalizer(ReleaseReason::Retained),
            decision => decision,
        },
    }
}

/// Whether the PAM may hold a record that the deletion of the object would have to disable, and nothing would hold the
/// deletion up. Whatever else the object waits for, a deletion does not wait with it: so this comes before every gate, also
/// where `spec.suspend` or `mode: Plan` forbids calls to the PAM, since a finalizer is none.
fn is_finalizer_missing(s: &impl Facts) -> bool {
    !s.deleting() && s.disable() && !s.finalizer() && !s.unserved() && (s.binding() != Binding::Unbound || s.doubtful())
}

/// Returns what would be done for an object that is not being deleted.
fn planned(decision: Decision) -> Decision {
    match decision {
        Decision::Push(push) => Decision::Plan(Planned::Push(push)),
        Decision::Enable => Decision::Plan(Planned::Enable),
        Decision::WithholdValue => Decision::Plan(Planned::WithholdValue),
        Decision::Settled | Decision::LookAgain | Decision::Record | Decision::Rebind => {
            Decision::Plan(Planned::Nothing)
        }
        decision => decision,
    }
}

/// Decides for an object that is not being deleted.
fn decide_live(s: &impl Facts) -> Decision {
    // Even where nothing is due: what changes from now on is not seen.
    if s.unserved() {
        return Decision::Wait(Reason::NotServed);
    }
    // Even where nothing is due: an object that may no longer use the connection says so at once, and not at the next
    // change.
    if s.denied() {
        return Decision::Wait(Reason::AccessDenied);
    }
    if s.other_operator_writes() {
        return Decision::Wait(Reason::AnotherOperator);
    }
    if (must_be_sent(s) || s.enable_due()) && s.connection() != Connection::Ready {
        return Decision::Wait(blame(s.connection()));
    }
    match s.secrets() {
        SecretsState::Missing => Decision::Wait(Reason::SecretNotFound),
        SecretsState::KeyMissing => Decision::Wait(Reason::SecretKeyNotFound),
        SecretsState::Invalid => Decision::Wait(Reason::SecretInvalid),
        SecretsState::Unread => Decision::Look(Look::Secrets),
        SecretsState::Unchanged if due_whatever_the_value(s) => Decision::Look(Look::Secrets),
        SecretsState::Unchanged => Decision::Settled,
        SecretsState::Read(value) => with_value(s, value),
    }
}

/// Whether something is due whatever the Secrets hold.
fn due_whatever_the_value(s: &impl Facts) -> bool {
    must_be_sent(s) || s.enable_due() || is_repairing(s) || needs_check(s)
}

fn must_be_sent(s: &impl Facts) -> bool {
    let changed = s.binding() != Binding::Bound || s.fields_changed() || s.account_changed();
    // An answer that named another record leaves open what the PAM holds: nothing is settled before that is cleared up.
    changed || s.mismatch() || s.request() != Request::None
}

/// Whether the record has to be written again although nothing changed. While the connection is not ready, the object
/// stays as ready as it was.
fn is_repairing(s: &impl Facts) -> bool {
    s.connection() == Connection::Ready && (resend_due(s) || correction_due(s))
}

fn needs_check(s: &impl Facts) -> bool {
    s.connection() == Connection::Ready && s.binding() == Binding::Bound && s.suspected_write()
}

fn blame(connection: Connection) -> Reason {
    match connection {
        Connection::Missing => Reason::ConnectionNotFound,
        Connection::NotReady(reason) => reason,
        Connection::Ready => Reason::Progressing,
    }
}

fn with_value(s: &impl Facts, value: ValueComparison) -> Decision {
    let due = must_be_sent(s) || matches!(value, ValueComparison::New | ValueComparison::Changed);
    match (due || is_repairing(s), s.connection()) {
        (true, Connection::Ready) => with_connection(s, value),
        (true, connection) => Decision::Wait(blame(connection)),
        (false, Connection::Ready) => unchanged(s, value),
        // A digest by an operator that serves another connection looks like one with a lost key: only the operator that
        // serves the connection writes.
        (false, _) => Decision::Settled,
    }
}

/// Nothing is known to be due. Enabling the record moves its time of change, so that what the list says of earlier writes
/// is looked at first.
fn unchanged(s: &impl Facts, value: ValueComparison) -> Decision {
    let decision = match value {
        ValueComparison::Unknown => lost_key(s),
        _ if s.suspected_write() => checked(s, value),
        _ => Decision::Settled,
    };
    match decision {
        Decision::Settled | Decision::Record | Decision::WithholdValue if s.enable_due() => enable(s),
        decision => decision,
    }
}

/// The record is ours by its id, but an id alone is not enough to touch one that may have changed hands, or may be of
/// another login's vault.
fn enable(s: &impl Facts) -> Decision {
    match s.inventory() {
        Inventory::NotAsked => Decision::Look(Look::Inventory),
        Inventory::Failed(reason) => Decision::Wait(reason),
        Inventory::Shows(Seen::Ours { .. }) | Inventory::Incomplete(Seen::Ours { .. }) => Decision::Enable,
        // A list may leave disabled records out: then the PAM says by its answer whether it is there.
        Inventory::Shows(Seen::Neither) | Inventory::Off if !s.login_changed() => Decision::Enable,
        Inventory::Incomplete(_) => Decision::Wait(Reason::InventoryIncomplete),
        Inventory::Shows(_) | Inventory::Off => Decision::Wait(Reason::RecordConflict),
    }
}

fn with_connection(s: &impl Facts, value: ValueComparison) -> Decision {
    let decision = match s.inventory() {
        _ if !needs_list(s, value) => update(s, value, None),
        Inventory::NotAsked => Decision::Look(Look::Inventory),
        Inventory::Failed(reason) => Decision::Wait(reason),
        Inventory::Off => without_list(s, value),
        Inventory::Incomplete(seen) => with_untrusted_list(s, value, seen),
        Inventory::Shows(seen) => with_list(s, value, seen),
    };
    match decision {
        Decision::Push(push) if claims_first(s, push) => with_claims(s, value, decision),
        Decision::Rebind => with_claims(s, value, decision),
        // The record may be that of another object: then the object waits for that one, which is not named.
        Decision::Wait(Reason::RecordConflict | Reason::AccessDenied) if is_after_another(s) => {
            with_claims(s, value, decision)
        }
        decision => decision,
    }
}

/// A record that is not ours yet is looked for.
fn is_after_another(s: &impl Facts) -> bool {
    s.binding() != Binding::Bound || s.account_changed()
}

/// A record, an account or a device's settings that were not ours before are claimed in the cluster before they are
/// written.
fn claims_first(s: &impl Facts, push: Push) -> bool {
    push.expect != Expect::Update || s.account_changed() || s.device_changed()
}

fn with_claims(s: &impl Facts, value: ValueComparison, decision: Decision) -> Decision {
    match s.claims() {
        Claims::NotAsked => Decision::Look(Look::Claims),
        Claims::Free => decision,
        Claims::HandedOver => handed_over(s, value, decision),
        Claims::Identifier => Decision::Wait(Reason::IdentifierConflict),
        Claims::Account => Decision::Wait(Reason::AccountConflict),
        Claims::Device => Decision::Wait(Reason::DeviceConflict),
    }
}

/// Whether the list is looked at first: before a first push, a rename or move, a push to another vault or by another
/// login, a push on request, a repeated push, and any push after an answer that named another record.
fn needs_list(s: &impl Facts, value: ValueComparison) -> bool {
    let another = s.binding() != Binding::Bound || s.account_changed() || s.mismatch() || s.login_changed();
    // A new value goes out whatever the list says (P2).
    let again =
        !matches!(value, ValueComparison::New | ValueComparison::Changed) && (is_repairing(s) || s.suspected_write());
    another || s.request() == Request::Fields || again || (value == ValueComparison::Unknown && s.baseline())
}

fn with_list(s: &impl Facts, value: ValueComparison, seen: Seen) -> Decision {
    match (s.binding(), seen) {
        (Binding::Bound, Seen::Ours { rotates, .. }) => update(s, value, Some(rotates)),
        (Binding::Bound, _) if is_only_correction(s, value) => unchanged(s, value),
        // Not listed: a rename could meet any record, everything else still goes to the record by its identifier.
        // (Not by another login than the one that wrote the record: the login may be another tenant's, where the write
        // would create a second record.)
        (Binding::Bound, Seen::Neither) if !s.account_changed() && !s.mismatch() && !s.login_changed() => {
            update(s, value, None)
        }
        (Binding::BoundElsewhere, Seen::Ours { at_account: true, .. }) if is_only_moved(s, value) => Decision::Rebind,
        (Binding::BoundElsewhere, Seen::Ours { at_account: true, rotates }) => adopt(s, value, rotates),
        (Binding::Unbound | Binding::BoundElsewhere, Seen::Neither) if !s.mismatch() => create(value),
        (_, seen) => existing_record(s, value, seen),
    }
}

/// By a list that lacks much of what it should show, only a record is written that it shows as ours and at its account.
fn with_untrusted_list(s: &impl Facts, value: ValueComparison, seen: Seen) -> Decision {
    match seen {
        Seen::Ours { at_account: true, rotates } if s.binding() == Binding::Bound && !s.account_changed() => {
            update(s, value, Some(rotates))
        }
        _ => Decision::Wait(Reason::InventoryIncomplete),
    }
}

/// Without a list, our own record is written as the status knows it. Whose another record is, only the answer can tell,
/// and after that the user.
fn without_list(s: &impl Facts, value: ValueComparison) -> Decision {
    match (s.binding(), s.mismatch(), s.request()) {
        (_, true, Request::None) => Decision::Wait(Reason::RecordConflict),
        (Binding::Bound, ..) => update(s, value, Some(s.set_to_rotate())),
        (_, false, _) => create(value),
        (_, true, _) if s.adoption() == super::AdoptionPolicy::Never => Decision::Wait(Reason::RecordConflict),
        (_, true, _) => adopt(s, value, s.set_to_rotate()),
    }
}

fn is_only_moved(s: &impl Facts, value: ValueComparison) -> bool {
    let as_sent = matches!(value, ValueComparison::None | ValueComparison::Same | ValueComparison::Unknown);
    as_sent && !s.fields_changed() && !s.account_changed() && !s.mismatch() && s.request() == Request::None
}

fn create(value: ValueComparison) -> Decision {
    Decision::Push(Push { expect: Expect::Create, value: value != ValueComparison::None, all_fields: true })
}

/// Updates our own record. `rotates` is `None` where no list shows the record.
fn update(s: &impl Facts, value: ValueComparison, rotates: Option<bool>) -> Decision {
    let asked = match s.request() {
        Request::None => false,
        // Not where the vault rotates the value, or may.
        Request::Fields => rotates == Some(false),
        Request::Value => true,
    };
    let send = match value {
        ValueComparison::None => false,
        ValueComparison::New | ValueComparison::Changed => true,
        ValueComparison::Same | ValueComparison::Unknown => asked || missed(s, value, rotates),
    };
    let all_fields = s.request() != Request::None || is_repairing(s) || s.suspected_write();
    Decision::Push(Push { expect: Expect::Update, value: send, all_fields })
}

//! The one place where it is decided what happens to a credential.

use super::adoption::{adopt, existing_record, intent_due};
use super::decision::{Decision, Expect, Look, Planned, Push, ReleaseReason};
use super::repair::{checked, correction_due, is_only_correction, lost_key, missed, settling};
use super::{Binding, Claims, Connection, Facts, Inventory, Reason, Request, Secrets, Seen, Value};

/// Decides what happens to a credential.
///
/// # Guarantees
///
/// * A push is decided only when something is due (P1), and after a push that was answered as expected the
///   next decision is [`Decision::Settled`].
/// * A record whose id is not in our status is written only after a look at the list that permits it, by the
///   column of `design.md` 5 that the spec chose (P4), and only once no other object of this cluster claims it. Where
///   nothing but status could tell later what was tried, that is written there first. (Where the connection may not
///   list, a record that is not ours yet is only created, or written on the user's word.)
/// * A record is enabled only where it is ours, was there before us, and was not enabled for this object yet.
/// * The value goes along only on creation, when it is new or changed, or when somebody asked; and once more where a write
///   of ours may have been missed or came late, or where somebody else changed it and it is to be corrected. On a record
///   that was there before, or whose push is for any other cause than a new value, never while the vault rotates it (P6).
/// * A record is disabled only while the object is being deleted, its policy says so, no other object has the record,
///   and the list shows it as ours or does not show it at all (P7). Nothing is sent before the finalizer is there.
/// * With `mode: Plan` nothing is decided but what would be sent ([`Decision::Plan`]), or what stands in its way.
/// * Each [`Look`] is asked for at most once: what was seen is never asked for again.
#[must_use]
pub fn decide(s: &impl Facts) -> Decision {
    match (s.deleting(), s.suspended()) {
        (true, _) => match super::deletion::decide_deletion(s) {
            Decision::Disable if s.plan() => Decision::Plan(Planned::Disable),
            decision => decision,
        },
        (false, true) => Decision::Suspend,
        (false, false) => match decide_live(s) {
            decision if s.plan() => planned(decision),
            Decision::Push(_) | Decision::Enable if s.disable() && !s.finalizer() => Decision::AddFinalizer,
            Decision::Push(push) => {
                intent_due(s, push, s.inventory().seen()).map_or(Decision::Push(push), Decision::Intend)
            }
            Decision::Settled if s.finalizer() && !s.disable() => Decision::RemoveFinalizer(ReleaseReason::Retained),
            Decision::Settled if s.disable() && !s.finalizer() => Decision::AddFinalizer,
            decision => decision,
        },
    }
}

/// What would be done, of an object that stays.
fn planned(decision: Decision) -> Decision {
    match decision {
        Decision::Push(push) => Decision::Plan(Planned::Push(push)),
        Decision::Enable => Decision::Plan(Planned::Enable),
        Decision::HoldValue => Decision::Plan(Planned::HoldValue),
        Decision::Settled | Decision::LookAgain | Decision::Record | Decision::Rebind => {
            Decision::Plan(Planned::Nothing)
        }
        decision => decision,
    }
}

/// What happens to an object that is to stay.
fn decide_live(s: &impl Facts) -> Decision {
    // Even where nothing is due: who no longer may use the connection is told at once, and not at the next change.
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
        Secrets::Missing => Decision::Wait(Reason::SecretNotFound),
        Secrets::KeyMissing => Decision::Wait(Reason::SecretKeyNotFound),
        Secrets::Invalid => Decision::Wait(Reason::SecretInvalid),
        Secrets::Unread => Decision::Look(Look::Secrets),
        Secrets::Unchanged if due_whatever_the_value(s) => Decision::Look(Look::Secrets),
        Secrets::Unchanged => Decision::Settled,
        Secrets::Read(value) => with_value(s, value),
    }
}

/// Whether something must be done, whatever is in the Secrets.
fn due_whatever_the_value(s: &impl Facts) -> bool {
    must_be_sent(s) || s.enable_due() || is_repairing(s) || is_unclean(s)
}

fn must_be_sent(s: &impl Facts) -> bool {
    let changed = s.binding() != Binding::Bound || s.fields_changed() || s.account_changed();
    // An answer that named another record leaves open what the PAM holds: nothing is settled before that is cleared up.
    changed || s.mismatch() || s.request() != Request::None
}

/// Whether the record is to be written once more although nothing changed. Its connection may take its time to come
/// back: until then the object is as well as it was.
fn is_repairing(s: &impl Facts) -> bool {
    s.connection() == Connection::Ready && (settling(s) || correction_due(s))
}

fn is_unclean(s: &impl Facts) -> bool {
    s.connection() == Connection::Ready && s.binding() == Binding::Bound && s.needs_verification()
}

fn blame(connection: Connection) -> Reason {
    match connection {
        Connection::Missing => Reason::ConnectionNotFound,
        Connection::NotReady(reason) => reason,
        Connection::Ready => Reason::Progressing,
    }
}

fn with_value(s: &impl Facts, value: Value) -> Decision {
    let due = must_be_sent(s) || matches!(value, Value::New | Value::Changed);
    match (due || is_repairing(s), s.connection()) {
        (true, Connection::Ready) => with_connection(s, value),
        (true, connection) => Decision::Wait(blame(connection)),
        (false, Connection::Ready) => unchanged(s, value),
        // The digest of an operator that does not serve this connection looks like a lost key: only who serves it writes.
        (false, _) => Decision::Settled,
    }
}

/// Nothing is known to be due. To enable the record moves it in the list: what that says of earlier writes is seen first.
fn unchanged(s: &impl Facts, value: Value) -> Decision {
    let decision = match value {
        Value::Unknown => lost_key(s),
        _ if s.needs_verification() => checked(s, value),
        _ => Decision::Settled,
    };
    match decision {
        Decision::Settled | Decision::Record | Decision::HoldValue if s.enable_due() => enable(s),
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

fn with_connection(s: &impl Facts, value: Value) -> Decision {
    let decision = match s.inventory() {
        _ if !needs_list(s, value) => update(s, value, None),
        Inventory::NotAsked => Decision::Look(Look::Inventory),
        Inventory::Failed(reason) => Decision::Wait(reason),
        Inventory::Off => without_list(s, value),
        Inventory::Incomplete(seen) => with_untrusted_list(s, value, seen),
        Inventory::Shows(seen) => with_list(s, value, seen),
    };
    match decision {
        Decision::Push(push) if claims_anew(s, push) => with_claims(s, decision),
        Decision::Rebind => with_claims(s, decision),
        // A record that stands in the way may be that of another object, which is then waited for and not named.
        Decision::Wait(Reason::RecordConflict | Reason::AccessDenied) if is_after_another(s) => {
            with_claims(s, decision)
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
fn claims_anew(s: &impl Facts, push: Push) -> bool {
    push.expect != Expect::Update || s.account_changed() || s.device_changed()
}

fn with_claims(s: &impl Facts, decision: Decision) -> Decision {
    match s.claims() {
        Claims::NotAsked => Decision::Look(Look::Claims),
        Claims::Free => decision,
        Claims::Identifier => Decision::Wait(Reason::IdentifierConflict),
        Claims::Account => Decision::Wait(Reason::AccountConflict),
        Claims::Device => Decision::Wait(Reason::DeviceConflict),
    }
}

/// A first push, a rename or move, another place or login, a push on request, one for a second time, and any after an
/// answer that named another record are looked at beforehand.
fn needs_list(s: &impl Facts, value: Value) -> bool {
    let another = s.binding() != Binding::Bound || s.account_changed() || s.mismatch() || s.login_changed();
    // A new value goes out whatever the list says (P2).
    let again = !matches!(value, Value::New | Value::Changed) && (is_repairing(s) || s.needs_verification());
    another || s.request() == Request::Fields || again || (value == Value::Unknown && s.baseline())
}

fn with_list(s: &impl Facts, value: Value, seen: Seen) -> Decision {
    match (s.binding(), seen) {
        (Binding::Bound, Seen::Ours { rotates, .. }) => update(s, value, Some(rotates)),
        (Binding::Bound, _) if is_only_correction(s, value) => unchanged(s, value),
        // Not listed: a rename would be a shot in the dark, everything else still goes to the record by its identifier.
        // (Not by another login than wrote it: that may be another tenant's, where it would come into being anew.)
        (Binding::Bound, Seen::Neither) if !s.account_changed() && !s.mismatch() && !s.login_changed() => {
            update(s, value, None)
        }
        (Binding::BoundElsewhere, Seen::Ours { at_account: true, .. }) if is_only_moved(s, value) => Decision::Rebind,
        (Binding::BoundElsewhere, Seen::Ours { at_account: true, rotates }) => adopt(s, value, rotates),
        (Binding::Unbound | Binding::BoundElsewhere, Seen::Neither) if !s.mismatch() => create(value),
        (_, seen) => existing_record(s, value, seen),
    }
}

/// By a list that lacks much of what it should show, only what it does show as ours, and as it should be, is written.
fn with_untrusted_list(s: &impl Facts, value: Value, seen: Seen) -> Decision {
    match seen {
        Seen::Ours { at_account: true, rotates } if s.binding() == Binding::Bound && !s.account_changed() => {
            update(s, value, Some(rotates))
        }
        _ => Decision::Wait(Reason::InventoryIncomplete),
    }
}

/// Where no list is to be had, our own record is written as if it were as we know it; whose another is, only the answer
/// can tell, and after that the user.
fn without_list(s: &impl Facts, value: Value) -> Decision {
    match (s.binding(), s.mismatch(), s.request()) {
        (_, true, Request::None) => Decision::Wait(Reason::RecordConflict),
        (Binding::Bound, ..) => update(s, value, Some(s.set_to_rotate())),
        (_, false, _) => create(value),
        (_, true, _) if s.adoption() == super::Adoption::Never => Decision::Wait(Reason::RecordConflict),
        (_, true, _) => adopt(s, value, s.set_to_rotate()),
    }
}

fn is_only_moved(s: &impl Facts, value: Value) -> bool {
    let as_sent = matches!(value, Value::None | Value::Same | Value::Unknown);
    as_sent && !s.fields_changed() && !s.account_changed() && !s.mismatch() && s.request() == Request::None
}

fn create(value: Value) -> Decision {
    Decision::Push(Push { expect: Expect::Create, value: value != Value::None, all_fields: true })
}

/// Onto our own record. `rotates` is `None` where no list shows it.
fn update(s: &impl Facts, value: Value, rotates: Option<bool>) -> Decision {
    let asked = match s.request() {
        Request::None => false,
        // Unless the vault rotates it, or may.
        Request::Fields => rotates == Some(false),
        Request::Value => true,
    };
    let send = match value {
        Value::None => false,
        Value::New | Value::Changed => true,
        Value::Same | Value::Unknown => asked || missed(s, value, rotates),
    };
    let all_fields = s.request() != Request::None || is_repairing(s) || s.needs_verification();
    Decision::Push(Push { expect: Expect::Update, value: send, all_fields })
}

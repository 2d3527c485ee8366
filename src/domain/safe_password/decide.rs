//! The one place where it is decided what happens to an entry.

use super::deletion::decide_deletion;
use super::{
    Binding, Connection, Decision, Facts, InFlightState, List, Look, Planned, Reason, ReleaseReason, SecretsState,
    Seen, Switch, Write,
};

/// Decides what happens to an entry.
///
/// # Guarantees
///
/// * An entry is made only where the status has none, no write without an answer can still be executed, and a list shows
///   that no earlier POST made one (P3).
/// * An entry becomes the object's own only by the answer to its POST, by the tag of a POST without an answer, or by the
///   user's word in `spec.identifier` where the connection allows that; and never while another object of the cluster has
///   it (P4). Nothing is sent to any other entry.
/// * What is sent is announced in the status right before (P3).
/// * Nothing is sent where nothing is due (P1, P6).
/// * An entry is deactivated for a deletion only where the policy says so, and the list shows the entry as ours or does not
///   show it at all (P7). Nothing is sent before the finalizer is there.
/// * With `mode: Plan` nothing is sent, announced or bound.
#[must_use]
pub fn decide(s: &impl Facts) -> Decision {
    match (s.deleting(), s.suspended()) {
        _ if is_finalizer_missing(s) => Decision::AddFinalizer,
        (true, _) => carried_out(s, decide_deletion(s)),
        (false, true) => Decision::Suspend,
        (false, false) => match carried_out(s, decide_live(s)) {
            Decision::Announce(_) | Decision::Send(_) if s.deactivates() && !s.finalizer() => Decision::AddFinalizer,
            Decision::Settled if s.finalizer() && !s.deactivates() => {
                Decision::RemoveFinalizer(ReleaseReason::Retained)
            }
            decision => decision,
        },
    }
}

/// Whether the PAM may hold an entry that the deletion of the object would have to deactivate, and nothing would hold the
/// deletion up. It comes before every gate, as with a credential.
fn is_finalizer_missing(s: &impl Facts) -> bool {
    let may_exist = || s.binding() != Binding::Unbound || is_create_in_flight(s);
    !s.deleting() && s.deactivates() && !s.finalizer() && !s.unserved() && may_exist()
}

fn is_create_in_flight(s: &impl Facts) -> bool {
    matches!(s.in_flight(), InFlightState::CreateOpen | InFlightState::CreateElapsed)
}

/// Returns how a decision is carried out: a write is announced first, and with `mode: Plan` is only told.
fn carried_out(s: &impl Facts, decision: Decision) -> Decision {
    match decision {
        Decision::Send(write) if s.plan() => Decision::Plan(Planned::Write(write)),
        Decision::Bind if s.plan() => Decision::Plan(Planned::Bind),
        Decision::Settled if s.plan() => Decision::Plan(Planned::Nothing),
        Decision::Send(write) if s.announced() != Some(write) => Decision::Announce(write),
        decision => decision,
    }
}

/// Decides for an object that is not being deleted.
fn decide_live(s: &impl Facts) -> Decision {
    if s.unserved() {
        return Decision::Wait(Reason::NotServed);
    }
    if s.denied() {
        return Decision::Wait(Reason::AccessDenied);
    }
    if s.other_operator_writes() {
        return Decision::Wait(Reason::AnotherOperator);
    }
    if s.claimed_by_other() {
        return Decision::Wait(Reason::IdentifierConflict);
    }
    match s.secrets() {
        _ if is_due(s) && s.connection() != Connection::Ready => Decision::Wait(blame(s.connection())),
        SecretsState::Missing => Decision::Wait(Reason::SecretNotFound),
        SecretsState::KeyMissing => Decision::Wait(Reason::SecretKeyNotFound),
        SecretsState::Invalid => Decision::Wait(Reason::SecretInvalid),
        SecretsState::Unread => Decision::Look(Look::Secrets),
        SecretsState::Unchanged if s.binding() != Binding::Bound => Decision::Look(Look::Secrets),
        SecretsState::Unchanged => with_secrets(s, false),
        SecretsState::Read { changed } => with_secrets(s, changed),
    }
}

/// Whether something has to be done whatever the Secrets hold.
fn is_due(s: &impl Facts) -> bool {
    s.binding() != Binding::Bound || s.fields_changed() || s.switch_due() != Switch::None
}

fn blame(connection: Connection) -> Reason {
    match connection {
        Connection::Missing => Reason::ConnectionNotFound,
        Connection::NotReady(reason) => reason,
        Connection::Ready => Reason::Progressing,
    }
}

fn with_secrets(s: &impl Facts, changed: bool) -> Decision {
    match s.binding() {
        _ if changed && s.connection() != Connection::Ready => Decision::Wait(blame(s.connection())),
        Binding::Bound => update(s, changed),
        Binding::BoundElsewhere => rebind(s),
        Binding::Unbound if s.named() => adopt(s),
        Binding::Unbound => create(s),
    }
}

/// An entry is activated before it is changed, since the PAM may refuse changes of an inactive one; and changed before it is
/// deactivated, for the same cause.
fn update(s: &impl Facts, changed: bool) -> Decision {
    match s.switch_due() {
        Switch::Activate => Decision::Send(Write::Activate),
        _ if changed || s.fields_changed() => Decision::Send(Write::Update),
        Switch::Deactivate => Decision::Send(Write::Deactivate),
        Switch::None => Decision::Settled,
    }
}

/// The connection leads to another vault, or logs in as somebody else: an identifier alone proves nothing there, and with looks
/// of the tenant's choice no more: without our tag the entry is taken over, which the connection has to allow. An entry
/// that is not shown may still be there (inactive, or not shared with that login), so that none is made instead.
fn rebind(s: &impl Facts) -> Decision {
    listed(s, |seen| match seen {
        Seen::Ours => Decision::Bind,
        Seen::Alike if s.adoption_granted() => Decision::Bind,
        Seen::Alike => Decision::Wait(Reason::AccessDenied),
        Seen::Nothing | Seen::Unclear => Decision::Wait(Reason::RecordConflict),
    })
}

/// Decides by what a list shows. An entry that the PAM may still make is waited for: a second one would be nobody's.
fn listed(s: &impl Facts, with: impl FnOnce(Seen) -> Decision) -> Decision {
    match s.list() {
        _ if s.in_flight() == InFlightState::CreateOpen => Decision::Wait(Reason::Progressing),
        List::NotAsked => Decision::Look(Look::List),
        List::Failed(reason) => Decision::Wait(reason),
        List::Shows(seen) => with(seen),
    }
}

fn adopt(s: &impl Facts) -> Decision {
    listed(s, |seen| match seen {
        Seen::Ours if s.adoption_granted() => Decision::Bind,
        Seen::Ours => Decision::Wait(Reason::AccessDenied),
        Seen::Nothing | Seen::Alike | Seen::Unclear => Decision::Wait(Reason::RecordConflict),
    })
}

fn create(s: &impl Facts) -> Decision {
    listed(s, |seen| match seen {
        Seen::Ours if s.in_flight() == InFlightState::CreateElapsed => Decision::Bind,
        Seen::Nothing => Decision::Send(Write::Create),
        Seen::Ours | Seen::Alike | Seen::Unclear => Decision::Wait(Reason::RecordConflict),
    })
}

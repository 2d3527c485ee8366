//! Decides for an object that is being deleted (P7): never more than was asked, and never stuck.

use super::{Binding, Connection, Decision, Facts, InFlightState, List, Look, Reason, ReleaseReason, Seen, Write};

/// Decides for an object that is being deleted.
///
/// The way out is always an ordinary edit: `deletionPolicy: Retain` takes the finalizer off.
pub(super) fn decide_deletion(s: &impl Facts) -> Decision {
    if !s.finalizer() {
        return if s.other_finalizers() { Decision::AwaitFinalizers } else { Decision::Leave };
    }
    if !s.deactivates() {
        return Decision::RemoveFinalizer(ReleaseReason::Retained);
    }
    if s.suspended() {
        return Decision::Suspend;
    }
    match (s.binding(), s.in_flight(), s.connection()) {
        (Binding::Unbound, InFlightState::None | InFlightState::WriteOpen, _) => {
            Decision::RemoveFinalizer(ReleaseReason::NothingWritten)
        }
        (Binding::Bound | Binding::BoundElsewhere, ..) if s.claimed_by_other() => {
            Decision::RemoveFinalizer(ReleaseReason::HandedOver)
        }
        // A write that is executed after the last call would leave an active entry behind that nobody knows of.
        (_, InFlightState::CreateOpen | InFlightState::WriteOpen, Connection::Ready) if !s.denied() => {
            Decision::Wait(Reason::Deleting)
        }
        (_, _, Connection::Ready) if !s.denied() => with_list(s),
        // Without its connection or its login nothing can be done any more; a finalizer must not keep the namespace.
        _ if s.namespace_terminating() => Decision::RemoveFinalizer(ReleaseReason::LeftEnabled),
        _ if s.denied() => Decision::Wait(Reason::DeletionBlocked),
        _ => Decision::Wait(Reason::Deleting),
    }
}

fn with_list(s: &impl Facts) -> Decision {
    match (s.list(), s.binding()) {
        (List::NotAsked, _) => Decision::Look(Look::List),
        (List::Failed(_), _) => Decision::Wait(Reason::Deleting),
        // Not listed where it was last written: it may be inactive already, and the PAM says so by its answer.
        (List::Shows(Seen::Ours | Seen::Nothing), Binding::Bound) => Decision::Send(Write::Deactivate),
        (List::Shows(Seen::Ours), Binding::Unbound | Binding::BoundElsewhere) => Decision::Bind,
        (List::Shows(Seen::Alike), Binding::BoundElsewhere) if s.adoption_granted() => Decision::Bind,
        (List::Shows(Seen::Nothing), Binding::Unbound) => Decision::RemoveFinalizer(ReleaseReason::NothingWritten),
        (List::Shows(_), _) => Decision::Wait(Reason::DeletionBlocked),
    }
}

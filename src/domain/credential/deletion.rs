//! Decides for an object that is being deleted (P7): never more than was asked, and never stuck.

use super::{Binding, Connection, Decision, Facts, Heir, Inventory, Look, Reason, ReleaseReason, Seen, SettleWindow};

/// Decides for an object that is being deleted.
///
/// The way out is always an ordinary edit: `deletionPolicy: Retain` takes the finalizer off.
pub(super) fn decide_deletion(s: &impl Facts) -> Decision {
    if !s.finalizer() {
        // Nothing is sent for the object any more, so that what its status said before would soon be untrue. An object without
        // any finalizer is gone as soon as it is deleted: there is nobody to tell.
        return if s.other_finalizers() { Decision::AwaitFinalizers } else { Decision::Leave };
    }
    if !s.disable() {
        return Decision::RemoveFinalizer(ReleaseReason::Retained);
    }
    if s.suspended() {
        return Decision::Suspend;
    }
    match (s.binding(), s.claimed_by_other(), s.connection()) {
        (Binding::Unbound, ..) if !s.doubtful() => Decision::RemoveFinalizer(ReleaseReason::NothingWritten),
        (_, true, _) => Decision::RemoveFinalizer(ReleaseReason::HandedOver),
        (Binding::Bound | Binding::BoundElsewhere, ..) if s.heir() != Heir::None => hand_over(s),
        // A write that is executed after the DELETE would leave a record behind that nobody knows of.
        (_, _, Connection::Ready) if !s.denied() && is_unsettled(s) => Decision::Wait(Reason::Deleting),
        (_, _, Connection::Ready) if !s.denied() => with_list(s),
        // Without its connection or its login nothing can be done any more; a finalizer must not keep the namespace.
        _ if s.namespace_terminating() => Decision::RemoveFinalizer(ReleaseReason::LeftEnabled),
        _ if s.denied() => Decision::Wait(Reason::DeletionBlocked),
        _ => Decision::Wait(Reason::Deleting),
    }
}

/// The finalizer stays until the status of the other object has the record: whatever ends in between, that object or this
/// process, the record is one object's. A write of ours that may still come would give the record its former identifier
/// and value again.
fn hand_over(s: &impl Facts) -> Decision {
    if is_unsettled(s) { Decision::Wait(Reason::Deleting) } else { Decision::HandOver }
}

/// Whether the PAM may still execute a call of ours. No status tells of a DELETE that an earlier process sent right before it
/// ended: that DELETE would disable the record again after the record went to another object, or to this one made again.
fn is_unsettled(s: &impl Facts) -> bool {
    s.settle() == SettleWindow::Open || s.suspected_disable()
}

fn with_list(s: &impl Facts) -> Decision {
    match (s.inventory(), s.binding()) {
        (Inventory::NotAsked, _) => Decision::Look(Look::Inventory),
        (Inventory::Failed(_) | Inventory::Incomplete(_), _) => Decision::Wait(Reason::Deleting),
        // Nothing tells whether the record still is ours.
        (Inventory::Off, _) => Decision::Wait(Reason::DeletionBlocked),
        // A record that may have been created is disabled where the list shows it; where the list does not, it was not
        // created.
        (Inventory::Shows(Seen::IdentifierOnAccount { .. } | Seen::FormerOnAccount { .. }), Binding::Unbound) => {
            Decision::Disable
        }
        (Inventory::Shows(_), Binding::Unbound) => Decision::RemoveFinalizer(ReleaseReason::NothingWritten),
        (Inventory::Shows(Seen::Ours { .. }), _) => Decision::Disable,
        // Not listed, and where it was last written: the PAM says by its answer whether there is anything to disable.
        (Inventory::Shows(Seen::Neither), Binding::Bound) if !s.login_changed() => Decision::Disable,
        // In another vault, or for another login, an id proves nothing, and a record that differs from the status may be
        // somebody else's.
        (Inventory::Shows(_), _) => Decision::Wait(Reason::DeletionBlocked),
    }
}

/// Returns what the list shows, for an object that is being deleted: a record that now has another identifier is somebody
/// else's, even if its id and its account are those of the status. A record without an identifier (3.32) is still ours.
#[must_use]
pub fn seen_in_leaving(seen: Seen, listed: Option<&str>, identifier: &str) -> Seen {
    match seen {
        Seen::Ours { .. } if listed.is_some_and(|listed| listed != identifier) => Seen::Tangled,
        seen => seen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_under_another_identifier_is_no_longer_ours_to_disable() {
        let ours = Seen::Ours { at_account: false, rotates: false };
        assert_eq!(seen_in_leaving(ours, Some("theirs"), "ours"), Seen::Tangled);
        assert_eq!(seen_in_leaving(ours, Some("ours"), "ours"), ours);
        assert_eq!(seen_in_leaving(ours, None, "ours"), ours);
    }
}

//! P7: a deletion deletes what was asked, and a finalizer can always be removed.

use super::*;

/// An object that goes, and has something to disable.
const LEAVING: Changes =
    SAME.deleting(true).suspended(false).plan(false).finalizer(true).disable(true).claims(Claims::NotAsked);

fn law_of_departures(floor: usize, kind: Changes, speaks: impl Fn(&Plain<'_>) -> bool) {
    law(floor, |s| speaks(&but(s, LEAVING.and(kind))));
}

/// Whether something may be in the PAM for this object.
fn may_be_there(s: &impl Facts) -> bool {
    s.binding() != Binding::Unbound || s.doubtful()
}

/// Whether another object gets the record.
fn has_heir(s: &impl Facts) -> bool {
    s.binding() != Binding::Unbound && s.heir() != Heir::None
}

/// Whether the PAM can no longer execute a call of ours.
fn is_settled(s: &impl Facts) -> bool {
    s.settle() != SettleWindow::Open && !s.suspected_disable()
}

/// Whether the list lets the record be disabled.
fn is_ours_to_disable(s: &impl Facts) -> bool {
    match (s.inventory(), s.binding()) {
        (Inventory::Shows(Seen::Ours { .. }), recorded) => recorded != Binding::Unbound,
        (Inventory::Shows(Seen::Neither), recorded) => recorded == Binding::Bound && !s.login_changed(),
        (Inventory::Shows(Seen::IdentifierOnAccount { .. } | Seen::FormerOnAccount { .. }), recorded) => {
            recorded == Binding::Unbound && s.doubtful()
        }
        _ => false,
    }
}

#[test]
fn p7_a_record_is_disabled_where_it_was_asked_for_and_is_ours_and_nowhere_else() {
    law(10, |s| {
        let decision = decide(s);
        let disabled = decision == Decision::Disable;
        if disabled || decision == Decision::Plan(Planned::Disable) {
            assert_eq!(s.plan(), !disabled);
            assert!(s.deleting() && s.finalizer() && s.disable() && !s.suspended());
            assert!(!s.claimed_by_other() && !has_heir(s) && !s.denied() && s.connection() == Connection::Ready);
            assert!(is_settled(s) && is_ours_to_disable(s));
        }
        disabled
    });
    let free = SAME.claimed_by_other(false).heir(Heir::None).denied(false).connection(Connection::Ready);
    law_of_departures(10, free, |s| {
        let ours = is_settled(s) && is_ours_to_disable(s);
        assert_eq!(decide(s) == Decision::Disable, ours);
        ours
    });
}

#[test]
fn p7_retain_is_always_the_way_out() {
    law_of_departures(1, SAME.disable(false), |s| {
        for changes in
            [SAME, SAME.suspended(true), SAME.plan(true), SAME.denied(true), SAME.other_operator_writes(true)]
        {
            assert_eq!(decide(&but(s, changes)), Decision::RemoveFinalizer(ReleaseReason::Retained));
            for (others, left) in [(false, Decision::Leave), (true, Decision::AwaitFinalizers)] {
                let off = changes.finalizer(false).other_finalizers(others);
                assert_eq!(decide(&but(s, off)), left);
                assert_eq!(decide(&but(s, off.disable(true))), left);
            }
        }
        true
    });
}

#[test]
fn p7_where_nothing_was_written_or_another_has_the_record_the_object_goes_at_once() {
    law_of_departures(1, SAME.binding(Binding::Unbound).doubtful(false), |s| {
        assert_eq!(decide(s), Decision::RemoveFinalizer(ReleaseReason::NothingWritten));
        true
    });
    law_of_departures(1, SAME.claimed_by_other(true), |s| {
        let handed_over = Decision::RemoveFinalizer(ReleaseReason::HandedOver);
        assert!(!may_be_there(s) || decide(s) == handed_over);
        may_be_there(s)
    });
}

#[test]
fn p7_what_was_perhaps_written_and_is_not_listed_was_not() {
    let perhaps = SAME.binding(Binding::Unbound).doubtful(true).claimed_by_other(false).denied(false);
    let settled = perhaps.connection(Connection::Ready).settle(SettleWindow::Closed).suspected_disable(false);
    law_of_departures(1, settled, |s| {
        let Inventory::Shows(seen) = s.inventory() else { return false };
        let decision = decide(s);
        let disabled = matches!(seen, Seen::IdentifierOnAccount { .. } | Seen::FormerOnAccount { .. });
        let gone = Decision::RemoveFinalizer(ReleaseReason::NothingWritten);
        assert_eq!(decision, if disabled { Decision::Disable } else { gone });
        true
    });
}

#[test]
fn p7_a_departure_looks_once_and_never_waits_without_a_reason() {
    law_of_departures(10, SAME.claimed_by_other(false).heir(Heir::None), |s| {
        if !may_be_there(s) {
            return false;
        }
        let (deleting, blocked) = (Decision::Wait(Reason::Deleting), Decision::Wait(Reason::DeletionBlocked));
        let usable = s.connection() == Connection::Ready && !s.denied();
        let decision = decide(s);
        match s.inventory() {
            // The namespace must not hang on a login that is gone.
            _ if !usable && s.namespace_terminating() => {
                assert_eq!(decision, Decision::RemoveFinalizer(ReleaseReason::LeftEnabled));
            }
            _ if s.denied() => assert_eq!(decision, blocked),
            _ if !usable => assert_eq!(decision, deleting),
            // A write that came after the DELETE would leave a record that nobody knows of.
            _ if !is_settled(s) => assert_eq!(decision, deleting),
            Inventory::NotAsked => assert_eq!(decision, Decision::Look(Look::Inventory)),
            Inventory::Failed(_) | Inventory::Incomplete(_) => assert_eq!(decision, deleting),
            Inventory::Off => assert_eq!(decision, blocked),
            Inventory::Shows(_) if is_ours_to_disable(s) => assert_eq!(decision, Decision::Disable),
            Inventory::Shows(_) if s.binding() == Binding::Unbound => {
                assert_eq!(decision, Decision::RemoveFinalizer(ReleaseReason::NothingWritten));
            }
            Inventory::Shows(_) => assert_eq!(decision, blocked),
        }
        true
    });
}

#[test]
fn p7_a_departing_object_is_never_written_to() {
    law(100, |s| {
        let departing = but(s, SAME.deleting(true));
        let decision = decide(&departing);
        let still = match decision {
            Decision::Leave | Decision::Suspend | Decision::Disable | Decision::RemoveFinalizer(_) => true,
            Decision::HandOver => true,
            Decision::AwaitFinalizers => s.other_finalizers() && !s.finalizer(),
            Decision::Look(what) => what == Look::Inventory,
            Decision::Wait(reason) => matches!(reason, Reason::Deleting | Reason::DeletionBlocked),
            Decision::Plan(planned) => matches!(planned, Planned::Disable | Planned::Nothing),
            _ => false,
        };
        assert!(still, "{decision:?}");
        true
    });
}

#[test]
fn p7_a_suspended_departure_waits() {
    law_of_departures(1, SAME.suspended(true), |s| {
        assert_eq!(decide(s), Decision::Suspend);
        true
    });
}

#[test]
fn p7_another_login_disables_only_what_it_is_shown_to_be_ours() {
    law_of_departures(1, SAME.login_changed(true), |s| {
        let disabled = decide(s) == Decision::Disable;
        assert!(!disabled || shown(s) != Some(Seen::Neither));
        disabled
    });
}

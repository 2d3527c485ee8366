//! P7: what is deactivated, and how an object goes.

use super::*;

const LEAVING: Changes =
    LIVE.deleting(true).finalizer(true).deactivates(true).namespace_terminating(false).announced(None);

#[test]
fn p7_an_entry_is_deactivated_only_as_asked_and_only_ours() {
    law(25, |s| {
        if !matches!(decide(s), Decision::Announce(Write::Deactivate) | Decision::Send(Write::Deactivate)) {
            return false;
        }
        assert_eq!(s.binding(), Binding::Bound, "P7: nothing proves that it is ours");
        assert!(!s.claimed_by_other(), "P7: it is another object's");
        if s.deleting() {
            assert!(s.deactivates() && s.finalizer(), "P7");
            assert!(matches!(s.list(), List::Shows(Seen::Ours | Seen::Nothing)), "P7");
            assert_ne!(s.in_flight(), InFlightState::WriteOpen, "P7: it may be active again afterwards");
        } else {
            assert_eq!(s.switch_due(), Switch::Deactivate, "P7");
        }
        true
    });
}

#[test]
fn p7_a_deletion_sends_nothing_but_that() {
    law_of(50, SAME.deleting(true), |s| {
        let decision = decide(s);
        let others = [Write::Create, Write::Update, Write::Activate];
        assert!(!others.iter().any(|w| [Decision::Announce(*w), Decision::Send(*w)].contains(&decision)), "P7");
        true
    });
}

#[test]
fn p7_an_edit_always_takes_the_finalizer_off() {
    law_of(1, SAME.deleting(true).finalizer(true).deactivates(false), |s| {
        assert_eq!(decide(s), Decision::RemoveFinalizer(ReleaseReason::Retained));
        true
    });
    for other in [false, true] {
        let without = SAME.deleting(true).finalizer(false).other_finalizers(other);
        law_of(1, without, |s| {
            assert_eq!(decide(s), if other { Decision::AwaitFinalizers } else { Decision::Leave });
            true
        });
    }
    let kept = LIVE.finalizer(true).binding(Binding::Bound).switch_due(Switch::None).fields_changed(false);
    law_of(1, kept.secrets(SecretsState::Unchanged), |s| {
        assert_eq!(decide(s), Decision::RemoveFinalizer(ReleaseReason::Retained));
        true
    });
}

#[test]
fn p7_the_finalizer_is_there_before_anything_is_sent() {
    law_of(20, SAME.deleting(false).deactivates(true).finalizer(false), |s| {
        let decision = decide(s);
        assert!(!matches!(decision, Decision::Announce(_) | Decision::Send(_)), "P7: {decision:?}");
        let may_exist = s.binding() != Binding::Unbound
            || matches!(s.in_flight(), InFlightState::CreateOpen | InFlightState::CreateElapsed);
        assert!(!may_exist || s.unserved() || decision == Decision::AddFinalizer, "P7: {decision:?}");
        true
    });
}

#[test]
fn p7_the_finalizer_is_put_on_no_object_for_which_nothing_is_sent() {
    law(20, |s| {
        let create = matches!(s.in_flight(), InFlightState::CreateOpen | InFlightState::CreateElapsed);
        if decide(s) != Decision::AddFinalizer || s.binding() != Binding::Unbound || create {
            return false;
        }
        let next = decide(&But::new(s, SAME.finalizer(true)));
        assert!(matches!(next, Decision::Announce(_) | Decision::Send(_)), "P7: {next:?}");
        true
    });
}

#[test]
fn p7_how_an_object_goes() {
    let blocked = Decision::Wait(Reason::DeletionBlocked);
    let waits = Decision::Wait(Reason::Deleting);
    let nothing = Decision::RemoveFinalizer(ReleaseReason::NothingWritten);
    let with = |binding, in_flight, list| LEAVING.binding(binding).in_flight(in_flight).list(List::Shows(list));
    let none = InFlightState::None;
    let cases = [
        (LEAVING.binding(Binding::Unbound).in_flight(none), nothing),
        (LEAVING.binding(Binding::Unbound).in_flight(InFlightState::CreateOpen), waits),
        (LEAVING.binding(Binding::Bound).in_flight(InFlightState::WriteOpen), waits),
        (LEAVING.binding(Binding::Bound).in_flight(none).list(List::NotAsked), Decision::Look(Look::List)),
        (LEAVING.binding(Binding::Bound).in_flight(none).list(List::Failed(Reason::PamUnavailable)), waits),
        (with(Binding::Unbound, InFlightState::CreateElapsed, Seen::Ours), Decision::Bind),
        (with(Binding::Unbound, InFlightState::CreateElapsed, Seen::Nothing), nothing),
        (with(Binding::Unbound, InFlightState::CreateElapsed, Seen::Unclear), blocked),
        (with(Binding::Bound, none, Seen::Ours), Decision::Announce(Write::Deactivate)),
        (with(Binding::Bound, none, Seen::Nothing), Decision::Announce(Write::Deactivate)),
        (with(Binding::Bound, none, Seen::Unclear), blocked),
        (with(Binding::BoundElsewhere, none, Seen::Ours), Decision::Bind),
        (with(Binding::BoundElsewhere, none, Seen::Alike).adoption_granted(true), Decision::Bind),
        (with(Binding::BoundElsewhere, none, Seen::Alike).adoption_granted(false), blocked),
        (with(Binding::BoundElsewhere, none, Seen::Nothing), blocked),
        (with(Binding::BoundElsewhere, none, Seen::Unclear), blocked),
        (LEAVING.binding(Binding::Bound).claimed_by_other(true), Decision::RemoveFinalizer(ReleaseReason::HandedOver)),
        (LEAVING.suspended(true), Decision::Suspend),
        (LEAVING.binding(Binding::Bound).in_flight(none).denied(true), blocked),
        (LEAVING.binding(Binding::Bound).in_flight(none).connection(Connection::Missing), waits),
        (
            LEAVING.binding(Binding::Bound).connection(Connection::Missing).namespace_terminating(true),
            Decision::RemoveFinalizer(ReleaseReason::LeftEnabled),
        ),
        (
            LEAVING.binding(Binding::Bound).denied(true).namespace_terminating(true),
            Decision::RemoveFinalizer(ReleaseReason::LeftEnabled),
        ),
        (with(Binding::Bound, none, Seen::Ours).plan(true), Decision::Plan(Planned::Write(Write::Deactivate))),
    ];
    for (number, (kind, expected)) in cases.into_iter().enumerate() {
        law_of(1, kind, |s| {
            assert_eq!(decide(s), expected, "case {number}");
            true
        });
    }
}

//! What precedes a decision, and changes nothing about it.

use super::*;

#[test]
fn what_is_sent_is_what_a_plain_credential_would_send() {
    law(100_000, |s| {
        let decision = decide(s);
        let sent = matches!(decision, Decision::Push(_) | Decision::Enable);
        if sent {
            let claims = if s.claims() == Claims::HandedOver { Claims::HandedOver } else { Claims::Free };
            assert_eq!(decide(&but(s, PLAIN.claims(claims))), decision);
        }
        sent
    });
}

#[test]
fn a_suspended_object_causes_nothing() {
    law(1, |s| {
        let suspended = but(s, SAME.suspended(true));
        match decide(&suspended) {
            Decision::Suspend => true,
            // No call to the PAM: see the laws of the finalizer.
            Decision::AddFinalizer => false,
            // The ordinary ways out of a deletion.
            Decision::Leave | Decision::AwaitFinalizers | Decision::RemoveFinalizer(ReleaseReason::Retained) => {
                assert!(s.deleting() && !(s.finalizer() && s.disable()));
                false
            }
            decision => panic!("{decision:?}"),
        }
    });
}

#[test]
fn an_object_that_may_not_use_the_connection_causes_nothing_there_and_is_told() {
    law_of(1, SAME.denied(true), |s| {
        assert_eq!(decide(s), Decision::Wait(Reason::AccessDenied));
        assert_eq!(decide(&but(s, SAME.plan(true))), Decision::Wait(Reason::AccessDenied));
        true
    });
}

#[test]
fn an_object_whose_status_another_operator_writes_causes_nothing_and_is_told() {
    law_of(1, SAME.other_operator_writes(true), |s| {
        assert_eq!(decide(s), Decision::Wait(Reason::AnotherOperator));
        true
    });
}

#[test]
fn an_object_that_is_not_served_any_more_causes_nothing_and_is_told() {
    let not_served = SAME.deleting(false).suspended(false).unserved(true);
    for changes in [SAME, SAME.plan(true), SAME.denied(true), SAME.other_operator_writes(true)] {
        law(1, |s| {
            assert_eq!(decide(&but(s, not_served.and(changes))), Decision::Wait(Reason::NotServed));
            true
        });
    }
}

#[test]
fn p7_nothing_is_sent_before_the_finalizer_is_there() {
    law_of_plain(100_000, |s| {
        let decision = decide(s);
        let with = |finalizer| decide(&but(s, SAME.disable(true).finalizer(finalizer)));
        let sent = matches!(decision, Decision::Push(_) | Decision::Enable | Decision::Intend(_));
        assert_eq!(with(true), decision, "once it is there it changes nothing");
        let may_have_record = s.binding() != Binding::Unbound || s.doubtful();
        let first = if sent || may_have_record { Decision::AddFinalizer } else { decision };
        assert_eq!(with(false), first);
        sent
    });
}

#[test]
fn p7_a_finalizer_that_is_no_longer_wanted_goes_and_holds_nothing_up() {
    law_of_plain(100, |s| {
        let with = decide(&but(s, SAME.finalizer(true)));
        match decide(s) {
            Decision::Settled => {
                assert_eq!(with, Decision::RemoveFinalizer(ReleaseReason::Retained));
                true
            }
            decision => {
                assert_eq!(with, decision);
                false
            }
        }
    });
}

/// Whether something of others is written over, or found in the way, by that decision.
fn is_claimed_first(s: &impl Facts, decision: Decision) -> bool {
    let after_another = s.binding() != Binding::Bound || s.account_changed();
    match decision {
        Decision::Push(push) => push.expect != Expect::Update || s.account_changed() || s.device_changed(),
        Decision::Intend(_) | Decision::Rebind => true,
        Decision::Wait(Reason::RecordConflict | Reason::AccessDenied) => after_another,
        _ => false,
    }
}

#[test]
fn p4_what_another_object_of_the_cluster_claims_is_not_written() {
    law_of_plain(50_000, |s| {
        let free = decide(s);
        let first = is_claimed_first(s, free);
        for (claims, told) in [
            (Claims::NotAsked, Decision::Look(Look::Claims)),
            (Claims::Identifier, Decision::Wait(Reason::IdentifierConflict)),
            (Claims::Account, Decision::Wait(Reason::AccountConflict)),
            (Claims::Device, Decision::Wait(Reason::DeviceConflict)),
        ] {
            let with = decide(&but(s, SAME.claims(claims)));
            assert_eq!(with, if first { told } else { free }, "{claims:?}");
        }
        first
    });
}

//! `mode: Plan` sends nothing, and says what `Apply` would do.

use super::chain::{Next, Step, after};
use super::*;

#[test]
fn a_plan_makes_no_write_in_any_state() {
    law(1_000, |s| {
        let plan = but(s, SAME.plan(true));
        match decide(&plan) {
            Decision::Plan(_) => true,
            Decision::Leave | Decision::AwaitFinalizers | Decision::Suspend | Decision::Look(_) | Decision::Wait(_) => {
                false
            }
            Decision::RemoveFinalizer(_) => {
                assert!(s.deleting());
                false
            }
            // No call to the PAM: see the laws of the finalizer.
            Decision::AddFinalizer => false,
            decision => panic!("{decision:?}"),
        }
    });
}

/// So is a throwaway served, by which somebody asks what would be done for another object.
#[test]
fn a_plan_whose_finalizer_counts_as_there_asks_for_nothing_to_be_done_while_the_object_stays() {
    law(1_000, |s| match decide(&but(s, SAME.plan(true).finalizer(true).deleting(false))) {
        Decision::Plan(_) => true,
        Decision::Leave | Decision::Suspend | Decision::Look(_) | Decision::Wait(_) => false,
        decision => panic!("{decision:?}"),
    });
}

/// The first thing that would be sent, after what goes before it within the same pass.
fn applied(s: &(impl Facts + Peek)) -> Decision {
    let next = Next { rotates: false, ensure_enabled: false };
    let mut changes = SAME.plan(false);
    for _ in 0..4 {
        let now = but(s, changes);
        let decision = decide(&now);
        match decision {
            Decision::AddFinalizer | Decision::Intend(_) | Decision::RemoveFinalizer(_) if !s.deleting() => {
                changes = changes.and(after(&now, Step { decision, next, announced: false }).unwrap());
            }
            decision => return decision,
        }
    }
    panic!("a pass has no end")
}

#[test]
fn a_plan_says_just_what_apply_would_do() {
    law(10_000, |s| {
        let s = but(s, SAME.claims(Claims::Free));
        let applied = applied(&s);
        let said = match applied {
            Decision::Push(push) => Decision::Plan(Planned::Push(push)),
            Decision::Enable => Decision::Plan(Planned::Enable),
            Decision::Disable => Decision::Plan(Planned::Disable),
            Decision::WithholdValue => Decision::Plan(Planned::WithholdValue),
            Decision::Settled | Decision::LookAgain | Decision::Record | Decision::Rebind | Decision::HandOver => {
                Decision::Plan(Planned::Nothing)
            }
            decision => decision,
        };
        let plan = but(&s, SAME.plan(true));
        let planned = match decide(&plan) {
            Decision::AddFinalizer => decide(&but(&plan, SAME.finalizer(true))),
            decision => decision,
        };
        assert_eq!(planned, said);
        matches!(applied, Decision::Push(_))
    });
}

#[test]
fn a_plan_meets_the_claims_that_apply_would_meet() {
    // The others are met alike: see the gates.
    for claims in [Claims::NotAsked, Claims::Device] {
        law_of(1_000, SAME.claims(claims), |s| {
            let (apply, plan) = (decide(s), decide(&but(s, SAME.plan(true))));
            let met = matches!(apply, Decision::Look(_) | Decision::Wait(_));
            assert_eq!(plan == apply, met);
            met
        });
    }
}

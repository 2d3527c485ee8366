//! P4, P7: a record that its object hands over goes to another object, which writes onto it and is the only one that does.

use super::*;

/// An object that goes, and has a record that another object gets.
const HANDS_OVER: Changes = SAME
    .deleting(true)
    .suspended(false)
    .plan(false)
    .finalizer(true)
    .disable(true)
    .claimed_by_other(false)
    .claims(Claims::NotAsked);

#[test]
fn p7_a_record_with_an_heir_is_kept_until_the_heir_has_it() {
    for (heir, binding) in [Heir::Comes, Heir::Absent]
        .into_iter()
        .flat_map(|heir| [Binding::Bound, Binding::BoundElsewhere].map(|binding| (heir, binding)))
    {
        law(1, |s| {
            let leaving = but(s, HANDS_OVER.heir(heir).binding(binding));
            // A write that comes later would give the record its former identifier and value again, and a DELETE of an
            // earlier process would disable the record.
            let open = leaving.settle() == SettleWindow::Open || leaving.suspected_disable();
            let expected = if open { Decision::Wait(Reason::Deleting) } else { Decision::HandOver };
            assert_eq!(decide(&leaving), expected);
            let has_it = decide(&but(&leaving, SAME.claimed_by_other(true)));
            assert_eq!(has_it, Decision::RemoveFinalizer(ReleaseReason::HandedOver));
            assert_eq!(decide(&but(&leaving, SAME.suspended(true))), Decision::Suspend);
            let plan = decide(&but(&leaving, SAME.plan(true)));
            assert_eq!(plan, if open { expected } else { Decision::Plan(Planned::Nothing) });
            let retain = decide(&but(&leaving, SAME.disable(false)));
            assert_eq!(retain, Decision::RemoveFinalizer(ReleaseReason::Retained), "the way out");
            true
        });
    }
}

#[test]
fn p7_an_object_without_a_record_hands_nothing_over() {
    law(1, |s| {
        let decision = decide(s);
        let hands_over = decision == Decision::HandOver;
        if hands_over {
            assert!(s.deleting() && s.disable() && s.finalizer() && !s.suspended() && !s.plan());
            assert!(s.binding() != Binding::Unbound && s.heir() != Heir::None && s.settle() != SettleWindow::Open);
            assert!(!s.suspected_disable());
        }
        hands_over
    });
}

/// Whether the list shows a record that only the consent of its object lets this one have.
fn is_anothers(s: &impl Facts) -> Option<bool> {
    match shown(s) {
        Some(Seen::AccountOther { rotates } | Seen::IdentifierElsewhere { rotates }) => Some(rotates),
        _ => None,
    }
}

#[test]
fn p4_a_record_that_is_handed_over_is_written_by_the_object_that_gets_it() {
    law_of_plain(1_000, |s| {
        let free = decide(s);
        let handed_over = decide(&but(s, SAME.claims(Claims::HandedOver)));
        let conflict = matches!(free, Decision::Wait(Reason::RecordConflict | Reason::AccessDenied));
        let SecretsState::Read(value) = s.secrets() else {
            assert_eq!(handed_over, free);
            return false;
        };
        match is_anothers(s) {
            Some(rotates)
                if conflict
                    && s.binding() != Binding::Bound
                    && s.adoption() != AdoptionPolicy::Never
                    && (!s.mismatch() || s.request() != Request::None) =>
            {
                let sends = value != ValueComparison::None && (!rotates || s.request() == Request::Value);
                let push = Push { expect: Expect::Existing, value: sends, all_fields: true };
                let announced = s.in_flight() == Some(Intent::TakeOver);
                let expected = if announced { Decision::Push(push) } else { Decision::Intend(Intent::TakeOver) };
                assert_eq!(handed_over, expected);
                true
            }
            _ => {
                assert_eq!(handed_over, free);
                false
            }
        }
    });
}

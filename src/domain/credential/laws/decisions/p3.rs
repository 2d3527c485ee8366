//! P3: nothing is lost with an answer or a process, and nothing older comes over something newer.

use super::*;

/// Our record, seen as it is, of which nothing is due but a repair.
const REPAIR: Changes = QUIET.enable_due(false);

#[test]
fn p3_what_only_status_can_tell_later_is_there_before_the_post() {
    law_of_pushes(1_000, SAME, |s, _, push| {
        if s.adoption() == AdoptionPolicy::Never && push.expect == Expect::Create {
            assert_eq!(s.in_flight(), Some(Intent::Create));
        }
        let taken = matches!(listed(s), Some(Seen::IdentifierElsewhere { .. } | Seen::AccountOther { .. }));
        if taken && push.expect == Expect::Existing {
            assert_eq!(s.in_flight(), Some(Intent::TakeOver));
        }
    });
}

#[test]
fn p3_an_intent_is_written_once_and_the_push_follows() {
    law_of_plain(100, |s| match decide(s) {
        Decision::Intend(intent) => {
            assert_ne!(s.in_flight(), Some(intent), "what is there is not written again");
            let after = decide(&but(s, SAME.in_flight(Some(intent))));
            let Decision::Push(push) = after else { panic!("{after:?}") };
            let expect = if intent == Intent::Create { Expect::Create } else { Expect::Existing };
            assert_eq!(push.expect, expect);
            true
        }
        _ => false,
    });
}

#[test]
fn p3_what_is_in_flight_changes_nothing_where_it_is_not_asked_for() {
    law_of(1_000, SAME.adoption(AdoptionPolicy::ByIdentifier), |s| {
        let decision = decide(s);
        for in_flight in [None, Some(Intent::Create), Some(Intent::TakeOver)] {
            assert_eq!(decide(&but(s, SAME.in_flight(in_flight))), decision);
        }
        true
    });
}

#[test]
fn p3_after_an_unknown_write_the_record_is_written_again() {
    for value in [false, true] {
        law_of(1_000, QUIET.settle(SettleWindow::Elapsed { value }), |s| match decide(s) {
            Decision::Push(push) => {
                assert!(push.expect == Expect::Update && push.all_fields);
                true
            }
            Decision::Look(_) => false,
            Decision::Wait(reason) => {
                let unreadable = [Reason::SecretNotFound, Reason::SecretKeyNotFound, Reason::SecretInvalid];
                let seen = !matches!(s.inventory(), Inventory::NotAsked | Inventory::Off);
                assert!(unreadable.contains(&reason) || seen, "{reason:?}");
                false
            }
            decision => panic!("{decision:?}"),
        });
    }
}

#[test]
fn p3_as_long_as_a_write_may_still_come_it_changes_nothing_but_for_a_deletion() {
    law_of(1_000, SAME.settle(SettleWindow::Open), |s| {
        assert_eq!(decide(s), decide(&but(s, SAME.settle(SettleWindow::Closed))));
        true
    });
}

#[test]
fn p3_what_a_lost_write_may_have_left_is_overwritten_by_the_newest_value() {
    law_of_pushes(1_000, SAME.binding(Binding::Bound), |s, value, push| {
        let late = s.settle() == (SettleWindow::Elapsed { value: true });
        let missed = may_hold_suspected_value(s) && !s.value_withheld();
        if push.expect == Expect::Update && value == ValueComparison::Same && (late || missed) && !is_the_vaults(s) {
            assert!(push.value);
        }
        if push.expect == Expect::Update && (is_resend_due(s) || s.suspected_write()) {
            assert!(push.all_fields);
        }
    });
}

#[test]
fn p3_what_an_earlier_process_may_have_sent_is_looked_for() {
    for value in [ValueComparison::None, ValueComparison::Same] {
        let quiet = REPAIR.suspected_write(true).settle(SettleWindow::Closed).drift(Drift::None);
        law_of(10, quiet.secrets(SecretsState::Read(value)), |s| {
            let push = Push {
                expect: Expect::Update,
                value: value != ValueComparison::None && !s.value_withheld() && may_hold_suspected_value(s),
                all_fields: true,
            };
            let missed = s.change() == Change::Moved || !s.baseline();
            let expected = match s.inventory() {
                Inventory::NotAsked => Decision::Look(Look::Inventory),
                Inventory::Failed(reason) => Decision::Wait(reason),
                Inventory::Shows(Seen::Ours { rotates: false, .. }) if missed => Decision::Push(push),
                Inventory::Incomplete(Seen::Ours { rotates: false, at_account: true }) if missed => {
                    Decision::Push(push)
                }
                Inventory::Shows(_) | Inventory::Incomplete(_) if s.recently_started() => Decision::LookAgain,
                _ => Decision::Record,
            };
            assert_eq!(decide(s), expected);
            true
        });
    }
}

#[test]
fn p3_a_request_takes_nothing_away_from_what_is_sent_anyway() {
    law_of_pushes(1_000, SAME.binding(Binding::Bound).request(Request::None), |s, _, push| {
        for request in [Request::Fields, Request::Value] {
            let decision = decide(&but(s, SAME.request(request)));
            let Decision::Push(asked) = decision else {
                assert_eq!(request, Request::Fields, "{decision:?}");
                // One that asks for the fields alone is looked at first.
                let not_shown =
                    matches!(s.inventory(), Inventory::NotAsked | Inventory::Failed(_) | Inventory::Shows(_));
                assert!(not_shown || matches!(s.inventory(), Inventory::Incomplete(_)), "{decision:?}");
                return;
            };
            if asked.expect == push.expect {
                assert!(asked.value || !push.value, "{request:?} withholds the value");
            }
        }
    });
}

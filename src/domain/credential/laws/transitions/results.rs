//! What becomes of a status by the results of a pass.

use jiff::Timestamp;

use super::chain::UNASKED_CLEAN;
use super::concrete::{Concrete, IDENTIFIER};
use super::passes::{UPDATE, answer, then, with, write};
use super::*;
use crate::domain::credential::{Asked, Remote, UnackedWrite, WriteAction, WriteResult, announce};
use crate::domain::keyed::is_in_doubt;
use crate::domain::{Answer, RecordIdentifier, Situation};

#[test]
fn p6_a_value_stays_withheld_until_a_value_is_sent() {
    let withheld =
        |s: Situation, push| then(&with(s), Decision::Push(push), WriteResult::Written(&answer())).value_withheld;
    let before = Situation { value_withheld: true, ..UNASKED_CLEAN };
    assert!(withheld(before, UPDATE) && !withheld(UNASKED_CLEAN, UPDATE));
    assert!(!withheld(before, Push { value: true, ..UPDATE }));
    assert!(!withheld(Situation { secrets: SecretsState::Read(ValueComparison::None), ..before }, UPDATE));
    assert!(withheld(Situation { secrets: SecretsState::Read(ValueComparison::Unknown), ..UNASKED_CLEAN }, UPDATE));
    assert!(withheld(UNASKED_CLEAN, Push { expect: Expect::Existing, ..UPDATE }));
    for (drift, stays) in [(Drift::Changed, true), (Drift::Rotated, true), (Drift::Renamed, false)] {
        assert_eq!(withheld(Situation { drift, ..UNASKED_CLEAN }, UPDATE), stays, "{drift:?}");
    }
    let mut settled = with(before);
    assert!(then(&settled, Decision::Settled, WriteResult::Nothing).value_withheld);
    settled.desired.has_value = false;
    assert!(!then(&settled, Decision::Settled, WriteResult::Nothing).value_withheld);
    assert!(then(&with(UNASKED_CLEAN), Decision::WithholdValue, WriteResult::Nothing).value_withheld);
}

#[test]
fn a_correction_counts_until_a_push_for_another_cause_or_its_time_is_over() {
    let drifted = Situation { drift: Drift::Renamed, correct: true, inventory: SHOWS_OURS, ..UNASKED_CLEAN };
    let count = |pass: &Concrete| then(pass, Decision::Push(UPDATE), WriteResult::Written(&answer())).corrections.len();
    let mut pass = with(drifted);
    assert_eq!(count(&pass), 1);
    let ago = |hours: i64| Timestamp::from_second(1_000_000 - hours * 3_600).unwrap();
    pass.status.corrections = vec![ago(5), ago(4), ago(3), ago(2)];
    assert_eq!(count(&pass), 3, "four hours of a list each hour");
    pass.situation.fields_changed = true;
    assert_eq!(count(&pass), 0);
    let adopted = Push { expect: Expect::Existing, ..UPDATE };
    pass.situation.fields_changed = false;
    let next = then(&pass, Decision::Push(adopted), WriteResult::Written(&answer()));
    assert!(next.corrections.is_empty());
    pass.situation.secrets = SecretsState::Read(ValueComparison::Changed);
    assert_eq!(count(&pass), 0);
}

const SHOWS_OURS: Inventory = Inventory::Shows(Seen::Ours { at_account: true, rotates: false });

#[test]
fn p4_an_unexpected_answer_is_recorded_without_anothers_identifier_and_answers_the_request() {
    let pass = with(Situation { request: Request::Value, ..UNASKED_CLEAN });
    let of = |identifier: &str| {
        let answer = Answer { identifier: Some(RecordIdentifier::of(identifier)), ..answer() };
        let next = then(&pass, Decision::Push(UPDATE), WriteResult::Mismatch(&answer));
        assert_eq!(next.handled, Asked { reconcile: None, push_value: Some("now".to_owned()) });
        next.mismatch.unwrap()
    };
    assert_eq!((of("theirs").identifier, of("theirs").id.as_deref()), (None, Some("1")));
    assert_eq!(of(IDENTIFIER).identifier.as_deref(), Some(IDENTIFIER));
    assert!(
        pass.target().is_mismatch(&then(&pass, Decision::Push(UPDATE), WriteResult::Mismatch(&answer())), &PlainKey)
    );
}

#[test]
fn p3_a_refusal_takes_back_only_what_this_pass_announced() {
    let mut pass = with(Situation { settle: SettleWindow::Open, ..UNASKED_CLEAN });
    let refused = |pass: &Concrete, decision| then(pass, decision, WriteResult::Refused).in_flight.is_some();
    assert!(refused(&pass, Decision::Push(UPDATE)));
    pass.announced = true;
    assert!(!refused(&pass, Decision::Push(UPDATE)));
    assert!(refused(&pass, Decision::Enable));
}

#[test]
fn p4_a_push_that_could_not_be_sent_takes_back_what_this_pass_announced() {
    let mut pass = with(Situation { settle: SettleWindow::Open, ..UNASKED_CLEAN });
    let blocked = |pass: &Concrete, decision| then(pass, decision, WriteResult::Blocked).in_flight.is_some();
    assert!(blocked(&pass, Decision::Push(UPDATE)));
    pass.announced = true;
    assert!(!blocked(&pass, Decision::Push(UPDATE)), "else a record that another makes meanwhile counts as ours");
    assert!(blocked(&pass, Decision::Disable));
}

#[test]
fn p3_a_write_without_an_answer_is_recorded_as_what_it_was() {
    let lost = |s: Situation, decision| then(&with(s), decision, WriteResult::Lost).in_flight.map(|write| write.action);
    let adopt = Decision::Push(Push { expect: Expect::Existing, ..UPDATE });
    let other = Inventory::Shows(Seen::AccountOther { rotates: false });
    let elsewhere = Inventory::Shows(Seen::IdentifierElsewhere { rotates: false });
    let unbound = Situation { binding: Binding::Unbound, ..UNASKED_CLEAN };
    let create = Decision::Push(Push { expect: Expect::Create, ..UPDATE });
    assert_eq!(lost(unbound, create), Some(WriteAction::Create));
    assert_eq!(lost(unbound, adopt), Some(WriteAction::Update));
    assert_eq!(lost(Situation { inventory: other, ..unbound }, adopt), Some(WriteAction::TakeOver));
    assert_eq!(lost(Situation { inventory: elsewhere, ..unbound }, adopt), Some(WriteAction::TakeOver));
    assert_eq!(lost(UNASKED_CLEAN, Decision::Push(UPDATE)), Some(WriteAction::Update));
    assert_eq!(lost(UNASKED_CLEAN, Decision::Enable), Some(WriteAction::Enable));
    assert_eq!(lost(UNASKED_CLEAN, Decision::Disable), Some(WriteAction::Disable));
    assert_eq!(lost(UNASKED_CLEAN, Decision::Settled), None);
}

#[test]
fn p3_digests_of_a_write_without_an_answer_are_in_doubt() {
    let doubted = |s: Situation, push| {
        let next = then(&with(s), Decision::Push(push), WriteResult::Lost);
        let doubted = next.digests.iter().filter(|(_, digest)| is_in_doubt(digest));
        doubted.map(|(group, _)| group.clone()).collect::<Vec<_>>()
    };
    let changed = Situation { fields_changed: true, ..UNASKED_CLEAN };
    assert_eq!(doubted(changed, Push { value: true, ..UPDATE }), ["content", "notes"]);
    let elsewhere = Situation { binding: Binding::BoundElsewhere, ..changed };
    let push = Push { expect: Expect::Existing, value: true, all_fields: true };
    assert!(doubted(elsewhere, push).is_empty(), "digests of another vault's record");
    assert_eq!(doubted(Situation { inventory: SHOWS_OURS, ..elsewhere }, push), ["content", "device", "notes"]);
    assert_eq!(doubted(Situation { binding: Binding::Unbound, ..changed }, push), ["content", "device", "notes"]);
}

#[test]
fn p3_a_write_that_is_announced_keeps_a_value_that_may_still_come() {
    let pass = |in_flight| {
        let mut pass = with(Situation { binding: Binding::Unbound, ..UNASKED_CLEAN });
        pass.status.in_flight = in_flight;
        announce(&pass.status, &pass.transition_input(), Intent::Create, false).in_flight.unwrap()
    };
    let earlier = |action, value| Some(UnackedWrite { value, ..write(action, 10) });
    assert_eq!((pass(None).action, pass(None).value), (WriteAction::Create, false));
    assert!(pass(earlier(WriteAction::Update, true)).value && !pass(earlier(WriteAction::Update, false)).value);
    assert!(!pass(earlier(WriteAction::Unrecorded, true)).value);
}

#[test]
fn a_list_is_noted_once_and_the_identifier_each_time() {
    let mut pass = with(UNASKED_CLEAN);
    let remote = |change: &str, identifier: Option<&str>| {
        Some(Remote { change: Some(change.to_owned()), identifier: identifier.map(str::to_owned) })
    };
    pass.remote = remote("7", None);
    for result in [WriteResult::Nothing, WriteResult::Lost, WriteResult::Refused, WriteResult::Blocked] {
        assert_eq!(then(&pass, Decision::Settled, result).remote, pass.remote, "{result:?}");
    }
    assert_eq!(then(&pass, Decision::Push(UPDATE), WriteResult::Mismatch(&answer())).remote, None);
    pass.status.remote = remote("6", Some("theirs"));
    assert_eq!(then(&pass, Decision::Settled, WriteResult::Nothing).remote, remote("6", None));
    (pass.status.remote, pass.remote) = (None, Some(Remote { change: None, identifier: Some("theirs".to_owned()) }));
    assert_eq!(then(&pass, Decision::Settled, WriteResult::Nothing).remote, pass.remote);
    pass.remote = Some(Remote::default());
    assert_eq!(then(&pass, Decision::Settled, WriteResult::Nothing).remote, None);
}

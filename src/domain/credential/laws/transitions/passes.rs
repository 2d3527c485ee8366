//! What a pass knows, and what it says of earlier writes.

use jiff::Timestamp;

use super::chain::UNASKED_CLEAN;
use super::concrete::Concrete;
use super::*;
use crate::domain::credential::{
    MismatchRecord, ReadSecrets, SituationInput, Status, UnackedWrite, WriteAction, WriteResult, transition,
};
use crate::domain::{Answer, RecordId, RecordIdentifier, Situation, TenantName, WriteEffect};

/// An update of fields alone.
pub(super) const UPDATE: Push = Push { expect: Expect::Update, value: false, all_fields: false };

pub(super) fn with(s: Situation) -> Concrete {
    Concrete::of(&s, false)
}

pub(super) fn write(action: WriteAction, seconds_ago: i64) -> UnackedWrite {
    let mut write = with(Situation { settle: SettleWindow::Open, ..UNASKED_CLEAN }).status.in_flight.unwrap();
    let since = Timestamp::from_second(with(UNASKED_CLEAN).transition_input().now.as_second() - seconds_ago).unwrap();
    (write.action, write.since) = (action, since);
    write
}

pub(super) fn then(pass: &Concrete, decision: Decision, result: WriteResult<'_>) -> Status {
    transition(&pass.status, &pass.transition_input(), decision, result)
}

pub(super) fn answer() -> Answer {
    let (id, identifier) = (1.into(), Some(RecordIdentifier::of("theirs")));
    Answer { effect: WriteEffect::Updated, id, identifier, tenant: TenantName::parse("acme") }
}

#[test]
fn p3_a_process_suspects_a_write_where_something_tells_of_one() {
    for (binding, finalizer, unrecorded, other, suspect) in [
        (Binding::Bound, false, false, false, false),
        (Binding::Bound, true, false, false, false),
        (Binding::Bound, false, true, false, true),
        (Binding::Bound, false, false, true, true),
        (Binding::Unbound, false, false, false, false),
        (Binding::Unbound, false, true, true, false),
        (Binding::Unbound, true, false, false, true),
        (Binding::Unbound, true, true, true, true),
        (Binding::BoundElsewhere, false, false, false, true),
    ] {
        let mut pass = with(Situation { binding, finalizer, suspected_write: other, ..UNASKED_CLEAN });
        pass.status.in_flight = unrecorded.then(|| write(WriteAction::Unrecorded, 10));
        assert_eq!(
            pass.situation_input().has_suspected_write(),
            suspect,
            "{binding:?} {finalizer} {unrecorded} {other}"
        );
    }
}

/// An object that goes, of a process that began lately.
fn leaving(pass: &Concrete, suspected_write: bool) -> SituationInput<'_> {
    SituationInput { deleting: true, recently_started: true, suspected_write, ..pass.situation_input() }
}

#[test]
fn p7_a_deletion_waits_for_a_write_of_an_earlier_process() {
    let window = |known: &SituationInput<'_>| known.situation().settle;
    let first = with(Situation { binding: Binding::Unbound, finalizer: true, ..UNASKED_CLEAN });
    assert_eq!(window(&leaving(&first, true)), SettleWindow::Open);
    assert!(leaving(&first, true).situation().doubtful);
    for known in [
        leaving(&first, false),
        SituationInput { deleting: false, ..leaving(&first, true) },
        SituationInput { recently_started: false, ..leaving(&first, true) },
        SituationInput { finalizer: false, ..leaving(&first, true) },
    ] {
        assert_eq!(window(&known), SettleWindow::Closed);
    }
    assert!(!leaving(&first, false).situation().doubtful);
    assert!(!SituationInput { finalizer: false, ..leaving(&first, true) }.situation().doubtful);
}

#[test]
fn p7_under_never_a_first_write_was_announced_or_never_sent() {
    let mut first = with(Situation { binding: Binding::Unbound, finalizer: true, ..UNASKED_CLEAN });
    first.desired.adoption = AdoptionPolicy::Never;
    assert!(!leaving(&first, true).situation().doubtful);
    assert_eq!(leaving(&first, true).situation().settle, SettleWindow::Closed);
    first.status.in_flight = Some(write(WriteAction::Create, 200));
    assert!(leaving(&first, true).situation().doubtful);
    assert_eq!(leaving(&first, true).situation().settle, SettleWindow::Open);
}

#[test]
fn p7_a_deletion_of_our_record_waits_where_another_secret_may_have_been_sent() {
    let ours = with(UNASKED_CLEAN);
    let other = with(Situation { suspected_write: true, ..UNASKED_CLEAN });
    let window = |known: &SituationInput<'_>| known.situation().settle;
    assert_eq!(window(&leaving(&other, true)), SettleWindow::Open);
    assert_eq!(window(&leaving(&other, false)), SettleWindow::Closed);
    assert_eq!(window(&leaving(&ours, true)), SettleWindow::Closed);
    assert_eq!(window(&SituationInput { finalizer: true, ..leaving(&ours, true) }), SettleWindow::Closed);
    assert_eq!(window(&SituationInput { versions: None, ..leaving(&other, true) }), SettleWindow::Closed);
}

#[test]
fn p3_a_write_to_another_vault_settles_nothing_here_once_the_record_is_here() {
    let mut pass = with(Situation { settle: SettleWindow::Open, ..UNASKED_CLEAN });
    assert_eq!(pass.situation_input().situation().settle, SettleWindow::Open);
    pass.status.in_flight.as_mut().unwrap().origin = "https://other".to_owned();
    assert_eq!(pass.situation_input().situation().settle, SettleWindow::Closed);
    assert_eq!(SituationInput { vault: None, ..pass.situation_input() }.situation().settle, SettleWindow::Open);
    pass.status.id = None;
    assert_eq!(pass.situation_input().situation().settle, SettleWindow::Open);
    assert_eq!(then(&with(UNASKED_CLEAN), Decision::Settled, WriteResult::Nothing).in_flight, None);
}

#[test]
fn p4_a_login_changed_where_both_are_known_by_the_same_key() {
    let mut pass = with(UNASKED_CLEAN);
    let mut is = |then: Option<&str>, now: Option<&str>| {
        pass.status.vault.as_mut().unwrap().used.login = then.map(str::to_owned);
        pass.vault.login = now.map(str::to_owned);
        pass.situation_input().situation().login_changed
    };
    assert!(is(Some("k:login:a"), Some("k:login:b")));
    assert!(!is(Some("k:login:a"), Some("k:login:a")));
    assert!(!is(Some("another key's"), Some("k:login:b")) && !is(Some("k:login:a"), Some("another key's")));
    assert!(!is(None, Some("k:login:b")) && !is(Some("k:login:a"), None));
}

/// What an earlier process may have sent.
const SUSPECTED: Situation = Situation { suspected_write: true, baseline: true, ..UNASKED_CLEAN };

#[test]
fn p3_p6_what_an_earlier_process_may_have_sent_has_a_value_where_the_secret_was_another() {
    let value = |pass: &Concrete| {
        let status = then(pass, Decision::Wait(Reason::PamUnavailable), WriteResult::Nothing);
        let write = status.in_flight.unwrap();
        assert_eq!(write.action, WriteAction::Unrecorded);
        write.value
    };
    assert!(value(&with(SUSPECTED)));
    assert!(value(&with(Situation { baseline: false, ..SUSPECTED })), "no list can tell that it was not executed");
    assert!(!value(&with(Situation { value_withheld: true, ..SUSPECTED })));
    assert!(!value(&with(Situation { secrets: SecretsState::Read(ValueComparison::None), ..SUSPECTED })));
    let mut same_version = with(SUSPECTED);
    same_version.status.source.clone_from(&same_version.versions);
    assert!(!value(&same_version));
    same_version.status.in_flight = Some(write(WriteAction::Unrecorded, 10));
    assert!(value(&same_version), "known to be open with a value");
}

#[test]
fn p3_a_suspected_write_stays_until_a_list_or_an_answer_told() {
    let mut pass = with(SUSPECTED);
    let answer = answer();
    let of = |pass: &Concrete, decision, result| then(pass, decision, result).has_unrecorded_write();
    let wait = Decision::Wait(Reason::PamUnavailable);
    assert!(of(&pass, wait, WriteResult::Nothing));
    assert!(!of(&pass, Decision::Record, WriteResult::Nothing));
    assert!(!of(&pass, Decision::WithholdValue, WriteResult::Nothing));
    assert!(!of(&pass, Decision::Push(UPDATE), WriteResult::Written(&answer)));
    assert!(!of(&pass, Decision::LookAgain, WriteResult::Nothing), "another version stays another");
    pass.status.observed_generation = Some(0);
    assert!(of(&pass, Decision::LookAgain, WriteResult::Nothing), "the generation is recorded, and tells no more");
    pass.status.observed_generation = Some(1);
    pass.status.in_flight = Some(write(WriteAction::Unrecorded, 10));
    assert!(of(&pass, Decision::LookAgain, WriteResult::Nothing));
    pass.situation.suspected_write = false;
    assert!(!of(&pass, wait, WriteResult::Nothing));
}

#[test]
fn p3_a_suspected_write_adds_a_value_to_a_write_that_is_known() {
    let mut pass = with(SUSPECTED);
    pass.status.in_flight = Some(UnackedWrite { value: false, ..write(WriteAction::Update, 10) });
    let next = then(&pass, Decision::Wait(Reason::PamUnavailable), WriteResult::Nothing).in_flight.unwrap();
    assert_eq!((next.action, next.value), (WriteAction::Update, true));
    pass.situation.suspected_write = false;
    let next = then(&pass, Decision::Wait(Reason::PamUnavailable), WriteResult::Nothing).in_flight.unwrap();
    assert!(!next.value);
}

#[test]
fn p3_in_another_vault_a_suspected_write_is_recorded_only_with_the_new_place() {
    let elsewhere = with(Situation { binding: Binding::BoundElsewhere, ..SUSPECTED });
    let waits = then(&elsewhere, Decision::Wait(Reason::PamUnavailable), WriteResult::Nothing);
    assert_eq!(waits.in_flight, None);
    assert!(then(&elsewhere, Decision::Rebind, WriteResult::Nothing).has_unrecorded_write());
    let calm = with(Situation { binding: Binding::BoundElsewhere, ..UNASKED_CLEAN });
    assert!(!then(&calm, Decision::Rebind, WriteResult::Nothing).has_unrecorded_write());
}

#[test]
fn a_push_carries_what_differs_or_all_and_the_account_where_it_is_new() {
    let changed = with(Situation { fields_changed: true, ..UNASKED_CLEAN });
    let groups = |pass: &Concrete, push| pass.transition_input().sent_groups(&pass.status, push);
    let all = Push { all_fields: true, ..UPDATE };
    assert_eq!(groups(&changed, UPDATE), ["notes"]);
    assert_eq!(groups(&changed, all), ["device", "notes"]);
    assert_eq!(groups(&changed, Push { value: true, ..UPDATE }), ["notes", "content"]);
    let mut moved = with(Situation { account_changed: true, ..UNASKED_CLEAN });
    assert_eq!(groups(&moved, UPDATE), ["account"]);
    let mut read = ReadSecrets::default();
    for group in ["username", "secretKey"] {
        read.digests.insert(group.to_owned(), String::new());
    }
    moved.read = Some(read);
    assert_eq!(groups(&moved, UPDATE), ["account", "username"]);
    assert_eq!(groups(&moved, all), ["account", "device", "notes", "secretKey", "username"]);
    moved.read.as_mut().unwrap().due.insert("secretKey".to_owned());
    moved.situation.account_changed = false;
    assert_eq!(groups(&moved, UPDATE), ["secretKey"]);
}

#[test]
fn an_answer_is_expected_from_the_record_and_the_tenant_that_are_known() {
    let mut pass = with(UNASKED_CLEAN);
    pass.status.vault.as_mut().unwrap().tenant = TenantName::parse("acme");
    let of = |pass: &Concrete, expect, listed| {
        let expected = pass.transition_input().expected(&pass.status, Push { expect, ..UPDATE }, listed, false);
        (expected.id, expected.tenant)
    };
    let (id, acme) = (|number: u64| Some(RecordId::from(number)), TenantName::parse("acme"));
    let listed = id(2);
    assert_eq!(of(&pass, Expect::Update, listed.as_ref()), (id(1), acme.clone()));
    assert_eq!(of(&pass, Expect::Create, listed.as_ref()), (None, acme.clone()));
    assert_eq!(of(&pass, Expect::Existing, listed.as_ref()), (id(2), acme.clone()));
    assert_eq!(of(&pass, Expect::Existing, None), (None, acme));
    pass.status.mismatch = Some(MismatchRecord { id: id(9), ..<_>::default() });
    assert_eq!(of(&pass, Expect::Existing, None).0, id(9));
    pass.situation.binding = Binding::BoundElsewhere;
    assert_eq!(of(&pass, Expect::Update, None).1, None, "another vault names its tenant itself");
}

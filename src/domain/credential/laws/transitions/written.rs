//! What a status says of the record that the PAM wrote, and of the vault that the record is in.

use super::chain::UNASKED_CLEAN;
use super::concrete::Concrete;
use super::passes::{UPDATE, answer, then, with, write};
use super::*;
use crate::domain::credential::{Asked, Status, TransitionInput, UnackedWrite, WriteAction, WriteResult, transition};
use crate::domain::keyed::REMOVED;
use crate::domain::{Answer, Situation, TenantName, WriteEffect};

const ADOPT: Push = Push { expect: Expect::Existing, ..UPDATE };
const CREATE: Push = Push { expect: Expect::Create, ..UPDATE };
const OURS: Inventory = Inventory::Shows(Seen::Ours { at_account: true, rotates: false });
const UNBOUND: Situation = Situation { binding: Binding::Unbound, ..UNASKED_CLEAN };
const ELSEWHERE: Situation = Situation { binding: Binding::BoundElsewhere, ..UNASKED_CLEAN };

fn written(pass: &Concrete, push: Push) -> Status {
    then(pass, Decision::Push(push), WriteResult::Written(&answer()))
}

#[allow(clippy::unnecessary_wraps, reason = "each is an optional field")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn digests_of_another_record_are_forgotten() {
    let kept = |s: Situation, push| {
        let mut pass = with(s);
        pass.status.digests.insert("left the spec".to_owned(), String::new());
        written(&pass, push).digests.contains_key("left the spec")
    };
    assert!(kept(UNASKED_CLEAN, UPDATE) && kept(UNBOUND, ADOPT) && kept(UNBOUND, CREATE));
    assert!(kept(Situation { inventory: OURS, ..ELSEWHERE }, ADOPT));
    assert!(!kept(UNASKED_CLEAN, ADOPT) && !kept(ELSEWHERE, CREATE) && !kept(ELSEWHERE, ADOPT));
}

#[test]
fn a_record_is_known_to_be_enabled_where_this_object_created_it() {
    let enabled = |s: Situation, push, before| {
        let mut pass = with(s);
        pass.status.ensured_enabled = before;
        written(&pass, push).ensured_enabled
    };
    let with_intent = |intent| Situation { in_flight: Some(intent), settle: SettleWindow::Open, ..UNBOUND };
    assert!(enabled(UNBOUND, CREATE, false) && enabled(with_intent(Intent::Create), ADOPT, false));
    assert!(!enabled(UNBOUND, ADOPT, true) && !enabled(with_intent(Intent::TakeOver), ADOPT, true));
    assert!(!enabled(with_intent(Intent::TakeOver), CREATE, true), "the PAM says that the record was there");
    for before in [false, true] {
        assert_eq!(enabled(UNASKED_CLEAN, UPDATE, before), before);
        assert_eq!(enabled(Situation { inventory: OURS, ..ELSEWHERE }, ADOPT, before), before);
    }
}

#[test]
fn p7_a_record_is_not_known_to_be_enabled_where_the_answer_does_not_say_that_it_is_new() {
    let enabled = |ensure_enabled, effect| {
        let mut pass = with(UNBOUND);
        pass.desired.ensure_enabled = ensure_enabled;
        let answer = Answer { effect, ..answer() };
        then(&pass, Decision::Push(CREATE), WriteResult::Written(&answer)).ensured_enabled
    };
    assert!(enabled(true, WriteEffect::Created) && !enabled(true, WriteEffect::Unstated));
    assert!(enabled(false, WriteEffect::Unstated), "nothing would be done about it");
}

#[test]
fn p7_a_record_that_stays_in_another_vault_is_told_where_its_deletion_would_have_disabled_it() {
    let told = |s: Situation, push, disable| {
        let mut pass = with(s);
        pass.desired.disable = disable;
        let told = pass.transition_input().leaves_record_enabled(push);
        // The next status no longer knows the record, so that it is told once.
        assert!(!told || written(&pass, push).vault.unwrap().used == pass.vault);
        told
    };
    for push in [CREATE, ADOPT] {
        assert!(told(ELSEWHERE, push, true) && !told(ELSEWHERE, push, false));
        assert!(!told(UNBOUND, push, true) && !told(UNASKED_CLEAN, push, true));
        assert!(!told(Situation { inventory: OURS, ..ELSEWHERE }, push, true), "it is one vault");
    }
    assert!(!told(UNASKED_CLEAN, UPDATE, true));
}

#[test]
fn p4_a_former_identifier_is_kept_with_its_record() {
    let former = |s: Situation, push, effect| {
        let mut pass = with(s);
        pass.status.former_identifier = text("older");
        if let Some(write) = &mut pass.status.in_flight {
            write.former = text("theirs");
        }
        let answer = Answer { effect, ..answer() };
        then(&pass, Decision::Push(push), WriteResult::Written(&answer)).former_identifier
    };
    let (updated, created) = (WriteEffect::Updated, WriteEffect::Created);
    let open = Situation { settle: SettleWindow::Open, ..UNBOUND };
    let take_over = Situation { in_flight: Some(Intent::TakeOver), ..open };
    assert_eq!(former(take_over, ADOPT, updated), text("theirs"));
    assert_eq!(former(take_over, CREATE, created), None, "there was none to take over");
    assert_eq!(former(Situation { in_flight: Some(Intent::Create), ..open }, ADOPT, updated), None);
    assert_eq!(former(open, ADOPT, updated), None);
    assert_eq!(former(UNASKED_CLEAN, UPDATE, updated), text("older"));
    assert_eq!(former(UNASKED_CLEAN, ADOPT, updated), text("older"));
    assert_eq!(former(ELSEWHERE, ADOPT, updated), None, "the record of another vault");
}

#[test]
fn p3_a_write_without_an_answer_outlives_an_answered_one_while_it_may_still_come() {
    let open = Situation { settle: SettleWindow::Open, ..UNASKED_CLEAN };
    let elapsed = Situation { settle: SettleWindow::Elapsed { value: true }, ..UNASKED_CLEAN };
    let mut pass = with(open);
    assert_eq!(written(&pass, UPDATE).in_flight, pass.status.in_flight);
    pass.announced = true;
    assert_eq!(written(&pass, UPDATE).in_flight, None, "this pass announced it, and it was answered");
    assert_eq!(written(&with(elapsed), UPDATE).in_flight, None);
    let restarted = with(Situation { recently_started: true, ..elapsed });
    let write = written(&restarted, UPDATE).in_flight.unwrap();
    assert_eq!(write.since, restarted.transition_input().started, "until then an earlier process may have tried again");
    assert_eq!(written(&with(UNASKED_CLEAN), UPDATE).in_flight, None);
}

#[test]
fn p3_what_an_earlier_process_may_have_sent_is_in_flight_after_an_answer() {
    let suspected = Situation { suspected_write: true, recently_started: true, ..UNASKED_CLEAN };
    let in_flight = |s: Situation, push| {
        let pass = with(s);
        let write = written(&pass, push).in_flight;
        assert!(write.as_ref().is_none_or(|write| write.since == pass.transition_input().now));
        write.map(|write| (write.action, write.value))
    };
    let value = Push { value: true, ..UPDATE };
    assert_eq!(in_flight(suspected, value), Some((WriteAction::Update, true)));
    for baseline in [false, true] {
        assert_eq!(in_flight(Situation { baseline, ..suspected }, UPDATE), Some((WriteAction::Update, true)));
    }
    assert_eq!(in_flight(Situation { recently_started: false, ..suspected }, value), None);
    assert_eq!(in_flight(Situation { suspected_write: false, ..suspected }, value), None);
}

#[test]
fn p4_the_vault_of_a_record_is_where_the_connection_leads_and_its_tenant_as_the_pam_named_it() {
    let rebound = |s: Situation, known: Option<&str>, answered: Option<&str>| {
        let mut pass = with(s);
        pass.status.vault.as_mut().unwrap().tenant = known.and_then(TenantName::parse);
        let answer = Answer { tenant: answered.and_then(TenantName::parse), ..answer() };
        let vault = then(&pass, Decision::Push(ADOPT), WriteResult::Written(&answer)).vault.unwrap();
        assert_eq!(vault.used, pass.vault);
        vault.tenant
    };
    let (acme, other) = (Some("acme"), Some("other"));
    assert_eq!(rebound(UNASKED_CLEAN, acme, other), TenantName::parse("other"));
    assert_eq!(rebound(UNASKED_CLEAN, acme, None), TenantName::parse("acme"));
    assert_eq!(rebound(ELSEWHERE, acme, None), None, "another address may name the tenant otherwise");
    let mut pass = with(ELSEWHERE);
    pass.status.vault.as_mut().unwrap().tenant = TenantName::parse("acme");
    pass.status.vault.as_mut().unwrap().used.origin.clone_from(&pass.vault.origin);
    assert_eq!(then(&pass, Decision::Rebind, WriteResult::Nothing).vault.unwrap().tenant, TenantName::parse("acme"));
}

#[test]
fn p3_a_write_follows_its_vault_to_another_address_and_is_forgotten_on_the_way_back() {
    let mut pass = with(Situation { settle: SettleWindow::Open, ..ELSEWHERE });
    let origin =
        |pass: &Concrete, decision| then(pass, decision, WriteResult::Nothing).in_flight.map(|write| write.origin);
    let before = pass.status.vault.as_ref().unwrap().used.origin.clone();
    pass.status.in_flight.as_mut().unwrap().origin = before.clone();
    assert_eq!(origin(&pass, Decision::Rebind), Some(pass.vault.origin.clone()));
    assert_eq!(origin(&pass, Decision::Wait(Reason::RecordConflict)), Some(before.clone()));
    let third = || "https://third".to_owned();
    pass.status.in_flight.as_mut().unwrap().origin = third();
    assert_eq!(origin(&pass, Decision::Rebind), Some(third()));
    let mut back = with(Situation { settle: SettleWindow::Open, ..UNASKED_CLEAN });
    assert!(origin(&back, Decision::Settled).is_some());
    back.status.in_flight.as_mut().unwrap().origin = before.clone();
    assert_eq!(origin(&back, Decision::Settled), Some(before.clone()), "the connection may lead there again");
    back.status.in_flight = Some(UnackedWrite { origin: before, ..write(WriteAction::Update, 200) });
    assert_eq!(origin(&back, Decision::Settled), None);
}

#[test]
fn an_enabling_without_an_answer_is_forgotten_once_it_can_move_nothing() {
    let after = |action, seconds_ago| {
        let mut pass = with(UNASKED_CLEAN);
        pass.status.in_flight = Some(write(action, seconds_ago));
        then(&pass, Decision::Settled, WriteResult::Nothing).in_flight.is_some()
    };
    for action in [WriteAction::Enable, WriteAction::Disable] {
        assert!(after(action, 10) && !after(action, 200), "{action:?}");
    }
    assert!(after(WriteAction::Update, 200), "fields have to be sent again");
    let enabled = then(&with(Situation { baseline: true, ..UNASKED_CLEAN }), Decision::Enable, WriteResult::Enabled);
    assert!(enabled.ensured_enabled && enabled.remote.is_none());
}

#[test]
fn digests_and_versions_are_recorded_by_what_sends_or_finds_nothing_due() {
    let due = Situation { fields_changed: true, suspected_write: true, ..UNASKED_CLEAN };
    let recorded = |decision, result: WriteResult<'_>| {
        let pass = with(due);
        let next = then(&pass, decision, result);
        (next.digests["notes"] == "notes", next.source == pass.versions)
    };
    for decision in [Decision::Record, Decision::WithholdValue, Decision::Rebind] {
        assert_eq!(recorded(decision, WriteResult::Nothing), (true, true), "{decision:?}");
    }
    assert_eq!(recorded(Decision::Push(UPDATE), WriteResult::Written(&answer())), (true, true));
    for decision in [Decision::Settled, Decision::LookAgain, Decision::Suspend] {
        assert_eq!(recorded(decision, WriteResult::Nothing), (false, false), "{decision:?}");
    }
}

#[test]
fn digests_of_a_lost_key_are_made_again_where_the_value_is_known() {
    let made = |value, change: &dyn Fn(&mut Concrete)| {
        let mut pass = with(Situation { secrets: SecretsState::Read(value), ..UNASKED_CLEAN });
        pass.desired.secret_groups.insert("username");
        pass.status.digests.insert("username".to_owned(), "another key's".to_owned());
        pass.read.as_mut().unwrap().digests.insert("username".to_owned(), "k:username:svc".to_owned());
        change(&mut pass);
        then(&pass, Decision::Settled, WriteResult::Nothing).digests["username"] == "k:username:svc"
    };
    assert!(made(ValueComparison::Same, &|_| ()) && made(ValueComparison::None, &|_| ()));
    assert!(!made(ValueComparison::Unknown, &|_| ()));
    assert!(!made(ValueComparison::Same, &|pass| pass.read = None));
    assert!(!made(ValueComparison::Same, &|pass| {
        pass.status.digests.insert("username".to_owned(), "k:username:old".to_owned());
    }));
}

#[test]
fn a_secret_field_that_left_the_spec_is_marked_as_removed() {
    let marked = |decision, result: WriteResult<'_>| {
        let mut pass = with(UNASKED_CLEAN);
        pass.status.digests.insert("secretKey".to_owned(), "k:secretKey:1".to_owned());
        let next = then(&pass, decision, result);
        assert_ne!(next.digests["content"], REMOVED);
        next.digests["secretKey"] == REMOVED
    };
    assert!(marked(Decision::Settled, WriteResult::Nothing));
    assert!(marked(Decision::Push(UPDATE), WriteResult::Written(&answer())));
    assert!(!marked(Decision::LookAgain, WriteResult::Nothing));
}

#[test]
fn a_request_is_acknowledged_by_a_push_or_where_there_is_nothing_to_push_to() {
    let handled = |s: Situation, decision, result: WriteResult<'_>| {
        let mut pass = with(Situation { request: Request::Fields, ..s });
        pass.status.handled = Asked { reconcile: text("earlier"), push_value: text("earlier") };
        let handled = then(&pass, decision, result).handled;
        assert_eq!(handled.push_value, text("earlier"));
        handled.reconcile == text("now")
    };
    let wait = Decision::Wait(Reason::RecordConflict);
    assert!(handled(UNASKED_CLEAN, Decision::Push(UPDATE), WriteResult::Written(&answer())));
    assert!(handled(UNBOUND, wait, WriteResult::Nothing));
    assert!(!handled(UNASKED_CLEAN, wait, WriteResult::Nothing));
    assert!(!handled(Situation { mismatch: true, ..UNBOUND }, wait, WriteResult::Nothing));
    assert!(!handled(Situation { deleting: true, ..UNBOUND }, wait, WriteResult::Nothing));
    assert!(!handled(UNBOUND, Decision::Suspend, WriteResult::Nothing));
    assert!(!handled(UNBOUND, wait, WriteResult::Refused));
}

#[test]
fn a_withheld_value_stays_withheld_in_another_place_and_with_a_lost_key() {
    let after = |s: Situation| then(&with(s), Decision::Rebind, WriteResult::Nothing).value_withheld;
    assert!(!after(ELSEWHERE) && after(Situation { value_withheld: true, ..ELSEWHERE }));
    assert!(after(Situation { secrets: SecretsState::Read(ValueComparison::Unknown), ..ELSEWHERE }));
}

#[test]
fn what_is_written_is_the_record_of_the_answer() {
    let mut pass = with(Situation { mismatch: true, baseline: true, ..UNBOUND });
    pass.status.in_flight = None::<UnackedWrite>;
    let next = written(&pass, CREATE);
    assert_eq!((next.id, next.identifier), (Some(1.into()), text(super::concrete::IDENTIFIER)));
    assert_eq!((next.last_write, next.mismatch, next.remote), (Some(pass.transition_input().now), None, None));
    assert_eq!(next.observed_generation, Some(1));
}

#[test]
fn a_write_is_as_old_as_its_answer() {
    let pass = with(UNBOUND);
    let ended = pass.transition_input().now + jiff::SignedDuration::from_secs(70);
    let input = TransitionInput { ended, ..pass.transition_input() };
    let next = transition(&pass.status, &input, Decision::Push(CREATE), WriteResult::Written(&answer()));
    assert_eq!(next.last_write, Some(ended), "a list that began in between may not show the write");
}

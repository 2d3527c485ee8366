//! The promises, tried on every state there is.

use super::*;
use crate::domain::{
    Account, Adoption, Answer, Expected, Identifiers, Intent, Mismatch, Outcome, Row, judge, sighting,
};
use crate::domain::{Change, Drift, Settle, Situation};

#[path = "laws_of_adoption.rs"]
mod of_adoption;

const BOTH: [bool; 2] = [false, true];
const CONNECTIONS: [Connection; 3] =
    [Connection::Missing, Connection::NotReady(Reason::PamUnavailable), Connection::Ready];
const SECRETS: [Secrets; 10] = [
    Secrets::Missing,
    Secrets::KeyMissing,
    Secrets::Invalid,
    Secrets::Unchanged,
    Secrets::Unread,
    Secrets::Read(Value::None),
    Secrets::Read(Value::New),
    Secrets::Read(Value::Same),
    Secrets::Read(Value::Changed),
    Secrets::Read(Value::Unknown),
];
const RECORDED: [Recorded; 3] = [Recorded::Nothing, Recorded::Here, Recorded::Elsewhere];
const COLUMNS: [(Adoption, bool); 4] =
    [(Adoption::ByIdentifier, false), (Adoption::Never, true), (Adoption::TakeOver, false), (Adoption::TakeOver, true)];
const PENDING: [Option<Intent>; 3] = [None, Some(Intent::Create), Some(Intent::TakeOver)];
const REQUESTS: [Request; 3] = [Request::None, Request::Fields, Request::Value];

fn sightings() -> Vec<Seen> {
    let mut all = vec![Seen::Neither, Seen::Tangled];
    for rotates in BOTH {
        all.extend([Seen::IdentifierOnAccount { rotates }, Seen::AccountBare { rotates }]);
        all.extend([Seen::IdentifierElsewhere { rotates }, Seen::AccountOther { rotates }]);
        all.push(Seen::FormerOnAccount { rotates });
        all.extend(BOTH.map(|at_account| Seen::Ours { at_account, rotates }));
    }
    all
}

fn inventories() -> Vec<Inventory> {
    let mut all = vec![Inventory::NotAsked, Inventory::Failed(Reason::PamUnavailable)];
    all.extend(sightings().into_iter().map(Inventory::Shows));
    all
}

fn every_situation(mut check: impl FnMut(Situation)) -> usize {
    let mut count = 0;
    for suspended in BOTH {
        for (connection, secrets) in CONNECTIONS.iter().flat_map(|c| SECRETS.map(|s| (*c, s))) {
            for (recorded, request) in RECORDED.iter().flat_map(|r| REQUESTS.map(|q| (*r, q))) {
                for (fields_changed, account_changed) in BOTH.iter().flat_map(|f| BOTH.map(|a| (*f, a))) {
                    for (unexpected, inventory) in BOTH.iter().flat_map(|u| inventories().into_iter().map(|i| (*u, i)))
                    {
                        let situation = Situation {
                            claims: Claims::Free,
                            deleting: false,
                            finalizer: false,
                            disable: false,
                            doomed: false,
                            shared: false,
                            doubtful: false,
                            relogged: false,
                            suspended,
                            connection,
                            secrets,
                            recorded,
                            fields_changed,
                            account_changed,
                            request,
                            inventory,
                            unexpected,
                            denied: false,
                            adoption: Adoption::ByIdentifier,
                            take_over_granted: false,
                            pending: None,
                            enable_due: false,
                            device_changed: false,
                            plan: false,
                            drift: Drift::None,
                            correct: false,
                            fought: false,
                            change: Change::Unknown,
                            baseline: false,
                            held_back: false,
                            set_to_rotate: false,
                            settle: Settle::Calm,
                            unclean: false,
                            contested: false,
                        };
                        for variant in variants(situation) {
                            count += 1;
                            check(variant);
                        }
                    }
                }
            }
        }
    }
    count
}

/// The columns of the table and what is pending, where a list may turn on them; a record to enable, where there is one.
fn variants(s: Situation) -> Vec<Situation> {
    let mut all = vec![s];
    let pushable = s.connection == Connection::Ready && matches!(s.secrets, Secrets::Read(_)) && !s.suspended;
    if pushable && s.inventory != Inventory::NotAsked {
        all = COLUMNS
            .iter()
            .flat_map(|(adoption, granted)| {
                PENDING.map(|pending| Situation { adoption: *adoption, take_over_granted: *granted, pending, ..s })
            })
            .collect();
    }
    if s.recorded == Recorded::Here {
        all.push(Situation { enable_due: true, ..s });
    }
    all
}

fn every_push(mut check: impl FnMut(Situation, Push)) {
    let mut pushes = 0;
    every_situation(|s| {
        if let Decision::Push(push) = decide(&s) {
            pushes += 1;
            check(s, push);
        }
    });
    assert!(pushes > 500, "the law was tried on {pushes} pushes only");
}

fn seen(s: &Situation) -> Option<Seen> {
    match s.inventory {
        Inventory::Shows(seen) => Some(seen),
        _ => None,
    }
}

fn rotates(s: &Situation) -> bool {
    matches!(
        seen(s),
        Some(
            Seen::Ours { rotates: true, .. }
                | Seen::IdentifierOnAccount { rotates: true }
                | Seen::AccountBare { rotates: true }
                | Seen::FormerOnAccount { rotates: true }
                | Seen::IdentifierElsewhere { rotates: true }
                | Seen::AccountOther { rotates: true }
        )
    )
}

#[test]
fn the_whole_space_is_tried() {
    let states = 2 * 30 * 9 * 4 * 2 * 18;
    let (by_column, to_enable) = (5 * 9 * 4 * 2 * 17 * 11, states / 3);
    assert_eq!(every_situation(|_| ()), states + by_column + to_enable);
}

/// Every situation of an object that is being deleted.
fn every_departure(mut check: impl FnMut(Situation)) {
    every_situation(|s| {
        // What is due, asked for or unexpected plays no part once an object goes.
        let plain = !s.fields_changed && !s.account_changed && !s.unexpected && s.request == Request::None;
        let plain = plain && s.adoption == Adoption::ByIdentifier && s.pending.is_none() && !s.enable_due;
        if !plain {
            return;
        }
        for (finalizer, disable) in BOTH.iter().flat_map(|f| BOTH.map(|d| (*f, d))) {
            for (doomed, shared) in BOTH.iter().flat_map(|d| BOTH.map(|s| (*d, s))) {
                for doubtful in BOTH {
                    check(Situation { deleting: true, finalizer, disable, doomed, shared, doubtful, ..s });
                }
            }
        }
    });
}

#[test]
fn a_suspended_object_causes_nothing() {
    every_situation(|s| {
        if s.suspended {
            assert_eq!(decide(&s), Decision::Suspend);
        }
    });
}

#[test]
fn whoever_may_not_use_the_connection_causes_nothing_there_and_is_told() {
    every_situation(|s| {
        let denied = Situation { denied: true, disable: true, finalizer: true, ..s };
        let told = if s.suspended { Decision::Suspend } else { Decision::Wait(Reason::AccessDenied) };
        assert_eq!(decide(&denied), told);
    });
    every_departure(|s| match decide(&Situation { denied: true, ..s }) {
        Decision::Disable | Decision::Look(_) | Decision::Push(_) => panic!("{s:?}"),
        // Retain is the way out of a deletion, and a namespace that goes away is not held up.
        Decision::Wait(reason) => assert!(reason == Reason::DeletionBlocked && s.disable && !s.doomed, "{s:?}"),
        _ => {}
    });
}

#[test]
fn p7_a_record_is_disabled_only_where_it_was_asked_for_and_is_ours() {
    let mut count = 0;
    every_departure(|s| {
        if decide(&s) != Decision::Disable {
            return;
        }
        count += 1;
        assert!(s.finalizer && s.disable && !s.suspended && !s.shared && s.connection == Connection::Ready, "{s:?}");
        match seen(&s).expect("looked at beforehand") {
            Seen::Ours { .. } => assert_ne!(s.recorded, Recorded::Nothing),
            Seen::IdentifierOnAccount { .. } | Seen::FormerOnAccount { .. } => {
                assert!(s.recorded == Recorded::Nothing && s.doubtful, "{s:?}");
            }
            Seen::Neither => assert_eq!(s.recorded, Recorded::Here, "elsewhere an id proves nothing"),
            seen => panic!("{seen:?}"),
        }
    });
    assert!(count > 0);
}

#[test]
fn p7_retain_is_always_the_way_out() {
    every_departure(|s| {
        if s.finalizer && !s.disable {
            assert_eq!(decide(&s), Decision::RemoveFinalizer(LetGo::Retained));
        }
        if !s.finalizer {
            assert_eq!(decide(&s), Decision::Leave);
        }
    });
}

#[test]
fn p7_a_departing_object_is_never_pushed_and_never_waits_without_a_reason() {
    every_departure(|s| match decide(&s) {
        Decision::Leave | Decision::Suspend | Decision::Disable | Decision::RemoveFinalizer(_) => {}
        Decision::Look(Look::Inventory) => assert_eq!(s.inventory, Inventory::NotAsked),
        Decision::Wait(Reason::Deleting | Reason::DeletionBlocked) => {}
        decision => panic!("{decision:?} for {s:?}"),
    });
}

#[test]
fn p7_a_namespace_that_goes_away_is_not_held_up_by_a_lost_connection() {
    every_departure(|s| {
        let stuck = matches!(decide(&s), Decision::Wait(_));
        if s.doomed && s.connection != Connection::Ready && !s.suspended {
            assert!(!stuck, "{s:?}");
        }
    });
}

#[test]
fn p7_nothing_is_sent_before_the_finalizer_is_there() {
    every_situation(|s| {
        let with = |finalizer| decide(&Situation { disable: true, finalizer, ..s });
        let sent = |decision| matches!(decision, Decision::Push(_) | Decision::Enable | Decision::Intend(_));
        assert!(!sent(with(false)) && with(false) != Decision::Settled, "{s:?}");
        assert_eq!(with(true), decide(&s), "and then it changes nothing");
    });
}

#[test]
fn p7_a_finalizer_that_is_no_longer_wanted_goes_and_holds_nothing_up() {
    every_situation(|s| {
        let decision = decide(&Situation { finalizer: true, ..s });
        match decide(&s) {
            Decision::Settled => assert_eq!(decision, Decision::RemoveFinalizer(LetGo::Retained)),
            without => assert_eq!(decision, without),
        }
    });
}

#[test]
fn nothing_is_sent_without_a_ready_connection_and_secrets_that_were_read() {
    every_push(|s, _| {
        assert_eq!(s.connection, Connection::Ready);
        assert!(matches!(s.secrets, Secrets::Read(_)));
    });
}

#[test]
fn p1_nothing_is_sent_when_nothing_is_due() {
    every_push(|s, _| {
        let value_due = matches!(s.secrets, Secrets::Read(Value::New | Value::Changed));
        let due = s.recorded != Recorded::Here || s.fields_changed || s.account_changed || s.unexpected;
        assert!(due || value_due || s.request != Request::None, "{s:?}");
    });
}

#[test]
fn p1_what_is_due_is_sent_or_there_is_a_reason() {
    every_situation(|s| {
        let due = s.recorded != Recorded::Here
            || s.fields_changed
            || s.account_changed
            || s.unexpected
            || s.enable_due
            || s.request != Request::None
            || matches!(s.secrets, Secrets::Read(Value::New | Value::Changed));
        if due && !s.suspended {
            assert!(!matches!(decide(&s), Decision::Settled | Decision::HoldValue), "{s:?}");
        }
    });
}

#[test]
fn p1_after_a_push_there_is_nothing_left_to_do() {
    every_push(|s, _| {
        let after = Situation {
            recorded: Recorded::Here,
            fields_changed: false,
            account_changed: false,
            request: Request::None,
            unexpected: false,
            enable_due: false,
            secrets: Secrets::Unchanged,
            inventory: Inventory::NotAsked,
            ..s
        };
        assert_eq!(decide(&after), Decision::Settled);
    });
}

#[test]
fn p1_a_secret_whose_metadata_alone_changed_causes_nothing() {
    every_situation(|s| {
        let calm = s.recorded == Recorded::Here && !s.fields_changed && !s.account_changed && !s.unexpected;
        let calm = calm && !s.enable_due;
        let asked = s.request != Request::None || s.suspended;
        if calm && !asked && matches!(s.secrets, Secrets::Read(Value::Same | Value::None)) {
            assert_eq!(decide(&s), Decision::Settled);
        }
    });
}

#[test]
fn p4_after_an_answer_that_named_another_record_nothing_is_written_blindly() {
    every_push(|s, _| {
        if s.unexpected {
            let ours = matches!(seen(&s).expect("looked at beforehand"), Seen::Ours { .. });
            assert!(ours || s.request != Request::None, "only what we know, or the user vouches for: {s:?}");
        }
    });
}

#[test]
fn p4_another_login_writes_only_what_it_is_shown_to_be_ours_or_the_user_vouches_for() {
    let mut pushes = 0;
    every_situation(|s| {
        let relogged = decide(&Situation { relogged: true, ..s });
        match (decide(&s), relogged) {
            (Decision::Push(_), Decision::Push(_)) if s.recorded == Recorded::Here => {
                pushes += 1;
                let ours = matches!(seen(&s), Some(Seen::Ours { .. }));
                assert!(ours || s.request != Request::None, "{s:?}");
            }
            (Decision::Push(_) | Decision::Enable, Decision::Wait(_) | Decision::Look(Look::Inventory)) => {
                assert_eq!(s.recorded, Recorded::Here, "a first push is looked at anyway: {s:?}");
            }
            (without, with) => assert_eq!(without, with, "what is not due is not looked at either: {s:?}"),
        }
    });
    assert!(pushes > 100);
}

#[test]
fn p7_another_login_disables_only_what_it_is_shown_to_be_ours() {
    every_departure(|s| {
        let relogged = decide(&Situation { relogged: true, ..s });
        match decide(&s) {
            Decision::Disable if seen(&s) == Some(Seen::Neither) => {
                assert_eq!(relogged, Decision::Wait(Reason::DeletionBlocked));
            }
            without => assert_eq!(without, relogged),
        }
    });
}

#[test]
fn p4_nothing_counts_as_settled_while_an_answer_is_unexplained() {
    every_situation(|s| {
        if s.unexpected && !s.suspended {
            assert!(!matches!(decide(&s), Decision::Settled | Decision::HoldValue | Decision::Rebind), "{s:?}");
        }
    });
}

#[test]
fn p9_an_operator_that_does_not_serve_the_connection_writes_no_digest() {
    every_situation(|s| {
        if s.connection != Connection::Ready {
            assert_ne!(decide(&s), Decision::HoldValue);
        }
    });
}

#[test]
fn p4_a_rename_or_move_is_made_only_where_the_record_is_seen_and_alone() {
    every_push(|s, push| {
        if push.expect == Expect::Update && s.account_changed {
            let ours = matches!(seen(&s), Some(Seen::Ours { .. }));
            assert!(ours || s.request != Request::None, "{s:?}");
        }
    });
}

#[test]
fn p6_a_value_goes_along_only_when_it_is_new_or_asked_for() {
    every_push(|s, push| {
        let Secrets::Read(value) = s.secrets else { unreachable!() };
        if !push.value {
            return;
        }
        assert_ne!(value, Value::None);
        let new = matches!(value, Value::New | Value::Changed) || push.expect != Expect::Update;
        assert!(new || s.request != Request::None, "{s:?}");
    });
}

#[test]
fn p6_a_vault_that_rotates_keeps_its_value_unless_ours_changed_or_was_asked_for() {
    every_push(|s, push| {
        let changed = push.expect == Expect::Update && matches!(s.secrets, Secrets::Read(Value::New | Value::Changed));
        if rotates(&s) && !changed && s.request != Request::Value {
            assert!(!push.value, "{s:?}");
        }
    });
}

#[test]
fn p6_a_changed_or_asked_for_value_is_sent() {
    every_push(|s, push| {
        let Secrets::Read(value) = s.secrets else { unreachable!() };
        let changed = push.expect == Expect::Update && matches!(value, Value::New | Value::Changed);
        let asked = s.request == Request::Value && value != Value::None;
        let first = push.expect == Expect::Create && value != Value::None;
        let onto = push.expect == Expect::Adopt && value != Value::None && !rotates(&s);
        assert!(push.value || !(changed || asked || first || onto), "{s:?}");
    });
}

#[test]
fn p6_a_lost_key_alone_never_sends_a_value() {
    every_push(|s, push| {
        let onto_ours = push.expect == Expect::Update && s.secrets == Secrets::Read(Value::Unknown);
        if onto_ours && s.request == Request::None {
            assert!(!push.value, "{s:?}");
        }
    });
}

#[test]
fn only_an_update_may_leave_groups_of_fields_out() {
    every_push(|_, push| assert!(push.all_fields || push.expect == Expect::Update));
}

#[test]
fn what_was_seen_is_never_asked_for_again() {
    every_situation(|s| match decide(&s) {
        Decision::Look(Look::Secrets) => assert!(matches!(s.secrets, Secrets::Unread | Secrets::Unchanged)),
        Decision::Look(Look::Inventory) => assert_eq!(s.inventory, Inventory::NotAsked),
        Decision::Look(Look::Claims) => assert_eq!(s.claims, Claims::NotAsked),
        _ => {}
    });
}

#[test]
fn what_another_object_writes_onto_a_device_is_not_written_over() {
    let mut asked = 0;
    every_situation(|s| {
        let with = |claims| decide(&Situation { device_changed: true, fields_changed: true, claims, ..s });
        if matches!(with(Claims::Free), Decision::Push(_) | Decision::Intend(_)) {
            asked += 1;
            assert_eq!(with(Claims::NotAsked), Decision::Look(Look::Claims), "{s:?}");
            assert_eq!(with(Claims::Device), Decision::Wait(Reason::DeviceConflict), "{s:?}");
        }
    });
    assert!(asked > 1000);
}

#[test]
fn p4_what_another_object_of_the_cluster_claims_is_not_written() {
    every_situation(|s| {
        let with = |claims| decide(&Situation { claims, ..s });
        let anew = match with(Claims::Free) {
            Decision::Push(push) => push.expect != Expect::Update || s.account_changed,
            // Found in the list, not before it: then it may be another object's.
            Decision::Wait(Reason::RecordConflict | Reason::AccessDenied) => {
                let listed = matches!(s.inventory, Inventory::Shows(_)) && !s.denied;
                listed && (s.recorded != Recorded::Here || s.account_changed)
            }
            decision => matches!(decision, Decision::Intend(_) | Decision::Rebind),
        };
        if anew {
            assert_eq!(with(Claims::NotAsked), Decision::Look(Look::Claims));
            assert_eq!(with(Claims::Identifier), Decision::Wait(Reason::IdentifierConflict));
            assert_eq!(with(Claims::Account), Decision::Wait(Reason::AccountConflict));
        } else {
            assert_eq!(with(Claims::Identifier), with(Claims::Free), "a claim is asked for only where it matters");
        }
    });
}

#[test]
fn a_place_is_rebound_only_where_the_same_record_was_found_and_nothing_is_due() {
    every_situation(|s| {
        if decide(&s) == Decision::Rebind {
            assert_eq!(s.recorded, Recorded::Elsewhere);
            assert!(matches!(seen(&s), Some(Seen::Ours { at_account: true, .. })));
            assert!(!s.fields_changed && s.request == Request::None);
        }
    });
}

#[test]
fn a_wait_names_what_stands_in_the_way() {
    every_situation(|s| {
        if let Decision::Wait(reason) = decide(&s) {
            assert!(!reason.is_ready() && reason != Reason::Progressing, "{s:?}");
        }
    });
}

fn account(username: &str) -> Account {
    Account { username: username.into(), hostname: "db01".into(), ip: "10.0.0.7".into() }
}

fn row(id: &str, identifier: Option<&str>, username: &str) -> Row {
    let identifier = identifier.map(Into::into);
    Row { id: id.into(), identifier, account: account(username), rotates: false, ssh_key: false }
}

#[test]
fn each_row_of_the_table_is_recognised() {
    let (own, former) = ("ours", ["once".to_owned()]);
    let identifiers = Identifiers { own, former: &former };
    let first = |rows: &[Row]| sighting(rows, (Recorded::Nothing, None), identifiers, &account("svc"));
    let rotates = false;
    assert_eq!(first(&[]), Seen::Neither);
    assert_eq!(first(&[row("1", Some("ours"), "SVC")]), Seen::IdentifierOnAccount { rotates: false });
    assert_eq!(first(&[row("1", Some("ours"), "other")]), Seen::IdentifierElsewhere { rotates });
    assert_eq!(first(&[row("1", Some("once"), "svc")]), Seen::FormerOnAccount { rotates });
    assert_eq!(first(&[row("1", Some("once"), "other")]), Seen::Neither, "the account was changed since");
    assert_eq!(first(&[row("1", Some("once"), "svc"), row("2", Some("ours"), "other")]), Seen::Tangled);
    assert_eq!(first(&[row("1", None, "svc")]), Seen::AccountBare { rotates: false });
    assert_eq!(first(&[row("1", Some("theirs"), "svc")]), Seen::AccountOther { rotates });
    assert_eq!(first(&[row("1", Some("ours"), "other"), row("2", None, "svc")]), Seen::Tangled);
    assert_eq!(first(&[row("1", None, "svc"), row("2", None, "svc")]), Seen::Tangled);
    assert_eq!(first(&[Row { ssh_key: true, ..row("1", None, "svc") }]), Seen::Tangled);
}

#[test]
fn our_own_record_is_recognised_by_its_id() {
    let identifiers = Identifiers { own: "ours", former: &[] };
    let look = |rows: &[Row], recorded| sighting(rows, (recorded, Some("1")), identifiers, &account("svc"));
    let here = |rows: &[Row]| look(rows, Recorded::Here);
    assert_eq!(here(&[row("1", Some("ours"), "svc")]), Seen::Ours { at_account: true, rotates: false });
    assert_eq!(here(&[row("1", Some("ours"), "old")]), Seen::Ours { at_account: false, rotates: false });
    assert_eq!(here(&[row("1", Some("theirs"), "svc")]), Seen::Ours { at_account: false, rotates: false });
    assert_eq!(here(&[row("1", Some("theirs"), "old")]), Seen::Tangled, "a POST would not reach it");
    assert_eq!(here(&[row("1", Some("ours"), "old"), row("2", None, "svc")]), Seen::Tangled);
    assert_eq!(here(&[row("2", Some("ours"), "svc")]), Seen::IdentifierOnAccount { rotates: false });
    assert_eq!(
        look(&[row("1", Some("ours"), "other")], Recorded::Elsewhere),
        Seen::IdentifierElsewhere { rotates: false }
    );
    assert_eq!(look(&[row("1", Some("x"), "y")], Recorded::Elsewhere), Seen::Neither, "an id proves nothing elsewhere");
}

#[test]
fn an_answer_is_compared_with_what_was_decided() {
    let expected = |expect, id: Option<&str>| Expected {
        expect,
        id: id.map(Into::into),
        identifier: "ours".into(),
        tenant: Some("acme".into()),
        maybe_made_before: false,
    };
    let answer = |outcome, id: &str| Answer {
        outcome,
        id: id.into(),
        identifier: Some("ours".into()),
        tenant: Some("acme".into()),
    };
    let (create, update) = (expected(Expect::Create, None), expected(Expect::Update, Some("1")));
    assert_eq!(judge(&create, &answer(Outcome::Created, "1")), None);
    assert_eq!(judge(&create, &answer(Outcome::Updated, "1")), Some(Mismatch::UpdatedInstead));
    assert_eq!(judge(&Expected { maybe_made_before: true, ..create.clone() }, &answer(Outcome::Updated, "1")), None);
    assert_eq!(judge(&create, &answer(Outcome::Unstated, "1")), None);
    assert_eq!(judge(&update, &answer(Outcome::Updated, "1")), None);
    assert_eq!(judge(&update, &answer(Outcome::Created, "2")), Some(Mismatch::CreatedInstead));
    assert_eq!(judge(&update, &answer(Outcome::Updated, "2")), Some(Mismatch::OtherId));
    let other = Answer { identifier: Some("theirs".into()), ..answer(Outcome::Updated, "1") };
    assert_eq!(judge(&update, &other), Some(Mismatch::OtherIdentifier));
    assert_eq!(judge(&update, &Answer { identifier: None, ..other.clone() }), None);
    let elsewhere = Answer { tenant: Some("umbrella".into()), ..answer(Outcome::Updated, "1") };
    assert_eq!(judge(&update, &elsewhere), Some(Mismatch::OtherTenant));
}

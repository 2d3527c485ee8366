//! What many credentials and one connection come to, over virtual time.

use std::time::Duration;

use super::*;
use crate::api::{ClusterPamConnection, ConditionType, PamConnectionStatus, PamCredential, find};
use crate::controller::connection::object::IntoAny as _;
use crate::domain::{ListVerdict, MissingRecords};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

type Woken = UnboundedReceiver<crate::controller::runtime::pass_queue::Woken>;

fn standings() -> (ConnectionHealths, Woken) {
    let mut triggers = Triggers::default();
    let woken = triggers.add::<ClusterPamConnection>(None);
    (ConnectionHealths::new(Arc::new(triggers)), woken)
}

fn connection(uid: &str, spec: &Value, annotations: &Value) -> AnyConnection {
    let mut object = json!({
        "apiVersion": "pam-operator.io/v1alpha1", "kind": "ClusterPamConnection",
        "metadata": {"name": "one", "uid": uid, "generation": 1, "annotations": annotations},
        "spec": {"url": "https://pam", "productVersion": "4.2",
            "auth": {"oauth2": {"clientSecretRef": {"name": "login"}}},
            "disableBrake": {"count": 2}},
    });
    json_patch::merge(&mut object["spec"], spec);
    serde_json::from_value::<ClusterPamConnection>(object).unwrap().any()
}

fn one() -> AnyConnection {
    connection("u1", &json!({}), &json!({}))
}

fn credential(name: &str, spec: &Value, leaving: bool) -> PamCredential {
    let mut object = json!({
        "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential",
        "metadata": {"name": name, "namespace": "ns", "uid": name, "finalizers": ["pam-operator.io/disable"]},
        "spec": {"username": name, "hostname": "db01", "ip": "10.0.0.7", "connectionRef": {"name": "one"},
            "deletionPolicy": "Disable"},
    });
    if leaving {
        object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    }
    json_patch::merge(&mut object["spec"], spec);
    serde_json::from_value(object).unwrap()
}

fn wall() -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_000_000).unwrap()
}

fn at(now: Instant) -> Moment {
    Moment { now, wall: wall() }
}

/// A pass of the connection at that time; returns what its status is then, and when it comes back.
fn pass(
    standings: &ConnectionHealths,
    connection: &AnyConnection,
    before: &PamConnectionStatus,
    now: Instant,
) -> (PamConnectionStatus, Option<Duration>) {
    let mut next = before.clone();
    let filled = standings.fill(connection, before, &mut next, at(now));
    if next == *before {
        return (next, filled.later);
    }
    if !is_urgent(before, &next)
        && let Some(left) = standings.put_off(&connection.id(), now)
    {
        return (before.clone(), Some(left));
    }
    standings.note_numbers(&connection.id(), now);
    standings.written(&connection.id(), &filled);
    (next, filled.later)
}

fn seen(standings: &ConnectionHealths, connection: &AnyConnection, status: &PamConnectionStatus) -> Instant {
    let now = Instant::now();
    standings.note(connection, status, at(now));
    now
}

fn message(status: &PamConnectionStatus, kind: ConditionType) -> Option<(&str, &str)> {
    find(&status.conditions, kind).map(|condition| (condition.reason.as_str(), condition.message.as_str()))
}

const NOTHING: fn() -> PamConnectionStatus = PamConnectionStatus::default;
const SECOND: Duration = Duration::from_secs(1);

#[test]
fn numbers_are_written_once_a_minute_and_each_change_wakes_no_more_than_once() {
    let ((standings, mut woken), one) = (standings(), one());
    let start = seen(&standings, &one, &NOTHING());
    let mut status = NOTHING();
    let mut writes = 0;
    for second in 0..300_u32 {
        standings.note_referrer(&credential(&format!("c{second}"), &json!({}), false));
        let (next, later) = pass(&standings, &one, &status, start + second * SECOND);
        writes += usize::from(next != status);
        assert!(next != status || later.is_some(), "it is looked at again by itself");
        status = next;
    }
    assert_eq!(writes, 4, "after 60, 120, 180 and 240 seconds");
    assert_eq!(status.credentials, Some(241));
    while woken.try_recv().is_ok() {}
    for _ in 0..2 {
        standings.forget_referrer("c1");
        standings.note_referrer(&credential("c2", &json!({"connectionRef": {"name": "another"}}), false));
    }
    assert!(woken.try_recv().is_err(), "the connection comes back anyway");
    let (status, _) = pass(&standings, &one, &status, start + 300 * SECOND);
    assert_eq!(status.credentials, Some(298));
    assert_eq!(pass(&standings, &one, &status, start + 900 * SECOND), (status, None), "nothing changed");
    standings.forget_referrer("c3");
    assert!(woken.try_recv().is_ok() && woken.try_recv().is_err());
}

#[test]
fn until_all_are_listed_no_number_is_written() {
    let ((standings, mut woken), one) = (standings(), one());
    let before = PamConnectionStatus { credentials: Some(200), ..NOTHING() };
    standings.expect_lists(2);
    let now = seen(&standings, &one, &before);
    standings.note_referrer(&credential("a", &json!({}), false));
    standings.note_list();
    assert_eq!(pass(&standings, &one, &before, now + 90 * SECOND), (before.clone(), None));
    while woken.try_recv().is_ok() {}
    standings.note_list();
    assert!(woken.try_recv().is_ok(), "now they are");
    assert_eq!(pass(&standings, &one, &before, now + 90 * SECOND).0.credentials, Some(1));
}

#[test]
fn a_list_that_cannot_be_trusted_is_said_at_once_until_one_can_or_its_count_is_confirmed() {
    let ((standings, mut woken), one) = (standings(), one());
    let now = seen(&standings, &one, &NOTHING());
    let (key, kind) = (one.id(), ConditionType::InventoryIncomplete);
    let find = |verdict| standings.note_finding(&key, ListFinding::of_all(90, verdict));
    let lacking = |missing| ListVerdict::Missing(MissingRecords { missing, of: 100 });
    find(lacking(12));
    assert!(woken.try_recv().is_ok() && standings.is_incomplete(&key, "ns"));
    let (status, _) = pass(&standings, &one, &NOTHING(), now);
    assert_eq!(message(&status, kind).unwrap().0, "RecordsMissing");
    assert_eq!(status.inventory.as_ref().map(|inventory| (inventory.records, inventory.complete)), Some((90, false)));
    // The same once more is no news; another number is, in its time.
    find(lacking(12));
    assert!(woken.try_recv().is_err());
    find(lacking(13));
    assert_eq!(pass(&standings, &one, &status, now + SECOND).0, status);
    let (status, _) = pass(&standings, &one, &status, now + 60 * SECOND);
    assert!(message(&status, kind).unwrap().1.contains("13 of the 100"));

    let confirmed = |count: &str| connection("u1", &json!({}), &json!({"pam-operator.io/confirm-inventory": count}));
    for (count, incomplete) in [("12", true), ("13", false)] {
        assert_eq!(standings.note(&confirmed(count), &status, at(now)), !incomplete, "told once");
        assert_eq!(standings.is_incomplete(&key, "ns"), incomplete, "{count}");
        let fewer = BTreeMap::from([("ns".to_owned(), ListCounts { known: 100, lost: 12, older: 0 })]);
        assert_eq!(standings.verdict(&key, 88, &fewer).verdict == lacking(13), !incomplete);
    }
    let (trusted, _) = pass(&standings, &one, &status, now + 61 * SECOND);
    assert!(message(&trusted, kind).is_none(), "at once");
    let noted = |finding: &dyn Fn()| {
        finding();
        standings.written(&key, &Filled::default()).listed.all
    };
    // Another count than was confirmed is another matter.
    assert!(!noted(&|| find(lacking(14))));
    assert!(standings.is_incomplete(&key, "ns"));
    assert!(noted(&|| find(ListVerdict::Complete { older: 0 })), "everyone who waited for it goes on");
    assert!(!standings.is_incomplete(&key, "ns"));
    assert!(!noted(&|| find(ListVerdict::Complete { older: 0 })), "once");
}

#[test]
fn after_a_restart_the_status_is_believed_until_a_list_says_otherwise() {
    let ((first, _woken), one) = (standings(), one());
    let (now, key) = (seen(&first, &one, &NOTHING()), one.id());
    first.note_finding(&key, ListFinding::of_all(3, ListVerdict::EndedEarly));
    let (status, _) = pass(&first, &one, &NOTHING(), now);
    let (second, _woken) = standings();
    assert!(!second.is_incomplete(&key, "ns"));
    seen(&second, &one, &status);
    assert!(second.is_incomplete(&key, "ns"));
    assert_eq!(pass(&second, &one, &status, now + 90 * SECOND).0, status, "nothing is written for that");
    second.note_finding(&key, ListFinding::of_all(90, ListVerdict::Complete { older: 3 }));
    assert!(!second.is_incomplete(&key, "ns"));
    let (status, _) = pass(&second, &one, &status, now + 90 * SECOND);
    assert!(message(&status, ConditionType::InventoryIncomplete).is_none());
    assert!(message(&status, ConditionType::VaultRestored).unwrap().1.contains(" 3 records"));
    // Where nothing is listed any more, nothing is said of lists.
    let off = connection("u1", &json!({"inventory": {"enabled": false}}), &json!({}));
    second.note(&off, &status, at(now));
    let (status, _) = pass(&second, &off, &status, now + 90 * SECOND);
    assert_eq!((status.inventory, status.conditions), (None, vec![]));
    assert!(logged_in(&off).contains("inventory.enabled is false") && !logged_in(&one).contains("false"));
}

fn asking(uid: &str) -> Asking<'_> {
    Asking { namespace: "ns", uid }
}

/// Those may go on, of these.
fn go_on(
    standings: &ConnectionHealths,
    names: std::ops::Range<u32>,
    status: &mut PamConnectionStatus,
    now: Instant,
) -> usize {
    let mut ask = |name: u32| {
        let uid = format!("c{name}");
        let admit = || standings.admit(&one(), asking(&uid), now);
        if admit() == Some(Admission::Unwritten) {
            *status = pass(standings, &one(), status, now).0;
        }
        admit() == Some(Admission::Go)
    };
    names.filter(|name| ask(*name)).count()
}

#[test]
fn the_brake_is_said_after_a_second_with_all_who_wait_and_outlasts_a_restart() {
    let ((standings_, _woken), one) = (standings(), one());
    let start = seen(&standings_, &one, &NOTHING());
    let mut status = NOTHING();
    for name in 0..6 {
        standings_.note_referrer(&credential(&format!("c{name}"), &json!({}), true));
    }
    assert_eq!(go_on(&standings_, 0..3, &mut status, start), 2);
    let (gathering, later) = pass(&standings_, &one, &status, start);
    assert!(message(&gathering, ConditionType::DisablesHeld).is_none() && later == Some(SECOND));
    // Those that are not to be disabled do not wait.
    let others = [json!({"suspend": true}), json!({"mode": "Plan"}), json!({"deletionPolicy": "Retain"})];
    for (name, spec) in (3..6).zip(others) {
        standings_.note_referrer(&credential(&format!("c{name}"), &spec, true));
    }
    let (status, _) = pass(&standings_, &one, &gathering, start + SECOND);
    assert_eq!(status.held_disables, Some(1));
    let (reason, words) = message(&status, ConditionType::DisablesHeld).unwrap();
    assert!(reason == "TooManyDisables" && words.contains("confirm-disable: \"1\""), "{words}");

    // Another process, which does not know yet who is leaving.
    let (second, _woken) = standings();
    second.expect_lists(1);
    let now = seen(&second, &one, &status);
    let mut after = status.clone();
    for name in 7..10 {
        second.note_referrer(&credential(&format!("c{name}"), &json!({}), true));
    }
    assert_eq!(go_on(&second, 7..10, &mut after, now + 900 * SECOND), 0);
    assert_eq!(pass(&second, &one, &status, now + 900 * SECOND), (status.clone(), Some(SECOND)));
    second.note_referrer(&credential("c2", &json!({}), true));
    second.forget_referrer("c7");
    second.note_list();
    let (after, _) = pass(&second, &one, &status, now + 900 * SECOND);
    assert_eq!(after.held_disables, Some(3), "c2, c8 and c9");
}

#[test]
fn whoever_keeps_the_last_record_that_waits_lets_the_brake_off() {
    let ((standings, mut woken), one) = (standings(), one());
    let start = seen(&standings, &one, &NOTHING());
    let mut status = NOTHING();
    for name in 0..3 {
        standings.note_referrer(&credential(&format!("c{name}"), &json!({}), true));
    }
    assert_eq!(go_on(&standings, 0..3, &mut status, start), 2);
    let (status, _) = pass(&standings, &one, &status, start + SECOND);
    assert!(message(&status, ConditionType::DisablesHeld).is_some());
    while woken.try_recv().is_ok() {}
    standings.note_referrer(&credential("c2", &json!({"deletionPolicy": "Retain"}), true));
    assert!(woken.try_recv().is_ok());
    let (status, _) = pass(&standings, &one, &status, start + SECOND);
    assert_eq!((status.held_disables, message(&status, ConditionType::DisablesHeld)), (None, None));
}

#[test]
fn a_connection_that_was_made_anew_has_nothing_of_the_former_one() {
    let ((standings, _woken), one) = (standings(), one());
    let now = seen(&standings, &one, &NOTHING());
    let mut status = NOTHING();
    for name in 0..9 {
        standings.note_referrer(&credential(&format!("c{name}"), &json!({}), true));
    }
    assert_eq!(go_on(&standings, 0..9, &mut status, now), 2);
    let anew = connection("u2", &json!({}), &json!({}));
    seen(&standings, &anew, &NOTHING());
    standings.forget(&one.id(), "u1");
    assert_eq!(standings.admit(&one, asking("c8"), now), None, "no pass of before goes on");
    assert_eq!(standings.admit(&anew, asking("c8"), now), Some(Admission::Unwritten));
    let (status, _) = pass(&standings, &anew, &NOTHING(), now + 61 * SECOND);
    assert_eq!(status.credentials, Some(9));
}

//! What the documentation leaves open: the recorded default and its alternatives.

use jiff::{SignedDuration, Timestamp};
use pam_simulator::{Behaviour, Clock, Config, Inactive, Move, Outside, Seed, VaultEdit};
use serde_json::json;

use crate::common::{HOST, IP, Pam, body, full};

async fn with_hidden_record() -> (Pam, String) {
    let hidden = Seed::new("svc", HOST, IP).identifier("k8s-a").value("theirs").visible_to(&[]);
    let pam = Pam::with(Config::default().seed(hidden)).await;
    (pam, "101".to_owned())
}

#[tokio::test]
async fn outside_the_authorization_by_default_it_is_updated_though_no_list_shows_it() {
    let (pam, id) = with_hidden_record().await;
    for identifier in ["k8s-a", "k8s-b"] {
        let reply = pam.post(&full(identifier, "svc", "ours")).await;
        assert!(!reply.created());
        assert_eq!(reply.id(), id);
    }
    assert_eq!(pam.sim.value_of(&id).as_deref(), Some("ours"));
    assert!(pam.rows().await.is_empty());
}

#[tokio::test]
async fn outside_the_authorization_it_may_be_refused_with_1009() {
    let (pam, id) = with_hidden_record().await;
    pam.sim.change_behaviour(|knobs| knobs.outside = Outside::Refuse);
    assert_eq!(pam.post(&full("k8s-a", "svc", "ours")).await.code(), 1009);
    assert_eq!(pam.post(&full("k8s-b", "svc", "ours")).await.code(), 1009);
    assert_eq!(pam.sim.value_of(&id).as_deref(), Some("theirs"));
}

#[tokio::test]
async fn outside_the_authorization_it_may_not_be_seen_at_all() {
    let (pam, id) = with_hidden_record().await;
    pam.sim.change_behaviour(|knobs| knobs.outside = Outside::Duplicate);
    let made = pam.post(&full("k8s-a", "svc", "ours")).await;
    assert!(made.created());
    assert_ne!(made.id(), id);
    assert!(!pam.post(&full("k8s-a", "svc", "ours")).await.created(), "its own is seen first");
    assert_eq!(pam.sim.value_of(&id).as_deref(), Some("theirs"));
}

#[tokio::test]
async fn a_disabled_record_is_updated_and_stays_disabled_or_not() {
    let pam = Pam::with(Config::default().seed(Seed::new("svc", HOST, IP).identifier("k8s-a").disabled())).await;
    let active = || pam.sim.record("101").unwrap().active;
    assert!(!pam.post(&full("k8s-a", "svc", "one")).await.created());
    assert!(!active());
    assert_eq!(pam.rows().await.len(), 1);
    pam.sim.change_behaviour(|knobs| knobs.list_inactive = false);
    assert!(pam.rows().await.is_empty());
    pam.sim.change_behaviour(|knobs| knobs.inactive = Inactive::Refuse);
    assert_eq!(pam.post(&full("k8s-a", "svc", "one")).await.code(), 1008);
    pam.sim.change_behaviour(|knobs| knobs.inactive = Inactive::Revive);
    assert!(!pam.post(&full("k8s-a", "svc", "one")).await.created());
    assert!(active());
}

#[tokio::test]
async fn a_known_identifier_with_another_device_may_leave_the_record_where_it_is() {
    let pam = Pam::with(Config::default().device(HOST, IP).device("db02", "10.0.0.8")).await;
    pam.sim.change_behaviour(|knobs| knobs.moves = Move::Stay);
    let id = pam.post(&full("k8s-a", "svc", "one")).await.id();
    let mut elsewhere = full("k8s-a", "renamed", "two");
    (elsewhere["hostname"], elsewhere["ip"]) = (json!("db02"), json!("10.0.0.8"));
    pam.post(&elsewhere).await;
    let record = pam.sim.record(&id).unwrap();
    assert_eq!((record.hostname.as_str(), record.username.as_str()), (HOST, "renamed"));
}

#[tokio::test]
async fn a_rename_onto_a_taken_account_is_1052_unless_duplicates_are_allowed() {
    let pam = Pam::start().await;
    pam.post(&full("k8s-a", "one", "x")).await;
    pam.post(&full("k8s-b", "two", "x")).await;
    assert_eq!(pam.post(&full("k8s-b", "one", "x")).await.code(), 1052);
    pam.sim.change_behaviour(|knobs| knobs.duplicate_accounts = true);
    assert!(!pam.post(&full("k8s-b", "one", "x")).await.created());
    assert_eq!(pam.sim.records().iter().filter(|record| record.username == "one").count(), 2);
}

#[tokio::test]
async fn change_moves_with_every_post_or_only_with_a_value() {
    for (moves, metadata_moves_change) in [(true, true), (false, false)] {
        let behaviour = Behaviour { metadata_moves_change, ..Behaviour::default() };
        let pam = Pam::with(Config { behaviour, ..Config::default() }.device(HOST, IP)).await;
        let id = pam.post(&full("k8s-a", "svc", "one")).await.id();
        let change = || pam.sim.record(&id).unwrap().change;
        let first = change();
        // The list counts in whole seconds.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        pam.post(&body("svc")).await;
        assert_eq!(change() > first, moves);
        let second = change();
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        pam.post(&full("k8s-a", "svc", "one")).await;
        assert!(change() > second, "the same value again is a change");
    }
}

#[tokio::test]
async fn an_edit_in_the_vault_always_moves_change_but_for_who_sees_it() {
    let pam = Pam::start().await;
    let id = pam.post(&full("k8s-a", "svc", "one")).await.id();
    let change = || pam.sim.record(&id).unwrap().change;
    let first = change();
    pam.sim.edit(&id, VaultEdit::HideFrom("operator".to_owned()));
    assert_eq!(change(), first);
    for edit in [
        VaultEdit::Rotate("rotated".into()),
        VaultEdit::Username("renamed".to_owned()),
        VaultEdit::Identifier(None),
        VaultEdit::Active(false),
        VaultEdit::Touch,
    ] {
        let before = change();
        assert!(pam.sim.edit(&id, edit));
        assert!(change() > before);
    }
    let record = pam.sim.record(&id).unwrap();
    assert_eq!((record.username.as_str(), record.identifier, record.active), ("renamed", None, false));
    assert_eq!(pam.sim.value_of(&id).as_deref(), Some("rotated"));
    let orders: Vec<Option<u64>> = pam.sim.writes_of(&id).iter().map(|write| write.order).collect();
    assert_eq!(orders, [Some(1), None]);
}

#[tokio::test]
async fn the_nested_identifier_counts_when_the_outer_one_is_blank_or_never() {
    let pam = Pam::start().await;
    let mut post = body("svc");
    post["additional_settings"] = json!([{ "identifier": "nested" }]);
    assert_eq!(pam.post(&post).await.identifier(), "nested");
    post["identifier"] = "outer".into();
    assert_eq!(pam.post(&post).await.identifier(), "outer");
    pam.sim.change_behaviour(|knobs| knobs.nested_identifier = false);
    post["identifier"] = "".into();
    assert_eq!(pam.post(&post).await.identifier(), "outer");
}

#[tokio::test]
async fn the_credentials_own_domain_may_have_to_be_registered() {
    let pam = Pam::start().await;
    pam.sim.change_behaviour(|knobs| knobs.domain_registered = Some(true));
    let mut post = body("svc");
    post["domain"] = "elsewhere.com".into();
    assert_eq!(pam.post(&post).await.code(), 1029);
    post["domain"] = "example.com".into();
    assert!(pam.post(&post).await.created());
}

#[tokio::test]
async fn envelopes_come_in_all_documented_shapes() {
    let pam = Pam::start().await;
    pam.sim.change_behaviour(|knobs| {
        knobs.envelope.omit_code = true;
        knobs.envelope.omit_error_code = true;
        knobs.envelope.capital_message = true;
        knobs.envelope.numeric_ids = true;
        knobs.envelope.omit_tenant = true;
    });
    let text = "Credential successfully registered!";
    let expected = json!({
        "response": { "status": 201, "message": text, "error": false, "Message": text, "erro": false },
        "credential": { "id": 101, "identifier": "k8s-a" },
    });
    assert_eq!(pam.post(&full("k8s-a", "svc", "one")).await.json(), expected);
    assert_eq!(pam.rows().await[0]["id"], 101);
    assert!(pam.list().await.json().get("code").is_none());
}

#[tokio::test]
async fn every_answer_tells_the_time_of_the_clock() {
    let behind = Config { clock: Clock::new(|| Timestamp::now() - SignedDuration::from_hours(1)), ..Config::default() };
    let pam = Pam::with(behind).await;
    for path in ["/api/pam/credential", "/nowhere"] {
        let reply = pam.call("GET", path, None).await.unwrap();
        let told = reply.headers["date"].to_str().unwrap();
        let told = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(told).unwrap();
        let behind = Timestamp::now().duration_since(told).as_secs();
        assert!((3600..3660).contains(&behind), "{path}: {told}");
    }
}

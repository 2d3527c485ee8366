//! P1, P2, P6: a change is in the PAM within a second, exactly once, and nothing else is sent along.

use std::time::Duration;

use crate::support::{CANARY, PATIENCE, World, assert_no_canary, ready};
use local_cluster::wait_until;
use pam_operator::api::{PUSH_VALUE_REQUESTED_AT, RECONCILE_REQUESTED_AT};
use pam_simulator::{Kind, VaultEdit};
use serde_json::json;

#[tokio::test]
async fn a_changed_secret_is_in_the_pam_within_a_second_by_one_post() {
    let world = World::start().await;
    world.synced("svc").await;
    world.rotates_within_a_second(5).await;
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn ten_changes_in_a_second_end_with_the_last_value_and_never_go_back() {
    let world = World::start().await;
    world.synced("svc").await;
    let id = world.get("svc").await.status.unwrap().id.unwrap();
    for round in 1..=10 {
        world.put_secret("svc", json!({"password": format!("{CANARY}-round-{round:02}")})).await;
        tokio::time::sleep(Duration::from_millis(90)).await;
    }
    world.pam_holds("svc", &format!("{CANARY}-round-10")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let values: Vec<String> = world.sim.writes_of(&id).iter().map(|write| write.value.reveal().to_owned()).collect();
    assert!(values[1..].is_sorted(), "an older value after a newer one");
    assert!(values.last().unwrap().ends_with("round-10"));
    assert_eq!(world.sim.records().len(), 1);
}

#[tokio::test]
async fn an_edited_field_is_sent_alone() {
    let world = World::start().await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({"tags": ["a"], "notes": "kept"})).await;
    world.becomes("svc", "Synced").await;
    let count = world.count().await;
    world.put_credential("svc", json!({"tags": ["a", "b"], "notes": "kept"})).await;
    world.becomes("svc", "Synced").await;
    let journal = world.journal(&count);
    assert_eq!(journal.len(), 1, "{journal:?}");
    let body = world.sim.body_of(journal.posts()[0].seq).unwrap();
    assert_eq!(body["tags"], "a,b");
    for key in ["content", "notes"] {
        assert!(body.get(key).is_none(), "{key} was sent again");
    }
    let writes = world.requests(&count).await.writes();
    assert_eq!(writes.resource("pamcredentials/status").len(), 1, "{writes}");
}

#[tokio::test]
async fn a_field_removed_from_the_spec_is_left_alone_in_the_pam() {
    let world = World::start().await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({"notes": "kept"})).await;
    world.becomes("svc", "Synced").await;
    let count = world.count().await;
    world.put_credential("svc", json!({})).await;
    world.becomes("svc", "Synced").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.journal(&count).len(), 0);
}

#[tokio::test]
async fn a_rename_or_move_keeps_the_record() {
    let world = World::start().await;
    let before = world.synced("svc").await.status.unwrap();
    world.put_credential("svc", json!({"username": "renamed", "hostname": "web01", "ip": "10.0.0.8"})).await;
    let after = world.becomes("svc", "Synced").await.status.unwrap();
    assert_eq!(after.id, before.id);
    let record = world.sim.record(before.id.as_deref().unwrap()).unwrap();
    assert_eq!((record.username.as_str(), record.hostname.as_str()), ("renamed", "web01"));
    assert_eq!(world.sim.records().len(), 1);
}

#[tokio::test]
async fn a_request_by_annotation_is_obeyed_once() {
    let world = World::start().await;
    world.synced("svc").await;
    let count = world.count().await;
    world.annotate("svc", RECONCILE_REQUESTED_AT, "2026-01-01T00:00:00Z").await;
    wait_until("the request to be acknowledged", PATIENCE, async || {
        let handled = world.get("svc").await.status.unwrap().last_handled_reconcile_at;
        anyhow::ensure!(handled.as_deref() == Some("2026-01-01T00:00:00Z"), "{handled:?}");
        Ok(())
    })
    .await
    .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let journal = world.journal(&count);
    assert_eq!(journal.posts().len(), 1, "{journal:?}");
    assert!(journal.posts()[0].sent("content"), "the vault does not rotate it");
}

#[tokio::test]
async fn a_request_does_not_overwrite_what_the_vault_rotates_unless_it_says_so() {
    let world = World::start().await;
    let id = world.synced("svc").await.status.unwrap().id.unwrap();
    assert!(world.sim.edit(&id, VaultEdit::AutomaticChange(true)));
    assert!(world.sim.edit(&id, VaultEdit::Rotate("rotated-by-the-vault".into())));
    // The list that told otherwise is seconds old; wait until another is asked for.
    tokio::time::sleep(Duration::from_secs(11)).await;
    world.annotate("svc", RECONCILE_REQUESTED_AT, "1").await;
    acknowledged(&world, |status| status.last_handled_reconcile_at.as_deref() == Some("1")).await;
    assert_eq!(world.sim.value_of(&id).as_deref(), Some("rotated-by-the-vault"));

    world.annotate("svc", PUSH_VALUE_REQUESTED_AT, "2").await;
    acknowledged(&world, |status| status.last_handled_push_value_at.as_deref() == Some("2")).await;
    assert_eq!(world.sim.value_of(&id), Some(format!("{CANARY}-svc")));
}

async fn acknowledged(world: &World, done: impl Fn(&pam_operator::api::PamCredentialStatus) -> bool) {
    wait_until("the request to be acknowledged", PATIENCE, async || {
        anyhow::ensure!(done(&world.get("svc").await.status.unwrap()), "not yet");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_suspended_credential_makes_no_call_and_goes_on_where_it_was() {
    let world = World::start().await;
    world.put_secret("new", json!({"password": CANARY})).await;
    let count = world.count().await;
    world.put_credential("new", json!({"suspend": true})).await;
    wait_until("it to say that it is suspended", PATIENCE, async || {
        let status = world.get("new").await.status.unwrap();
        anyhow::ensure!(status.conditions.iter().any(|c| c.type_ == "Suspended"), "not yet");
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(ready(&world.get("new").await).0, "Unknown", "never synced");
    assert_eq!(world.journal(&count).len(), 0);

    world.put_credential("new", json!({"suspend": false})).await;
    let synced = world.becomes("new", "Synced").await;
    assert!(synced.status.unwrap().conditions.iter().all(|c| c.type_ != "Suspended"));
    world.put_credential("new", json!({"suspend": true})).await;
    wait_until("it to be suspended again", PATIENCE, async || {
        let found = world.get("new").await;
        let suspended = found.status.as_ref().unwrap().conditions.iter().any(|c| c.type_ == "Suspended");
        anyhow::ensure!(suspended && ready(&found).1 == "Synced", "Ready keeps what it said");
        Ok(())
    })
    .await
    .unwrap();
    let count = world.count().await;
    world.put_secret("new", json!({"password": format!("{CANARY}-2")})).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.journal(&count).len(), 0, "suspended");
    world.put_credential("new", json!({"suspend": false})).await;
    world.pam_holds("new", &format!("{CANARY}-2")).await;
    assert_eq!(world.journal(&count).count(Kind::PostCredential), 1);
}

#[tokio::test]
async fn the_identifier_is_fixed_once_it_is_known_but_may_be_written_down() {
    let world = World::start().await;
    let identifier = world.synced("svc").await.status.unwrap().identifier.unwrap();
    let count = world.count().await;
    world.put_credential("svc", json!({"identifier": identifier})).await;
    world.becomes("svc", "Synced").await;
    assert_eq!(world.journal(&count).len(), 0);
    let other = world.credential_json("svc", json!({"identifier": "other"}));
    let params = kube::api::PatchParams::apply("test").force();
    let refused = world.credentials().patch("svc", &params, &kube::api::Patch::Apply(other)).await.unwrap_err();
    assert!(refused.to_string().contains("cannot change once status.identifier is set"), "{refused}");
}

//! P3, P4, P7: with `inventory.enabled: false` no list is requested, and whatever needs one says so.

use crate::support::steps::A_MOMENT;
use crate::support::vault::status_of;
use crate::support::{CANARY, World, assert_no_canary, ready};
use pam_operator::api::RECONCILE_REQUESTED_AT;
use pam_simulator::{Effect, Fault, Kind, Seed};
use serde_json::json;

async fn unlisted() -> World {
    let world = World::start().await;
    world.put_connection(json!({"inventory": {"enabled": false}})).await;
    world.connection_becomes("Authenticated").await;
    world
}

async fn ends(world: &World) {
    assert_eq!(world.sim.count(Kind::ListCredentials), 0);
    assert_eq!(world.sim.count(Kind::GetCredential), 0, "P5");
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn records_are_made_renamed_and_written_again_on_request_without_a_list() {
    let mut world = unlisted().await;
    world.all_synced(&["svc"], json!({})).await;
    let count = world.count().await;
    world.put_credential("svc", json!({"username": "renamed", "hostname": "web01", "ip": "10.0.0.8"})).await;
    world.becomes("svc", "Synced").await;
    let record = world.sim.record(&world.id_of("svc").await).unwrap();
    assert_eq!((record.username.as_str(), record.hostname.as_str()), ("renamed", "web01"));
    world.annotate("svc", RECONCILE_REQUESTED_AT, "now").await;
    world.until("svc", "asked", |found| status_of(found).last_handled_reconcile_at.is_some()).await;
    assert_eq!(world.values_sent(&count, "svc"), [false, true]);
    world.put_secret("svc", json!({"password": format!("{CANARY}-2")})).await;
    world.pam_holds("svc", &format!("{CANARY}-2")).await;

    // A restart after the Secret was touched has nothing to look at.
    world.stop_operator().await;
    world.put_secret("svc", json!({"password": format!("{CANARY}-3")})).await;
    world.put_secret("svc", json!({"password": format!("{CANARY}-2")})).await;
    let count = world.count().await;
    world.start_operator().await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(world.journal(&count).posts().len(), 0);
    assert_eq!(ready(&world.get("svc").await).1, "Synced");
    assert_eq!(world.sim.records().len(), 1);
    ends(&world).await;
}

#[tokio::test]
async fn a_record_that_was_there_is_told_by_the_answer_and_the_user_says_whose_it_is() {
    let world = unlisted().await;
    let id = world.sim.seed(Seed::new("svc", "db01", "10.0.0.7").identifier("ours").value("canary-7f3a-of-old"));
    let ours = json!({"identifier": "ours"});
    world.put_secret("svc", json!({"password": CANARY})).await;
    let count = world.count().await;
    world.put_credential("svc", ours.clone()).await;
    let message = ready(&world.becomes("svc", "RecordConflict").await).2;
    assert!(message.contains(&id), "{message}");
    world.put_secret("svc", json!({"password": format!("{CANARY}-2")})).await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(world.journal(&count).posts().len(), 1, "nothing more is written");
    let message = ready(&world.get("svc").await).2;
    assert!(message.contains(RECONCILE_REQUESTED_AT) && message.contains("inventory.enabled"), "{message}");

    world.annotate("svc", RECONCILE_REQUESTED_AT, "it is ours").await;
    let status = status_of(&world.becomes("svc", "Synced").await);
    assert_eq!((status.id, status.mismatch), (Some(id.clone()), None));
    assert_eq!(world.sim.value_of(&id), Some(format!("{CANARY}-2")));
    assert_eq!(world.journal(&count).posts().len(), 2);
    ends(&world).await;
}

/// Whether the record that is there now is its own nobody can tell.
#[tokio::test]
async fn a_creation_that_was_not_answered_asks_for_no_list_either() {
    let world = unlisted().await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::gateway(504)).after_commit());
    world.put_secret("svc", json!({"password": CANARY})).await;
    let count = world.count().await;
    world.put_credential("svc", json!({})).await;
    let message = ready(&world.becomes("svc", "RecordConflict").await).2;
    assert!(message.contains(RECONCILE_REQUESTED_AT), "{message}");
    world.annotate("svc", RECONCILE_REQUESTED_AT, "it is ours").await;
    world.becomes("svc", "Synced").await;
    assert_eq!(world.journal(&count).posts().len(), 3);
    assert_eq!(world.sim.records().len(), 1);
    ends(&world).await;
}

#[tokio::test]
async fn a_record_cannot_be_disabled_unseen_and_the_object_can_be_released() {
    let world = unlisted().await;
    world.all_synced(&["svc"], json!({"deletionPolicy": "Disable"})).await;
    let id = world.id_of("svc").await;
    world.delete("svc").await;
    let message = ready(&world.becomes("svc", "DeletionBlocked").await).2;
    assert!(message.contains("inventory.enabled") && message.contains("Retain"), "{message}");
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(world.sim.count(Kind::DeleteCredential), 0);
    world.put_credential("svc", json!({"deletionPolicy": "Retain"})).await;
    world.is_gone("svc").await;
    assert!(world.sim.record(&id).unwrap().active);
    ends(&world).await;
}

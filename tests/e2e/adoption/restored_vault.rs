//! P4: a record created again in a restored vault is adopted only when the user says so, since its id is another.

use std::time::Duration;

use pam_simulator::Kind;
use serde_json::json;

use super::{THEIRS, apply, ends, message, seed, status};
use crate::support::{CANARY, World};

const RECONCILE: &str = "pam-operator.io/reconcile-requested-at";

/// `svc` is synced, and then its record is there under another id.
async fn recreated(world: &World, identifier: Option<&str>, policy: &str) -> String {
    apply(world, json!({"adoptionPolicy": policy})).await;
    let old = status(&world.becomes("svc", "Synced").await).id.unwrap();
    world.sim.remove_record(&old);
    let again = identifier.map_or_else(seed, |identifier| seed().identifier(identifier));
    let id = world.sim.seed(again);
    assert_ne!(id, old);
    id
}

async fn is_adopted_by_the_users_word_only(identifier: Option<&str>) {
    let mut world = World::start().await;
    let id = recreated(&world, identifier, "ByIdentifier").await;
    world.stop_operator().await;
    world.start_operator().await;
    // An edit of the account looks at the list first; taken back, nothing was sent.
    apply(&world, json!({"adoptionPolicy": "ByIdentifier", "ip": "10.0.0.7", "hostname": "DB01"})).await;
    let found = world.becomes("svc", "RecordConflict").await;
    assert!(message(&found).contains(RECONCILE) && message(&found).contains(&id), "{}", message(&found));
    assert_eq!(world.sim.value_of(&id).as_deref(), Some(THEIRS));

    let count = world.count().await;
    world.annotate("svc", RECONCILE, "it is ours").await;
    let found = status(&world.becomes("svc", "Synced").await);
    assert_eq!((found.id, found.ensured_enabled), (Some(id.clone()), false));
    assert_eq!(found.last_handled_reconcile_at.as_deref(), Some("it is ours"));
    assert_eq!(world.journal(&count).posts().len(), 1);
    assert_eq!((world.sim.value_of(&id).as_deref(), world.sim.records().len()), (Some(CANARY), 1));
    ends(&world).await;
}

#[tokio::test]
async fn a_recreated_record_is_adopted_by_the_users_word_only() {
    is_adopted_by_the_users_word_only(Some("ours")).await;
}

#[tokio::test]
async fn a_recreated_record_without_an_identifier_is_too() {
    is_adopted_by_the_users_word_only(None).await;
}

#[tokio::test]
async fn one_that_was_met_by_a_rotation_is_too() {
    let world = World::start().await;
    let id = recreated(&world, Some("ours"), "ByIdentifier").await;
    world.put_secret("svc", json!({"password": "rotated"})).await;
    let found = world.becomes("svc", "RecordConflict").await;
    assert!(status(&found).mismatch.is_some());
    world.put_secret("svc", json!({"password": "rotated again"})).await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(world.sim.count(Kind::PostCredential), 2, "nothing more is written");
    world.annotate("svc", RECONCILE, "it is ours").await;
    assert_eq!(status(&world.becomes("svc", "Synced").await).id, Some(id));
    world.pam_holds("svc", "rotated again").await;
    ends(&world).await;
}

#[tokio::test]
async fn under_never_that_word_is_the_policy_too() {
    let mut world = World::start().await;
    let id = recreated(&world, Some("ours"), "Never").await;
    world.stop_operator().await;
    world.start_operator().await;
    world.annotate("svc", RECONCILE, "it is ours").await;
    let found = world.becomes("svc", "RecordConflict").await;
    assert!(message(&found).contains("adoptionPolicy to ByIdentifier"), "{}", message(&found));
    assert_eq!(world.sim.value_of(&id).as_deref(), Some(THEIRS));
    apply(&world, json!({"adoptionPolicy": "ByIdentifier"})).await;
    assert_eq!(status(&world.becomes("svc", "Synced").await).id, Some(id));
    ends(&world).await;
}

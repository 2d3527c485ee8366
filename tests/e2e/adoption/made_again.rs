//! P1, P7: an object with `deletionPolicy: Disable` that is made again has its record enabled again.

use pam_simulator::{Kind, ProductVersion};
use serde_json::{Value, json};

use super::{message, status};
use crate::support::{CANARY, Plan, World, assert_no_canary};

/// Posts, puts and deletes since the start.
fn writes(world: &World) -> [usize; 3] {
    [Kind::PostCredential, Kind::PutCredential, Kind::DeleteCredential].map(|kind| world.sim.count(kind))
}

fn object(world: &World, change: Value) -> Value {
    let mut spec = json!({"deletionPolicy": "Disable"});
    crate::support::merge(&mut spec, change);
    world.credential_json("svc", spec)
}

/// The object says `Synced` of a record that is enabled.
async fn is_well(world: &World, id: &str) {
    let found = world.becomes("svc", "Synced").await;
    assert_eq!(status(&found).id.as_deref(), Some(id));
    assert!(world.sim.record(id).unwrap().active, "{}", message(&found));
    assert!(!message(&found).contains("existed before"), "{}", message(&found));
}

async fn an_object_that_is_made_again_has_its_record_enabled(version: ProductVersion) {
    let world = Plan::default().version(version).start().await;
    world.apply([world.secret_json("svc", CANARY), object(&world, json!({}))]).await;
    let id = status(&world.becomes("svc", "Synced").await).id.unwrap();
    assert_eq!(writes(&world), [1, 0, 0], "a record that was just made is enabled");

    // All at once, as `kubectl replace` does it.
    let replaced = object(&world, json!({"notes": "replaced"})).to_string();
    world.cluster.kubectl_with(&["replace", "--force", "-f", "-"], &replaced).await.unwrap();
    is_well(&world, &id).await;
    assert_eq!(writes(&world), [2, 1, 1]);

    // With its Secret, as a namespace that is made again.
    world.delete("svc").await;
    world.is_gone("svc").await;
    assert!(!world.sim.record(&id).unwrap().active);
    world.cluster.kubectl(&["delete", "secret", "svc", "-n", &world.namespace]).await.unwrap();
    world.apply([world.secret_json("svc", CANARY), object(&world, json!({}))]).await;
    is_well(&world, &id).await;
    assert_eq!(writes(&world), [3, 2, 2]);
    assert_eq!(world.sim.records().len(), 1);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn an_object_that_is_made_again_has_its_record_enabled_on_3_32() {
    an_object_that_is_made_again_has_its_record_enabled(ProductVersion::V3_32).await;
}

#[tokio::test]
async fn an_object_that_is_made_again_has_its_record_enabled_on_4_2() {
    an_object_that_is_made_again_has_its_record_enabled(ProductVersion::V4_2).await;
}

#[tokio::test]
async fn a_record_stays_as_it_is_where_the_spec_says_so() {
    let world = World::start().await;
    world.apply([world.secret_json("svc", CANARY), object(&world, json!({"ensureEnabled": false}))]).await;
    world.becomes("svc", "Synced").await;
    world.delete("svc").await;
    world.is_gone("svc").await;
    world.apply([object(&world, json!({"ensureEnabled": false}))]).await;
    let found = world.becomes("svc", "Synced").await;
    assert!(message(&found).contains("if it is disabled in the PAM, it stays disabled"), "{}", message(&found));
    assert_eq!(writes(&world), [2, 0, 1]);
    assert_no_canary(&world.everything_said().await);
}

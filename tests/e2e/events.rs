//! Events come for objects with the longest names, and after people deleted the events that were there.

use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, DeleteParams, ListParams};
use serde_json::json;

use crate::support::{CANARY, World, assert_no_canary};

async fn synced(world: &World, name: &str) {
    world.put_secret(name, json!({"password": CANARY})).await;
    world.put_credential(name, json!({"username": "svc"})).await;
    world.becomes(name, "Synced").await;
}

#[tokio::test]
async fn an_object_has_events_however_long_its_name_is() {
    let world = World::start().await;
    // The last two are cut behind a dot and a dash.
    let cut_behind = |mark: &str| format!("{}{mark}d", "d".repeat(235));
    let names = ["a".repeat(236), "b".repeat(237), "c".repeat(253), cut_behind("."), cut_behind("-")];
    for (number, name) in names.into_iter().enumerate() {
        world.put_secret(&name, json!({"password": CANARY})).await;
        world.put_credential(&name, json!({"username": format!("svc{number}")})).await;
        world.becomes(&name, "Synced").await;
        world.event_of(&name, "Pushed").await;
    }
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn an_event_that_was_deleted_comes_again() {
    let world = World::start().await;
    synced(&world, "svc").await;
    world.put_credential("svc", json!({"username": "svc", "contentSecretRef": {"name": "missing"}})).await;
    world.event_of("svc", "SecretNotFound").await;
    let events = Api::<Event>::namespaced(world.client.clone(), &world.namespace);
    events.delete_collection(&DeleteParams::default(), &ListParams::default()).await.unwrap();
    world.put_credential("svc", json!({"username": "svc"})).await;
    world.event_of("svc", "Synced").await;
    world.put_credential("svc", json!({"username": "svc", "contentSecretRef": {"name": "missing"}})).await;
    world.event_of("svc", "SecretNotFound").await;
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn an_event_that_repeats_is_counted_in_the_one_that_is_there() {
    let world = World::start().await;
    synced(&world, "svc").await;
    world.put_credential("svc", json!({"username": "svc", "contentSecretRef": {"name": "missing"}})).await;
    world.event_of("svc", "SecretNotFound").await;
    world.put_credential("svc", json!({"username": "svc"})).await;
    world.event_of("svc", "Synced").await;
    world.put_credential("svc", json!({"username": "svc", "contentSecretRef": {"name": "missing"}})).await;
    local_cluster::wait_until("the event to be counted", crate::support::PATIENCE, async || {
        let events = world.events().await;
        let is_it = |event: &&Event| event.reason.as_deref() == Some("SecretNotFound");
        let found: Vec<&Event> = events.iter().filter(is_it).collect();
        anyhow::ensure!(found.len() == 1, "{} events", found.len());
        let count = found[0].series.as_ref().map(|series| series.count);
        anyhow::ensure!(count == Some(2), "{count:?}");
        Ok(())
    })
    .await
    .unwrap();
    assert_no_canary(&world.everything_said().await);
}

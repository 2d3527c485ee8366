//! P1, P6: an upgrade to a version with one more field sends nothing; the downgrade sends a block in which the newer
//! version had set the field: at once, and again when nothing older can arrive any more.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use kube::discovery::ApiResource;
use local_cluster::wait_until;
use pam_operator::api::PamCredential;
use pam_operator::domain::SETTLE;
use pam_simulator::Kind;
use serde_json::{Value, json};

use super::crd;
use crate::support::{CANARY, Count, PATIENCE, Plan, World, ready, shown};

const OBJECTS: usize = 200;

/// Long enough for a pass over all of them.
async fn until_idle() {
    tokio::time::sleep(Duration::from_secs(4)).await;
}

fn names() -> impl Iterator<Item = String> {
    (0..OBJECTS).map(|n| format!("svc-{n:03}"))
}

fn with_a_block() -> Value {
    json!({"tags": ["one"], "notes": "a note", "sessionSettings": {"useOwnCredentialToConnect": true, "ssh": true}})
}

/// All of them, synced by this version, which then stops.
async fn synced(settings: &Value) -> World {
    let mut world = Plan::default().on_its_own().await.start().await;
    let objects = names().flat_map(|name| {
        let secret = world.secret_json(&name, &format!("{CANARY}-{name}"));
        [secret, world.credential_json(&name, settings.clone())]
    });
    world.apply(objects.collect::<Vec<_>>()).await;
    world.all_become(OBJECTS, &["Synced"]).await;
    until_idle().await;
    world.stop_operator().await;
    world
}

/// The definition of a version with one more field in the spec, one in a block of it, and one in the status.
fn widen(properties: &mut Value) {
    let text = json!({"type": "string", "maxLength": 64});
    properties["spec"]["properties"]["costCenter"] = text.clone();
    properties["spec"]["properties"]["sessionSettings"]["properties"]["spice"] = json!({"type": "boolean"});
    properties["status"]["properties"]["costCenterSeen"] = text;
}

/// The objects as nobody decodes them: with fields that this version does not know.
fn raw(world: &World) -> Api<DynamicObject> {
    let resource = ApiResource::erase::<PamCredential>(&());
    Api::namespaced_with(world.client.clone(), &world.namespace, &resource)
}

/// Changes every object and its status.
async fn change_all(world: &World, change: impl Fn(&mut Value)) {
    let api = raw(world);
    let objects = api.list(&ListParams::default()).await.unwrap().items;
    assert_eq!(objects.len(), OBJECTS);
    let change = &change;
    stream::iter(objects)
        .for_each_concurrent(8, |object| {
            let api = api.clone();
            async move {
                let name = object.metadata.name.clone().unwrap();
                let mut object = serde_json::to_value(object).unwrap();
                let before = object.clone();
                change(&mut object);
                if object["spec"] != before["spec"] {
                    let spec = Patch::Merge(json!({"spec": object["spec"]}));
                    let stored = api.patch(&name, &PatchParams::default(), &spec).await.unwrap();
                    object["status"]["observedGeneration"] = json!(stored.metadata.generation);
                    object["status"]["conditions"][0]["observedGeneration"] = json!(stored.metadata.generation);
                }
                let status = json!([{"op": "replace", "path": "/status", "value": object["status"]}]);
                let status = Patch::Json::<()>(serde_json::from_value(status).unwrap());
                api.patch_status(&name, &PatchParams::default(), &status).await.unwrap();
            }
        })
        .await;
}

/// What the newer version leaves once somebody set its fields and it pushed them.
fn as_the_newer_leaves_it(object: &mut Value) {
    object["spec"]["costCenter"] = json!("cc-1");
    object["spec"]["sessionSettings"]["spice"] = json!(true);
    let status = &mut object["status"];
    status["costCenterSeen"] = json!("cc-1");
    status["digests"]["costCenter"] = json!("v1:00112233445566778899aabbccddeeff");
    status["digests"]["sessionSettings"] = json!("v1:ffeeddccbbaa99887766554433221100");
}

/// What the version before this one leaves: it knew no settings blocks, and less of a record's past.
fn as_the_one_before_left_it(object: &mut Value) {
    let status = object["status"].as_object_mut().unwrap();
    for field in ["ensuredEnabled", "valueHeldBack", "inFlight", "mismatch"] {
        status.remove(field);
    }
    let connection = status["connection"].as_object_mut().unwrap();
    connection.retain(|field, _| ["kind", "name", "origin", "tenant"].contains(&field.as_str()));
}

/// Starts this version; nothing is sent. Answers how many statuses were written.
async fn starts_without_a_call(world: &mut World) -> usize {
    let count = world.count().await;
    world.start_operator().await;
    until_idle().await;
    let journal = world.journal(&count);
    assert_eq!(journal.len(), 0, "{}", shown(&journal));
    world.requests(&count).await.writes().resource("pamcredentials/status").len()
}

/// Starts this version; it sends the block for each object, and no value: at once, and again when nothing that the newer
/// version sent can arrive any more.
async fn starts_and_sends_the_block(world: &mut World) {
    let count = world.count().await;
    world.start_operator().await;
    for (times, bound) in [(1, PATIENCE), (2, SETTLE + PATIENCE)] {
        wait_until("the block to be sent for all", bound, async || {
            let sent = world.journal(&count).count(Kind::PostCredential);
            anyhow::ensure!(sent >= times * OBJECTS, "{sent} are");
            Ok(())
        })
        .await
        .unwrap();
        until_idle().await;
        let sent = world.journal(&count).count(Kind::PostCredential);
        assert_eq!(sent, times * OBJECTS, "{}", shown(&world.journal(&count)));
    }
    let journal = world.journal(&count);
    let posts = journal.posts();
    let fields = || posts.iter().flat_map(|post| &post.fields);
    assert!(!fields().any(|field| field == "content") && fields().any(|field| field.starts_with("session_settings")));
    world.stop_operator().await;
}

/// Starts it twice: the second time nothing at all is done.
async fn starts_twice(world: &mut World, most: usize) {
    let written = starts_without_a_call(world).await;
    assert!(written <= most, "{written} statuses were written");
    world.stop_operator().await;
    let count = world.count().await;
    starts_without_a_call(world).await;
    world.assert_nothing_done(&count).await;
    for object in world.credentials().list(&ListParams::default()).await.unwrap() {
        let (_, reason, message) = ready(&object);
        assert_eq!(reason, "Synced", "{message}");
        assert!(!message.contains("removed from spec"), "{message}");
    }
}

/// A new value, and nothing else, is sent for one object.
async fn rotates(world: &World, name: &str) -> Count {
    let count = world.count().await;
    world.put_secret(name, json!({"password": format!("{CANARY}-rotated")})).await;
    world.pam_holds(name, &format!("{CANARY}-rotated")).await;
    until_idle().await;
    let journal = world.journal(&count);
    assert_eq!(journal.count(Kind::PostCredential), 1, "{}", shown(&journal));
    let fields = &journal.posts()[0].fields;
    assert!(
        fields.iter().any(|f| f == "content") && !fields.iter().any(|f| f.starts_with("session_settings")),
        "{fields:?}"
    );
    count
}

#[tokio::test]
async fn up_to_a_version_with_one_more_field_and_back_again_one_block_is_sent() {
    let mut world = synced(&with_a_block()).await;
    world.define(&crd::changed(widen)).await;
    let probe = world.credential_json("probe", json!({"costCenter": "cc-1"}));
    let keeps = |said: &Result<Value, String>| said.as_ref().is_ok_and(|made| made["spec"]["costCenter"] == "cc-1");
    world.is_defined(probe.clone(), keeps).await;
    change_all(&world, as_the_newer_leaves_it).await;

    // Only the operator goes back, and the definition stays. What is in the block it does not know, and sends it.
    starts_and_sends_the_block(&mut world).await;
    starts_twice(&mut world, 0).await;
    rotates(&world, "svc-000").await;
    world.stop_operator().await;

    // The definition goes back too: what it does not know is no longer shown.
    world.define(&crd::current()).await;
    let prunes = |said: &Result<Value, String>| said.as_ref().is_ok_and(|made| made["spec"]["costCenter"].is_null());
    world.is_defined(probe, prunes).await;
    starts_twice(&mut world, 0).await;
    rotates(&world, "svc-001").await;

    // The newer version finds again what it had sent, but for the block.
    for name in ["svc-000", "svc-001", "svc-002"] {
        let status = world.get(name).await.status.unwrap();
        let digest = |group: &str| status.digests.get(group).map(String::as_str);
        assert_eq!(digest("costCenter"), Some("v1:00112233445566778899aabbccddeeff"), "{name}");
        assert_ne!(digest("sessionSettings"), Some("v1:ffeeddccbbaa99887766554433221100"), "{name}");
    }

    // An edit of the block itself is sent.
    let count = world.count().await;
    world
        .put_credential("svc-002", json!({"sessionSettings": {"useOwnCredentialToConnect": true, "ssh": false}}))
        .await;
    world.becomes("svc-002", "Synced").await;
    assert_eq!(world.journal(&count).count(Kind::PostCredential), 1);
}

#[tokio::test]
async fn what_the_version_before_left_is_gone_on_with_and_nothing_is_sent() {
    let mut world = synced(&json!({"tags": ["one"], "notes": "a note"})).await;
    change_all(&world, as_the_one_before_left_it).await;
    starts_twice(&mut world, OBJECTS).await;
    rotates(&world, "svc-000").await;
}

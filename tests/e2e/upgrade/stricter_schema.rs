//! P7: a rule that a later CRD adds locks no object that was there before.

use kube::api::{Patch, PatchParams};
use local_cluster::wait_until;
use pam_operator::api::FINALIZER;
use serde_json::{Value, json};

use super::crd;
use crate::support::{CANARY, PATIENCE, Plan, World};

/// Each kind of rule, on fields that [`loose`] sets otherwise: a pattern of items, a shorter text, a longer list, another name,
/// a CEL rule on a block.
fn tighten(properties: &mut Value) {
    let spec = &mut properties["spec"]["properties"];
    spec["tags"]["items"]["pattern"] = json!("^[a-z]+$");
    spec["notes"]["maxLength"] = json!(3);
    spec["device"]["properties"]["connectivities"]["minItems"] = json!(2);
    spec["contentSecretRef"]["properties"]["name"]["pattern"] = json!("^pam-");
    let rules = spec["executionSettings"]["x-kubernetes-validations"].as_array_mut().unwrap();
    rules
        .push(json!({"rule": "!self.useOwnCredentialToConnect || has(self.changePlugin)", "message": "name a plugin"}));
}

/// What the tightened definition refuses, in five places.
fn loose() -> Value {
    json!({
        "tags": ["Upper Case"],
        "notes": "more than three",
        "device": {"connectivities": ["SSH:22"]},
        "executionSettings": {"useOwnCredentialToConnect": true, "automaticChange": false},
        "deletionPolicy": "Disable",
    })
}

/// Objects from before the tightening, which is in force when this returns.
async fn tightened_with(names: &[&str]) -> World {
    let mut world = Plan::default().on_its_own().await.start().await;
    for name in names {
        world.put_secret(name, json!({"password": format!("{CANARY}-{name}")})).await;
        world.put_credential(name, loose()).await;
        world.becomes(name, "Synced").await;
    }
    world.define(&crd::changed(tighten)).await;
    let refused = async |change: Value, places: &[&str]| {
        let refuses = |said: &Result<Value, String>| {
            said.as_ref().is_err_and(|said| places.iter().all(|place| said.contains(place)))
        };
        world.is_defined(world.credential_json("fresh", change), refuses).await;
    };
    let places = ["spec.tags[0]", "spec.notes", "spec.device.connectivities", "spec.contentSecretRef.name"];
    refused(loose(), &places).await;
    // CEL is asked only where the rest is well.
    let block = loose()["executionSettings"].clone();
    refused(json!({"executionSettings": block, "contentSecretRef": null}), &["name a plugin"]).await;
    // As an upgrade does: the operator begins with what is there.
    world.stop_operator().await;
    world.start_operator().await;
    world
}

async fn patch(world: &World, name: &str, change: Value) -> Result<(), String> {
    let patched = world.credentials().patch(name, &PatchParams::default(), &Patch::Merge(change)).await;
    patched.map(drop).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_tightened_rule_locks_no_object_that_was_there_before() {
    let mut world = tightened_with(&["edited", "retained", "disabled", "freed"]).await;

    // Its status: a new value goes to the PAM, and the operator writes down that it did.
    let before = world.get("edited").await.status.unwrap();
    world.put_secret("edited", json!({"password": format!("{CANARY}-new")})).await;
    world.pam_holds("edited", &format!("{CANARY}-new")).await;
    let written = wait_until("the status to be written", PATIENCE, async || {
        let after = world.get("edited").await.status.unwrap();
        anyhow::ensure!(after.digests["content"] != before.digests["content"], "it is as before");
        Ok(())
    });
    written.await.unwrap();

    // Its metadata, and every other field of its spec.
    world.annotate("edited", "example.com/note", "new").await;
    patch(&world, "edited", json!({"spec": {"additional": "new"}})).await.unwrap();
    world.becomes("edited", "Synced").await;
    world.cluster.apply(&world.credential_json("edited", loose()).to_string()).await.unwrap();

    // The field itself only to what the rule wants.
    let said = patch(&world, "edited", json!({"spec": {"tags": ["Still Upper"]}})).await.unwrap_err();
    assert!(said.contains("spec.tags[0]"), "{said}");
    patch(&world, "edited", json!({"spec": {"tags": ["lower"]}})).await.unwrap();
    world.becomes("edited", "Synced").await;

    leaves(&mut world).await;
}

/// The ways out: by its policy on an object that stays or goes, by what the operator does, and by hand.
async fn leaves(world: &mut World) {
    patch(world, "retained", json!({"spec": {"deletionPolicy": "Retain"}})).await.unwrap();
    local_cluster::wait_until("the finalizer to be off", crate::support::PATIENCE, async || {
        let left = world.get("retained").await.metadata.finalizers.unwrap_or_default();
        anyhow::ensure!(left.is_empty(), "{left:?}");
        Ok(())
    })
    .await
    .unwrap();
    patch(world, "retained", json!({"spec": {"deletionPolicy": "Disable"}})).await.unwrap();
    local_cluster::wait_until("the finalizer to be on", crate::support::PATIENCE, async || {
        let on = world.get("retained").await.metadata.finalizers.unwrap_or_default();
        anyhow::ensure!(on == [FINALIZER], "{on:?}");
        Ok(())
    })
    .await
    .unwrap();

    let id = world.get("disabled").await.status.unwrap().id.unwrap();
    world.delete("disabled").await;
    world.is_gone("disabled").await;
    assert!(!world.sim.record(&id).unwrap().active, "it was disabled");

    world.stop_operator().await;
    for name in ["retained", "freed"] {
        world.delete(name).await;
        assert!(world.get(name).await.metadata.deletion_timestamp.is_some(), "{name} waits for its finalizer");
    }
    patch(world, "freed", json!({"metadata": {"finalizers": null}})).await.unwrap();
    world.is_gone("freed").await;
    patch(world, "retained", json!({"spec": {"deletionPolicy": "Retain"}})).await.unwrap();
    world.start_operator().await;
    world.is_gone("retained").await;
}

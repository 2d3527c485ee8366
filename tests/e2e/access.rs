//! P4, P7, P9: the access rules of a `ClusterPamConnection` decide who may use it for what, and a denial names the rule
//! that would help.

use std::time::Duration;

use crate::support::{CANARY, World, assert_no_canary, ready};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use pam_simulator::{Kind, Seed};
use serde_json::{Value, json};

/// A world whose connection has these rules; null for none.
async fn world(access: Value) -> World {
    let world = World::start().await;
    rules(&world, access).await;
    world
}

async fn rules(world: &World, access: Value) {
    world
        .put_connection(json!({"limits": {"maxConcurrentRequests": 8, "requestsPerSecond": 0}, "access": access}))
        .await;
    world.connection_becomes("Authenticated").await;
}

/// Applies the credential `svc`, which comes to that reason, and returns its message.
async fn meets(world: &World, change: Value, reason: &str) -> String {
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", change).await;
    let message = ready(&world.becomes("svc", reason).await).2;
    assert_no_canary(&world.everything_said().await);
    message
}

async fn untouched(world: &World) {
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.sim.count(Kind::PostCredential), 0);
}

#[tokio::test]
async fn without_rules_a_namespace_has_its_own_identifiers_and_no_others() {
    let world = world(Value::Null).await;
    let own = format!("{}_db", world.namespace);
    let message = meets(&world, json!({"identifier": "prod-db"}), "AccessDenied").await;
    for part in
        ["prod-db", "no spec.access", &format!("start spec.identifier with {}_", world.namespace), "identifiers"]
    {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    untouched(&world).await;
    meets(&world, json!({"identifier": own}), "Synced").await;
    assert_eq!(world.sim.records()[0].identifier.as_deref(), Some(own.as_str()));
}

#[tokio::test]
async fn the_rule_that_would_help_is_named_and_helps() {
    let world = world(json!([
        {"namespaces": {"names": ["somebody-else"]}, "identifiers": ["*"]},
        {"identifiers": ["prod-*"], "hostnames": ["web*"]},
    ]))
    .await;
    let message = meets(&world, json!({"identifier": "prod-db"}), "AccessDenied").await;
    assert!(message.contains("spec.access[1]") && message.contains(r#"hostnames: ["db01"]"#), "{message}");
    assert!(!message.contains("somebody-else"), "{message}");
    untouched(&world).await;

    let count = world.count().await;
    rules(&world, json!([{"identifiers": ["prod-*"], "hostnames": ["web*", "db*"]}])).await;
    world.becomes("svc", "Synced").await;
    assert_eq!(world.journal(&count).count(Kind::PostCredential), 1);

    // Withdrawn again, it is told at once, nothing is called, and what is recorded stays.
    let count = world.count().await;
    rules(&world, json!([{"identifiers": ["test-*"]}])).await;
    let status = world.becomes("svc", "AccessDenied").await.status.unwrap();
    assert!(status.id.is_some());
    world.put_secret("svc", json!({"password": "next"})).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.journal(&count).len(), 0, "{:?}", world.journal(&count));
    rules(&world, json!([{"identifiers": ["*"]}])).await;
    world.pam_holds("svc", "next").await;
}

#[tokio::test]
async fn what_is_generated_for_another_namespace_is_nobody_elses_whatever_the_rules() {
    let world = world(json!([{"identifiers": ["*"], "allow": ["TakeOver"]}])).await;
    let message = meets(&world, json!({"identifier": "c1_other_db"}), "AccessDenied").await;
    assert!(message.contains("c1_") && message.contains("no rule of the connection can allow"), "{message}");
    untouched(&world).await;
    let own = format!("c1_{}_anything", world.namespace);
    meets(&world, json!({"identifier": own}), "Synced").await;
}

#[tokio::test]
async fn a_namespace_is_selected_by_its_labels_as_they_are_now() {
    let selected = json!([{"namespaces": {"selector": {"matchLabels": {"vault": "yes"}}}}]);
    let world = world(selected).await;
    let message = meets(&world, json!({}), "AccessDenied").await;
    assert!(message.contains("no rule") && message.contains(&world.namespace), "{message}");
    let namespaces = Api::<Namespace>::all(world.client.clone());
    let label = async |value: Value| {
        let patch = json!({"metadata": {"labels": {"vault": value}}});
        namespaces.patch(&world.namespace, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    };
    label(json!("yes")).await;
    world.becomes("svc", "Synced").await;
    label(Value::Null).await;
    world.becomes("svc", "AccessDenied").await;
}

#[tokio::test]
async fn a_namespace_whose_labels_cannot_be_held_is_selected_by_none_not_even_by_one_that_is_not_there() {
    let unlabelled = json!({"matchExpressions": [{"key": "tenant", "operator": "DoesNotExist"}]});
    let world = world(json!([{"namespaces": {"selector": unlabelled}}])).await;
    meets(&world, json!({}), "Synced").await;
    let labels: serde_json::Map<String, Value> = (0..200).map(|n| (format!("{n}"), json!("v".repeat(60)))).collect();
    let patch = json!({"metadata": {"labels": labels}});
    let namespaces = Api::<Namespace>::all(world.client.clone());
    namespaces.patch(&world.namespace, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    world.becomes("svc", "AccessDenied").await;
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_record_is_not_disabled_through_a_connection_that_may_no_longer_be_used() {
    let world = world(json!([{"identifiers": ["*"]}])).await;
    meets(&world, json!({"deletionPolicy": "Disable"}), "Synced").await;
    let count = world.count().await;
    rules(&world, json!([{"namespaces": {"names": ["somebody-else"]}}])).await;
    world.becomes("svc", "AccessDenied").await;
    world.credentials().delete("svc", &DeleteParams::default()).await.unwrap();
    let message = ready(&world.becomes("svc", "DeletionBlocked").await).2;
    assert!(message.contains("no rule") && message.contains("Retain"), "{message}");
    world.put_credential("svc", json!({"deletionPolicy": "Retain"})).await;
    local_cluster::wait_until("the object to go", crate::support::PATIENCE, async || {
        anyhow::ensure!(world.credentials().get_opt("svc").await?.is_none(), "still there");
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(world.journal(&count).len(), 0, "{:?}", world.journal(&count));
    assert!(world.sim.records()[0].active);
}

#[tokio::test]
async fn a_record_is_taken_over_only_where_a_rule_allows_it() {
    let world = world(json!([{"identifiers": ["*"]}])).await;
    let id = world.sim.seed(Seed::new("svc", "db01", "10.0.0.7").identifier("theirs").value("their-value"));
    let message = meets(&world, json!({"identifier": "ours", "adoptionPolicy": "TakeOver"}), "AccessDenied").await;
    assert!(message.contains("TakeOver") && message.contains("spec.access"), "{message}");
    assert!(!message.contains("theirs"), "{message}");
    untouched(&world).await;

    rules(&world, json!([{"identifiers": ["*"], "allow": ["TakeOver"]}])).await;
    let status = world.becomes("svc", "Synced").await.status.unwrap();
    assert_eq!((status.id.as_deref(), status.former_identifier.as_deref()), (Some(id.as_str()), Some("theirs")));
    assert_eq!(world.sim.record(&id).unwrap().identifier.as_deref(), Some("ours"));
}

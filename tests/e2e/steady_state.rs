//! P1, P10: while nothing changes, nothing is done, counted in the API server's audit log and in the PAM's journal.

use std::time::Duration;

use crate::support::{CANARY, World, assert_no_canary};
use kube::api::{Patch, PatchParams};
use serde_json::json;

/// As long as a pass that does something would take many times over.
async fn until_idle() {
    tokio::time::sleep(Duration::from_secs(2)).await;
}

#[tokio::test]
async fn applying_again_annotating_and_labelling_cause_nothing() {
    let world = World::start().await;
    world.synced("svc").await;
    let yaml = world.credential_json("svc", json!({})).to_string();
    world.cluster.apply(&yaml).await.unwrap();
    until_idle().await;

    let count = world.count().await;
    world.cluster.apply(&yaml).await.unwrap();
    world.annotate("svc", "example.com/note", "unrelated").await;
    let label = json!({"metadata": {"labels": {"touched": "yes"}}});
    world.secrets().patch_metadata("svc", &PatchParams::default(), &Patch::Merge(&label)).await.unwrap();
    world.put_secret("unrelated", json!({"password": CANARY})).await;
    until_idle().await;
    world.assert_nothing_done(&count).await;
    let reads = world.requests(&count).await.resource("secrets").verb("get");
    assert!(reads.len() <= 1, "a label costs one look at most: {reads}");
    assert!(reads.named("unrelated").is_empty(), "{reads}");
}

#[tokio::test]
async fn a_label_on_the_connections_secret_or_an_unchanged_edit_causes_no_new_login() {
    let world = World::start().await;
    world.synced("svc").await;
    let count = world.count().await;
    let label = json!({"metadata": {"labels": {"touched": "yes"}}});
    let api =
        kube::Api::<k8s_openapi::api::core::v1::Secret>::namespaced(world.client.clone(), world.install.namespace());
    api.patch_metadata("login", &PatchParams::default(), &Patch::Merge(&label)).await.unwrap();
    until_idle().await;
    world.assert_nothing_done(&count).await;

    world.put_connection(json!({"limits": {"burst": 21}})).await;
    world.connection_becomes("Authenticated").await;
    assert_eq!(world.journal(&count).len(), 0, "the login is the same");
}

#[tokio::test]
async fn two_hundred_credentials_take_one_token_and_survive_a_restart_without_a_call() {
    let mut world = World::start().await;
    let requests = world.syncs_two_hundred().await;
    assert_eq!(
        requests.resource("secrets").verb("get").by(&world.install.user()).len(),
        200 + connection_reads(&requests)
    );

    until_idle().await;
    let logs = world.stop_operator().await;
    assert_no_canary(&logs);
    let count = world.count().await;
    world.start_operator().await;
    until_idle().await;
    until_idle().await;
    world.assert_nothing_done(&count).await;
    assert_eq!(world.requests(&count).await.resource("secrets").verb("get").len(), 1, "the digest key, and no value");
    assert_no_canary(&world.everything_said().await);
}

fn connection_reads(requests: &local_cluster::Requests) -> usize {
    requests.named("login").verb("get").len()
}

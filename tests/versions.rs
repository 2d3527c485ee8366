//! The main job on every version of the PAM, and every way to log in.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use kube::api::DeleteParams;
use pam_simulator::{Kind, ProductVersion, Seed, VaultEdit};
use serde_json::json;
use support::{CANARY, Plan, World, assert_no_canary, ready};

/// A life on one version: created, rotated, edited, refused, restarted, adopted, disabled.
async fn a_whole_life(version: ProductVersion) {
    let mut world = Plan::default().version(version).start().await;
    // There before us: a list that is seconds old is what a first push goes by.
    let theirs = world.sim.seed(Seed::new("taken", "db01", "10.0.0.7").identifier("theirs").value("theirs"));
    world.sim.seed(Seed::new("bare", "db01", "10.0.0.7").value("old"));
    // Created, with notes where this version takes them.
    world.put_secret("svc", json!({"password": CANARY})).await;
    let fields = json!({"deletionPolicy": "Disable", "notes": "a note", "tags": ["a"]});
    world.put_credential("svc", fields).await;
    let status = world.becomes("svc", "Synced").await.status.unwrap();
    let id = status.id.unwrap();
    assert_eq!(world.sim.value_of(&id).as_deref(), Some(CANARY));
    // Rotated: one POST.
    let count = world.count().await;
    world.put_secret("svc", json!({"password": "rotated"})).await;
    world.pam_holds("svc", "rotated").await;
    assert_eq!(world.journal(&count).posts().len(), 1);
    // Edited: without the value.
    let count = world.count().await;
    world.put_credential("svc", json!({"deletionPolicy": "Disable", "notes": "a note", "tags": ["b"]})).await;
    world.becomes("svc", "Synced").await;
    let journal = world.journal(&count);
    assert!(journal.posts().len() == 1 && !journal.posts()[0].sent("content"), "{journal:?}");
    // Somebody else's record is left alone; one without an identifier (as 3.32 makes them) is adopted.
    for (name, reason) in [("taken", "RecordConflict"), ("bare", "Synced")] {
        world.put_secret(name, json!({"password": format!("{CANARY}-{name}")})).await;
        world.put_credential(name, json!({})).await;
        world.becomes(name, reason).await;
    }
    assert_eq!(world.sim.value_of(&theirs).as_deref(), Some("theirs"));
    // The device is missing, and comes.
    world.put_secret("late", json!({"password": CANARY})).await;
    world.put_credential("late", json!({"hostname": "late01", "ip": "10.3.3.3"})).await;
    world.becomes("late", "DeviceNotFound").await;
    world.sim.add_device("late01", "10.3.3.3");
    world.becomes("late", "Synced").await;
    // A restart costs nothing.
    world.credentials().delete("taken", &DeleteParams::default()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_no_canary(&world.stop_operator().await);
    let count = world.count().await;
    world.start_operator().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.assert_nothing_done(&count).await;
    // Disabled by somebody else before (1008, or 1017 up to 3.32), and let go.
    world.sim.edit(&id, VaultEdit::Active(false));
    world.credentials().delete("svc", &DeleteParams::default()).await.unwrap();
    local_cluster::wait_until("svc to be gone", support::PATIENCE, async || {
        let found = world.credentials().get_opt("svc").await?;
        anyhow::ensure!(found.is_none(), "{:?}", found.map(|found| ready(&found)));
        Ok(())
    })
    .await
    .unwrap();
    let journal = world.sim.journal();
    assert_eq!((journal.count(Kind::DeleteCredential), journal.count(Kind::GetCredential)), (1, 0));
    assert_eq!(world.sim.records().len(), 4, "svc, theirs, bare, late");
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn version_3_32() {
    a_whole_life(ProductVersion::V3_32).await;
}

#[tokio::test]
async fn version_3_33() {
    a_whole_life(ProductVersion::V3_33).await;
}

#[tokio::test]
async fn version_3_33_1() {
    a_whole_life(ProductVersion::V3_33_1).await;
}

#[tokio::test]
async fn version_4_0() {
    a_whole_life(ProductVersion::V4_0).await;
}

#[tokio::test]
async fn version_4_2() {
    a_whole_life(ProductVersion::V4_2).await;
}

#[tokio::test]
async fn a_wrong_version_is_told_and_an_override_mends_it() {
    let world = Plan::default().version(ProductVersion::V4_0).start().await;
    world.put_connection(json!({"productVersion": "3.32", "tokenPath": "/wrong/token"})).await;
    world.connection_becomes("PamRejected").await;
    world.put_connection(json!({"productVersion": "3.32", "apiPrefix": "/api", "tokenPath": null})).await;
    world.connection_becomes("Authenticated").await;
}

/// Tenant, Basic credentials, a certificate and a referrer, all at once: each alone would hide behind another.
#[tokio::test]
async fn every_way_to_log_in() {
    let world = World::start().await;
    let id = world.sim.client_id();
    let (certificate, key) = world.sim.client_certificate().unwrap();
    let fingerprint = world.sim.fingerprint_of(&certificate).unwrap();
    world.sim.change_behaviour(|behaviour| {
        behaviour.tenant_required = true;
        behaviour.token_request = pam_simulator::TokenRequest::Basic;
    });
    world.sim.change_authorization(&id, |authorization| {
        authorization.certificate = Some(fingerprint);
        authorization.referrer = Some("https://operator.example.com".to_owned());
    });
    world.sim.revoke_tokens();
    let tls = json!({"tls.crt": certificate, "tls.key": key});
    world.put_secret_in(world.install.namespace(), "client", tls).await;
    world
        .put_connection(json!({
            "auth": {"oauth2": {"tenant": "acme", "tokenRequest": "Basic"}},
            "tls": {"clientCertificateSecretRef": {"name": "client"}},
            "referrer": "https://operator.example.com",
        }))
        .await;
    world.connection_becomes("Authenticated").await;
    world.synced("svc").await;
    let said = world.everything_said().await;
    assert!(!said.contains("BEGIN"), "no key is shown");
    assert_no_canary(&said);
}

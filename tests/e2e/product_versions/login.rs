//! P9, P10: every way to log in works on its versions, and a wrong version is reported and can be overridden.

use pam_simulator::ProductVersion;
use serde_json::json;

use crate::support::{Plan, World, assert_no_canary};

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

//! P4, P7, P9: a malicious tenant, a careless edit or a restart at a bad moment gives nobody another tenant's record.
//!
//! Each of these was seen to go wrong once.

use std::time::Duration;

use crate::support::{CANARY, PATIENCE, Plan, World, assert_no_canary, base64, ready};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use local_cluster::{ControlPlane, wait_until};
use pam_operator::api::{ConditionType, PamConnection, PamCredential, find};
use pam_simulator::{Effect, Fault, Kind, Outage, Seed};
use serde_json::{Value, json};

/// Nothing happens in this time unless it happens over and over.
const A_MOMENT: Duration = Duration::from_secs(2);

async fn tenants_world() -> World {
    Plan::default().value("allowedHosts", json!(["127.0.0.1"])).start().await
}

/// The tenant's connection `mine` in that namespace, with a login of the tenant's own; Ready when this returns.
async fn bring_connection(world: &World, namespace: &str, name: &str) {
    let login = json!({"clientId": world.sim.client_id(), "clientSecret": world.sim.client_secret()});
    world.put_secret_in(namespace, "tenants-login", login).await;
    let object = json!({
        "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamConnection",
        "metadata": {"name": name, "labels": {"world": world.connection}},
        "spec": {
            "url": world.sim.url(),
            "productVersion": world.version,
            "auth": {"oauth2": {"clientSecretRef": {"name": "tenants-login"}}},
            "tls": {"caBundle": base64(world.sim.ca_pem().as_bytes())},
        },
    });
    let api = Api::<PamConnection>::namespaced(world.client.clone(), namespace);
    api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(object)).await.unwrap();
    wait_until("the tenant's connection to be ready", PATIENCE, async || {
        let status = api.get(name).await?.status.unwrap_or_default();
        let ready = find(&status.conditions, ConditionType::Ready).cloned().expect("it has a default");
        anyhow::ensure!(ready.reason == "Authenticated", "{} {}", ready.reason, ready.message);
        Ok(())
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()));
}

fn by_tenant(change: Value) -> Value {
    let mut spec = json!({"connectionRef": {"kind": "PamConnection", "name": "mine"}});
    crate::support::merge(&mut spec, change);
    spec
}

async fn ends(world: &World) {
    assert_no_canary(&world.everything_said().await);
}

async fn goes(api: &Api<PamCredential>, name: &str) {
    wait_until(&format!("{name} to go"), PATIENCE, async || {
        anyhow::ensure!(api.get_opt(name).await?.is_none(), "still there");
        Ok(())
    })
    .await
    .unwrap();
}

// === The rules of a connection

/// Through a connection of his own a tenant may send what he likes; taking the identifier out of the spec while it is
/// being sent must not make it one that the cluster's connection lets everybody have.
#[tokio::test]
async fn the_rules_are_asked_about_the_identifier_that_is_sent_and_not_about_what_the_spec_says_now() {
    let world = tenants_world().await;
    world.put_connection(json!({"access": null})).await;
    world.connection_becomes("Authenticated").await;
    bring_connection(&world, &world.namespace, "mine").await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Delay(Duration::from_secs(3))));
    world.put_credential("svc", by_tenant(json!({"identifier": "payroll"}))).await;
    assert!(world.sim.wait_for(PATIENCE, |journal| journal.count(Kind::PostCredential) == 1).await);
    world.put_credential("svc", by_tenant(json!({}))).await;
    wait_until("the identifier to be in status", PATIENCE, async || {
        let status = world.get("svc").await.status.unwrap_or_default();
        anyhow::ensure!(status.identifier.as_deref() == Some("payroll"), "{:?}", status.identifier);
        Ok(())
    })
    .await
    .unwrap();

    let count = world.count().await;
    world.put_credential("svc", json!({})).await;
    let message = ready(&world.becomes("svc", "AccessDenied").await).2;
    assert!(message.contains("payroll") && message.contains("new PamCredential"), "{message}");
    world.put_secret("svc", json!({"password": "overwritten"})).await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(world.journal(&count).count(Kind::PostCredential), 0);
    // Whoever was given a generated identifier keeps it.
    world.put_secret("own", json!({"password": CANARY})).await;
    world.put_credential("own", json!({})).await;
    world.becomes("own", "Synced").await;
    ends(&world).await;
}

#[tokio::test]
async fn a_grant_that_comes_with_a_label_counts_at_once() {
    let world = World::start().await;
    let rules = json!([
        {},
        {"namespaces": {"selector": {"matchLabels": {"vault": "yes"}}}, "allow": ["TakeOver"]},
    ]);
    world.put_connection(json!({"access": rules})).await;
    world.connection_becomes("Authenticated").await;
    world.sim.seed(Seed::new("svc", "db01", "10.0.0.7").identifier("theirs").value(CANARY));
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({"adoptionPolicy": "TakeOver"})).await;
    world.becomes("svc", "AccessDenied").await;
    // The slow second look gets slower each time.
    tokio::time::sleep(Duration::from_secs(13)).await;
    let patch = json!({"metadata": {"labels": {"vault": "yes"}}});
    let namespaces = Api::<Namespace>::all(world.client.clone());
    namespaces.patch(&world.namespace, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(ready(&world.get("svc").await).1, "Synced");
    ends(&world).await;
}

/// A pass may wait long for a list: what was withdrawn meanwhile is not used any more.
#[tokio::test]
async fn a_label_that_goes_while_a_list_is_waited_for_takes_its_permission_along() {
    let world = World::start().await;
    let rules = json!([{"namespaces": {"selector": {"matchLabels": {"vault": "yes"}}}}]);
    world.put_connection(json!({"access": rules})).await;
    world.connection_becomes("Authenticated").await;
    let namespaces = Api::<Namespace>::all(world.client.clone());
    let label = async |value: Value| {
        let patch = json!({"metadata": {"labels": {"vault": value}}});
        namespaces.patch(&world.namespace, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    };
    label(json!("yes")).await;
    world.sim.inject(Fault::on(Kind::ListCredentials, Effect::Delay(Duration::from_secs(4))).always());
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({})).await;
    assert!(world.sim.wait_for(PATIENCE, |journal| journal.count(Kind::ListCredentials) == 1).await);
    label(Value::Null).await;
    world.becomes("svc", "AccessDenied").await;
    assert_eq!(world.sim.count(Kind::PostCredential), 0);
    ends(&world).await;
}

// === Claims

/// Whoever cannot write keeps nobody from it, be it that he only claims.
#[tokio::test]
async fn who_was_refused_does_not_block_who_would_not_be() {
    let world = World::start().await;
    for name in ["blocker", "svc"] {
        world.put_secret(name, json!({"password": CANARY})).await;
    }
    world.put_credential("blocker", json!({"identifier": "wanted", "hostname": "nowhere"})).await;
    world.becomes("blocker", "DeviceNotFound").await;
    world.put_credential("svc", json!({"identifier": "wanted"})).await;
    world.becomes("svc", "Synced").await;
    world.sim.add_device("nowhere", "10.0.0.7");
    let found = wait_until("the other to stand back", PATIENCE, async || {
        let reason = ready(&world.get("blocker").await).1;
        anyhow::ensure!(reason != "DeviceNotFound", "{reason}");
        Ok(reason)
    });
    assert_eq!(found.await.unwrap(), "IdentifierConflict");
    assert_eq!(world.sim.records().len(), 1);
    ends(&world).await;
}

/// A tenant who wants a record of another namespace through a connection of his own does not get it, and does not keep
/// it from being disabled either.
#[tokio::test]
async fn a_tenants_wish_keeps_nobodys_record_enabled() {
    let cluster = ControlPlane::shared().await.unwrap();
    let theirs = cluster.namespace("tenant").await.unwrap();
    let world =
        Plan::default().value("allowedHosts", json!(["127.0.0.1"])).value("watchNamespaces", json!([])).start().await;
    bring_connection(&world, &theirs, "mine").await;
    let spec = json!({"identifier": "payroll", "deletionPolicy": "Disable"});
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", spec.clone()).await;
    let id = world.becomes("svc", "Synced").await.status.unwrap().id.unwrap();

    let tenants = Api::<PamCredential>::namespaced(world.client.clone(), &theirs);
    world.put_secret_in(&theirs, "svc", json!({"password": CANARY})).await;
    let mut object = world.credential_json("svc", by_tenant(spec));
    object["metadata"]["namespace"] = json!(theirs);
    tenants.patch("svc", &PatchParams::apply("test").force(), &Patch::Apply(object)).await.unwrap();
    wait_until("the tenant to be told", PATIENCE, async || {
        let (_, reason, message) = ready(&tenants.get("svc").await?);
        anyhow::ensure!(reason == "IdentifierConflict", "{reason} {message}");
        anyhow::ensure!(!message.contains(&world.namespace), "{message}");
        Ok(())
    })
    .await
    .unwrap();

    world.credentials().delete("svc", &DeleteParams::default()).await.unwrap();
    goes(&world.credentials(), "svc").await;
    assert!(!world.sim.record(&id).unwrap().active, "it was handed over to a tenant");
    tenants.delete("svc", &DeleteParams::default()).await.unwrap();
    ends(&world).await;
}

/// Whose username is in a Secret claims no account after a restart: his record is still his.
#[tokio::test]
async fn after_a_restart_nobody_takes_over_a_record_whose_username_was_not_read_again() {
    let mut world = World::start().await;
    world.put_secret("svc", json!({"password": CANARY, "username": "root"})).await;
    let by_secret = json!({"username": null, "usernameSecretRef": {"name": "svc", "key": "username"}});
    world.put_credential("svc", by_secret).await;
    let id = world.becomes("svc", "Synced").await.status.unwrap().id.unwrap();
    world.stop_operator().await;
    world.start_operator().await;
    world.put_secret("other", json!({"password": "others"})).await;
    world.put_credential("other", json!({"username": "root", "adoptionPolicy": "TakeOver"})).await;
    world.becomes("other", "AccountConflict").await;
    assert_eq!(world.sim.value_of(&id).as_deref(), Some(CANARY));
    world.credentials().delete("svc", &DeleteParams::default()).await.unwrap();
    world.becomes("other", "Synced").await;
    ends(&world).await;
}

// === What is pending

/// What was about to be made for another account says nothing of this one's record.
#[tokio::test]
async fn a_write_in_flight_for_another_account_disables_nobodys_record() {
    let mut world = World::start().await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    let spec = json!({"identifier": "ours", "adoptionPolicy": "Never", "deletionPolicy": "Disable"});
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Hang(Duration::from_secs(5))));
    world.put_credential("svc", spec.clone()).await;
    assert!(world.sim.wait_for(PATIENCE, |journal| journal.count(Kind::PostCredential) == 1).await);
    world.sim.set_outage(Outage::Refused);
    world.operator.take().unwrap().kill().await.unwrap();
    let mut moved = spec;
    crate::support::merge(&mut moved, json!({"hostname": "web01", "ip": "10.0.0.8", "suspend": true}));
    world.put_credential("svc", moved).await;
    world.sim.set_outage(Outage::None);
    let id = world.sim.seed(Seed::new("svc", "web01", "10.0.0.8").identifier("ours").value(CANARY));
    world.start_operator().await;
    assert!(world.get("svc").await.status.unwrap().in_flight.is_some());
    world.credentials().delete("svc", &DeleteParams::default()).await.unwrap();
    world.put_credential("svc", json!({"identifier": "ours", "adoptionPolicy": "Never", "deletionPolicy": "Disable", "hostname": "web01", "ip": "10.0.0.8", "suspend": false})).await;
    goes(&world.credentials(), "svc").await;
    assert!(world.sim.record(&id).unwrap().active, "somebody else's record was disabled");
    ends(&world).await;
}

// === Nothing to do

#[tokio::test]
async fn a_restart_with_credentials_of_tenants_connections_calls_nobody_and_writes_nothing() {
    let mut world = tenants_world().await;
    bring_connection(&world, &world.namespace, "mine").await;
    bring_connection(&world, &world.namespace, "other").await;
    let names: Vec<String> = (0..40).map(|number| format!("svc-{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        world.put_secret(name, json!({"password": CANARY})).await;
        let connection = if number % 2 == 0 { "mine" } else { "other" };
        world.put_credential(name, by_tenant(json!({"connectionRef": {"name": connection}}))).await;
    }
    for name in &names {
        world.becomes(name, "Synced").await;
    }
    tokio::time::sleep(A_MOMENT).await;
    world.stop_operator().await;
    let count = world.count().await;
    world.start_operator().await;
    tokio::time::sleep(A_MOMENT * 2).await;
    world.assert_nothing_done(&count).await;
    let namespaces = Api::<Namespace>::all(world.client.clone());
    let patch = json!({"metadata": {"labels": {"touched": "yes"}}});
    namespaces.patch(&world.namespace, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    tokio::time::sleep(A_MOMENT).await;
    world.assert_nothing_done(&count).await;
    ends(&world).await;
}

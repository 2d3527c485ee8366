//! P9: a tenant's own connection uses its own namespace's Secrets only, and leads only to hosts that the operator
//! allows.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::{CANARY, PATIENCE, Plan, World, assert_no_canary, base64, ready};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use local_cluster::wait_until;
use pam_operator::api::{ConditionType, PamConnection, find};
use pam_simulator::{Effect, Fault, Kind};
use serde_json::{Value, json};

/// A world whose operator lets tenants connect to these hosts; its tenant has a login of its own.
async fn world(allowed: Value) -> World {
    let world = Plan::default().value("allowedHosts", allowed).start().await;
    let login = json!({"clientId": world.sim.client_id(), "clientSecret": world.sim.client_secret()});
    world.put_secret("tenants-login", login).await;
    world
}

fn api(world: &World) -> Api<PamConnection> {
    Api::namespaced(world.client.clone(), &world.namespace)
}

/// Makes or changes the tenant's connection `name`; `change` is merged into its spec.
async fn put(world: &World, name: &str, change: Value) {
    let mut spec = json!({
        "url": world.sim.url(),
        "productVersion": world.version,
        "auth": {"oauth2": {"clientSecretRef": {"name": "tenants-login"}}},
        "tls": {"caBundle": base64(world.sim.ca_pem().as_bytes())},
    });
    crate::support::merge(&mut spec, change);
    let object = json!({
        "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamConnection",
        "metadata": {"name": name, "labels": {"world": world.connection}}, "spec": spec,
    });
    api(world).patch(name, &PatchParams::apply("test").force(), &Patch::Apply(object)).await.unwrap();
}

/// Waits until the connection has that reason for its newest generation, and returns its message.
async fn becomes(world: &World, name: &str, reason: &str) -> String {
    wait_until(&format!("PamConnection {name} to be {reason}"), PATIENCE, async || {
        let found = api(world).get(name).await?;
        let status = found.status.clone().unwrap_or_default();
        let ready = find(&status.conditions, ConditionType::Ready).cloned().expect("it has a default");
        let current = status.observed_generation == found.metadata.generation;
        anyhow::ensure!(current && ready.reason == reason, "{} {}", ready.reason, ready.message);
        Ok(ready.message)
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()))
}

fn by(connection: &str) -> Value {
    json!({"connectionRef": {"kind": "PamConnection", "name": connection}})
}

#[tokio::test]
async fn a_tenants_connection_serves_its_namespace_with_its_own_secrets() {
    let world = world(json!(["127.0.0.1"])).await;
    // Of the same name as a credential: they are told apart.
    put(&world, "svc", json!({})).await;
    becomes(&world, "svc", "Authenticated").await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", by("svc")).await;
    let status = world.becomes("svc", "Synced").await.status.unwrap();
    assert_eq!(world.sim.value_of(status.id.as_deref().unwrap()).as_deref(), Some(CANARY));
    assert_eq!(serde_json::to_value(status.connection.unwrap()).unwrap()["kind"], "PamConnection");

    // Whoever brings a connection sees by itself what it lacks, and it heals when that is there.
    put(&world, "svc", json!({"tls": {"caBundle": null, "caBundleRef": {"name": "ca"}}})).await;
    becomes(&world, "svc", "SecretNotFound").await;
    let own = world.sim.ca_pem();
    let joined = format!("{own}{}", &own[..own.len() / 2]);
    let bundle =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ca"}, "data": {"ca.crt": joined}});
    let maps = Api::<ConfigMap>::namespaced(world.client.clone(), &world.namespace);
    maps.patch("ca", &PatchParams::apply("test"), &Patch::Apply(bundle)).await.unwrap();
    let message = becomes(&world, "svc", "Authenticated").await;
    assert!(message.contains("not used of the CA bundle: block 2 (cut off"), "{message}");
    world.put_secret("svc", json!({"password": "next"})).await;
    world.pam_holds("svc", "next").await;

    api(&world).delete("svc", &DeleteParams::default()).await.unwrap();
    world.put_secret("svc", json!({"password": "last"})).await;
    let message = ready(&world.becomes("svc", "ConnectionNotFound").await).2;
    assert!(message.starts_with("PamConnection svc does not exist"), "{message}");
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_tenants_connection_never_uses_the_operators_secrets() {
    let world = world(json!(["127.0.0.1"])).await;
    put(&world, "theirs", json!({"auth": {"oauth2": {"clientSecretRef": {"name": "login"}}}})).await;
    let message = becomes(&world, "theirs", "SecretNotFound").await;
    assert!(message.contains(&world.namespace) && !message.contains(world.install.namespace()), "{message}");
}

#[tokio::test]
async fn another_namespaces_connection_cannot_be_named() {
    let world = world(json!(["127.0.0.1"])).await;
    put(&world, "here", json!({})).await;
    becomes(&world, "here", "Authenticated").await;
    let mut object = world.credential_json("svc", by("here"));
    object["spec"]["connectionRef"]["namespace"] = json!("elsewhere");
    let strict =
        PatchParams { field_validation: Some(kube::api::ValidationDirective::Strict), ..PatchParams::apply("t") };
    let refused = world.credentials().patch("svc", &strict, &Patch::Apply(object)).await.unwrap_err().to_string();
    assert!(refused.contains("namespace"), "{refused}");
}

/// Somebody who listens where no tenant may lead, and counts who comes.
struct Trap {
    port: u16,
    visits: Arc<AtomicUsize>,
}

impl Trap {
    fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, visits) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&visits);
        std::thread::spawn(move || {
            for _ in listener.incoming() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { port, visits }
    }
}

/// This machine, its link and the metadata services, in every spelling that a URL has.
const FORBIDDEN: &[&str] = &[
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0177.0.0.1",
    "0x7f000001",
    "0x7f.0.0.1",
    "%31%32%37.0.0.1",
    "127.0.0.1.",
    "127.8.9.10",
    "0.0.0.0",
    "0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "[::ffff:169.254.169.254]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "localhost",
    "LOCALHOST",
];

#[tokio::test]
async fn what_is_not_allowed_is_never_connected_to_in_whatever_spelling() {
    // Every name and every private address: and still not this machine, nor its link.
    let world = world(json!(["*", "10.0.0.0/8", "192.168.0.0/16"])).await;
    let trap = Trap::set();
    let count = world.count().await;
    for (index, host) in FORBIDDEN.iter().enumerate() {
        put(&world, &format!("to-{index}"), json!({"url": format!("https://{host}:{}", trap.port)})).await;
    }
    for (index, host) in FORBIDDEN.iter().enumerate() {
        let message = becomes(&world, &format!("to-{index}"), "ConnectionNotAllowed").await;
        assert!(message.contains("allowed") && message.contains("--allowed-hosts"), "{host}: {message}");
    }
    // A credential of such a connection says the same.
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", by("to-0")).await;
    let message = ready(&world.becomes("svc", "ConnectionNotAllowed").await).2;
    assert!(message.starts_with("PamConnection to-0") && message.contains("--allowed-hosts"), "{message}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(trap.visits.load(Ordering::SeqCst), 0, "somebody connected");
    assert_eq!(world.journal(&count).len(), 0);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn by_default_a_tenant_leads_nowhere_and_nothing_of_it_is_read() {
    let world = world(json!([])).await;
    let count = world.count().await;
    put(&world, "mine", json!({})).await;
    let message = becomes(&world, "mine", "ConnectionNotAllowed").await;
    assert!(message.contains("allowedHosts"), "{message}");
    put(&world, "named", json!({"url": "https://pam.example.com"})).await;
    becomes(&world, "named", "ConnectionNotAllowed").await;
    assert_eq!(
        world.requests(&count).await.resource("secrets").verb("get").named("tenants-login").len(),
        0,
        "it was read"
    );
    assert_eq!(world.journal(&count).len(), 0);
}

/// A host that was allowed when the connection logged in, and no longer is when the operator starts again.
#[tokio::test]
async fn a_permission_that_was_withdrawn_counts_from_the_next_start() {
    let mut world = world(json!(["127.0.0.1"])).await;
    put(&world, "mine", json!({})).await;
    becomes(&world, "mine", "Authenticated").await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", by("mine")).await;
    world.becomes("svc", "Synced").await;
    world.stop_operator().await;
    let count = world.count().await;
    world.put_secret("svc", json!({"password": "next"})).await;
    world.start_operator_with("--allowed-hosts", "pam.example.com").await;
    becomes(&world, "mine", "ConnectionNotAllowed").await;
    world.becomes("svc", "ConnectionNotAllowed").await;
    assert_eq!(world.journal(&count).len(), 0, "{:?}", world.journal(&count));
}

/// Everything that a tenant has goes at once: credentials with `Disable`, their Secrets, the connection, its login.
#[tokio::test]
async fn a_namespace_with_a_connection_of_its_own_is_gone_within_a_minute() {
    let world = world(json!(["127.0.0.1"])).await;
    put(&world, "mine", json!({})).await;
    becomes(&world, "mine", "Authenticated").await;
    for name in ["one", "two", "three"] {
        world.put_secret(name, json!({"password": CANARY})).await;
        let change = json!({"deletionPolicy": "Disable", "connectionRef": {"kind": "PamConnection", "name": "mine"}});
        world.put_credential(name, change).await;
        world.becomes(name, "Synced").await;
    }
    let started = Instant::now();
    world.cluster.kubectl(&["delete", "namespace", &world.namespace, "--timeout=60s"]).await.unwrap();
    eprintln!("the namespace was gone after {:?}", started.elapsed());
    // What could not be disabled any more is told, for the people who look after the vault.
    let metrics = world.operator.as_ref().unwrap().metrics().await.unwrap();
    let enabled = world.sim.records().iter().filter(|record| record.active).count();
    let line = metrics.lines().find(|line| line.starts_with("pam_operator_records_left_enabled_total"));
    assert_eq!(line.and_then(|line| line.rsplit(' ').next()?.parse().ok()), Some(enabled), "{metrics}");
    assert_no_canary(&world.logs());
}

#[tokio::test]
async fn a_list_for_which_its_namespace_has_no_room_is_told_and_nothing_is_written_by_it() {
    let world = world(json!(["127.0.0.1"])).await;
    let row = |id: usize| format!(r#"{{"id":"{id}","username":"{}"}}"#, "x".repeat(950));
    let body = format!(r#"{{"credentials":[{}]}}"#, (0..20_000).map(row).collect::<Vec<_>>().join(","));
    let wide = Effect::Raw { status: 200, content_type: "application/json".into(), body };
    world.sim.inject(Fault::on(Kind::ListCredentials, wide).always());
    put(&world, "wide", json!({})).await;
    becomes(&world, "wide", "Authenticated").await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", by("wide")).await;
    world.becomes("svc", "InventoryIncomplete").await;
    let told = wait_until("PamConnection wide to say why", PATIENCE, async || {
        let status = api(&world).get("wide").await?.status.unwrap_or_default();
        let condition = find(&status.conditions, ConditionType::InventoryIncomplete).cloned();
        condition.ok_or_else(|| anyhow::anyhow!("no condition"))
    });
    let told = told.await.unwrap_or_else(|error| panic!("{error}\n{}", world.logs()));
    assert_eq!((told.status.as_str(), told.reason.as_str()), ("True", "ListNotKept"));
    assert!(told.message.contains("was not kept") && told.message.contains("fewer records"), "{}", told.message);
    assert_eq!(world.sim.count(Kind::PostCredential), 0);
    assert_no_canary(&world.everything_said().await);
}

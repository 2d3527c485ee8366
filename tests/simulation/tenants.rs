//! P4, P9, P10: what a tenant with a connection of his own does keeps nobody else from writing, and costs nobody's account.

use std::time::Duration;

use crate::support::{OperatedCluster, World, assert_no_canary, value, world};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pam_operator::api::{ConditionType, PamConnectionStatus, PamCredentialStatus, find};
use pam_simulator::{Config, Effect, Fault, Kind, Shape};
use serde_json::{Value, json};
use tokio::time::sleep;

const A_WHILE: Duration = Duration::from_mins(5);
/// The tenant's namespace.
const TENANT: &str = "tenant";

fn pam() -> Config {
    Config::default().device("db01", "10.0.0.7")
}

fn put_login(cluster: &OperatedCluster, name: &str, secret: &str) {
    let data = json!({"clientId": "operator", "clientSecret": secret});
    cluster.api.put("secrets", &json!({"metadata": {"name": name, "namespace": TENANT}, "stringData": data}));
}

fn put_connection(world: &World, cluster: &OperatedCluster, name: &str, change: &Value) {
    let mut spec = json!({
        "url": world.sim.url(), "productVersion": world.sim.version().to_string(),
        "auth": {"oauth2": {"clientSecretRef": {"name": name}}},
        "tls": {"caBundle": STANDARD.encode(world.sim.ca_pem())},
    });
    crate::support::merge(&mut spec, change);
    cluster.api.put("pamconnections", &json!({"metadata": {"name": name, "namespace": TENANT}, "spec": spec}));
}

/// An object of the tenant for the account `shared`.
fn put_credential(cluster: &OperatedCluster, name: &str, change: &Value) {
    let meta = json!({"name": name, "namespace": TENANT});
    cluster.api.put("secrets", &json!({"metadata": meta, "stringData": {"password": value(name, 1)}}));
    let mut spec = json!({"username": "shared", "hostname": "db01", "ip": "10.0.0.7", "contentSecretRef": {"name": name},
        "connectionRef": {"kind": "PamConnection", "name": "mine"}});
    crate::support::merge(&mut spec, change);
    cluster.api.put("pamcredentials", &json!({"metadata": meta, "spec": spec}));
}

fn status(cluster: &OperatedCluster, name: &str) -> PamCredentialStatus {
    let object = cluster.api.get("pamcredentials", TENANT, name).unwrap_or_default();
    serde_json::from_value(object["status"].clone()).unwrap_or_default()
}

fn ready(cluster: &OperatedCluster, name: &str) -> (String, String) {
    let object = cluster.api.get("pamconnections", TENANT, name).unwrap_or_default();
    let status: PamConnectionStatus = serde_json::from_value(object["status"].clone()).unwrap_or_default();
    let ready = find(&status.conditions, ConditionType::Ready);
    ready.map(|ready| (ready.reason.clone(), ready.message.clone())).unwrap_or_default()
}

async fn tenants_cluster(world: &World) -> OperatedCluster {
    let mut cluster = world.cluster("c1");
    cluster.api.put("namespaces", &json!({"metadata": {"name": TENANT}}));
    put_login(&cluster, "mine", &world.sim.client_secret());
    put_connection(world, &cluster, "mine", &json!({}));
    cluster.start().await;
    world.until("the tenant's login", A_WHILE, || ready(&cluster, "mine").0 == "Authenticated").await;
    cluster
}

/// Answers that a path of the tenant's choice may get from the host of a shared PAM.
fn answers() -> [Effect; 8] {
    let status = |status, shape| Effect::Status { status, shape, message: None, retry_after: None };
    let json = |body: &str| Effect::Raw { status: 200, content_type: "application/json".into(), body: body.into() };
    [
        status(200, Shape::Html),
        status(404, Shape::Html),
        Effect::Redirect("https://elsewhere.example.com/".to_owned()),
        json(r#"{"status":"ok"}"#),
        Effect::Empty,
        status(502, Shape::Html),
        Effect::Silence,
        Effect::Reset,
    ]
}

#[test]
fn a_tenant_without_any_right_to_write_camps_on_nobodys_identifier_or_account() {
    for answer in answers() {
        for attack in [json!({"identifier": "camped"}), json!({})] {
            world(pam(), async |world| {
                let cluster = tenants_cluster(&world).await;
                world.sim.inject(Fault::on(Kind::PostCredential, answer.clone()).carrying("camper-1").always());
                put_credential(&cluster, "camper", &attack);
                let posts = || world.sim.count(Kind::PostCredential);
                world.until("the tenant to write", A_WHILE, || posts() > 0).await;
                // The longest that a write may be under way.
                sleep(Duration::from_secs(80)).await;
                cluster.put_value("victim", &value("victim", 1));
                let username = if attack["identifier"].is_string() { "victim" } else { "shared" };
                cluster.put_credential("victim", &json!({"identifier": attack["identifier"], "username": username}));
                let what = format!("the victim's push: {answer:?} {attack}");
                world.until(&what, Duration::from_secs(100), || cluster.reason("victim") == "Synced").await;
                // And the victim keeps it.
                world.sim.clear_faults();
                sleep(Duration::from_hours(2)).await;
                let record = world.sim.record(&cluster.status("victim").id.unwrap()).unwrap();
                assert_eq!(world.sim.value_of(&record.id).as_deref(), Some(value("victim", 1).as_str()), "{what}");
                assert_eq!((cluster.reason("victim").as_str(), world.sim.records().len()), ("Synced", 1), "{what}");
                assert_eq!(status(&cluster, "camper").id, None, "{what}");
                assert_no_canary(&(cluster.said() + &world.logs()));
            });
        }
    }
}

/// Within the namespace, the doubt counts until its settle window is over: the object that waits comes by itself.
#[test]
fn a_neighbour_waits_for_a_tenants_lost_write_for_its_settle_window() {
    world(pam(), async |world| {
        let cluster = tenants_cluster(&world).await;
        let fault = Fault::on(Kind::PostCredential, Effect::gateway(502)).only(&format!("c1_{TENANT}_first"));
        world.sim.inject(fault.always());
        put_credential(&cluster, "first", &json!({}));
        world.until("the write", A_WHILE, || world.sim.count(Kind::PostCredential) > 0).await;
        put_credential(&cluster, "second", &json!({}));
        let reason = |name| {
            let conditions = status(&cluster, name).conditions;
            find(&conditions, ConditionType::Ready).map(|ready| ready.reason.clone()).unwrap_or_default()
        };
        world.until("it to wait", A_WHILE, || reason("second") == "AccountConflict").await;
        world.until("it to write", Duration::from_mins(20), || reason("second") == "Synced").await;
        assert_eq!(world.sim.records().len(), 1);
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

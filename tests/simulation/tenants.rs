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

/// An object that goes while its pass waits for the list claims nothing: it writes nothing either, since another object may have
/// claimed the same.
#[test]
fn who_is_gone_before_the_claim_writes_nothing() {
    world(pam(), async |world| {
        let mut cluster = world.cluster("c1");
        cluster.api.put("namespaces", &json!({"metadata": {"name": TENANT}}));
        cluster.start().await;
        sleep(A_WHILE).await;
        world.take_time([
            (Kind::ListCredentials, Duration::from_secs(3)),
            (Kind::PostCredential, Duration::from_secs(1)),
        ]);
        let shared = json!({"connectionRef": {"kind": "ClusterPamConnection", "name": "default"}});
        put_credential(&cluster, "goes", &shared);
        cluster.put_value("victim", &value("victim", 1));
        cluster.put_credential("victim", &json!({"username": "shared"}));
        sleep(Duration::from_secs(1)).await;
        cluster.api.delete("pamcredentials", TENANT, "goes");
        world.until("the victim's push", A_WHILE, || cluster.reason("victim") == "Synced").await;
        sleep(A_WHILE).await;
        assert_eq!((world.sim.count(Kind::PostCredential), cluster.reason("victim").as_str()), (1, "Synced"));
        let id = cluster.status("victim").id.unwrap();
        assert_eq!(world.sim.value_of(&id).as_deref(), Some(value("victim", 1).as_str()));
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

/// Nor does an object that goes during its write leave the account to another one before the write has ended.
#[test]
fn what_is_being_written_is_free_once_the_write_has_ended_though_its_object_is_gone() {
    world(pam(), async |world| {
        let mut cluster = world.cluster("c1");
        cluster.api.put("namespaces", &json!({"metadata": {"name": TENANT}}));
        cluster.start().await;
        sleep(A_WHILE).await;
        world.sim.inject(Fault::on(Kind::PostCredential, Effect::Suspend).carrying("goes"));
        let shared = json!({"connectionRef": {"kind": "ClusterPamConnection", "name": "default"}});
        put_credential(&cluster, "goes", &shared);
        world.until("its write", A_WHILE, || !world.sim.suspended().is_empty()).await;
        cluster.api.delete("pamcredentials", TENANT, "goes");
        cluster.put_value("victim", &value("victim", 1));
        cluster.put_credential("victim", &json!({"username": "shared"}));
        sleep(Duration::from_secs(40)).await;
        assert_eq!((cluster.reason("victim").as_str(), world.sim.count(Kind::PostCredential)), ("AccountConflict", 1));
        world.sim.suspended().into_iter().for_each(|(seq, _)| _ = world.sim.resume(seq));
        sleep(Duration::from_secs(30)).await;
        // What was written stays, and the list shows it.
        assert_eq!((cluster.reason("victim").as_str(), world.sim.records().len()), ("RecordConflict", 1));
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

// === Logins (P10)

fn logins(world: &World) -> usize {
    world.sim.count(Kind::Token)
}

/// A Secret with a wrong login each second gets a login ever more rarely, and the message says when the next one is sent.
#[test]
fn patches_of_a_client_secret_cost_few_logins() {
    world(pam(), async |world| {
        let cluster = tenants_cluster(&world).await;
        let before = logins(&world);
        for number in 0..20 {
            put_login(&cluster, "mine", &format!("wrong-{number}"));
            sleep(Duration::from_secs(1)).await;
        }
        let sent = logins(&world) - before;
        assert!((2..=3).contains(&sent), "{sent} logins");
        let (reason, message) = ready(&cluster, "mine");
        assert_eq!(reason, "PamAuthenticationFailed", "{message}");
        assert!(message.contains("not sent before 2030-01-01T00:"), "{message}");
        // The good one that comes then is tried by itself.
        put_login(&cluster, "mine", &world.sim.client_secret());
        let tried = || ready(&cluster, "mine").0 == "Authenticated";
        world.until("the good login", Duration::from_mins(1), tried).await;
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

/// A good login between two guesses makes up for none of them: it proves nothing of the client that is guessed at.
#[test]
fn a_tenants_good_logins_do_not_hide_the_refused_ones() {
    world(pam(), async |world| {
        let cluster = tenants_cluster(&world).await;
        put_credential(&cluster, "busy", &json!({}));
        let before = world.sim.mark();
        for number in 0..60 {
            let secret = if number % 2 == 0 { format!("wrong-{number}") } else { world.sim.client_secret() };
            put_login(&cluster, "mine", &secret);
            // Another reason to log in: a value that is due.
            let data = json!({"password": value("busy", number)});
            cluster.api.put("secrets", &json!({"metadata": {"name": "busy", "namespace": TENANT}, "stringData": data}));
            sleep(Duration::from_secs(5)).await;
        }
        let refused = world.journal(before).of(Kind::Token).filter(|entry| entry.status != Some(200)).count();
        assert!((1..=8).contains(&refused), "{refused} refused logins in five minutes");
    });
}

/// Nor do further connections to the same PAM.
#[test]
fn many_connections_of_a_tenant_cost_few_logins() {
    world(pam(), async |world| {
        let cluster = tenants_cluster(&world).await;
        let before = logins(&world);
        for number in 0..20 {
            let name = format!("guess-{number}");
            put_login(&cluster, &name, "wrong");
            put_connection(
                &world,
                &cluster,
                &name,
                &json!({"apiPrefix": format!("/p{number}"), "tokenPath": "/api/oauth2/token"}),
            );
        }
        sleep(Duration::from_secs(25)).await;
        let sent = logins(&world) - before;
        assert!((2..=4).contains(&sent), "{sent} logins");
        // A login of the cluster's connection is not among them.
        cluster.put_login(&world.sim.client_id(), "wrong");
        sleep(Duration::from_secs(1)).await;
        cluster.put_login(&world.sim.client_id(), &world.sim.client_secret());
        cluster.put_value("svc", &value("svc", 1));
        cluster.put_credential("svc", &json!({}));
        world.until("its credential", Duration::from_secs(5), || cluster.reason("svc") == "Synced").await;
        // In a day, the refused ones get a second look every ten minutes, all together; good ones renew their tokens.
        let before = logins(&world);
        sleep(Duration::from_hours(24)).await;
        let sent = logins(&world) - before;
        assert!((20..=144 + 20 + 48).contains(&sent), "{sent} logins in a day");
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

/// Nor do the credentials of many connections with one Secret, which all come at once.
#[test]
fn credentials_of_many_connections_cost_few_logins() {
    world(pam(), async |world| {
        let cluster = tenants_cluster(&world).await;
        let names: Vec<_> = (0..20).map(|number| format!("one-{number}")).collect();
        let put = |name: &str, username: &str, connection: &str| {
            let change = json!({"username": username, "connectionRef": {"name": connection}});
            put_credential(&cluster, name, &change);
        };
        for name in &names {
            let login = json!({"auth": {"oauth2": {"clientSecretRef": {"name": "mine"}}}});
            put_connection(&world, &cluster, name, &login);
            put(name, name, name);
        }
        let all_synced = || names.iter().all(|name| status(&cluster, name).id.is_some());
        world.until("all to be written", Duration::from_mins(30), all_synced).await;
        let before = world.sim.mark();
        put_login(&cluster, "mine", "wrong");
        for name in &names {
            put(&format!("{name}-more"), &format!("{name}-more"), name);
            let data = json!({"password": value(name, 2)});
            cluster.api.put("secrets", &json!({"metadata": {"name": name, "namespace": TENANT}, "stringData": data}));
        }
        sleep(Duration::from_secs(30)).await;
        let refused = world.journal(before).of(Kind::Token).filter(|entry| entry.status != Some(200)).count();
        assert!((1..=5).contains(&refused), "{refused} refused logins");
        put_login(&cluster, "mine", &world.sim.client_secret());
        let identifiers = names.iter().map(|name| format!("c1_{TENANT}_{name}-more"));
        let identifiers: Vec<_> = identifiers.collect();
        let all_written = || identifiers.iter().all(|identifier| world.sim.find(identifier).is_some());
        world.until("all to be written again", Duration::from_mins(30), all_written).await;
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

/// Connections whose logins wait for one that hangs ask the API server for nothing meanwhile: a tenant may have any number.
#[test]
fn connections_that_wait_for_a_login_that_hangs_read_no_secret() {
    world(pam(), async |world| {
        let cluster = tenants_cluster(&world).await;
        world.sim.inject(Fault::on(Kind::Token, Effect::Silence).always());
        for number in 0..50 {
            let name = format!("hangs-{number}");
            put_login(&cluster, &name, "CANARY");
            let path = json!({"apiPrefix": format!("/p{number}"), "tokenPath": "/api/oauth2/token"});
            put_connection(&world, &cluster, &name, &path);
        }
        let reads = || cluster.api.requests().verb("get").resource("secrets").len();
        let before = reads();
        sleep(Duration::from_mins(1)).await;
        let read = reads() - before;
        assert!(read <= 100, "{read} Secrets were read for logins that were not sent");
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

/// A person who mends a typing error does not wait, though the PAM was asked now and then meanwhile.
#[test]
fn a_login_that_is_mended_is_tried_at_once() {
    world(pam(), async |world| {
        let cluster = tenants_cluster(&world).await;
        for pause in [Duration::from_secs(30), Duration::from_hours(3)] {
            put_login(&cluster, "mine", "wrong");
            world.until("the refusal", A_WHILE, || ready(&cluster, "mine").0 == "PamAuthenticationFailed").await;
            sleep(pause).await;
            put_login(&cluster, "mine", &world.sim.client_secret());
            let tried = || ready(&cluster, "mine").0 == "Authenticated";
            world.until("the good login", Duration::from_secs(2), tried).await;
            sleep(Duration::from_hours(2)).await;
        }
    });
}

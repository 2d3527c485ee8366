//! `kubectl pam doctor` against set-ups that are broken, each named, and one where nothing is: then nothing is said to be wrong.
//! It writes nothing, reads no record by its id, and no secret is in what it says or packs (P5, P8).

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use local_cluster::{Installation, unique_name};
use pam_operator::api::{DIGEST_KEY_FIELD, DIGEST_KEY_SECRET};
use pam_simulator::{Certificate, Clock, Config, Kind, Simulator};
use serde_json::{Value, json};

use super::asked::{Ran, ask, run};
use crate::support::steps::leading_to;
use crate::support::{CANARY, Folder, Plan, World, assert_no_canary, base64};

/// No kubelet starts Pods here, so that somebody has to say that the operator's is ready.
pub async fn pods_are_ready(world: &World) {
    let deployments = Api::<Deployment>::namespaced(world.client.clone(), world.install.namespace());
    let ready = Patch::Merge(json!({"status": {"replicas": 1, "readyReplicas": 1}}));
    deployments.patch_status(world.install.deployment(), &PatchParams::default(), &ready).await.unwrap();
}

/// A world in which nothing is wrong, and one record was written.
async fn healthy() -> World {
    let world = World::start().await;
    world.synced("svc").await;
    pods_are_ready(&world).await;
    world
}

/// Runs the checks for the world's connection, and returns what they say.
async fn checks(world: &World, code: i32) -> Value {
    let ran = ask(world, &["doctor", "-o", "json"]).await.ends(code);
    assert_no_canary(&ran.out);
    assert_eq!(world.sim.count(Kind::GetCredential), 0, "P5");
    serde_json::from_str(&ran.out).unwrap()
}

/// The checks with that verdict, as `check: what — what to do`.
fn with(report: &Value, verdict: &str) -> Vec<String> {
    let lines = report["checks"].as_array().unwrap().iter().filter(|line| line["verdict"] == verdict);
    lines.map(|line| format!("{}: {} — {}", line["check"], line["what"], line["whatToDo"])).collect()
}

/// One check fails and says these words.
#[track_caller]
fn names(report: &Value, check: &str, words: &[&str]) {
    let failed = with(report, "FAIL");
    let is_it =
        |line: &&String| line.starts_with(&format!("\"{check}\"")) && words.iter().all(|word| line.contains(word));
    assert!(failed.iter().any(|line| is_it(&line)), "{check} {words:?}: {failed:#?}");
}

#[tokio::test]
async fn where_nothing_is_wrong_nothing_is_said_to_be_and_nothing_is_written() {
    let world = healthy().await;
    let count = world.count().await;
    let report = checks(&world, 0).await;
    assert!(with(&report, "FAIL").is_empty() && with(&report, "warn").is_empty(), "{report:#}");
    assert_eq!(report["kind"], "DoctorReport");
    let journal = world.journal(&count);
    assert!(journal.posts().is_empty() && journal.count(Kind::ListCredentials) == 1, "{journal:?}");

    let text = ask(&world, &["doctor"]).await.ends(0).out;
    for line in report["checks"].as_array().unwrap().iter().filter(|line| line["check"] != "lease") {
        let shown = format!("ok    {}: {}", line["check"].as_str().unwrap(), line["what"].as_str().unwrap());
        assert!(text.contains(&shown), "{shown}: {text}");
    }
    assert!(text.contains("\ncluster\n") || text.starts_with("cluster\n"), "{text}");
    assert!(text.contains(" ok, 0 warn, 0 FAIL\n") && !text.contains('\u{1b}'), "{text:?}");
    assert!(ask(&world, &["doctor", "-o", "yaml"]).await.ends(0).out.contains("kind: DoctorReport"));
    ask(&world, &["doctor", "-o", "wide"]).await.says(2, "-o json or -o yaml");
}

#[tokio::test]
async fn what_the_network_and_the_pam_refuse_is_named() {
    let world = healthy().await;
    let other = Simulator::start(Config::of(world.sim.version())).await.unwrap();
    world.put_connection(json!({"tls": {"caBundle": base64(other.ca_pem().as_bytes())}})).await;
    names(&checks(&world, 1).await, "tls", &["an authority that is not trusted", "caBundle"]);

    let mut config = Config::of(world.sim.version());
    config.certificate = Certificate::Expired;
    let expired = Simulator::start(config).await.unwrap();
    world.put_connection(leading_to(&expired)).await;
    names(&checks(&world, 1).await, "certificate", &["expired on 2020-01-01", "renew"]);

    for (minutes, side) in [(-10, "s behind this machine's"), (10, "s ahead of this machine's")] {
        let mut config = Config::of(world.sim.version());
        config.clock = Clock::new(move || Timestamp::now() + SignedDuration::from_mins(minutes));
        let off = Simulator::start(config).await.unwrap();
        world.put_connection(leading_to(&off)).await;
        names(&checks(&world, 1).await, "clock", &["the clock of", side, "NTP"]);
    }
    world.put_connection(json!({"apiPrefix": "/nowhere"})).await;
    names(&checks(&world, 1).await, "prefix", &["apiPrefix /nowhere", "404"]);

    world.put_connection(json!({"auth": {"oauth2": {"tenant": "umbrella"}}})).await;
    names(&checks(&world, 1).await, "login", &["tenant", "umbrella"]);

    world.put_connection(json!({})).await;
    world.put_login(&world.sim.client_id(), &format!("{CANARY}-wrong")).await;
    names(&checks(&world, 1).await, "login", &["refused the login"]);

    world.put_connection(json!({"url": "https://127.0.0.1:1"})).await;
    names(&checks(&world, 1).await, "tcp", &["127.0.0.1:1", "connection refused"]);
}

#[tokio::test]
async fn a_read_only_authorization_is_read_off_what_objects_met() {
    let world = World::start().await;
    pods_are_ready(&world).await;
    let unknown = with(&checks(&world, 0).await, "warn");
    assert!(unknown.len() == 1 && unknown[0].contains("write permission"), "{unknown:?}");
    world.sim.change_authorization(&world.sim.client_id(), |authorization| authorization.read_only = true);
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({})).await;
    world.becomes("svc", "PamPermissionDenied").await;
    let count = world.count().await;
    names(&checks(&world, 1).await, "write permission", &["pamcred/svc", "read and write permission"]);
    assert!(world.journal(&count).posts().is_empty(), "it is not tried out");
}

#[tokio::test]
async fn definitions_that_are_older_or_not_there_are_named() {
    let world = Plan::default().on_its_own().await.start().await;
    pods_are_ready(&world).await;
    let definitions = Api::<CustomResourceDefinition>::all(world.client.clone());
    let name = "pamcredentials.pam-operator.io";
    let path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/tags";
    let older = serde_json::from_value(json!([{"op": "remove", "path": path}])).unwrap();
    definitions.patch(name, &PatchParams::default(), &Patch::Json::<()>(older)).await.unwrap();
    names(&checks(&world, 1).await, "definitions", &[name, "older", "spec.tags"]);
    definitions.delete("mysafepasswords.pam-operator.io", &DeleteParams::default()).await.unwrap();
    let report = checks(&world, 1).await;
    names(&report, "definitions", &["does not know mysafepasswords.pam-operator.io", "install"]);
    assert!(with(&report, "ok").iter().any(|line| line.contains("\"list\"")), "the others go on: {report:#}");
}

#[tokio::test]
async fn an_operator_that_does_not_run_or_lacks_a_right_is_named() {
    let mut world = healthy().await;
    assert_no_canary(&world.stop_operator().await);
    names(&checks(&world, 1).await, "lease", &["no replica holds the Lease"]);
    let deployments = Api::<Deployment>::namespaced(world.client.clone(), world.install.namespace());
    let off = Patch::Merge(json!({"status": {"replicas": 1, "readyReplicas": 0}}));
    deployments.patch_status(world.install.deployment(), &PatchParams::default(), &off).await.unwrap();
    names(&checks(&world, 1).await, "running", &["no Pod that is ready", "kubectl logs"]);

    let bindings = Api::<ClusterRoleBinding>::all(world.client.clone());
    let own = ListParams::default().labels(&format!("app.kubernetes.io/instance={}", world.install.release()));
    bindings.delete_collection(&DeleteParams::default(), &own).await.unwrap();
    names(&checks(&world, 1).await, "its rights", &["watch clusterpamconnections", "roles and bindings"]);

    deployments.delete(world.install.deployment(), &DeleteParams::default()).await.unwrap();
    names(&checks(&world, 1).await, "running", &["no operator runs"]);
}

#[tokio::test]
async fn two_operators_of_the_same_connection_are_named() {
    let world = healthy().await;
    let second = Installation::of(world.cluster, &unique_name("ops"))
        .named(&unique_name("rel"))
        .set("watchNamespaces", json!([world.namespace]))
        .set("connectionSelector", format!("world={}", world.connection))
        .install()
        .await
        .unwrap();
    let ran = run(&world, &["doctor", "--connection", &world.connection, "-o", "json"]).await.ends(1);
    let report = serde_json::from_str(&ran.out).unwrap();
    names(&report, "one operator", &[world.install.namespace(), second.namespace(), "connectionSelector"]);
}

#[tokio::test]
async fn denied_egress_is_what_the_operator_says_and_the_user_does_not_see() {
    let mut world = healthy().await;
    assert_no_canary(&world.stop_operator().await);
    let connection = world.connections().get(&world.connection).await.unwrap();
    let mut status = serde_json::to_value(connection.status.unwrap()).unwrap();
    for condition in status["conditions"].as_array_mut().unwrap() {
        condition["status"] = json!("False");
        condition["reason"] = json!("PamUnavailable");
    }
    let status = Patch::Merge(json!({"status": status}));
    world.connections().patch_status(&world.connection, &PatchParams::default(), &status).await.unwrap();
    names(
        &checks(&world, 1).await,
        "operator's view",
        &["the operator cannot reach the PAM, and you can", "NetworkPolicies"],
    );
}

#[tokio::test]
async fn a_host_that_is_not_allowed_is_named_and_nothing_is_sent_there() {
    let world = Plan::default().value("allowedHosts", json!(["pam.example.com"])).start().await;
    // Of its own: the operator speaks with the world's PAM meanwhile.
    let other = Simulator::start(Config::of(world.sim.version())).await.unwrap();
    let login = json!({"clientId": other.client_id(), "clientSecret": other.client_secret()});
    world.put_secret("login", login).await;
    let spec = json!({
        "url": other.url(), "productVersion": world.version,
        "auth": {"oauth2": {"clientSecretRef": {"name": "login"}}},
    });
    world
        .apply([json!({
            "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamConnection", "spec": spec,
            "metadata": {"name": "own", "namespace": world.namespace, "labels": {"world": world.connection}},
        })])
        .await;
    let told = async || {
        let home = ["--operator-namespace", world.install.namespace()];
        let words = [&["doctor", "--connection", "pamconn/own", "-o", "json"][..], &home].concat();
        let Ran { out, .. } = run(&world, &words).await;
        serde_json::from_str::<Value>(&out).unwrap()
    };
    local_cluster::wait_until("the host to be named", crate::support::PATIENCE * 4, async || {
        let report = told().await;
        anyhow::ensure!(with(&report, "FAIL").iter().any(|line| line.starts_with("\"host\"")), "{report:#}");
        Ok(())
    })
    .await
    .unwrap();
    names(&told().await, "host", &["allowedHosts"]);
    assert_eq!(other.journal().len(), 0);
}

#[tokio::test]
async fn a_digest_key_that_was_lost_is_named() {
    let mut world = healthy().await;
    assert_no_canary(&world.stop_operator().await);
    let secrets = Api::<Secret>::namespaced(world.client.clone(), world.install.namespace());
    let other = Patch::Merge(json!({"data": {DIGEST_KEY_FIELD: base64(&[7; 32])}}));
    secrets.patch(DIGEST_KEY_SECRET, &PatchParams::default(), &other).await.unwrap();
    names(&checks(&world, 1).await, "digest key", &["were made with another digest key", "backup"]);
    secrets.delete(DIGEST_KEY_SECRET, &DeleteParams::default()).await.unwrap();
    names(&checks(&world, 1).await, "digest key", &["is not there"]);
}

#[tokio::test]
async fn what_a_users_rights_do_not_allow_is_warned_of_by_the_right() {
    let world = healthy().await;
    // Everybody may ask what they may do, and nothing else.
    let ran = ask(&world, &["doctor", "--as", "nobody", "--as-group", "system:authenticated"]).await;
    ran.says(3, "refused (403)");
    let all = run(&world, &["doctor", "--as", "nobody", "--as-group", "system:authenticated"]).await.ends(0).out;
    for words in
        ["you may not list deployments.apps", "you may not get customresourcedefinitions", "you may not list pods"]
    {
        assert!(all.contains(words), "{words}: {all}");
    }
}

#[tokio::test]
async fn the_bundle_holds_conditions_versions_and_events_and_no_secret() {
    let world = healthy().await;
    let plain = json!({"notes": format!("{CANARY} notes"), "tags": [CANARY]});
    world.put_credential("svc", plain).await;
    world.becomes("svc", "Synced").await;
    let folder = Folder::new("bundle");
    let file = folder.join("bundle.tgz");
    let path = file.to_str().unwrap();
    ask(&world, &["doctor", "--bundle", path]).await.says(0, "look through it before you send it");
    let packed = tokio::process::Command::new("tar").args(["-xzOf", path]).output().await.unwrap();
    let packed = String::from_utf8(packed.stdout).unwrap();
    for words in ["Not in it: Secrets", "versions.json", "\"reason\": \"Synced\"", "\"kubernetes\"", "ok    list"] {
        assert!(packed.contains(words), "{words}: {packed}");
    }
    assert_no_canary(&packed);
    for secret in [world.sim.client_secret(), "v1:".to_owned()] {
        assert!(!packed.contains(&secret), "{packed}");
    }
    ask(&world, &["doctor", "--bundle", path]).await.says(1, "exists already");
}

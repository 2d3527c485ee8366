//! [`Installation`] installs a chart and runs its program, tested with a small chart and a script instead of the
//! operator.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking too")]

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, api::PostParams};
use local_cluster::{ControlPlane, Installation, free_address, unique_name, wait_for};
use serde_json::json;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// `with_crds` keeps the CRDs of this checkout out of it.
async fn install(greeting: &str) -> Installation<'static> {
    let cluster = ControlPlane::shared().await.unwrap();
    let release = Installation::of(cluster, &unique_name("ns")).named("stand-in").chart(&fixture("chart"));
    release.with_crds().set("greeting", greeting).install().await.unwrap()
}

#[tokio::test]
async fn the_program_gets_what_the_deployment_says_and_nothing_else() {
    let install = install("good morning").await;
    let mut operator = install.start_operator(fixture("program.sh"), &[("EXTRA", "more")]).await.unwrap();
    let last = "trouble";
    let logs = async || operator.logs().ok().filter(|logs| logs.contains(last));
    let logs = wait_for("the program's output", Duration::from_secs(5), logs).await.unwrap();
    let (pod, namespace) = (operator.pod_name(), install.namespace());
    assert!(logs.contains("args: first --listen-address=127.0.0.1:"), "{logs}");
    assert!(logs.contains(&format!(" good morning {pod}\n")), "{logs}");
    assert!(logs.contains(&format!("pod: {namespace}/{pod} blue more home=none\n")), "{logs}");
    assert_eq!(operator.stop().await.unwrap().code(), Some(4));
    assert!(operator.logs().unwrap().contains("told to end"));
}

#[tokio::test]
async fn a_second_replica_can_listen_elsewhere() {
    let install = install("x").await;
    let address = free_address().unwrap();
    let mut operator = install.operator(fixture("program.sh")).listen(address).pod_name("b").start().await.unwrap();
    assert_eq!(operator.url("/readyz").unwrap(), format!("http://{address}/readyz"));
    let expected = format!("--listen-address={address} x b");
    let seen = async || operator.logs().ok().filter(|logs| logs.contains(&expected));
    wait_for("the replica's own address", Duration::from_secs(5), seen).await.unwrap();
    operator.kill().await.unwrap();
    assert!(!operator.is_running());
}

#[tokio::test]
async fn an_operator_that_ends_is_not_waited_for() {
    let install = install("x").await;
    let mut operator = install.start_operator("/bin/false", &[]).await.unwrap();
    let error = operator.ready(Duration::from_mins(1)).await.unwrap_err();
    assert!(format!("{error:#}").contains("ended with"), "{error:#}");
}

#[tokio::test]
async fn the_service_account_may_do_what_its_chart_allows_and_is_audited() {
    let install = install("x").await;
    let audit = ControlPlane::shared().await.unwrap().audit();
    let client = install.client().await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), install.namespace());
    let secrets: Api<Secret> = Api::namespaced(client, install.namespace());

    let before = audit.mark().await.unwrap();
    let map: ConfigMap = serde_json::from_value(json!({"metadata": {"name": "made"}})).unwrap();
    maps.create(&PostParams::default(), &map).await.unwrap();
    maps.get("made").await.unwrap();
    assert!(secrets.list(&kube::api::ListParams::default()).await.is_err());

    let requests = audit.since(before).await.unwrap().by(&install.user());
    assert_eq!(requests.len(), 3, "{requests}");
    let written = requests.writes().only().unwrap();
    assert_eq!((written.verb.as_str(), written.resource.as_str()), ("create", "configmaps"));
    let refused = requests.resource("secrets").only().unwrap();
    assert_eq!((refused.verb.as_str(), refused.code), ("list", 403));
}

#[tokio::test]
async fn an_upgrade_changes_what_the_next_start_gets() {
    let first = install("one").await;
    let cluster = ControlPlane::shared().await.unwrap();
    let release = Installation::of(cluster, first.namespace()).named("stand-in").chart(&fixture("chart"));
    let second = release.with_crds().set("greeting", "two").install().await.unwrap();
    let operator = second.start_operator(fixture("program.sh"), &[]).await.unwrap();
    let seen = async || operator.logs().ok().filter(|logs| logs.contains(" two "));
    wait_for("the new greeting", Duration::from_secs(5), seen).await.unwrap();
    second.uninstall().await.unwrap();
}

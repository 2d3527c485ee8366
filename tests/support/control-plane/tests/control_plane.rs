//! The control plane boots, works, counts calls in its audit log, and ends with the process that started it.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking too")]

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use kube::{
    Api, ResourceExt,
    api::{ListParams, PostParams, WatchParams},
};
use local_cluster::{ControlPlane, unique_name, wait_for};
use serde_json::json;

const SOON: Duration = Duration::from_secs(30);

fn config_map(name: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name}})).unwrap()
}

#[tokio::test]
async fn it_is_a_real_api_server_with_the_tools_that_belong_to_it() {
    let cluster = ControlPlane::shared().await.unwrap();
    let versions = cluster.kubectl(&["version", "-o", "json"]).await.unwrap();
    assert_eq!(versions.matches("v1.36.").count(), 2, "{versions}");
    assert!(cluster.helm(&["version", "--short"]).await.unwrap().starts_with("v4."));
    assert!(cluster.ca_pem().unwrap().contains("BEGIN CERTIFICATE"));
}

#[tokio::test]
async fn a_failed_command_says_what_and_why() {
    let cluster = ControlPlane::shared().await.unwrap();
    let error = cluster.kubectl(&["get", "configmap", "nothing-here"]).await.unwrap_err().to_string();
    assert!(error.contains("kubectl get configmap nothing-here") && error.contains("NotFound"), "{error}");
}

#[tokio::test]
async fn namespaces_get_an_account_and_can_be_deleted() {
    let cluster = ControlPlane::shared().await.unwrap();
    let client = cluster.admin_client().await.unwrap();
    let namespace = cluster.namespace("gone").await.unwrap();
    let accounts: Api<ServiceAccount> = Api::namespaced(client, &namespace);
    let account = async || accounts.get_opt("default").await.ok().flatten();
    wait_for("the namespace's default account", SOON, account).await.unwrap();
    cluster
        .apply(
            &serde_json::to_string(&json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "inside", "namespace": namespace}}))
            .unwrap(),
        )
        .await
        .unwrap();
    cluster.kubectl(&["delete", "namespace", &namespace, "--timeout=30s"]).await.unwrap();
}

#[tokio::test]
async fn the_audit_log_counts_each_request_between_two_marks() {
    let cluster = ControlPlane::shared().await.unwrap();
    let namespace = cluster.namespace("audit").await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(cluster.admin_client().await.unwrap(), &namespace);
    let post = PostParams::default();
    maps.create(&post, &config_map("before")).await.unwrap();

    let mark = cluster.audit().mark().await.unwrap();
    for number in 0..20 {
        maps.create(&post, &config_map(&format!("map-{number}"))).await.unwrap();
    }
    let version = maps.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let _watch = maps.watch(&WatchParams::default(), &version).await.unwrap();
    maps.get("map-7").await.unwrap();
    let requests = cluster.audit().since(mark).await.unwrap().namespace(&namespace).resource("configmaps");

    let expected = [("create configmaps", 20), ("get configmaps", 1), ("list configmaps", 1), ("watch configmaps", 1)];
    let expected = expected.map(|(what, count)| (what.to_owned(), count)).into();
    assert_eq!(requests.tally(), expected, "{requests}");
    assert_eq!(requests.writes_by("admin").len(), 20);
    assert_eq!(requests.reads().len(), 3);
    assert_eq!(requests.named("map-7").len(), 2);
    let later = cluster.audit().mark().await.unwrap();
    assert!(cluster.audit().since(later).await.unwrap().namespace(&namespace).is_empty());
}

#[tokio::test]
async fn two_clusters_can_run_side_by_side() {
    let shared = ControlPlane::shared().await.unwrap();
    let own = ControlPlane::temporary().await.unwrap();
    let name = own.namespace("only-here").await.unwrap();
    assert!(shared.kubectl(&["get", "namespace", &name]).await.is_err());
    let folder = own.state().folder.clone();
    own.stop().await.unwrap();
    assert!(!folder.exists());
    let spaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(shared.admin_client().await.unwrap());
    assert_eq!(spaces.get("default").await.unwrap().name_any(), "default");
}

/// A supervisor as a test process would start it, and where its API server listens.
fn supervisor(folder: &Path) -> (Child, SocketAddr) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-cluster"));
    command.args(["supervise", "--remove", "--folder"]).arg(folder);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let server = ControlPlane::join(folder).unwrap().state().server.clone();
    (child, server.strip_prefix("https://").unwrap().parse().unwrap())
}

async fn nobody_listens(address: SocketAddr) {
    let closed = async || TcpStream::connect(address).is_err().then_some(());
    wait_for("the API server to be gone", Duration::from_secs(10), closed).await.unwrap();
}

#[tokio::test]
async fn everything_ends_when_the_parent_does() {
    let folder = std::env::temp_dir().join(unique_name("supervised"));
    let (mut child, address) = supervisor(&folder);
    assert!(TcpStream::connect(address).is_ok());
    // What happens to the pipe when a test process dies, however it dies.
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    nobody_listens(address).await;
    assert!(!folder.exists());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn everything_ends_when_the_supervisor_is_killed() {
    let folder = std::env::temp_dir().join(unique_name("supervised"));
    let (mut child, address) = supervisor(&folder);
    child.kill().unwrap();
    child.wait().unwrap();
    nobody_listens(address).await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_command_runs_with_the_cluster_and_its_code_comes_back() {
    let script = "kubectl get namespace default -o name && test -f \"$KUBECONFIG\" && test -d \"$PAM_TEST_CLUSTER\" \
                  && echo \"in $PAM_TEST_CLUSTER\" && exit 7";
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-cluster"));
    let output = command.args(["run", "--", "sh", "-c", script]).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert!(printed.starts_with("namespace/default\n"), "{printed}");
    let folder = printed.trim().rsplit("in ").next().unwrap();
    assert!(!Path::new(folder).exists());
}

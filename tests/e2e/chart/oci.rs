//! The chart as a package in a registry: pushed, listed with its image, and installed from there it is the chart of the checkout.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use local_cluster::{ControlPlane, assets, free_address, unique_name, wait_until};
use serde_json::Value;
use tokio::process::{Child, Command};

use super::repository;
use crate::support::Folder;

/// A registry on loopback, in memory. It ends with the test.
struct Registry {
    address: String,
    _process: Child,
}

impl Registry {
    async fn start() -> Self {
        let program = tokio::task::spawn_blocking(assets::registry).await.unwrap().unwrap();
        let port = free_address().unwrap().port();
        let mut command = Command::new(program);
        command.args(["-port", &port.to_string()]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.kill_on_drop(true).spawn().unwrap();
        let address = format!("localhost:{port}");
        wait_until("the registry to listen", Duration::from_secs(30), async || {
            tokio::net::TcpStream::connect(&address).await.map(drop).context("it does not listen")
        })
        .await
        .unwrap();
        Self { address, _process: process }
    }
}

/// Packs the chart as a release does, and returns what is in the list of images.
async fn packed(cluster: &ControlPlane, folder: &Path) -> Vec<String> {
    let helm = cluster.state().tools.helm.parent().unwrap().to_string_lossy().into_owned();
    let mut command = Command::new(repository().join("release/chart.sh"));
    command.arg(folder).env("PATH", format!("{helm}:{}", std::env::var("PATH").unwrap()));
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read_to_string(folder.join("images.txt")).unwrap().lines().map(str::to_owned).collect()
}

/// Every image that objects name.
fn images(objects: &[Value]) -> BTreeSet<String> {
    fn walk(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("image").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|field| walk(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    // A CRD's schema may have a property of that name; no object of a CRD runs anything.
    let run = objects.iter().filter(|object| object["kind"] != "CustomResourceDefinition");
    run.for_each(|object| walk(object, &mut found));
    found
}

#[tokio::test]
async fn the_chart_is_installed_from_a_registry_and_its_images_are_listed() {
    let cluster = ControlPlane::shared().await.unwrap();
    cluster.apply_crds().await.unwrap();
    let folder = Folder::new("oci");
    let listed = packed(cluster, &folder).await;
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), images(&super::rendered(&[]).await.unwrap()));
    assert_eq!(listed, [format!("pam-operator:{}", env!("CARGO_PKG_VERSION"))]);

    let registry = Registry::start().await;
    let charts = format!("oci://{}/charts", registry.address);
    let package = folder.join(format!("pam-operator-{}.tgz", env!("CARGO_PKG_VERSION")));
    cluster.helm(&["push", &package.to_string_lossy(), &charts, "--plain-http"]).await.unwrap();
    let chart = format!("{charts}/pam-operator");
    let namespace = unique_name("oci");
    let image = format!("image.repository={}/pam-operator", registry.address);
    let from_registry = ["--plain-http", "--version", env!("CARGO_PKG_VERSION")];
    let values = ["-n", &namespace, "--set", "crds.install=false", "--set", &image];
    let install = [&["install", "rel", &chart, "--create-namespace"][..], &from_registry, &values].concat();
    cluster.helm(&install).await.unwrap();

    let installed = cluster.helm(&["get", "manifest", "rel", "-n", &namespace]).await.unwrap();
    let local = repository().join("charts/pam-operator").to_string_lossy().into_owned();
    let rendered = cluster.helm(&[&["template", "rel", &local][..], &values].concat()).await.unwrap();
    let objects = |text: &str| -> Vec<Value> { serde_saphyr::from_multiple(text).unwrap() };
    let found = images(&objects(&installed));
    assert_eq!(found, BTreeSet::from([format!("{}/pam-operator:{}", registry.address, env!("CARGO_PKG_VERSION"))]));
    assert_eq!(kinds_and_names(&objects(&installed)), kinds_and_names(&objects(&rendered)));
    cluster.helm(&["uninstall", "rel", "-n", &namespace]).await.unwrap();
}

fn kinds_and_names(objects: &[Value]) -> BTreeSet<String> {
    let name = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]);
    objects.iter().filter(|object| !object.is_null()).map(name).collect()
}

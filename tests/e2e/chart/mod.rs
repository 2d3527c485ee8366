//! P8, P9: the chart renders what its values say, grants no more rights than needed, and loses nothing on upgrade and
//! removal.

mod admission;
mod connections;
mod golden;
mod lifecycle;
mod oci;
mod parent;
mod rbac;
mod render;
mod rights;
mod schema;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use local_cluster::{ControlPlane, unique_name};
use serde_json::Value;

/// Root of the checkout.
fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A folder that goes with this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(unique_name("chart"));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A copy of the chart with these in its `files/`.
fn chart_with_files(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    copy(&repository().join("charts/pam-operator"), folder.path());
    for (name, text) in files {
        fs::write(folder.path().join("files").join(name), text).unwrap();
    }
    folder
}

/// The objects that the chart renders as release `rel` in namespace `ns`, with `values` as in `--set-json`.
async fn rendered(values: &[&str]) -> Result<Vec<Value>> {
    helm_objects(&repository().join("charts/pam-operator"), values).await
}

/// The objects that a chart renders; see [`rendered`].
async fn helm_objects(chart: &Path, values: &[&str]) -> Result<Vec<Value>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(&helm_template(chart, values).await?)?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// The text of `helm template`.
async fn template(values: &[&str]) -> Result<String> {
    helm_template(&repository().join("charts/pam-operator"), values).await
}

/// The text of `helm template` of a chart.
async fn helm_template(chart: &Path, values: &[&str]) -> Result<String> {
    let chart = chart.to_string_lossy();
    let mut args = vec!["template", "rel", &chart, "-n", "ns"];
    for value in values {
        args.extend(["--set-json", value]);
    }
    ControlPlane::shared().await?.helm(&args).await
}

/// The operator's container.
fn container(objects: &[Value]) -> &Value {
    &only(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]
}

/// Those of one kind.
fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// The only one of its kind.
fn only<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let found = of_kind(objects, kind);
    assert_eq!(found.len(), 1, "{kind}");
    found[0]
}

//! P8, P9: the chart renders what its values say, grants no more rights than needed, and loses nothing on upgrade and
//! removal.

mod admission;
mod lifecycle;
mod oci;
mod rbac;
mod render;
mod rights;

use std::path::PathBuf;

use anyhow::Result;
use local_cluster::ControlPlane;
use serde_json::Value;

/// Root of the checkout.
fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The objects that the chart renders as release `rel` in namespace `ns`, with `values` as in `--set-json`.
async fn rendered(values: &[&str]) -> Result<Vec<Value>> {
    let text = template(values).await?;
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text)?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// The text of `helm template`.
async fn template(values: &[&str]) -> Result<String> {
    let chart = repository().join("charts/pam-operator").to_string_lossy().into_owned();
    let mut args = vec!["template", "rel", chart.as_str(), "-n", "ns"];
    for value in values {
        args.extend(["--set-json", value]);
    }
    ControlPlane::shared().await?.helm(&args).await
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

//! An OCI image layout: which layers an image of several architectures has.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// Returns the digests of the layers for an architecture, the lowest first, a line for each.
pub(crate) fn layers(layout: &Path, architecture: &str) -> Result<String> {
    let mut document = read(&layout.join("index.json"))?;
    // An index leads to indexes or to manifests; the innermost index names the platforms.
    while let Some(manifests) = document["manifests"].as_array() {
        let matching = |entry: &&Value| match entry["platform"]["architecture"].as_str() {
            Some(named) => named == architecture,
            None => manifests.len() == 1,
        };
        let Some(entry) = manifests.iter().find(matching) else { bail!("no image for {architecture} is there") };
        document = read(&blob(layout, &entry["digest"])?)?;
    }
    let mut text = String::new();
    for layer in document["layers"].as_array().context("a manifest has no layers")? {
        let digest = layer["digest"].as_str().and_then(|digest| digest.strip_prefix("sha256:"));
        writeln!(text, "{}", digest.context("a layer has no sha256")?)?;
    }
    Ok(text)
}

fn blob(layout: &Path, digest: &Value) -> Result<std::path::PathBuf> {
    let digest = digest.as_str().and_then(|digest| digest.strip_prefix("sha256:")).context("a digest is no sha256")?;
    Ok(layout.join("blobs/sha256").join(digest))
}

fn read(path: &Path) -> Result<Value> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", path.display()))
}

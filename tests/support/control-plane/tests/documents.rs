//! What people copy from the README, the manual and `deploy/samples` can be applied unchanged.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking too")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use local_cluster::ControlPlane;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// The `yaml` blocks of a Markdown text.
fn blocks(markdown: &str) -> Vec<&str> {
    let fenced = markdown.split("```yaml\n").skip(1);
    fenced.map(|rest| rest.split_once("```").unwrap().0).collect()
}

fn samples() -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join("deploy/samples")).unwrap();
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "yaml")).collect()
}

/// The README and every page of the manual.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![repository().join("README.md")];
    let mut folders = vec![repository().join("docs")];
    while let Some(folder) = folders.pop() {
        let (within, files): (Vec<_>, Vec<_>) =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).partition(|path| path.is_dir());
        folders.extend(within);
        pages.extend(files.into_iter().filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    pages
}

/// A control plane of its own, since the objects have names of their own.
#[tokio::test]
async fn every_sample_and_every_block_of_the_manual_can_be_applied() {
    let cluster = ControlPlane::temporary().await.unwrap();
    cluster.apply_crds().await.unwrap();
    for namespace in ["pam-operator", "erp", "argocd"] {
        cluster.kubectl(&["create", "namespace", namespace]).await.unwrap();
    }
    let pages: Vec<String> = pages().iter().map(|page| fs::read_to_string(page).unwrap()).collect();
    let samples = samples();
    let with_blocks = pages.iter().filter(|page| !blocks(page).is_empty()).count();
    assert!(with_blocks >= 8 && samples.len() >= 3, "{with_blocks}");
    // Strict: a field that the schema does not know is a mistake of ours.
    for block in pages.iter().flat_map(|page| blocks(page)) {
        let printed = cluster.kubectl_with(&["apply", "--validate=strict", "-f", "-"], block).await.unwrap();
        assert!(!printed.is_empty(), "{block}");
    }
    for sample in samples {
        let file = sample.to_string_lossy();
        cluster.kubectl(&["apply", "--validate=strict", "-f", &file]).await.unwrap();
    }
    cluster.stop().await.unwrap();
}

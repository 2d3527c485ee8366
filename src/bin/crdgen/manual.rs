//! The pages of the manual that have tables of ours. What stands between two markers is generated, the rest is written:
//! `<!-- generated: NAME -->` and `<!-- end of NAME -->`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use pam_operator::api::crds;
use serde_json::Value;

use crate::{answers, fields};

/// The page of each kind.
const KINDS: [(&str, &str); 4] = [
    ("PamCredential", "docs/reference/pamcredential.md"),
    ("ClusterPamConnection", "docs/reference/clusterpamconnection.md"),
    ("PamConnection", "docs/reference/pamconnection.md"),
    ("MySafePassword", "docs/reference/mysafepassword.md"),
];
const ANSWERS: &str = "docs/reference/pam-answers.md";

/// Every page as it should be.
pub fn pages(root: &Path) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let mut pages = Vec::new();
    for (kind, file) in KINDS {
        let schema = schema(kind)?;
        let mut text = read(root, file)?;
        for part in ["spec", "status"] {
            text = filled(&text, part, &fields::tables(kind, part, &schema["properties"][part]))
                .with_context(|| file.to_owned())?;
        }
        pages.push((root.join(file), text));
    }
    let text = filled(&read(root, ANSWERS)?, "answers", &answers::table(root)?).with_context(|| ANSWERS.to_owned())?;
    pages.push((root.join(ANSWERS), text));
    Ok(pages)
}

/// The text of a file of the checkout.
pub fn read(root: &Path, file: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))
}

/// The schema of a kind, as the API server gets it.
fn schema(kind: &str) -> anyhow::Result<Value> {
    let all = crds();
    let crd = all.iter().find(|crd| crd.spec.names.kind == kind).with_context(|| format!("no kind {kind}"))?;
    let schema = crd.spec.versions.first().and_then(|version| version.schema.as_ref());
    Ok(serde_json::to_value(schema.context("no schema")?)?["openAPIV3Schema"].take())
}

/// A page with `table` between the markers of that name.
pub fn filled(page: &str, name: &str, table: &str) -> anyhow::Result<String> {
    let (begin, end) = (format!("<!-- generated: {name} -->"), format!("<!-- end of {name} -->"));
    let missing = || format!("there is no {begin} … {end}");
    let (before, rest) = page.split_once(&begin).with_context(missing)?;
    let (_, after) = rest.split_once(&end).with_context(missing)?;
    Ok(format!("{before}{begin}\n\n{}\n\n{end}{after}", table.trim()))
}

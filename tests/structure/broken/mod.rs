//! Every rule can fail: small trees that break the rules one by one, and their neighbours that do not.

mod circles;
mod figures;
mod inside;
mod orphans;
mod plugin;
mod rooms;

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::tree::Tree;

/// Parses files that are given as path and text; a folder without a file of its own gets an empty one.
fn tree(files: &[(&str, &str)]) -> Tree {
    let mut texts: BTreeMap<String, &str> = BTreeMap::from([("src/lib.rs".to_owned(), "")]);
    for (path, _) in files {
        let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        let bare = folders.filter(|folder| files.iter().all(|(other, _)| *other != format!("{folder}.rs")));
        texts.extend(bare.map(|folder| (format!("src/{folder}/mod.rs"), "")));
    }
    texts.extend(files.iter().map(|(path, text)| (format!("src/{path}"), *text)));
    Tree::of(texts)
}

/// Returns where the findings are.
fn places(findings: Vec<Finding>) -> Vec<String> {
    let place = |finding: Finding| format!("{}:{}", finding.file.trim_start_matches("src/"), finding.line);
    findings.into_iter().map(place).collect()
}

const NONE: [&str; 0] = [];

const HUB: (&str, &str) = ("domain/mod.rs", "mod a;\nmod b;\npub use a::A;\npub use b::{B, made};\n");
const LEAF: (&str, &str) = ("domain/b.rs", "pub struct B;\npub fn made() {}");

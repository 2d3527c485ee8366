//! The crates that are compiled into a program, as cargo says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// One crate: name and version, ordered by both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// What cargo says of a crate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// The licences as SPDX writes them.
    pub(crate) licence: Option<String>,
    pub(crate) repository: Option<String>,
    /// The SHA-256 of the archive that crates.io gives out; none for a crate of this checkout.
    pub(crate) checksum: Option<String>,
    /// Where its source is.
    pub(crate) folder: PathBuf,
}

/// A program, and the crates that are compiled into it.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) root: Id,
    pub(crate) crates: BTreeMap<Id, Facts>,
    /// On which crates each crate depends.
    pub(crate) depends_on: BTreeMap<Id, BTreeSet<Id>>,
}

impl Program {
    /// Asks cargo about a package that is built for `target`.
    ///
    /// `cargo tree -p` unites features as `cargo build -p` does. `cargo metadata` alone would unite them over the whole
    /// workspace, and would name crates that only build scripts and macros use.
    pub(crate) fn read(checkout: &Path, package: &str, target: &str) -> Result<Self> {
        let edges = "normal,no-proc-macro";
        let args = ["tree", "--locked", "--package", package, "--edges", edges, "--target", target];
        let tree = cargo(checkout, &[&args[..], &["--prefix", "depth", "--format", "|{p}"]].concat())?;
        let (root, depends_on) = edges_of(&tree)?;
        let metadata =
            cargo(checkout, &["metadata", "--locked", "--format-version", "1", "--filter-platform", target])?;
        let mut known =
            facts(&serde_json::from_str(&metadata)?, &std::fs::read_to_string(checkout.join("Cargo.lock"))?)?;
        let take = |id: &Id| {
            let facts =
                known.remove(id).with_context(|| format!("cargo metadata does not know {} {}", id.name, id.version));
            facts.map(|facts| (id.clone(), facts))
        };
        let crates = depends_on.keys().map(take).collect::<Result<_>>()?;
        Ok(Self { root, crates, depends_on })
    }
}

fn cargo(checkout: &Path, args: &[&str]) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(args).current_dir(checkout).output().context("cannot start cargo")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`cargo {}` failed: {}", args.join(" "), said.trim());
    Ok(String::from_utf8(output.stdout)?)
}

/// Reads `cargo tree --prefix depth`: a line for each crate, after the crate that depends on it. What a crate depends on is
/// shown where the crate comes first; later lines of the same crate end with `(*)`.
fn edges_of(tree: &str) -> Result<(Id, BTreeMap<Id, BTreeSet<Id>>)> {
    let mut edges: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
    let mut above: Vec<Id> = Vec::new();
    for line in tree.lines().filter(|line| !line.trim().is_empty()) {
        let (depth, id) = line.split_once('|').context("cargo tree printed a line without depth")?;
        let mut words = id.split(' ');
        let name = words.next().unwrap_or_default().to_owned();
        let version =
            words.next().and_then(|word| word.strip_prefix('v')).context("a crate has no version")?.to_owned();
        let id = Id { name, version };
        above.truncate(depth.parse()?);
        if let Some(parent) = above.last() {
            edges.entry(parent.clone()).or_default().insert(id.clone());
        }
        edges.entry(id.clone()).or_default();
        above.push(id);
    }
    Ok((above.into_iter().next().context("cargo tree printed nothing")?, edges))
}

fn facts(metadata: &Value, lock: &str) -> Result<BTreeMap<Id, Facts>> {
    let checksums = checksums(lock);
    let mut known = BTreeMap::new();
    for package in metadata["packages"].as_array().context("cargo metadata has no packages")? {
        let text = |key: &str| package[key].as_str().map(str::to_owned);
        let id = Id { name: text("name").context("no name")?, version: text("version").context("no version")? };
        let manifest = PathBuf::from(text("manifest_path").context("no manifest_path")?);
        let facts = Facts {
            // Cargo took `/` for `OR` until SPDX's form was asked for.
            licence: text("license").map(|licence| licence.replace(" / ", " OR ").replace('/', " OR ")),
            repository: text("repository"),
            checksum: checksums.get(&id).cloned(),
            folder: manifest.parent().context("no folder")?.to_owned(),
        };
        known.insert(id, facts);
    }
    Ok(known)
}

/// Returns the checksums in a `Cargo.lock`.
fn checksums(lock: &str) -> BTreeMap<Id, String> {
    let value = |package: &str, key: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
        line.and_then(|rest| rest.strip_suffix('"')).map(str::to_owned)
    };
    let one = |package| {
        let id = Id { name: value(package, "name")?, version: value(package, "version")? };
        Some((id, value(package, "checksum")?))
    };
    lock.split("[[package]]").filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str, version: &str) -> Id {
        Id { name: name.to_owned(), version: version.to_owned() }
    }

    #[test]
    fn edges_are_read_from_the_tree() {
        let tree = "0|app v0.1.0 (/path with blanks)\n1|one v1.0.0\n2|two v2.0.0\n1|two v2.0.0 (*)\n1|two v3.0.0\n";
        let (root, edges) = edges_of(tree).unwrap();
        assert_eq!(root, id("app", "0.1.0"));
        assert_eq!(edges[&root], BTreeSet::from([id("one", "1.0.0"), id("two", "2.0.0"), id("two", "3.0.0")]));
        assert_eq!(edges[&id("one", "1.0.0")], BTreeSet::from([id("two", "2.0.0")]));
        assert_eq!(edges.len(), 4);
        assert!(edges_of("").is_err() && edges_of("nonsense").is_err());
    }

    #[test]
    fn checksums_are_read_from_the_lock() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1\"\nchecksum = \"f00\"\n\n[[package]]\nname = \"own\"\nversion = \"2\"\n";
        assert_eq!(checksums(lock), BTreeMap::from([(id("a", "1"), "f00".to_owned())]));
    }
}

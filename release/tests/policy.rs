//! What may get into the build, as `deny.toml` says: licences, sources and bans, with nothing but cargo. `cargo deny` also looks at
//! advisories.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn policy() -> String {
    std::fs::read_to_string(checkout().join("deny.toml")).unwrap()
}

/// The crates of all targets, features as the workspace sets them, with tests and build scripts.
fn packages() -> (Vec<Value>, Value) {
    let args = ["metadata", "--locked", "--format-version", "1"];
    let output = Command::new(env!("CARGO")).args(args).current_dir(checkout()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let Value::Array(packages) = metadata["packages"].take() else { panic!("no packages") };
    (packages, metadata["resolve"]["nodes"].take())
}

/// The lines of a list in `deny.toml`, comments left out.
fn list(section: &str, key: &str) -> Vec<String> {
    let policy = policy();
    let (_, section) = policy.split_once(&format!("\n[{section}]\n")).expect("the section is there");
    let section = section.split("\n[").next().unwrap();
    let (_, list) = section.split_once(&format!("\n{key} = [\n")).expect("the list is there");
    let lines = list.split("\n]").next().unwrap().lines().map(str::trim);
    lines.filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

fn quoted(text: &str) -> Vec<&str> {
    text.split('"').skip(1).step_by(2).collect()
}

/// Whether an SPDX expression can be fulfilled with the allowed licences. `AND` binds closer than `OR`.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    if let (Some(open), Some(close)) = (expression.find('('), expression.find(')')) {
        let inner = if is_allowed(&expression[open + 1..close], allowed) { "yes" } else { "no" };
        return is_allowed(&format!("{}{inner}{}", &expression[..open], &expression[close + 1..]), allowed);
    }
    let one = |licence: &str| licence == "yes" || allowed.contains(licence);
    expression.split(" OR ").any(|all| all.split(" AND ").all(|licence| one(licence.trim())))
}

#[test]
fn every_licence_can_be_kept() {
    let allowed: BTreeSet<_> =
        list("licenses", "allow").iter().flat_map(|line| quoted(line)).map(str::to_owned).collect();
    assert!(allowed.len() >= 5);
    for package in packages().0 {
        let licence = package["license"].as_str().unwrap_or_default();
        let licence = licence.replace(" / ", " OR ").replace('/', " OR ");
        assert!(is_allowed(&licence, &allowed), "{} {} is under {licence:?}", package["name"], package["version"]);
    }
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "ISC".to_owned()]);
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("GPL-3.0-only OR MIT", true),
        ("GPL-3.0-only AND MIT", false),
        ("MIT AND ISC", true),
        ("(GPL-3.0-only OR MIT) AND ISC", true),
        ("(GPL-3.0-only AND MIT) OR ISC", true),
        ("(GPL-3.0-only AND MIT) OR GPL-2.0-only", false),
        ("", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
    }
}

#[test]
fn every_crate_is_from_crates_io_or_from_this_checkout() {
    for package in packages().0 {
        let source = package["source"].as_str();
        assert!(source.is_none_or(|source| source == CRATES_IO), "{} is from {source:?}", package["name"]);
    }
}

/// A ban: the crate's name, below which major and minor version it is banned, and which crates may use it all the same.
struct Ban {
    name: String,
    below: Option<Vec<u32>>,
    wrappers: Vec<String>,
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

fn bans() -> Vec<Ban> {
    let read = |line: &String| {
        let texts = quoted(line);
        let (name, below) = texts[0].split_once(":<").map_or((texts[0], None), |(n, v)| (n, Some(numbers(v))));
        Ban { name: name.to_owned(), below, wrappers: texts[1..].iter().map(|text| (*text).to_owned()).collect() }
    };
    list("bans", "deny").iter().map(read).collect()
}

#[test]
fn no_second_stack_of_crypto_time_or_http_gets_in() {
    let (packages, nodes) = packages();
    let names: BTreeMap<_, _> =
        packages.iter().map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap())).collect();
    let users = |id: &str| -> Vec<&str> {
        let uses = |node: &&Value| node["dependencies"].as_array().unwrap().iter().any(|on| on == id);
        nodes.as_array().unwrap().iter().filter(uses).map(|node| names[node["id"].as_str().unwrap()]).collect()
    };
    let bans = bans();
    assert!(
        bans.len() > 10 && bans.iter().any(|ban| ban.below.is_some()) && bans.iter().any(|b| !b.wrappers.is_empty())
    );
    for package in &packages {
        let (id, name) = (package["id"].as_str().unwrap(), package["name"].as_str().unwrap());
        for ban in bans.iter().filter(|ban| ban.name == name) {
            let version = numbers(package["version"].as_str().unwrap());
            let by: Vec<_> = users(id).into_iter().filter(|user| !ban.wrappers.iter().any(|w| w == user)).collect();
            let concerned = ban.below.as_ref().is_none_or(|below| version < *below);
            assert!(!concerned || (by.is_empty() && !ban.wrappers.is_empty()), "{name} is banned; used by {by:?}");
        }
    }
    // One of each of what the workspace says it has one of.
    for once in ["ring", "rustls", "jiff", "hyper", "http", "tokio", "reqwest", "kube", "k8s-openapi"] {
        let found = packages.iter().filter(|package| package["name"] == once).count();
        assert_eq!(found, 1, "{once} is there {found} times");
    }
}

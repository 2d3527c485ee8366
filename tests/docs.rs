//! The manual and the schemas agree with the code: each field, reason and version difference is documented, links and paths
//! lead somewhere, and nothing generated is stale. Concerns no promise of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pam_operator::api::{ANNOTATIONS, FIELDS, Field, crds, sent_field};
use pam_operator::domain::{Reason, Retry};
use serde_json::Value;

const DOCUMENTED: &str = include_str!("fixtures/credential.tsv");

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The cells of each row whose first cell is code.
fn rows(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cells = |row: &str| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    rows.map(cells).collect()
}

fn schema(kind: &str) -> Value {
    let crd = crds().into_iter().find(|crd| crd.spec.names.kind == kind).unwrap();
    serde_json::to_value(crd).unwrap()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"].take()
}

/// Every field of a schema with its path; `[]` stands for the items of a list.
fn walk<'a>(path: &str, schema: &'a Value, all: &mut Vec<(String, &'a Value)>) {
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        all.push((path.clone(), inner));
        walk(&path, inner, all);
        walk(&format!("{path}[]"), &inner["items"], all);
    }
}

fn fields<'a>(schema: &'a Value, part: &str) -> Vec<(String, &'a Value)> {
    let mut all = Vec::new();
    walk("", &schema[part], &mut all);
    all
}

// === Fields and their keys in the PAM's call

/// What a credential's spec says to the operator alone.
fn is_for_the_operator(field: &str) -> bool {
    let within = |block: &str| field == block || field.strip_prefix(block).is_some_and(|rest| rest.starts_with('.'));
    let own = ["connectionRef", "adoptionPolicy", "ensureEnabled", "deletionPolicy", "driftPolicy", "mode", "suspend"];
    // A block that the call has not; its fields are in the one around it, or beside the others.
    let flat = ["device", "executionSettings.reconciliation"].contains(&field);
    // Where a Secret is, and what of it is meant.
    let of_reference = field.rsplit_once('.').is_some_and(|(block, _)| block.ends_with("SecretRef"));
    own.iter().any(|own| within(own)) || flat || of_reference
}

#[test]
fn every_field_of_the_spec_that_is_sent_has_its_path() {
    let schema = schema("PamCredential");
    let fields = fields(&schema, "spec");
    assert!(fields.len() > 90, "{}", fields.len());
    for (field, _) in &fields {
        assert_eq!(sent_field(field).is_none(), is_for_the_operator(field), "{field}");
    }
    let known: BTreeSet<_> = fields.iter().map(|(field, _)| field.as_str()).collect();
    for field in FIELDS {
        assert!(known.contains(field.spec), "{field:?} is no field of the spec");
    }
}

#[test]
fn every_documented_path_is_named_by_one_field_but_for_the_second_identifier() {
    const VERSIONS: [&str; 5] = ["3.32", "3.33", "3.33.1", "4.0", "4.2"];
    assert_eq!(sent_field("usernameSecretRef").map(|field| field.wire), Some("username"));
    for (at, version) in VERSIONS.into_iter().enumerate() {
        // A username is one of two fields.
        let mut named: BTreeMap<&str, usize> = BTreeMap::new();
        let is_there = |field: &Field| VERSIONS[..=at].contains(&field.since);
        for field in FIELDS.iter().filter(|field| is_there(field) && field.spec != "usernameSecretRef") {
            *named.entry(field.wire).or_default() += 1;
        }
        let mut documented = BTreeSet::new();
        for row in DOCUMENTED.lines().filter(|line| !line.starts_with('#')).skip(1) {
            let cells: Vec<_> = row.split('\t').collect();
            if cells[4].split(' ').any(|of| of == version) {
                let path = cells[0].replace("additional_settings[]", "additional_settings");
                documented.insert(if path == "additional_settings.notes" { "notes".to_owned() } else { path });
            }
        }
        assert!(documented.remove("additional_settings.identifier"), "{version}");
        let once: BTreeSet<String> =
            named.iter().filter(|(_, times)| **times == 1).map(|(p, _)| (*p).to_owned()).collect();
        assert_eq!(once, documented, "{version}");
    }
}

#[test]
fn every_field_is_said_to_be_there_since_the_first_version_that_documents_it() {
    let mut first = BTreeMap::new();
    // The pages are in the order of their versions.
    for row in DOCUMENTED.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let cells: Vec<_> = row.split('\t').collect();
        let path = cells[0].replace("additional_settings[]", "additional_settings");
        // Where the notes are depends on the version, and not whether they are there.
        let path = if path == "additional_settings.notes" { "notes".to_owned() } else { path };
        first.entry(path).or_insert_with(|| cells[4].split(' ').next().unwrap());
    }
    for field in FIELDS {
        assert_eq!(first.get(field.wire), Some(&field.since), "{field:?}");
    }
}

// === What `kubectl explain` prints

#[test]
fn every_choice_is_explained_by_its_field() {
    for kind in ["PamCredential", "ClusterPamConnection", "PamConnection", "MySafePassword"] {
        let schema = schema(kind);
        for (field, schema) in fields(&schema, "spec") {
            let choices = schema["enum"].as_array().or_else(|| schema["items"]["enum"].as_array());
            let text = schema["description"].as_str().unwrap();
            for choice in choices.into_iter().flatten() {
                let choice = format!("`{}`", choice.as_str().unwrap());
                assert!(text.contains(&choice), "{kind} {field} does not say what {choice} is: {text}");
            }
        }
    }
}

#[test]
fn every_text_list_map_and_number_of_a_spec_has_a_bound() {
    for kind in ["PamCredential", "ClusterPamConnection", "PamConnection", "MySafePassword"] {
        let schema = schema(kind);
        for (field, schema) in fields(&schema, "spec") {
            for schema in [schema, &schema["items"], &schema["additionalProperties"]] {
                let bound = match schema["type"].as_str() {
                    Some("string") if schema.get("enum").is_some() => continue,
                    Some("string") => "maxLength",
                    Some("array") => "maxItems",
                    Some("integer") => "maximum",
                    Some("object") if schema.get("additionalProperties").is_some() => "maxProperties",
                    _ => continue,
                };
                assert!(schema.get(bound).is_some(), "{kind} {field} has no {bound}");
            }
        }
    }
}

// === Pages

const fn again(reason: Reason) -> &'static str {
    match reason.retry() {
        _ if reason.is_ready() => "not needed",
        Retry::OnChange => "on a change",
        Retry::Backoff => "by itself, after 1 s to 5 min",
        Retry::SecondLook => "on a change, and every 10 s to 30 min",
        Retry::Bounded => "6 times in a minute, then every 30 min",
    }
}

#[test]
fn every_reason_has_its_row_with_when_it_is_tried_again() {
    let rows = rows(&page("docs/reference/status.md"));
    for reason in Reason::ALL {
        let name = format!("`{}`", reason.as_str());
        let found: Vec<_> = rows.iter().filter(|row| row[0] == name).collect();
        let [row] = &found[..] else { panic!("{name}: {found:?}") };
        assert_eq!((row.len(), row[3].as_str()), (4, again(reason)), "{row:?}");
        assert!(row[1].len() > 5 && !row[2].is_empty(), "{row:?}");
    }
    assert_eq!(rows.len(), Reason::ALL.len());
    let symptoms = page("docs/troubleshooting.md");
    for reason in Reason::ALL {
        let name = reason.as_str();
        assert!(symptoms.contains(&format!("`{name}`")), "{name} is not in docs/troubleshooting.md");
    }
}

/// Neither the compiler nor a test that goes through [`Reason::ALL`] misses a reason that is not in it.
#[test]
fn every_reason_is_in_the_list_of_all() {
    let named = page("src/domain/reason.rs")
        .lines()
        .filter(|line| line.trim().starts_with("Self::") && line.contains(" => \""))
        .count();
    assert_eq!(named, Reason::ALL.len());
}

#[test]
fn every_way_to_differ_from_a_version_is_in_the_page_on_versions() {
    let text = page("docs/reference/pam-versions.md");
    let schema = schema("ClusterPamConnection");
    let all = fields(&schema, "spec");
    let differences = all.iter().filter(|(field, _)| field.starts_with("compatibility."));
    let differences: Vec<_> = differences.map(|(field, schema)| (field.as_str(), *schema)).collect();
    assert!(differences.len() >= 5);
    for (field, schema) in &differences {
        let row = rows(&text).into_iter().find(|row| row[0] == format!("`{field}`"));
        let row = row.unwrap_or_else(|| panic!("{field} is missing"));
        for choice in schema["enum"].as_array().unwrap() {
            assert!(row[1].contains(&format!("`{}`", choice.as_str().unwrap())), "{field}: {choice}");
        }
    }
    for row in rows(&text).iter().filter(|row| row[0].starts_with("`compatibility.")) {
        assert!(differences.iter().any(|(field, _)| row[0] == format!("`{field}`")), "{} is gone", row[0]);
    }
}

/// Returns the texts in quotes, of the lines of a file before its tests that contain `part`, which look like a reason.
fn reasons_in(file: &str, part: &str) -> BTreeSet<String> {
    let text = page(file);
    let production = text.split("#[cfg(test)]").next().unwrap();
    let quoted =
        production.lines().filter(|line| line.contains(part)).flat_map(|line| line.split('"').skip(1).step_by(2));
    let is_reason = |text: &&str| {
        *text != "True" && text.starts_with(char::is_uppercase) && text.chars().all(char::is_alphanumeric)
    };
    quoted.filter(is_reason).map(str::to_owned).collect()
}

/// Returns the names in the first column of a page's tables.
fn first_column(file: &str) -> BTreeSet<String> {
    let cells = rows(&page(file)).into_iter().map(|row| row[0].clone());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn every_event_has_its_row_and_no_other_has() {
    let sources = [
        ("src/controller/credential/report/events.rs", ""),
        ("src/controller/credential/act/disable.rs", "Released"),
        ("src/controller/safe_password/report/events.rs", ""),
        ("src/controller/safe_password/act/write.rs", "Released"),
        ("src/controller/secret/former_key.rs", "emit("),
        ("src/message/credential.rs", "ReleaseReason::"),
        ("src/message/safe_password.rs", "ReleaseReason::"),
    ];
    let mut emitted: BTreeSet<String> = sources.iter().flat_map(|(file, part)| reasons_in(file, part)).collect();
    assert!(emitted.len() > 15, "{emitted:?}");
    // Its event has the name of the condition.
    emitted.insert("SharingIncomplete".to_owned());
    assert_eq!(first_column("docs/reference/events.md"), emitted);
}

#[test]
fn every_condition_and_every_annotation_has_its_row() {
    let conditions = reasons_in("src/api/conditions.rs", "Self::");
    let documented = first_column("docs/reference/conditions.md");
    assert!(conditions.len() > 8 && documented.is_superset(&conditions), "{conditions:?} {documented:?}");
    let annotations: BTreeSet<_> = ANNOTATIONS.into_iter().map(str::to_owned).collect();
    assert_eq!(first_column("docs/reference/annotations.md"), annotations);
}

#[test]
fn the_page_on_health_has_the_table_and_the_script_that_are_tested() {
    let text = page("docs/how-to/gitops-health.md");
    let table: Vec<_> = rows(&text).iter().map(|row| row.join("\t").replace('`', "")).collect();
    let fixture = page("tests/fixtures/health.tsv");
    let expected: Vec<_> = fixture.lines().filter(|line| !line.starts_with('#')).skip(1).collect();
    assert_eq!(table, expected);
    let yaml = text.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let map: Value = serde_saphyr::from_str(yaml).unwrap();
    let customizations = map["data"]["resource.customizations"].as_str().unwrap();
    let customizations: Value = serde_saphyr::from_str(customizations).unwrap();
    assert_eq!(customizations["pam-operator.io/*"]["health.lua"], page("deploy/samples/argocd-health.lua"));
}

/// Returns the pages that are written for people.
fn pages() -> Vec<PathBuf> {
    let others = ["README.md", "CONTRIBUTING.md", "tests/README.md"].map(|page| root().join(page));
    files_below(&root().join("docs")).filter(|file| file.extension().is_some_and(|e| e == "md")).chain(others).collect()
}

fn files_below(folder: &Path) -> Box<dyn Iterator<Item = PathBuf>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    Box::new(entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { Box::new(std::iter::once(path)) }))
}

/// Returns the file and the heading that each link of a page leads to, where it stays in the repository.
fn links(file: &Path) -> Vec<(String, PathBuf, String)> {
    let text = fs::read_to_string(file).unwrap();
    let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    let to = |link: &str| {
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let to = if path.is_empty() { file.to_owned() } else { file.parent().unwrap().join(path) };
        (link.to_owned(), to, anchor.to_owned())
    };
    links.filter(|link| !link.starts_with("http")).map(to).collect()
}

/// Every link to a file of the repository leads to one, and to a heading of it where it names one.
#[test]
fn every_link_leads_somewhere() {
    for file in pages() {
        for (link, to, anchor) in links(&file) {
            assert!(to.exists(), "{} links to {link}", file.display());
            assert!(anchor.is_empty() || anchors(&to).contains(&anchor), "{} links to {link}", file.display());
        }
    }
}

/// Every page of the manual is found by who starts at its first page and follows links.
#[test]
fn every_page_of_the_manual_is_linked_from_its_first_page() {
    let mut reached = BTreeSet::new();
    let mut ahead = vec![root().join("docs/index.md").canonicalize().unwrap()];
    while let Some(file) = ahead.pop() {
        if file.extension().is_some_and(|e| e == "md") && reached.insert(file.clone()) {
            ahead.extend(links(&file).into_iter().map(|(_, to, _)| to.canonicalize().unwrap()));
        }
    }
    let manual = pages().into_iter().filter(|page| page.starts_with(root().join("docs")));
    let lost: Vec<_> = manual.map(|page| page.canonicalize().unwrap()).filter(|page| !reached.contains(page)).collect();
    assert!(lost.is_empty(), "no link leads to {lost:?}");
}

/// Returns the anchors of a page's headings, as GitHub and mdBook make them. A comment in a shell block is no heading.
fn anchors(file: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(file).unwrap();
    let mut fenced = false;
    let mut anchors = BTreeSet::new();
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        if let (false, Some(heading)) = (fenced, line.strip_prefix('#')) {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            anchors.insert(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
        }
    }
    anchors
}

/// Returns the paths that a page names: in backticks, and in its drawings. What has a blank, a pattern, a placeholder or the
/// form of a URL's path is none.
fn paths(page: &str) -> BTreeSet<&str> {
    const ENDS: [&str; 6] = [".rs", ".md", ".tsv", ".toml", ".yaml", "Makefile"];
    let mut paths = BTreeSet::new();
    let (mut fenced, mut drawing) = (false, false);
    for line in page.lines() {
        if let Some(language) = line.strip_prefix("```") {
            fenced = !fenced;
            drawing = fenced && language == "mermaid";
        } else if drawing {
            let words = line.split(|c: char| c.is_whitespace() || "\"<>[]{}();,:".contains(c));
            paths.extend(words.filter(|word| ["src/", "tests/", "docs/"].iter().any(|root| word.starts_with(root))));
        } else if !fenced {
            let is_path = |code: &&str| {
                let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
                let named =
                    (code.contains('/') && !code.starts_with('/')) || ENDS.iter().any(|end| code.ends_with(end));
                named && code.chars().all(plain) && !code.starts_with("pam-operator.io")
            };
            paths.extend(line.split('`').skip(1).step_by(2).filter(is_path));
        }
    }
    paths
}

#[test]
fn every_path_that_the_pages_for_contributors_name_is_there() {
    for (name, at_least) in
        [("docs/contributing/architecture.md", 20), ("CONTRIBUTING.md", 20), ("tests/README.md", 15)]
    {
        let text = page(name);
        let paths = paths(&text);
        assert!(paths.len() > at_least, "{name}: {paths:?}");
        let gone: Vec<_> = paths.into_iter().filter(|path| !root().join(path).exists()).collect();
        assert!(gone.is_empty(), "{name} names {gone:?}");
    }
}

#[test]
fn a_path_is_found_in_backticks_and_in_a_drawing_and_nothing_else_is() {
    let page = "`src/one.rs`, `two.rs` and `src/<kind>.rs`; `make test`, `/livez`, `a::b`, `pam-operator.io/x`\n\
                ```mermaid\n  a[\"text<br/>src/three.rs\"] --> b\n```\n```sh\ncat `src/four.rs`\n```\nlast `docs/five`";
    assert!(paths(page).into_iter().eq(["docs/five", "src/one.rs", "src/three.rs", "two.rs"]), "{:?}", paths(page));
}

// === What is generated

fn crdgen_check(root: &Path) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_crdgen")).arg("--check").arg("--root").arg(root).output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_stale_page_is_told_and_a_fresh_one_is_not() {
    assert_eq!(crdgen_check(&root()), (true, String::new()));
    let copy = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("manual-{}", std::process::id()));
    for folder in ["crds", "charts/pam-operator", "charts/pam-operator/files/crds", "docs/reference", "tests/fixtures"]
    {
        fs::create_dir_all(copy.join(folder)).unwrap();
        let entries = fs::read_dir(root().join(folder)).unwrap().map(Result::unwrap);
        for entry in entries.filter(|entry| entry.file_type().unwrap().is_file()) {
            fs::copy(entry.path(), copy.join(folder).join(entry.file_name())).unwrap();
        }
    }
    assert!(crdgen_check(&copy).0);
    for (file, was, is) in [
        ("docs/reference/pamcredential.md", "`execution_settings.status`", "`execution_settings.enabled`"),
        ("docs/reference/pamconnection.md", "1 to 64", "1 to 65"),
        ("docs/reference/pam-answers.md", "code 1011", "code 1012"),
        ("charts/pam-operator/README.md", "| `planOnly` | boolean |", "| `planOnly` | string |"),
        ("charts/pam-operator/values.schema.json", "Taints of nodes", "Taints of Pods"),
    ] {
        let text = fs::read_to_string(copy.join(file)).unwrap();
        assert!(text.contains(was), "{file}");
        fs::write(copy.join(file), text.replace(was, is)).unwrap();
        let (fresh, said) = crdgen_check(&copy);
        assert!(!fresh && said.contains(file) && said.contains("make generate"), "{said}");
        fs::write(copy.join(file), text).unwrap();
    }
    fs::remove_dir_all(&copy).unwrap();
}

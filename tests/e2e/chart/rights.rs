//! P9: the manual says what the roles of the chart allow, to the operator and to people, as the chart renders them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use local_cluster::{ControlPlane, Installation, unique_name, wait_until};
use pam_operator::api::GROUP;
use serde_json::Value;

use super::{of_kind, rendered, repository, template};

const PAGE: &str = "docs/reference/permissions.md";
/// With every right that the chart can give.
const EVERY_RIGHT: &str = r#"allowedHosts=["pam.example.com"]"#;
const LISTED: &str = r#"watchNamespaces=["team-a"]"#;

/// A right of the operator: what of which objects, and the reason that the chart gives.
#[derive(Clone, PartialEq, Eq)]
struct Right {
    objects: String,
    verbs: String,
    reason: String,
}

/// Where a role holds.
fn place(role: &Value) -> String {
    match role["metadata"]["namespace"].as_str() {
        None => "cluster".to_owned(),
        Some("ns") => "own namespace".to_owned(),
        Some("team-a") => "each of these".to_owned(),
        Some(namespace) => format!("`{namespace}`"),
    }
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|word| word.as_str().unwrap()).collect()
}

fn code(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn objects(rule: &Value) -> String {
    let named = words(&rule["resourceNames"]);
    let resources = code(&words(&rule["resources"]));
    match named.as_slice() {
        [] => resources,
        ["team-a"] => format!("{resources} of that name"),
        named => format!("{resources} {}", code(named)),
    }
}

/// The comment above each rule of a role, in their order: the reasons, which only the text has.
fn reasons(role: &str) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut comment = Vec::new();
    for line in role.lines().map(str::trim_start) {
        match line.strip_prefix("# ") {
            Some(text) => comment.push(text),
            None if line.starts_with("- apiGroups:") => {
                let reason = comment.join(" ");
                assert!(!reason.is_empty(), "a rule without a reason above it, in\n{role}");
                reasons.push(reason);
                comment.clear();
            }
            None => comment.clear(),
        }
    }
    reasons
}

/// Every right of the operator, and where it holds.
async fn rights(values: &[&str]) -> Vec<(Right, String)> {
    let mut all = Vec::new();
    for text in template(values).await.unwrap().split("\n---\n") {
        let role: Value = serde_saphyr::from_str(text).unwrap();
        if !["Role", "ClusterRole"].contains(&role["kind"].as_str().unwrap_or_default()) || is_for_people(&role) {
            continue;
        }
        let rules = role["rules"].as_array().unwrap();
        let reasons = reasons(text);
        assert_eq!(rules.len(), reasons.len(), "{text}");
        for (rule, reason) in rules.iter().zip(reasons) {
            let right = Right { objects: objects(rule), verbs: words(&rule["verbs"]).join(", "), reason };
            all.push((right, place(&role)));
        }
    }
    all
}

fn is_for_people(role: &Value) -> bool {
    let labels = role["metadata"]["labels"].as_object().unwrap();
    labels.keys().any(|label| label.starts_with("rbac.authorization.k8s.io/"))
}

/// The places of a right; `-` for none.
fn places(all: &[(Right, String)], right: &Right) -> String {
    let found: Vec<&str> = all.iter().filter(|(one, _)| one == right).map(|(_, place)| place.as_str()).collect();
    if found.is_empty() { "-".to_owned() } else { found.join(", ") }
}

async fn rights_table() -> String {
    let (everywhere, listed) = (rights(&[EVERY_RIGHT]).await, rights(&[EVERY_RIGHT, LISTED]).await);
    let mut rows: Vec<&Right> = Vec::new();
    for (right, _) in everywhere.iter().chain(&listed) {
        if !rows.contains(&right) {
            rows.push(right);
        }
    }
    let mut table =
        "| objects | verbs | where, with no `watchNamespaces` | where, with a list | why |\n|---|---|---|---|---|"
            .to_owned();
    for right in rows {
        let Right { objects, verbs, reason } = right;
        let (by_default, by_list) = (places(&everywhere, right), places(&listed, right));
        write!(table, "\n| {objects} | {verbs} | {by_default} | {by_list} | {reason} |").unwrap();
    }
    table
}

/// What each of the cluster's own roles is given: of the chart with these values.
async fn given(values: &[&str], role: &str) -> String {
    let label = format!("rbac.authorization.k8s.io/aggregate-to-{role}");
    let objects = rendered(values).await.unwrap();
    let given =
        of_kind(&objects, "ClusterRole").into_iter().filter(|found| found["metadata"]["labels"][&label] == "true");
    let rules = given.flat_map(|role| role["rules"].as_array().unwrap());
    let says = |rule: &Value| format!("{}: {}", code(&words(&rule["resources"])), words(&rule["verbs"]).join(", "));
    rules.map(says).collect::<Vec<_>>().join("; ")
}

async fn roles_table() -> String {
    let mut table = "| role | without `allowedHosts` | with `allowedHosts` |\n|---|---|---|".to_owned();
    for role in ["view", "edit", "admin"] {
        let (without, with) = (given(&[], role).await, given(&[EVERY_RIGHT], role).await);
        let with = if with == without { "the same".to_owned() } else { with };
        write!(table, "\n| `{role}` | {without} | {with} |").unwrap();
    }
    table
}

/// The page with `table` between the markers of that name, as `crdgen` fills the other pages.
fn filled(page: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- generated: {name} -->"), format!("<!-- end of {name} -->"));
    let (before, rest) = page.split_once(&begin).expect(&begin);
    let (_, after) = rest.split_once(&end).expect(&end);
    format!("{before}{begin}\n\n{table}\n\n{end}{after}")
}

#[tokio::test]
async fn the_tables_of_the_manual_are_the_rendered_roles() {
    let file = repository().join(PAGE);
    let page = fs::read_to_string(&file).unwrap();
    let expected = filled(&page, "rights", &rights_table().await);
    let expected = filled(&expected, "roles", &roles_table().await);
    if std::env::var_os("UPDATE").is_some() {
        return fs::write(&file, expected).unwrap();
    }
    assert!(
        page == expected,
        "the tables of rights in {PAGE} are not what the chart renders: `make generate` writes them"
    );
}

/// A tenant's connection can lead nowhere by default: nobody is given what is of no use.
#[tokio::test]
async fn people_write_connections_only_where_the_operator_follows_them() {
    for role in ["view", "edit", "admin"] {
        let (without, with) = (given(&[], role).await, given(&[EVERY_RIGHT], role).await);
        let writes =
            |text: &str| text.split("; ").any(|rule| rule.contains("`pamconnections`") && rule.contains("create"));
        assert!(!writes(&without), "{role}: {without}");
        assert_eq!(writes(&with), role != "view", "{role}: {with}");
        assert!(without.contains("`pamconnections`") && !without.contains("`clusterpamconnections`: create"), "{role}");
    }
}

/// The rights on the operator's objects that rules give, one by one.
fn rights_of<'a>(rules: impl Iterator<Item = &'a Value>) -> BTreeSet<String> {
    let own = rules.filter(|rule| words(&rule["apiGroups"]).contains(&GROUP));
    let one_by_one = |rule: &'a Value| {
        let verbs = words(&rule["verbs"]);
        let of_resource =
            move |resource: &'a str| verbs.clone().into_iter().map(move |verb| format!("{verb} {resource}"));
        words(&rule["resources"]).into_iter().flat_map(of_resource)
    };
    own.flat_map(one_by_one).collect()
}

/// The table is true of the cluster: its own roles get these rights on the operator's objects by aggregation, and no others.
#[tokio::test]
async fn the_clusters_own_roles_have_the_rights_of_the_table() {
    let cluster = ControlPlane::shared().await.unwrap();
    let hosts = serde_json::json!(["pam.example.com"]);
    let install = Installation::of(cluster, &unique_name("rights")).set("allowedHosts", hosts).install().await.unwrap();
    for role in ["view", "edit", "admin"] {
        let label = format!("rbac.authorization.k8s.io/aggregate-to-{role}");
        let chart = rendered(&[EVERY_RIGHT]).await.unwrap();
        let given = of_kind(&chart, "ClusterRole").into_iter().filter(|of| of["metadata"]["labels"][&label] == "true");
        let table = rights_of(given.flat_map(|role| role["rules"].as_array().unwrap()));
        assert!(table.len() > 20, "{role}: {table:?}");
        wait_until(&format!("{role} to have the rights"), Duration::from_secs(30), async || {
            let found: Value =
                serde_json::from_str(&cluster.kubectl(&["get", "clusterrole", role, "-o", "json"]).await?)?;
            let has = rights_of(found["rules"].as_array().into_iter().flatten());
            anyhow::ensure!(has == table, "{has:?} are not {table:?}");
            Ok(())
        })
        .await
        .unwrap();
    }
    install.uninstall().await.unwrap();
}

//! The files of the chart: the rules and the dashboard name what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::promtool::{promtool, rules, rules_file};
use super::{change_all, synced};
use crate::support::world;
use pam_operator::domain::Reason;
use pam_simulator::Config;
use regex::Regex;
use serde_json::{Value, json};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The metrics that the page of the manual lists, with their types.
fn documented() -> BTreeMap<String, String> {
    let row = Regex::new(r"(?m)^\| `([a-z_]+)` \| (counter|gauge|histogram|info) \|").unwrap();
    let page = page("docs/reference/metrics.md");
    row.captures_iter(&page).map(|found| (found[1].to_owned(), found[2].to_owned())).collect()
}

/// The names of metrics in a query: histograms by the name that they are listed under.
fn metrics_of(query: &str) -> BTreeSet<String> {
    let name = Regex::new(r"\b(?:pam_operator|process)_[a-z_]+").unwrap();
    let plain = |name: &str| {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        base.filter(|base| base.ends_with("_seconds")).unwrap_or(name).to_owned()
    };
    name.find_iter(query).map(|found| plain(found.as_str())).collect()
}

#[test]
fn every_metric_is_in_the_manual_and_every_metric_of_the_manual_is_there() {
    world(Config::default().device("db01", "10.0.0.7"), async |world| {
        let cluster = synced(&world, 3, &json!({})).await;
        world.sim.revoke_tokens();
        change_all(&cluster, 3, 2);
        cluster.put_entry("entry", &json!({}));
        tokio::time::sleep(super::A_WHILE).await;
        let typed = Regex::new(r"(?m)^# TYPE ([a-z_]+) ([a-z]+)$").unwrap();
        let text = cluster.page("text/plain");
        let shown: BTreeMap<String, String> =
            typed.captures_iter(&text).map(|found| (found[1].to_owned(), found[2].to_owned())).collect();
        let mut documented = documented();
        assert_eq!(documented.insert("pam_operator_build_info".into(), "gauge".into()).as_deref(), Some("info"));
        assert_eq!(shown, documented);
    });
}

#[test]
fn the_rules_are_valid_and_each_says_what_it_is_and_where_it_is_explained() {
    let file = rules_file();
    promtool(&["check", "rules", "--lint=all", "--lint-fatal", file.to_str().unwrap()], "");
    let (explained, metrics, rules) = (page("docs/reference/alerts.md"), documented(), rules());
    assert!(rules.len() >= 10, "{}", rules.len());
    for rule in &rules {
        let (name, notes) = (rule["alert"].as_str().unwrap(), &rule["annotations"]);
        assert!(name.starts_with("PamOperator"), "{name}");
        assert!(["critical", "warning", "info"].map(Value::from).contains(&rule["labels"]["severity"]), "{name}");
        for note in ["summary", "description"] {
            assert!(notes[note].as_str().is_some_and(|text| text.ends_with('.')), "{name}: {note}");
        }
        let book = format!("docs/reference/alerts.md#{}", name.to_lowercase());
        assert_eq!(notes["runbook_url"], json!(book), "{name}");
        assert!(explained.contains(&format!("\n## {name}\n")), "{name} has no heading in docs/reference/alerts.md");
        let query = rule["expr"].as_str().unwrap();
        let unknown: Vec<_> = metrics_of(query).into_iter().filter(|name| !metrics.contains_key(name)).collect();
        let by_pattern = query.contains("pam_operator_(credentials|my_safe_passwords)");
        assert!(unknown.is_empty() || by_pattern, "{name}: {unknown:?}");
    }
    let tests = [include_str!("of_the_operator.rs"), include_str!("of_the_pam.rs")].concat();
    for rule in &rules {
        assert!(tests.contains(&rule["alert"].to_string()), "{} has no test", rule["alert"]);
    }
    let headings = explained.lines().filter(|line| line.starts_with("## PamOperator")).count();
    assert_eq!(headings, rules.len(), "a heading without a rule");
}

#[test]
fn what_needs_somebody_to_act_is_what_the_operator_calls_stalled() {
    let rule = rules().into_iter().find(|rule| rule["alert"] == "PamOperatorObjectsStalled").unwrap();
    let pattern = Regex::new(r#"reason=~"([^"]+)""#).unwrap();
    let query = rule["expr"].as_str().unwrap();
    let named: BTreeSet<&str> = pattern.captures(query).unwrap().get(1).unwrap().as_str().split('|').collect();
    let stalled = Reason::ALL.into_iter().filter(|reason| reason.is_stalled()).map(Reason::as_str);
    assert_eq!(named, stalled.collect());
}

/// All panels, those in rows too.
fn panels(of: &Value) -> Vec<&Value> {
    let panels = of["panels"].as_array().map(Vec::as_slice).unwrap_or_default();
    panels.iter().flat_map(|panel| std::iter::once(panel).chain(self::panels(panel))).collect()
}

#[test]
fn every_query_of_the_dashboard_names_metrics_that_there_are() {
    let dashboard: Value = serde_json::from_str(&page("charts/pam-operator/files/dashboard.json")).unwrap();
    let (metrics, mut used) = (documented(), BTreeSet::new());
    for panel in panels(&dashboard) {
        for target in panel["targets"].as_array().unwrap_or(&Vec::new()) {
            let query = target["expr"].as_str().unwrap();
            let names = metrics_of(query);
            assert!(!names.is_empty() && names.iter().all(|name| metrics.contains_key(name)), "{query}");
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{query}");
            used.extend(names);
        }
    }
    assert!(used.len() >= 20, "{used:?}");
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        let of = variable["definition"].as_str().unwrap_or_default();
        assert!(metrics_of(of).iter().all(|name| metrics.contains_key(name)), "{of}");
    }
}

#[test]
fn the_queries_of_the_dashboard_are_promql() {
    let dashboard: Value = serde_json::from_str(&page("charts/pam-operator/files/dashboard.json")).unwrap();
    let targets: Vec<&Value> =
        panels(&dashboard).into_iter().filter_map(|panel| panel["targets"].as_array()).flatten().collect();
    assert!(targets.len() > 30, "{}", targets.len());
    let rules = targets.iter().enumerate().map(|(number, target)| {
        let query = target["expr"].as_str().unwrap().replace("$__rate_interval", "5m");
        format!("  - record: dashboard:query:{number}\n    expr: {}\n", json!(query))
    });
    let file = "groups:\n- name: dashboard\n  rules:\n".to_owned() + &rules.collect::<String>();
    let file = super::promtool::Written::new("dashboard.yaml", &file);
    promtool(&["check", "rules", "--lint=none", file.path()], "");
}

#[test]
fn the_dashboard_is_as_grafanas_schema_describes_one() {
    let program = local_cluster::assets::check_dashboard().unwrap();
    let output = Command::new(program).arg(root().join("charts/pam-operator/files/dashboard.json")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_dashboard_is_built_as_grafana_reads_it() {
    let dashboard: Value = serde_json::from_str(&page("charts/pam-operator/files/dashboard.json")).unwrap();
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 39 && dashboard["id"].is_null());
    assert!(dashboard["uid"].as_str().is_some_and(|uid| uid.len() <= 40) && dashboard["title"].is_string());
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    assert!(variables.iter().any(|of| of["name"] == "datasource" && of["type"] == "datasource"));
    let all = panels(&dashboard);
    let ids: BTreeSet<u64> = all.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), all.len(), "two panels have one id");
    for panel in &all {
        assert!(panel["type"].is_string() && panel["title"].as_str().is_some_and(|title| !title.is_empty()), "{panel}");
        assert!(panel["type"] == "row" || panel["description"].is_string(), "{} has no description", panel["title"]);
    }
    let places: Vec<Place> = dashboard["panels"].as_array().unwrap().iter().map(Place::of).collect();
    for (number, place) in places.iter().enumerate() {
        assert!(place.w >= 1 && place.h >= 1 && place.x + place.w <= 24, "panel {number}");
        assert!(places[..number].iter().all(|other| !place.overlaps(other)), "panel {number} lies on another");
    }
}

/// Where a panel is.
struct Place {
    x: u64,
    y: u64,
    w: u64,
    h: u64,
}

impl Place {
    fn of(panel: &Value) -> Self {
        let number = |of: &str| panel["gridPos"][of].as_u64().unwrap();
        Self { x: number("x"), y: number("y"), w: number("w"), h: number("h") }
    }

    fn overlaps(&self, other: &Self) -> bool {
        let apart = |one: u64, wide: u64, two: u64| one + wide <= two;
        !(apart(self.x, self.w, other.x)
            || apart(other.x, other.w, self.x)
            || apart(self.y, self.h, other.y)
            || apart(other.y, other.h, self.y))
    }
}

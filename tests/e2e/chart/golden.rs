//! Each value changes what it is about and nothing else: what the chart renders with it, beside what it renders without.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use futures::{StreamExt as _, TryStreamExt as _};
use local_cluster::ControlPlane;
use serde_json::{Value, json};

use super::{chart_with_files, helm_objects, helm_template, repository, schema};

/// Every value by itself, and those that belong together; `&&` separates values as `--set-json` takes them.
const CASES: &str = include_str!("golden/cases.txt");
const GOLDEN: &str = "tests/e2e/chart/golden/changes.txt";
/// How many helms run at once.
const HELMS: usize = 4;

fn cases() -> impl Iterator<Item = &'static str> {
    CASES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// An object with its lines; of a CRD only the metadata, and no comments.
type Object = (String, Vec<String>);

fn objects(rendered: &str) -> Vec<Object> {
    let documents = rendered.split("\n---\n").filter(|document| document.contains("kind:"));
    documents
        .map(|document| {
            let is_crd = document.contains("\nkind: CustomResourceDefinition\n");
            let text = if is_crd { document.split("\nspec:\n").next().unwrap() } else { document };
            let object: Value = serde_saphyr::from_str(text).unwrap();
            let metadata = &object["metadata"];
            let place = metadata["namespace"].as_str().unwrap_or("-");
            let name = format!("{} {place} {}", object["kind"].as_str().unwrap(), metadata["name"].as_str().unwrap());
            let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
            (name, lines.filter(|line| *line != "---").map(str::to_owned).collect())
        })
        .collect()
}

fn lines_of<'a>(objects: &'a [Object], name: &str) -> &'a [String] {
    objects.iter().find(|(found, _)| found == name).map_or(&[], |(_, lines)| lines)
}

fn kind(name: &str) -> &str {
    name.split(' ').next().unwrap()
}

/// What became of each object that is not as it was. One that is gone is compared with a new one of its kind, if there is
/// one: it has another name.
fn changes(before: &[Object], after: &[Object]) -> String {
    let mut new: Vec<_> = after.iter().filter(|(name, _)| lines_of(before, name).is_empty()).collect();
    let mut text = String::new();
    for (name, old) in before {
        let mut now = lines_of(after, name);
        let renamed = new.iter().position(|(other, _)| now.is_empty() && kind(other) == kind(name));
        if let Some(at) = renamed {
            now = &new.remove(at).1;
        }
        match now {
            now if now == old => {}
            [] => writeln!(text, "gone: {name}").unwrap(),
            now => writeln!(text, "changed: {name}\n{}", differences(old, now).join("\n")).unwrap(),
        }
    }
    for (name, lines) in new {
        writeln!(text, "new: {name}\n{}", lines.join("\n")).unwrap();
    }
    text
}

/// Lines that are gone (`-`) and lines that are new (`+`), by the longest sequence that both have.
fn differences(old: &[String], new: &[String]) -> Vec<String> {
    let mut common = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] =
                if old[i] == new[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut found) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            found.push(format!("-{}", old[i]));
            i += 1;
        } else {
            found.push(format!("+{}", new[j]));
            j += 1;
        }
    }
    found
}

#[tokio::test]
async fn each_value_changes_what_it_is_about() {
    // What others write into files/ is not looked at here.
    let chart = chart_with_files(&[("alerts.yaml", "groups: []\n"), ("dashboard.json", "{}\n")]);
    let chart = chart.path();
    let rendered = async |case: &str| -> anyhow::Result<Vec<Object>> {
        let values: Vec<_> = case.split(" && ").filter(|value| !value.is_empty()).collect();
        Ok(objects(&helm_template(chart, &values).await?))
    };
    let by_default = rendered("").await.unwrap();
    let told = futures::stream::iter(cases())
        .map(async |case| anyhow::Ok(format!("## {case}\n{}\n", changes(&by_default, &rendered(case).await?))))
        .buffered(HELMS);
    let told = told.try_collect::<Vec<_>>().await.unwrap().concat();
    let file = repository().join(GOLDEN);
    if std::env::var_os("UPDATE").is_some() {
        return fs::write(file, told).unwrap();
    }
    let golden = fs::read_to_string(file).unwrap_or_default();
    for (is, was) in told.split("## ").zip(golden.split("## ")) {
        assert!(is == was, "rendered:\n{is}\nin {GOLDEN}:\n{was}\n`make generate` writes it");
    }
    assert!(told == golden, "{GOLDEN} has other cases: `make generate` writes it");
}

/// What a case renders of the kinds that its values are about, under names of its own.
async fn namespaced(chart: &Path, number: usize, case: &str, namespace: &str) -> anyhow::Result<Vec<Value>> {
    const KINDS: [&str; 5] = ["ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service"];
    let objects = helm_objects(chart, &case.split(" && ").collect::<Vec<_>>()).await?;
    let of_interest = objects.into_iter().filter(|object| KINDS.contains(&object["kind"].as_str().unwrap()));
    Ok(of_interest
        .map(|mut object| {
            let name = object["metadata"]["name"].as_str().unwrap().replace('.', "-");
            object["metadata"]["name"] = json!(format!("case-{number}-{name}"));
            object["metadata"]["namespace"] = json!(namespace);
            object
        })
        .collect())
}

/// A golden file takes a field in the wrong place as it is; the API server, when it is strict, does not.
#[tokio::test]
async fn the_api_server_takes_every_case() {
    let cluster = ControlPlane::shared().await.unwrap();
    let namespace = cluster.namespace("cases").await.unwrap();
    let chart = chart_with_files(&[("alerts.yaml", "groups: []\n"), ("dashboard.json", "{}\n")]);
    let objects = futures::stream::iter(cases().enumerate())
        .map(|(number, case)| namespaced(chart.path(), number, case, &namespace))
        .buffered(HELMS);
    let objects = objects.try_collect::<Vec<_>>().await.unwrap().concat();
    assert!(objects.len() > 100, "{}", objects.len());
    let all = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
    let create = ["create", "--dry-run=server", "--validate=strict", "-f", "-"];
    cluster.kubectl_with(&create, &all).await.unwrap();
    let broken = all.replacen("terminationGracePeriodSeconds", "terminationGraceSeconds", 1);
    assert!(cluster.kubectl_with(&create, &broken).await.is_err(), "the API server is not strict");
}

/// A case that changes nothing shows nothing, and a value without a case could be one that no template reads.
#[test]
fn every_value_has_a_case_and_every_case_a_change() {
    let set: BTreeSet<_> =
        cases().flat_map(|case| case.split(" && ")).map(|value| value.split('=').next().unwrap()).collect();
    let missing: Vec<_> =
        schema::leaves().into_iter().map(|leaf| leaf.path).filter(|path| !set.contains(&**path)).collect();
    assert!(missing.is_empty(), "no case sets {missing:?}");
    let golden = fs::read_to_string(repository().join(GOLDEN)).unwrap();
    let idle: Vec<_> = golden.split("## ").skip(1).filter(|case| !case.trim().contains('\n')).collect();
    assert!(idle.is_empty(), "nothing changes with {idle:?}");
}

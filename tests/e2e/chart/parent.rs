//! A parent chart switches the chart on and off, and its `global` values reach it. Concerns no promise of its own.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use super::{Folder, container, copy, helm_objects, of_kind, only, repository};

/// A chart with this one as its dependency, under another name if `alias` says so.
fn parent(alias: &str) -> (Folder, PathBuf) {
    let folder = Folder::new();
    let chart = folder.path().join("parent");
    copy(&repository().join("charts/pam-operator"), &chart.join("charts/pam-operator"));
    let alias = if alias.is_empty() { String::new() } else { format!(", alias: {alias}") };
    let text = format!(
        "apiVersion: v2\nname: parent\nversion: 1.0.0\ndependencies:\n  \
         - {{name: pam-operator, version: 0.1.0, condition: pam-operator.enabled{alias}}}\n"
    );
    fs::write(chart.join("Chart.yaml"), text).unwrap();
    (folder, chart)
}

#[tokio::test]
async fn its_condition_switches_the_operator_off() {
    let (_folder, chart) = parent("");
    assert!(helm_objects(&chart, &["pam-operator.enabled=false"]).await.unwrap().is_empty());
    for values in [&[][..], &["pam-operator.enabled=true"]] {
        only(&helm_objects(&chart, values).await.unwrap(), "Deployment");
    }
}

#[tokio::test]
async fn its_globals_are_used_and_those_for_others_are_not_refused() {
    let (_folder, chart) = parent("");
    let values = [
        r#"global={"imageRegistry":"registry.example.com","imagePullSecrets":["pull"],"commonLabels":{"team":"a"}}"#,
        r#"global.storageClass="fast""#,
        r#"pam-operator.commonLabels={"part":"b"}"#,
    ];
    let objects = helm_objects(&chart, &values).await.unwrap();
    assert_eq!(container(&objects)["image"], "registry.example.com/pam-operator:0.1.0");
    let pod = &only(&objects, "Deployment")["spec"]["template"]["spec"];
    assert_eq!(pod["imagePullSecrets"], json!([{"name": "pull"}]));
    for object in &objects {
        let labels = &object["metadata"]["labels"];
        assert!(labels["team"] == "a" && labels["part"] == "b", "{}: {labels}", object["kind"]);
    }
}

#[tokio::test]
async fn its_alias_is_the_name_of_the_objects() {
    let (_folder, chart) = parent("vault");
    let objects = helm_objects(&chart, &[]).await.unwrap();
    assert_eq!(only(&objects, "Deployment")["metadata"]["name"], "rel-vault");
    assert_eq!(of_kind(&objects, "CustomResourceDefinition").len(), 4);
}

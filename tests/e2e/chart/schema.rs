//! The chart refuses every value that it does not know and every value of another type. Concerns no promise of its own.

use std::fs;

use serde_json::Value;

use super::{repository, template};

/// A value that has no further values in it.
pub struct Leaf {
    pub path: String,
    types: Vec<String>,
}

fn read() -> Value {
    let file = repository().join("charts/pam-operator/values.schema.json");
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// Calls `visit` with the path of each property and its schema, sections before what is in them.
fn walk(schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        visit(&path, property);
        walk(property, &path, visit);
    }
}

/// The types that a schema allows.
fn types(schema: &Value, root: &Value) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        return types(&root["definitions"][name.rsplit('/').next().unwrap()], root);
    }
    match &schema["type"] {
        Value::Array(types) => types.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
        Value::String(one) => vec![one.clone()],
        _ => vec!["string".to_owned()],
    }
}

/// Every value that has no further values in it.
pub fn leaves() -> Vec<Leaf> {
    let root = read();
    let mut leaves = Vec::new();
    walk(&root, "", &mut |path, schema| {
        if schema.get("properties").is_none() {
            leaves.push(Leaf { path: path.to_owned(), types: types(schema, &root) });
        }
    });
    leaves
}

fn place(path: &str) -> String {
    format!("'/{}'", path.replace('.', "/"))
}

#[tokio::test]
async fn a_value_of_another_type_is_refused() {
    let leaves = leaves();
    assert!(leaves.len() > 100, "{}", leaves.len());
    // A fraction is of no type that a value has.
    let values: Vec<_> = leaves.iter().map(|leaf| format!("{}=0.5", leaf.path)).collect();
    let error = format!("{:#}", template(&values.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap_err());
    for leaf in leaves {
        assert!(!leaf.types.contains(&"number".to_owned()), "{}", leaf.path);
        assert!(error.contains(&place(&leaf.path)), "{} is taken as 0.5: {error}", leaf.path);
    }
}

#[tokio::test]
async fn an_unknown_value_is_refused_in_every_section() {
    let mut sections = vec![String::new()];
    walk(&read(), "", &mut |path, schema| {
        // A parent chart may put anything into `global`.
        if schema.get("properties").is_some() && path != "global" {
            assert_eq!(schema["additionalProperties"], false, "{path}");
            sections.push(path.to_owned());
        }
    });
    assert!(sections.len() > 15, "{sections:?}");
    let values: Vec<_> =
        sections.iter().map(|section| format!("{section}.unknown=1").trim_start_matches('.').to_owned()).collect();
    let error = format!("{:#}", template(&values.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap_err());
    for section in sections {
        let place = if section.is_empty() { "''".to_owned() } else { place(&section) };
        assert!(error.contains(&format!("at {place}: additional properties 'unknown'")), "{section}: {error}");
    }
}

#[tokio::test]
async fn values_that_contradict_each_other_are_refused_with_the_remedy() {
    for (values, said) in [
        (&["enabled=false"][..], "helm uninstall"),
        (
            &["leaderElection.enabled=false", r#"updateStrategy.type="RollingUpdate""#],
            "needs leaderElection.enabled: true",
        ),
        (
            &["podDisruptionBudget={\"enabled\":true,\"minAvailable\":1,\"maxUnavailable\":1}"],
            "minAvailable or maxUnavailable",
        ),
    ] {
        let error = format!("{:#}", template(values).await.unwrap_err());
        assert!(error.contains(said), "{values:?}: {error}");
    }
}

/// What the schema of helm cannot say in a type.
#[tokio::test]
async fn impossible_texts_and_numbers_are_refused() {
    let values = [
        "networkPolicy.dns.cidrs=[\"10.0.0.1\"]",
        "networkPolicy.pams=[{\"cidrs\":[\"pam.example.com\"],\"ports\":[443]}]",
        "networkPolicy.apiServer.ports=[0]",
        "metrics.serviceMonitor.interval=\"often\"",
        "podDisruptionBudget.minAvailable=\"half\"",
        "extraArgs=[\"planOnly\"]",
        "dnsPolicy=\"Cluster\"",
        "namespaceOverride=\"A\"",
        "fullnameOverride=\"a.b\"",
        "connections={\"A\":{\"spec\":{}}}",
        "image.repository=\"a b\"",
        "imagePullSecrets=[{\"nam\":\"a\"}]",
        "extraEnv=[{\"value\":\"a\"}]",
        "hostAliases=[{\"ip\":\"192.0.2.1\"}]",
    ];
    let error = format!("{:#}", template(&values).await.unwrap_err());
    for value in values {
        let place = place(value.split('=').next().unwrap());
        assert!(error.contains(place.trim_end_matches('\'')), "{value}: {error}");
    }
}

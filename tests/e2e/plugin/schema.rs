//! What the plugin prints as JSON is as the schemas in `kubectl-pam/schema` have it: nothing is missing, and nothing is there
//! that no schema names.

use std::path::Path;

use serde_json::{Map, Value};

/// Fails where a document is not as the schema of its kind has it.
#[track_caller]
pub fn assert_fits(document: &Value) {
    let schema = schema_of(document["kind"].as_str().unwrap());
    let found = faults(&schema, &schema, document, "");
    assert!(found.is_empty(), "{found:#?}\n{document:#}");
}

fn schema_of(kind: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kubectl-pam/schema");
    let read = |entry: std::fs::DirEntry| std::fs::read_to_string(entry.path()).unwrap();
    let mut all = std::fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap()));
    let is_of = |text: String| serde_json::from_str(&text).ok().filter(|schema: &Value| schema["title"] == kind);
    all.find_map(is_of).unwrap_or_else(|| panic!("no schema of {kind}"))
}

/// What of a value is not as a part of a schema has it.
fn faults(root: &Value, part: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(name) = part["$ref"].as_str() {
        return faults(root, root.pointer(name.trim_start_matches('#')).unwrap(), value, at);
    }
    if let Some(choices) = part["anyOf"].as_array().or(part["oneOf"].as_array()) {
        let each = choices.iter().map(|choice| faults(root, choice, value, at));
        return each.min_by_key(Vec::len).unwrap_or_default();
    }
    let mut found = Vec::new();
    let is_other = part.get("const").is_some_and(|only| only != value)
        || part["enum"].as_array().is_some_and(|all| !all.contains(value));
    if is_other || !is_of_type(&part["type"], value) {
        found.push(format!("{at} is {value}"));
    }
    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(faults(root, &part["items"], item, &format!("{at}/{number}")));
    }
    if let (Some(properties), Some(fields)) = (part["properties"].as_object(), value.as_object()) {
        let missing = part["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        found.extend(missing.filter(|name| !fields.contains_key(*name)).map(|name| format!("{at}/{name} is missing")));
        found.extend(faults_of_fields(root, properties, fields, at));
    }
    found
}

fn faults_of_fields(
    root: &Value,
    properties: &Map<String, Value>,
    fields: &Map<String, Value>,
    at: &str,
) -> Vec<String> {
    let of = |(name, value): (&String, &Value)| match properties.get(name) {
        Some(part) => faults(root, part, value, &format!("{at}/{name}")),
        None => vec![format!("{at}/{name} is in no schema")],
    };
    fields.iter().flat_map(of).collect()
}

/// Tells whether a value is of a type, or of one of several.
fn is_of_type(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some("null") => value.is_null(),
        _ => false,
    };
    match types {
        Value::Null => true,
        Value::Array(several) => several.iter().any(is),
        one => is(one),
    }
}

#[test]
fn what_is_missing_unknown_or_of_another_type_does_not_fit() {
    let schema = schema_of("PlanList");
    let item = serde_json::json!({"kind": "PamCredential", "name": "db", "action": "Nothing", "timedOut": false});
    let list =
        |item: &Value| serde_json::json!({"apiVersion": "cli.pam-operator.io/v1", "kind": "PlanList", "items": [item]});
    assert_eq!(faults(&schema, &schema, &list(&item), ""), [""; 0]);
    for (field, value) in [("action", None), ("timedOut", Some("no".into())), ("unheard", Some(1.into()))] {
        let mut other = item.as_object().unwrap().clone();
        match value {
            Some(value) => _ = other.insert(field.to_owned(), value),
            None => _ = other.remove(field),
        }
        assert_eq!(faults(&schema, &schema, &list(&other.into()), "").len(), 1, "{field}");
    }
}

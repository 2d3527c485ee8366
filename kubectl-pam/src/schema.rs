//! The schemas of what the plugin prints as JSON and YAML, in `kubectl-pam/schema`: they are generated from the types that are
//! printed, and compared with the files. `UPDATE=1` writes the files.

use std::fs;
use std::path::PathBuf;

use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Value, json};

use crate::commands::doctor::report::Report;
use crate::commands::explain::Explanation;
use crate::commands::get::record::Record;
use crate::commands::import::summary::Summary;
use crate::commands::plan::item::PlanItem;
use crate::commands::status::item::StatusItem;
use crate::commands::sync::item::SyncItem;
use crate::commands::version::item::Versions;

const API_VERSION: &str = "cli.pam-operator.io/v1";

/// Returns a generator of schemas of what is written: a field that is left out where it is empty is not required.
fn generator() -> SchemaGenerator {
    SchemaSettings::default().for_serialize().into_generator()
}

/// Returns the schema of a list of items.
fn list<T: JsonSchema>(kind: &str) -> Value {
    let mut generator = generator();
    let item = generator.subschema_for::<T>();
    let properties = json!({"items": {"type": "array", "items": item}});
    document(kind, properties, &["items"], &generator.take_definitions(true).into())
}

/// Returns the schema of one object.
fn object<T: JsonSchema>(kind: &str) -> Value {
    let mut generator = generator();
    let schema = generator.root_schema_for::<T>().to_value();
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    document(kind, schema["properties"].clone(), &required, &schema["$defs"])
}

fn document(kind: &str, properties: Value, required: &[&str], definitions: &Value) -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind,
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {"apiVersion": {"const": API_VERSION}, "kind": {"const": kind}},
    });
    if let (Some(all), Value::Object(own)) = (schema["properties"].as_object_mut(), properties) {
        all.extend(own);
    }
    if let Some(all) = schema["required"].as_array_mut() {
        all.extend(required.iter().map(|name| json!(name)));
    }
    if definitions.as_object().is_some_and(|definitions| !definitions.is_empty()) {
        schema["$defs"] = definitions.clone();
    }
    schema
}

#[test]
fn the_schemas_are_those_of_what_is_printed() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schema");
    for (file, schema) in [
        ("status.json", list::<StatusItem>("StatusList")),
        ("plan.json", list::<PlanItem>("PlanList")),
        ("sync.json", list::<SyncItem>("SyncList")),
        ("record.json", list::<Record>("RecordList")),
        ("explain.json", list::<Explanation>("ExplanationList")),
        ("doctor.json", object::<Report>("DoctorReport")),
        ("import.json", object::<Summary>("ImportSummary")),
        ("version.json", object::<Versions>("Version")),
    ] {
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        let path = folder.join(file);
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == text, "{} is stale: run `make generate`", path.display());
    }
}

#[test]
fn what_is_left_out_where_it_is_empty_is_not_required() {
    let required = list::<PlanItem>("PlanList")["$defs"]["PlanItem"]["required"].clone();
    let empty = serde_json::to_value(PlanItem::default()).unwrap();
    for field in required.as_array().unwrap() {
        assert!(empty.get(field.as_str().unwrap()).is_some(), "{field} is required, and is not printed: {empty}");
    }
}

//! What is made of the comments in the chart's `values.yaml`: the descriptions in its schema, and the table in its README.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::manual::{filled, read};

const VALUES: &str = "charts/pam-operator/values.yaml";
const SCHEMA: &str = "charts/pam-operator/values.schema.json";
const README: &str = "charts/pam-operator/README.md";

/// A value with the comment above it.
struct Explained {
    path: Vec<String>,
    text: String,
}

/// The schema and the README as they should be.
pub fn files(root: &Path) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let text = read(root, VALUES)?;
    let explained = explained(&text);
    let mut schema: Value = serde_json::from_str(&read(root, SCHEMA)?).context(SCHEMA)?;
    for value in &explained {
        let place = property(&mut schema, &value.path).with_context(|| format!("{SCHEMA} has no {}", value.name()))?;
        place["description"] = Value::from(value.text.as_str());
    }
    ensure_described(&schema, &mut Vec::new())?;
    let values: Value = serde_saphyr::from_str(&text).context(VALUES)?;
    let table = table(&explained, &values, &mut schema.clone())?;
    let readme = filled(&read(root, README)?, "values", &table).context(README)?;
    Ok(vec![(root.join(SCHEMA), serde_json::to_string_pretty(&schema)? + "\n"), (root.join(README), readme)])
}

impl Explained {
    fn name(&self) -> String {
        self.path.join(".")
    }
}

/// Every value that has a comment right above it, in their order.
fn explained(text: &str) -> Vec<Explained> {
    let mut found = Vec::new();
    let (mut comment, mut path) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let rest = line.trim_start();
        if let Some(words) = rest.strip_prefix('#') {
            comment.push(words.trim_start());
            continue;
        }
        if let Some(name) = key(rest) {
            path.truncate((line.len() - rest.len()) / 2);
            path.push(name.to_owned());
            if !comment.is_empty() {
                found.push(Explained { path: path.clone(), text: comment.join(" ") });
            }
        }
        comment.clear();
    }
    found
}

/// The key that a line begins with.
fn key(line: &str) -> Option<&str> {
    let (name, _) = line.split_once(':')?;
    (!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric())).then_some(name)
}

/// The schema of a value.
fn property<'a>(schema: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(schema, |schema, name| schema.get_mut("properties")?.get_mut(name))
}

/// Fails with the first property that nobody explains, those of list items and of maps included.
fn ensure_described(schema: &Value, path: &mut Vec<String>) -> anyhow::Result<()> {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        path.push(name.clone());
        ensure!(property["description"].is_string(), "{VALUES} has no comment above {}", path.join("."));
        ensure_described(property, path)?;
        path.pop();
    }
    let inner = ["items", "additionalProperties"].into_iter().filter_map(|name| schema.get(name));
    inner.filter(|schema| schema.is_object()).try_for_each(|schema| ensure_described(schema, path))
}

fn table(explained: &[Explained], values: &Value, schema: &mut Value) -> anyhow::Result<String> {
    let definitions = schema["definitions"].clone();
    let mut table = "| value | type | default | explanation |\n|---|---|---|---|\n".to_owned();
    for value in explained {
        let name = value.name();
        let property = property(schema, &value.path).with_context(|| name.clone())?;
        let is_section = explained.iter().any(|other| is_inside(&other.path, &value.path));
        let default = if is_section { String::new() } else { default(values, &value.path) };
        let text = value.text.replace('|', "\\|");
        let _ = writeln!(table, "| `{name}` | {} | {default} | {text} |", kind(property, &definitions));
    }
    Ok(table)
}

fn is_inside(path: &[String], section: &[String]) -> bool {
    path.len() > section.len() && path.starts_with(section)
}

fn default(values: &Value, path: &[String]) -> String {
    let value = path.iter().fold(values, |values, name| &values[name.as_str()]);
    format!("`{value}`")
}

/// The type of a value, or the texts that it may be.
fn kind(schema: &Value, definitions: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|to| to.strip_prefix("#/definitions/")) {
        return kind(&definitions[name], definitions);
    }
    if let Some(texts) = schema["enum"].as_array() {
        let texts =
            texts.iter().filter(|text| *text != "").map(|text| format!("`{}`", text.as_str().unwrap_or_default()));
        return texts.collect::<Vec<_>>().join(" or ");
    }
    match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        one => one.as_str().unwrap_or_default().to_owned(),
    }
}

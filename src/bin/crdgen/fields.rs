//! Tables of the fields of a schema.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use pam_operator::api::api_path;
use serde_json::Value;

/// Which version of the PAM first documents each path of its call.
pub struct Since(BTreeMap<String, String>);

impl Since {
    /// Reads the table of documented fields: its pages stand in the order of their versions.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let file = "tests/fields/credential.tsv";
        let text = std::fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))?;
        let mut since = BTreeMap::new();
        for row in text.lines().filter(|line| !line.starts_with('#')).skip(1) {
            let columns: Vec<&str> = row.split('\t').collect();
            let &[path, _, _, _, versions, ..] = &columns[..] else { anyhow::bail!("{file}: {row}") };
            let first = versions.split(' ').next().unwrap_or_default();
            since.entry(path.replace("additional_settings[]", "additional_settings")).or_insert(first.to_owned());
        }
        // Where they stand depends on the version, and not whether they are there.
        if let Some(nested) = since.get("additional_settings.notes").cloned() {
            since.insert("notes".to_owned(), nested);
        }
        Ok(Self(since))
    }

    fn of(&self, path: &str) -> &str {
        self.0.get(path).map_or("", String::as_str)
    }
}

/// One object of a schema: a heading, a table with a row for each field, and its rules.
struct Block<'a> {
    path: String,
    schema: &'a Value,
}

/// The tables of `spec` or `status`: one for it, and one for each object in it.
pub fn tables(part: &str, schema: &Value, since: &Since) -> String {
    let mut blocks = vec![Block { path: part.to_owned(), schema }];
    let mut text = String::new();
    while !blocks.is_empty() {
        let block = blocks.remove(0);
        let inner = block.inner();
        let _ = writeln!(text, "{}", block.table(since));
        blocks.splice(0..0, inner);
    }
    text
}

impl<'a> Block<'a> {
    fn fields(&self) -> impl Iterator<Item = (String, &'a Value)> + use<'a, '_> {
        let fields = self.schema["properties"].as_object().into_iter().flatten();
        fields.map(|(name, schema)| (format!("{}.{name}", self.path), schema))
    }

    /// The objects among its fields. Conditions are those of every Kubernetes kind.
    fn inner(&self) -> Vec<Self> {
        let objects = self.fields().filter(|(path, _)| !path.ends_with(".conditions"));
        let objects = objects.map(|(path, schema)| match schema.get("items") {
            Some(items) => Block { path: path + "[]", schema: items },
            None => Block { path, schema },
        });
        objects.filter(|block| block.schema.get("properties").is_some()).collect()
    }

    fn table(&self, since: &Since) -> String {
        let sent = self.fields().any(|(path, _)| in_call(&path).is_some());
        let mut text = format!("### `{}`\n\n", self.path);
        if let Some(api) = in_call(&self.path) {
            let _ = write!(text, "In the PAM's call: `{api}`.\n\n");
        }
        text += if sent {
            "| field | type | default | in the PAM's call | since | explanation |\n|---|---|---|---|---|---|\n"
        } else {
            "| field | type | default | explanation |\n|---|---|---|---|\n"
        };
        for (path, schema) in self.fields() {
            let api = in_call(&path);
            let call = match api {
                Some(api) => format!(" `{api}` | {} |", since.of(api)),
                None if sent => " | |".to_owned(),
                None => String::new(),
            };
            let name = path.rsplit('.').next().unwrap_or_default();
            let (kind, default, about) = (kind(schema), self.default(name, schema), cell(text_of(schema)));
            let _ = writeln!(text, "| `{name}` | {kind} | {default} |{call} {about} |");
        }
        text + &rules(self.schema)
    }

    fn default(&self, name: &str, schema: &Value) -> String {
        let required = self.schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
        match schema.get("default") {
            Some(Value::String(text)) => format!("`{text}`"),
            Some(Value::Array(items)) if items.is_empty() => String::new(),
            Some(Value::Object(_)) => "see its fields".to_owned(),
            Some(value) => format!("`{value}`"),
            None if required && self.path.starts_with("spec") => "required".to_owned(),
            None => String::new(),
        }
    }
}

/// The path of a field in the PAM's call, if it is sent.
fn in_call(path: &str) -> Option<&'static str> {
    api_path(path.strip_prefix("spec.")?)
}

fn text_of(schema: &Value) -> &str {
    schema["description"].as_str().unwrap_or_default()
}

/// Lines make one paragraph; paragraphs stay apart.
fn cell(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ").replace('|', "\\|"));
    paragraphs.collect::<Vec<_>>().join("<br><br>")
}

/// What the rules of an object say to those who break them.
fn rules(schema: &Value) -> String {
    let rules = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
    let lines = rules.filter_map(|rule| rule["message"].as_str()).map(|message| format!("- {message}\n"));
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("\nRules:\n\n{lines}") }
}

/// Type and bounds.
fn kind(schema: &Value) -> String {
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<_> = values.iter().filter_map(Value::as_str).map(|value| format!("`{value}`")).collect();
        return values.join(" or ");
    }
    match (schema["type"].as_str().unwrap_or_default(), schema.get("items")) {
        ("array", Some(items)) => {
            format!("list of {}{}", bounds(schema, "Items", " "), plural(&kind(items)))
        }
        ("object", _) => match schema["additionalProperties"].get("type") {
            Some(_) => format!("map of {}strings", bounds(schema, "Properties", " ")),
            None => "object".to_owned(),
        },
        ("string", _) if schema["format"] == "date-time" => "time".to_owned(),
        ("string", _) => match bounds(schema, "Length", " characters") {
            bounds if bounds.is_empty() => "string".to_owned(),
            bounds => format!("string of {bounds}"),
        },
        (number @ ("integer" | "number"), _) => format!("{number}{}", range(schema)),
        (other, _) => other.to_owned(),
    }
}

/// `string of 1 to 255 characters` to `strings of …`; alternatives are as they are.
fn plural(kind: &str) -> String {
    let end = kind.find(' ').unwrap_or(kind.len());
    if kind.starts_with('`') { kind.to_owned() } else { format!("{}s{}", &kind[..end], &kind[end..]) }
}

fn bounds(schema: &Value, what: &str, unit: &str) -> String {
    let bound = |name: &str| schema[format!("{name}{what}")].as_u64();
    match (bound("min").filter(|min| *min > 0), bound("max")) {
        (Some(min), Some(max)) => format!("{min} to {max}{unit}"),
        (None, Some(max)) => format!("up to {max}{unit}"),
        (Some(min), None) => format!("{min} or more{unit}"),
        (None, None) => String::new(),
    }
}

fn range(schema: &Value) -> String {
    let bound = |name: &str| schema[name].as_f64().map(|bound| format!("{bound}"));
    match (bound("minimum"), bound("maximum")) {
        (Some(min), Some(max)) => format!(", {min} to {max}"),
        (Some(min), None) => format!(", from {min}"),
        _ => String::new(),
    }
}

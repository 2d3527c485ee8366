//! Tables of the fields of a schema.

use std::fmt::Write as _;

use pam_operator::api::{Field, sent_field};
use serde_json::Value;

/// One object of a schema: a heading, a table with a row for each field, and its rules.
struct Block<'a> {
    kind: &'a str,
    path: String,
    schema: &'a Value,
}

/// The tables of `spec` or `status`: one for it, and one for each object in it.
pub fn tables(kind: &str, part: &str, schema: &Value) -> String {
    let mut blocks = vec![Block { kind, path: part.to_owned(), schema }];
    let mut text = String::new();
    while !blocks.is_empty() {
        let block = blocks.remove(0);
        let inner = block.inner();
        let _ = writeln!(text, "{}", block.table());
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
            Some(items) => Block { kind: self.kind, path: path + "[]", schema: items },
            None => Block { kind: self.kind, path, schema },
        });
        objects.filter(|block| block.schema.get("properties").is_some()).collect()
    }

    fn table(&self) -> String {
        let sent = self.fields().any(|(path, _)| self.in_call(&path).is_some());
        let mut text = format!("### `{}`\n\n", self.path);
        if let Some(field) = self.in_call(&self.path) {
            let _ = write!(text, "In the PAM's call: `{}`.\n\n", field.wire);
        }
        text += if sent {
            "| field | type | default | in the PAM's call | since | explanation |\n|---|---|---|---|---|---|\n"
        } else {
            "| field | type | default | explanation |\n|---|---|---|---|\n"
        };
        for (path, schema) in self.fields() {
            let call = match self.in_call(&path) {
                Some(field) => format!(" `{}` | {} |", field.wire, field.since),
                None if sent => " | |".to_owned(),
                None => String::new(),
            };
            let name = path.rsplit('.').next().unwrap_or_default();
            let (kind, default, about) = (kind(schema), self.default(name, schema), cell(text_of(schema)));
            let _ = writeln!(text, "| `{name}` | {kind} | {default} |{call} {about} |");
        }
        text + &rules(self.schema)
    }

    /// The row of a field in the table of those that are sent, which is PamCredential's.
    fn in_call(&self, path: &str) -> Option<&'static Field> {
        sent_field(path.strip_prefix("spec.").filter(|_| self.kind == "PamCredential")?)
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

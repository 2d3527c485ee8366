//! What the PAM should hold for a spec, by the vendor's pages. Shares no code with the operator's own mapping.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// Where a field ends up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WireField {
    /// In the record: the block (none for the outermost keys) and the key.
    Record(&'static str, String),
    /// On the device.
    Device(String),
    /// The record's type, which the list shows.
    Kind,
    /// The record's value.
    Content,
}

/// One field of a spec that is to arrive.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Its path below `spec`.
    pub path: String,
    pub wire_field: WireField,
    /// As the record shows it: secrets are blotted out.
    pub value: Value,
}

const SESSION_LABELS: [(&str, &str); 9] = [
    ("ssh", "SSH"),
    ("telnet", "Telnet"),
    ("mysql", "MySQL"),
    ("sqlServer", "SQL Server"),
    ("http", "HTTP"),
    ("https", "HTTPS"),
    ("rdp", "RDP"),
    ("x11Forward", "X11 Forward"),
    ("vnc", "VNC"),
];

/// Both are always said together.
const JIT_SWITCHES: [&str; 2] = ["credentialCreationAndDeletion", "enableDisableCredential"];

fn snake(camel: &str) -> String {
    let parts = camel.chars().flat_map(|c| c.is_ascii_uppercase().then_some('_').into_iter().chain(c.to_lowercase()));
    parts.collect()
}

fn joined(list: &Value) -> Value {
    let items: Vec<&str> = list.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect();
    items.join(",").into()
}

/// Every field of a spec that is to arrive, but for username, hostname and ip.
pub fn leaves(spec: &Value) -> Vec<Leaf> {
    let mut all = Vec::new();
    for (name, value) in spec.as_object().unwrap() {
        let mut leaf = |wire_field, value| all.push(Leaf { path: name.clone(), wire_field, value });
        let outer = |key: &str| WireField::Record("", key.to_owned());
        match name.as_str() {
            "additional" | "domain" | "notes" => leaf(outer(name), value.clone()),
            "parentPassword" => leaf(outer("parent_password"), value.clone()),
            "tags" => leaf(outer("tags"), joined(value)),
            "credentialType" => leaf(WireField::Kind, value.clone()),
            "contentSecretRef" => leaf(WireField::Content, Value::Null),
            "executionSettings" => all.extend(block(name, "execution_settings", value, execution)),
            "sessionSettings" => all.extend(block(name, "session_settings", value, session)),
            "additionalSettings" => all.extend(block(name, "additional_settings", value, additional)),
            "jitSettings" => all.extend(jit(value)),
            "device" => all.extend(device(value)),
            "connectionRef" | "identifier" | "username" | "usernameSecretRef" | "hostname" | "ip" => {}
            "adoptionPolicy" | "deletionPolicy" | "driftPolicy" | "ensureEnabled" | "mode" | "suspend" => {}
            other => panic!("spec.{other} is new: say here where it arrives"),
        }
    }
    all
}

/// A field within its block, the key of the API, and the value.
type Found = (String, String, Value);

fn block(name: &str, block: &'static str, value: &Value, each: fn(&str, &Value) -> Vec<Found>) -> Vec<Leaf> {
    let fields = value.as_object().unwrap().iter().flat_map(|(field, value)| each(field, value));
    let leaf =
        |(path, key, value)| Leaf { path: format!("{name}.{path}"), wire_field: WireField::Record(block, key), value };
    fields.map(leaf).collect()
}

fn execution(field: &str, value: &Value) -> Vec<Found> {
    if field != "reconciliation" {
        return vec![(field.to_owned(), snake(field), value.clone())];
    }
    let inner = value.as_object().unwrap().iter().map(|(inner, value)| {
        let key = if inner == "enabled" { "status".to_owned() } else { format!("reconciliation_{inner}") };
        (format!("reconciliation.{inner}"), key, value.clone())
    });
    inner.collect()
}

fn session(field: &str, value: &Value) -> Vec<Found> {
    let label = SESSION_LABELS.iter().find(|(name, _)| *name == field).map(|(_, label)| (*label).to_owned());
    let value = match value {
        Value::Array(macros) => {
            let one = |m: &Value| json!({"remote_app": m["remoteApp"], "connectivity": m["connectivity"]});
            macros.iter().map(one).collect()
        }
        other => other.clone(),
    };
    vec![(field.to_owned(), label.unwrap_or_else(|| snake(field)), value)]
}

fn additional(field: &str, value: &Value) -> Vec<Found> {
    let (key, value) = match field {
        "secretKeySecretRef" => ("secret_key".to_owned(), "[hidden]".into()),
        "additionalAuthenticationFields" => {
            let one = |f: &Value| json!({"name": f["name"], "short_name": f["shortName"], "value": "[hidden]"});
            (snake(field), value.as_array().unwrap().iter().map(one).collect())
        }
        _ => (snake(field), value.clone()),
    };
    vec![(field.to_owned(), key, value)]
}

fn jit(value: &Value) -> Vec<Leaf> {
    let mut block = value.as_object().unwrap().clone();
    if JIT_SWITCHES.iter().any(|switch| block.contains_key(*switch)) {
        for switch in JIT_SWITCHES {
            block.entry(switch).or_insert(Value::Bool(false));
        }
    }
    let leaf = |(field, value): (String, Value)| Leaf {
        path: format!("jitSettings.{field}"),
        wire_field: WireField::Record("jit_settings", snake(&field)),
        value,
    };
    block.into_iter().map(leaf).collect()
}

fn device(value: &Value) -> Vec<Leaf> {
    let leaf = |(field, value): (&String, &Value)| {
        let key = match field.as_str() {
            "domains" => "device_domain".to_owned(),
            "tags" => "device_tags".to_owned(),
            _ => snake(field),
        };
        let value = if value.is_array() { joined(value) } else { value.clone() };
        Leaf { path: format!("device.{field}"), wire_field: WireField::Device(key), value }
    };
    value.as_object().unwrap().iter().map(leaf).collect()
}

/// What the record's fields should be, and the device's.
pub fn fields(leaves: &[Leaf]) -> (Value, Value) {
    let (mut record, mut device) = (Map::new(), Map::new());
    for leaf in leaves {
        match &leaf.wire_field {
            WireField::Record("", key) => _ = record.insert(key.clone(), leaf.value.clone()),
            WireField::Record(block, key) => {
                record.entry(*block).or_insert_with(|| json!({}))[key] = leaf.value.clone();
            }
            WireField::Device(key) => _ = device.insert(key.clone(), leaf.value.clone()),
            WireField::Kind | WireField::Content => {}
        }
    }
    (record.into(), device.into())
}

/// The places of everything that a record and its device hold.
pub fn wire_fields(record: &Map<String, Value>, device: &Map<String, Value>) -> BTreeSet<WireField> {
    let mut all: BTreeSet<WireField> = device.keys().map(|key| WireField::Device(key.clone())).collect();
    let blocks = ["execution_settings", "session_settings", "additional_settings", "jit_settings"];
    for (key, value) in record {
        match blocks.iter().find(|block| *block == key) {
            Some(block) => {
                all.extend(value.as_object().unwrap().keys().map(|key| WireField::Record(block, key.clone())));
            }
            None => _ = all.insert(WireField::Record("", key.clone())),
        }
    }
    all
}

/// The vendor's pages' names of fields, for one version.
pub fn documented(version: &str) -> BTreeSet<String> {
    let table = include_str!("../../fixtures/credential.tsv").lines().filter(|line| !line.starts_with('#'));
    let rows = table.skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter(|row| row[4].split(' ').any(|of| of == version)).map(|row| row[0].to_owned()).collect()
}

/// The secrets that a spec refers to: the kind of each, its Secret and key.
pub fn references(spec: &Value) -> Vec<Reference> {
    let mut all = Vec::new();
    let mut add = |kind, reference: &Value, usual: &str| {
        if let Some(name) = reference["name"].as_str() {
            let key = reference["key"].as_str().unwrap_or(usual).to_owned();
            let usual = if matches!(kind, Kind::Username | Kind::Seed) { "TrailingNewline" } else { "None" };
            let trim = reference["trim"].as_str().unwrap_or(usual).to_owned();
            all.push(Reference { kind, name: name.to_owned(), key, trim });
        }
    };
    add(Kind::Content, &spec["contentSecretRef"], "password");
    add(Kind::Username, &spec["usernameSecretRef"], "username");
    add(Kind::Seed, &spec["additionalSettings"]["secretKeySecretRef"], "secretKey");
    let fields = spec["additionalSettings"]["additionalAuthenticationFields"].as_array();
    for (index, field) in fields.into_iter().flatten().enumerate() {
        add(Kind::Field(index), &field["valueSecretRef"], "");
    }
    all
}

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Content,
    Username,
    Seed,
    Field(usize),
}

/// A key of a Secret.
pub struct Reference {
    pub kind: Kind,
    pub name: String,
    pub key: String,
    trim: String,
}

impl Reference {
    /// What is sent of a text that a Secret has.
    pub fn sent<'a>(&self, text: &'a str) -> &'a str {
        match self.trim.as_str() {
            "None" => text,
            "TrailingNewline" => text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text),
            "Whitespace" => text.trim(),
            other => panic!("trim {other} is new"),
        }
    }
}

/// Secrets by name, and their values by key.
pub type Secrets = BTreeMap<String, BTreeMap<String, String>>;

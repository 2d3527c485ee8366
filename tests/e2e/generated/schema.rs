//! Generates specs from the CRD's own schema, so that each allowed form of a field is in some spec.

use serde_json::{Map, Value};

use crate::random::Random;

const CRD: &str = include_str!("../../../crds/pam-operator.io_pamcredentials.yaml");

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
const WORD: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const SIGNS: &str = "!\"#$%&'()*+-./:;<=>?@[\\]^_`{|}~éüß漢😀";

/// The schema of `spec`.
pub fn spec() -> Value {
    let crd: Value = serde_saphyr::from_str(CRD).unwrap();
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
}

/// Everything that the schema says of one object's fields, in order.
pub fn properties(schema: &Value) -> &Map<String, Value> {
    schema["properties"].as_object().unwrap()
}

fn is_required(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|required| required.iter().any(|one| one == name))
}

/// How many of a hundred optional fields are set.
#[derive(Clone, Copy)]
pub struct Density(pub u64);

/// A value that the patterns, bounds and enums of a schema allow. Its CEL rules are for [`super::rules`] to fulfil.
pub fn sample(schema: &Value, density: Density, random: &mut Random) -> Value {
    if let Some(words) = schema["enum"].as_array() {
        return random.pick(words).clone();
    }
    match schema["type"].as_str().unwrap() {
        "object" => object(schema, density, random),
        "array" => array(schema, density, random),
        "string" => text(schema, random).into(),
        "boolean" => random.percent(50).into(),
        "integer" => integer(schema, random).into(),
        other => panic!("a field of type {other}: teach this generator how to make one"),
    }
}

fn object(schema: &Value, density: Density, random: &mut Random) -> Value {
    let mut made = Map::new();
    for (name, inner) in properties(schema) {
        if is_required(schema, name) || random.percent(density.0) {
            made.insert(name.clone(), sample(inner, density, random));
        }
    }
    made.into()
}

fn array(schema: &Value, density: Density, random: &mut Random) -> Value {
    let bound = |name: &str| usize::try_from(schema[name].as_u64().expect("a bounded list")).unwrap();
    let length = if random.percent(5) { bound("maxItems") } else { bound("maxItems").min(bound("minItems") + 2) };
    let items = (0..length).map(|_| sample(&schema["items"], density, random));
    let mut items: Vec<Value> = items.collect();
    if let Some(keys) = schema["x-kubernetes-list-map-keys"].as_array() {
        let key = keys[0].as_str().unwrap();
        items.sort_by_key(|item| item[key].to_string());
        items.dedup_by_key(|item| item[key].to_string());
    }
    items.into()
}

#[allow(clippy::cast_possible_truncation, reason = "bounds of the schema are whole numbers")]
pub fn integer_bounds(schema: &Value) -> (i64, i64) {
    let bound = |name: &str| schema[name].as_f64().expect("a bounded number") as i64;
    (bound("minimum"), bound("maximum"))
}

fn integer(schema: &Value, random: &mut Random) -> i64 {
    let (least, most) = integer_bounds(schema);
    let between = least + i64::try_from(random.number(0, 100_000)).unwrap();
    *random.pick(&[least, most, between])
}

/// The pattern of a text: what its rule compares it with.
fn pattern(schema: &Value) -> Option<&str> {
    let mut rules = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
    rules.find_map(|rule| rule_pattern(rule))
}

fn rule_pattern(rule: &Value) -> Option<&str> {
    rule["rule"].as_str()?.strip_prefix("self.matches(r'")?.strip_suffix("')")
}

/// The patterns of the schema. A pattern that is new here is one that this generator has to learn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    Clean,
    Item,
    Free,
    Identifier,
    Connectivity,
    ObjectName,
    DataKey,
}

impl Pattern {
    pub fn of(schema: &Value) -> Self {
        // The first characters of a list of those that cannot be seen.
        match pattern(schema).expect("every text has a pattern") {
            pattern if pattern.starts_with(r"^[^\pZ\p{Cc}\p{Cf}\x{34f}") => Self::Clean,
            pattern if pattern.starts_with(r"^[^,\pZ\p{Cc}\p{Cf}\x{34f}") => Self::Item,
            r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$" => Self::Free,
            r"^[A-Za-z0-9._-]{1,255}$" => Self::Identifier,
            r"^[A-Za-z][A-Za-z0-9 ]*:[0-9]{1,5}$" => Self::Connectivity,
            r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$" => Self::ObjectName,
            r"^[-._a-zA-Z0-9]+$" => Self::DataKey,
            other => panic!("{other} is new: teach this generator how to make such a text, and how to break it"),
        }
    }

    /// A text that breaks it, and nothing else.
    pub fn broken(self) -> &'static [&'static str] {
        match self {
            Self::Clean => {
                &[" x", "x ", "x\n", "a\u{7}b", "\u{a0}x", "a\u{a0}b", "\u{feff}x", "a\u{200b}b", "x\u{3164}"]
            }
            Self::Item => &["a,b", " x", "x ", "x\ty", "x\u{ad}y", "x\u{e0041}"],
            Self::Free => &["nul\u{0}", "bell\u{7}"],
            Self::Identifier => &["no blanks", "ümlaut", "a/b"],
            Self::Connectivity => &["SSH", "SSH:", "22:22", "SSH: 22", "SSH:222222", "SSH:22,RDP:1"],
            Self::ObjectName => &["Upper", "-dash", "under_score"],
            Self::DataKey => &["a b", "a/b", "ü"],
        }
    }
}

/// Longest text that the schema allows.
pub fn longest(schema: &Value) -> usize {
    usize::try_from(schema["maxLength"].as_u64().expect("every text has a longest length")).unwrap()
}

fn text(schema: &Value, random: &mut Random) -> String {
    let (most, least) = (longest(schema), usize::try_from(schema["minLength"].as_u64().unwrap()).unwrap());
    match Pattern::of(schema) {
        Pattern::Clean => between(&format!("{WORD}{SIGNS}"), ", ", least, most, random),
        Pattern::Item => between(&format!("{WORD}{SIGNS}"), " ", least, most, random),
        Pattern::Free => {
            let length = random.length(least, most);
            random.text(&format!("{WORD}{SIGNS}, \n\r\t"), length)
        }
        Pattern::Identifier => {
            let length = random.length(12, most);
            random.text(&format!("{WORD}._-"), length)
        }
        Pattern::Connectivity => {
            let port = random.number(1, 65_535).to_string();
            let name = random.length(1, most - port.len() - 2);
            random.text(LETTERS, 1) + &random.text(&format!("{WORD} "), name) + ":" + &port
        }
        // Names and keys must be those of real objects, and of different ones.
        Pattern::ObjectName => {
            let length = random.length(12, most);
            random.text(LETTERS, 1) + &random.text(&format!("{LETTERS}0123456789"), length - 1)
        }
        Pattern::DataKey => {
            let length = random.length(12, most);
            random.text(LETTERS, 1) + &random.text(&format!("{WORD}-._"), length - 1)
        }
    }
}

/// A text whose first and last characters are out of `ends`; between them those of `inside` may be, too.
fn between(ends: &str, inside: &str, least: usize, most: usize, random: &mut Random) -> String {
    let length = random.length(least, most);
    let mut text = random.text(ends, 1);
    if length > 1 {
        text += &random.text(&format!("{ends}{inside}"), length - 2);
        text += &random.text(ends, 1);
    }
    text
}

/// Every rule of the schema (CEL), with the path of the field that carries it; those about changes and those of patterns left out.
pub fn rules(schema: &Value, path: &str) -> Vec<(String, String)> {
    let here = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
    let here = here.filter(|rule| !rule["rule"].as_str().unwrap().contains("oldSelf") && rule_pattern(rule).is_none());
    let mut all: Vec<_> = here.map(|rule| (path.to_owned(), rule["message"].as_str().unwrap().to_owned())).collect();
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        all.extend(rules(inner, &format!("{path}.{name}")));
    }
    if schema["items"].is_object() {
        all.extend(rules(&schema["items"], &format!("{path}[0]")));
    }
    all
}

/// A field's schema, by its name within that of an object.
pub fn at<'a>(schema: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(schema, |schema, name| &schema["properties"][*name])
}

//! The keys that a credential POST may have, and their types (API 2.1 to 2.5).
//!
//! Nobody knows what a real PAM does with others; here they are refused, so that a client's slip of the pen shows.

use serde_json::{Map, Value};

use crate::form::{Criticality, NotesPlace, SettingsForm, ValueForm};
use crate::rules::Dialect;

use Type::{Block, BlockOrList, Flag, Integer, List, Name, Text};

/// The JSON type of a key.
#[derive(Clone, Copy)]
pub(crate) enum Type {
    Text,
    /// A text that may be null where that is permitted.
    Name,
    Integer,
    Flag,
    Block(Fields),
    /// An object, or an array of one: the documentation has both (API 7 #10).
    BlockOrList(Fields),
    List(Fields),
}

/// The keys that an object may have.
pub(crate) type Fields = &'static [(&'static str, Type)];

/// A record.
pub(super) const POST: Fields = &[
    ("identifier", Name),
    ("username", Text),
    ("hostname", Text),
    ("ip", Text),
    ("content", Text),
    ("additional", Text),
    ("tags", Text),
    ("credential_type", Text),
    ("domain", Text),
    ("notes", Text),
    ("parent_password", Integer),
    ("type", Text),
    ("vendor", Text),
    ("model", Text),
    ("site", Text),
    ("device_domain", Text),
    ("device_tags", Text),
    ("connectivities", Text),
    ("session_remote_config", Text),
    ("execution_settings", Block(EXECUTION)),
    ("session_settings", Block(SESSION)),
    ("additional_settings", BlockOrList(ADDITIONAL)),
    ("jit_settings", Block(JIT)),
];

const EXECUTION: Fields = &[
    ("parent_credential", Text),
    ("parent_hostname", Text),
    ("parent_ip", Text),
    ("automatic_change", Flag),
    ("agent_based_password_change", Flag),
    ("change_plugin", Text),
    ("change_template", Text),
    ("use_own_credential_to_connect", Flag),
    ("authentication_credential", Text),
    ("authentication_hostname", Text),
    ("authentication_ip", Text),
    ("status", Flag),
    ("reconciliation_credential", Text),
    ("reconciliation_hostname", Text),
    ("reconciliation_ip", Text),
    ("reconciliation_plugin", Text),
    ("reconciliation_template", Text),
];

const SESSION: Fields = &[
    ("SSH", Flag),
    ("Telnet", Flag),
    ("MySQL", Flag),
    ("SQL Server", Flag),
    ("HTTP", Flag),
    ("HTTPS", Flag),
    ("RDP", Flag),
    ("X11 Forward", Flag),
    ("VNC", Flag),
    ("restrict_access_to_remote_application", Flag),
    ("macros", List(&[("remote_app", Text), ("connectivity", Text)])),
    ("use_own_credential_to_connect", Flag),
    ("authentication_credential", Text),
    ("authentication_hostname", Text),
    ("authentication_ip", Text),
];

const ADDITIONAL: Fields = &[
    ("identifier", Name),
    ("user_credential_owner", Text),
    ("server_path", Text),
    ("secret_key", Text),
    ("criticality", Text),
    ("additional_authentication_fields", List(&[("name", Text), ("short_name", Text), ("value", Text)])),
    ("notes", Text),
];

const JIT: Fields = &[
    ("jit", Flag),
    ("credential_creation_and_deletion", Flag),
    ("enable_disable_credential", Flag),
    ("use_own_credential_to_connect", Flag),
    ("authentication_credential", Text),
    ("authentication_hostname", Text),
    ("authentication_ip", Text),
    ("credential_creation_plugin", Text),
    ("credential_creation_template", Text),
    ("credential_deletion_plugin", Text),
    ("credential_deletion_template", Text),
    ("credential_enable_plugin", Text),
    ("credential_enable_template", Text),
    ("credential_disable_plugin", Text),
    ("credential_disable_template", Text),
];

/// A device (API 6.2).
pub(super) const DEVICE: Fields = &[
    ("ip", Text),
    ("hostname", Text),
    ("model", Text),
    ("type", Text),
    ("vendor", Text),
    ("site", Text),
    ("device_domain", Text),
    ("device_tags", Text),
    ("connectivities", Text),
    ("session_remote_config", Text),
];

/// Gives the texts of a form the types of their keys; a blank switch or number was not sent. What fits no type stays, for
/// [`check_keys`] to refuse.
pub(super) fn typed(fields: Fields, form: Map<String, Value>) -> Map<String, Value> {
    let typed = |(key, value)| {
        let known = fields.iter().find(|(name, _)| **name == key);
        Some(match known {
            Some((_, expected)) => (key, typed_value(*expected, value)?),
            None => (key, value),
        })
    };
    form.into_iter().filter_map(typed).collect()
}

fn typed_value(expected: Type, value: Value) -> Option<Value> {
    Some(match (expected, value) {
        (Flag | Integer, Value::String(text)) if text.is_empty() => return None,
        (Flag, Value::String(text)) => match text.to_lowercase().as_str() {
            "1" | "true" => true.into(),
            "0" | "false" => false.into(),
            _ => text.into(),
        },
        (Integer, Value::String(text)) => text.parse::<i64>().map_or(text.into(), Value::from),
        (Block(fields) | BlockOrList(fields), Value::Object(object)) => typed(fields, object).into(),
        (BlockOrList(fields) | List(fields), Value::Array(items)) => {
            items.into_iter().filter_map(|item| typed_value(Block(fields), item)).collect()
        }
        (_, value) => value,
    })
}

/// Checks the keys of a body and their types. The error names the key, never its value.
pub(super) fn check_keys(fields: Fields, body: &Map<String, Value>, dialect: Dialect) -> Result<(), String> {
    check_object(fields, body, "", dialect)
}

/// Checks what else a record's POST must be like.
pub(super) fn check(body: &Map<String, Value>, dialect: Dialect) -> Result<(), String> {
    check_form(body, dialect)?;
    check_notes(body, dialect)?;
    check_criticality(body, dialect)
}

/// A word that is none of the three documented ones, or is written otherwise (API 2.4).
fn check_criticality(body: &Map<String, Value>, dialect: Dialect) -> Result<(), String> {
    const WORDS: [&str; 3] = ["Low", "Medium", "High"];
    let word = block(body, "additional_settings").and_then(|settings| settings.get("criticality")?.as_str());
    let known = word.is_none_or(|word| match dialect.criticality {
        Criticality::AnyText => true,
        Criticality::AnyCase => WORDS.iter().any(|known| known.eq_ignore_ascii_case(word)),
        Criticality::Capitalized => WORDS.contains(&word),
        Criticality::LowerCase => WORDS.iter().any(|known| known.to_lowercase() == word),
    });
    if known { Ok(()) } else { Err("key \"additional_settings.criticality\" must be low, medium or high".to_owned()) }
}

/// What a switch says, in whatever form it came.
pub(crate) fn is_on(block: &Map<String, Value>, key: &str) -> Option<bool> {
    match block.get(key)? {
        Value::Bool(on) => Some(*on),
        Value::String(digit) => Some(digit == "1"),
        _ => None,
    }
}

/// An array where this version knows objects only, or the other way round (API 2.9).
fn check_form(body: &Map<String, Value>, dialect: Dialect) -> Result<(), String> {
    let wanted = match (dialect.additional_settings, body.get("additional_settings")) {
        (SettingsForm::Object, Some(Value::Array(_))) => Block(ADDITIONAL),
        (SettingsForm::Array, Some(Value::Object(_))) => List(ADDITIONAL),
        _ => return Ok(()),
    };
    Err(format!("key \"additional_settings\" must be {}", name_of(wanted)))
}

/// Notes where this version has no such key (API 2.9).
fn check_notes(body: &Map<String, Value>, dialect: Dialect) -> Result<(), String> {
    let inside = block(body, "additional_settings").is_some_and(|settings| settings.contains_key("notes"));
    match dialect.notes {
        NotesPlace::Inside if body.contains_key("notes") => Err("unknown key \"notes\"".to_owned()),
        NotesPlace::Outside if inside => Err("unknown key \"additional_settings.notes\"".to_owned()),
        _ => Ok(()),
    }
}

/// A settings block, whether it came as an object or as an array of one.
pub(super) fn block<'a>(body: &'a Map<String, Value>, key: &str) -> Option<&'a Map<String, Value>> {
    match body.get(key)? {
        Value::Array(items) => items.first()?.as_object(),
        other => other.as_object(),
    }
}

fn check_object(fields: Fields, object: &Map<String, Value>, path: &str, dialect: Dialect) -> Result<(), String> {
    for (key, value) in object {
        let known = fields.iter().find(|(name, _)| name == key);
        let (_, expected) = known.ok_or_else(|| format!("unknown key \"{path}{key}\""))?;
        check_value(*expected, value, &format!("{path}{key}"), dialect)?;
    }
    Ok(())
}

fn check_value(expected: Type, value: &Value, path: &str, dialect: Dialect) -> Result<(), String> {
    match (expected, value) {
        (Text | Name, Value::String(_)) => Ok(()),
        (Name, Value::Null) if dialect.permits.null_identifier => Ok(()),
        (Flag, Value::Bool(_)) if dialect.booleans != ValueForm::Text => Ok(()),
        (Flag, Value::String(digit)) if dialect.booleans != ValueForm::Plain && ["0", "1"].contains(&&**digit) => {
            Ok(())
        }
        (Integer, Value::Number(number)) if dialect.numbers != ValueForm::Text && number.is_i64() => Ok(()),
        (Integer, Value::String(digits)) if dialect.numbers != ValueForm::Plain && digits.parse::<i64>().is_ok() => {
            Ok(())
        }
        (Block(fields) | BlockOrList(fields), Value::Object(object)) => {
            check_object(fields, object, &format!("{path}."), dialect)
        }
        (BlockOrList(fields), Value::Array(items)) if items.len() == 1 => check_items(fields, items, path, dialect),
        (List(fields), Value::Array(items)) => check_items(fields, items, path, dialect),
        _ => Err(format!("key \"{path}\" must be {}", name_in(expected, dialect))),
    }
}

fn check_items(fields: Fields, items: &[Value], path: &str, dialect: Dialect) -> Result<(), String> {
    for (index, item) in items.iter().enumerate() {
        check_value(Block(fields), item, &format!("{path}[{index}]"), dialect)?;
    }
    Ok(())
}

fn name_in(expected: Type, dialect: Dialect) -> &'static str {
    match expected {
        Flag if dialect.booleans == ValueForm::Text => "\"0\" or \"1\"",
        Integer if dialect.numbers == ValueForm::Text => "a number as a string",
        other => name_of(other),
    }
}

const fn name_of(expected: Type) -> &'static str {
    match expected {
        Text | Name => "a string",
        Integer => "an integer",
        Flag => "a boolean",
        Block(_) => "an object",
        BlockOrList(_) => "an object or an array of one object",
        List(_) => "an array of objects",
    }
}

//! How the fields of a request are written as JSON, in one dialect.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::pam::endpoint::{AdditionalSettingsShape, BooleanForm, CriticalityCase, NotesPlacement, NumberForm};
use crate::pam::wire::Dialect;

/// The block whose shape depends on the dialect.
const ADDITIONAL_SETTINGS: &str = "additional_settings";

/// One field of a call. `Debug` shows its path alone.
#[derive(Clone)]
pub struct WireField {
    /// Path of the field in the call: its key, after the key of its block and a dot where it is in one.
    pub path: &'static str,
    /// Value of the field.
    pub value: WireValue,
}

/// The value of a field, in the form in which the PAM takes it. It has no `Debug`, since it may be secret.
#[derive(Clone)]
pub enum WireValue {
    /// A text.
    Text(String),
    /// One of a few words, in the case that the dialect has for them.
    Word(String),
    /// Texts that are joined by "," without blanks: a blank would make the next one another name (API 2.1, 7 #33).
    List(Vec<String>),
    /// A switch.
    Flag(bool),
    /// A number.
    Number(u64),
    /// A secret text: it goes from its own memory into the writer's, and nowhere between.
    Secret(SecretString),
    /// A list of objects; the path of a field in one is that of the list, `[]`, a dot and its key.
    Items(Vec<Vec<WireField>>),
}

impl WireValue {
    /// Returns the secret texts of the value.
    pub(super) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Secret(secret) => vec![secret.expose_secret()],
            Self::Items(items) => items.iter().flatten().flat_map(|field| field.value.secrets()).collect(),
            _ => Vec::new(),
        }
    }
}

impl WireField {
    /// Returns the key of the field in its block.
    fn key(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// Returns the key of the block that a dialect has the field in; it is empty for the outermost fields.
    fn block(&self, dialect: &Dialect) -> &'static str {
        match (self.path, dialect.notes) {
            ("notes", NotesPlacement::AdditionalSettings) => ADDITIONAL_SETTINGS,
            (path, _) => path.rsplit_once('.').map_or("", |(block, _)| block),
        }
    }
}

impl fmt::Debug for WireField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path)
    }
}

/// Something as a dialect spells it.
pub(super) struct Spelled<'a, T>(pub(super) &'a T, pub(super) &'a Dialect);

/// The fields of one object.
type Object<'a> = Vec<&'a WireField>;

/// Writes the fields of a call, each in its block.
pub(super) fn put_fields<M: SerializeMap>(
    map: &mut M,
    fields: &[WireField],
    dialect: &Dialect,
) -> Result<(), M::Error> {
    for (block, fields) in blocks(fields, dialect) {
        match (block, dialect.settings) {
            ("", _) => fields.iter().try_for_each(|field| entry(map, field, dialect))?,
            (ADDITIONAL_SETTINGS, AdditionalSettingsShape::Array) => {
                map.serialize_entry(block, &[Spelled(&fields, dialect)])?;
            }
            _ => map.serialize_entry(block, &Spelled(&fields, dialect))?,
        }
    }
    Ok(())
}

/// Returns the fields by the key of their block.
fn blocks<'a>(fields: &'a [WireField], dialect: &Dialect) -> BTreeMap<&'static str, Object<'a>> {
    let mut blocks = BTreeMap::<_, Object<'_>>::new();
    for field in fields {
        blocks.entry(field.block(dialect)).or_default().push(field);
    }
    blocks
}

impl Serialize for Spelled<'_, Object<'_>> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        self.0.iter().try_for_each(|field| entry(&mut map, field, self.1))?;
        map.end()
    }
}

fn entry<M: SerializeMap>(map: &mut M, field: &WireField, dialect: &Dialect) -> Result<(), M::Error> {
    map.serialize_entry(field.key(), &Spelled(&field.value, dialect))
}

impl Serialize for Spelled<'_, WireValue> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self(value, dialect) = *self;
        match value {
            WireValue::Text(text) => to.serialize_str(text),
            WireValue::Word(word) if dialect.criticality == CriticalityCase::LowerCase => {
                to.serialize_str(&word.to_lowercase())
            }
            WireValue::Word(word) => to.serialize_str(word),
            WireValue::List(items) => to.serialize_str(&items.join(",")),
            WireValue::Flag(on) if dialect.booleans == BooleanForm::Digit => {
                to.serialize_str(if *on { "1" } else { "0" })
            }
            WireValue::Flag(on) => to.serialize_bool(*on),
            WireValue::Number(number) if dialect.numbers == NumberForm::Text => to.collect_str(number),
            WireValue::Number(number) => to.serialize_u64(*number),
            WireValue::Secret(secret) => to.serialize_str(secret.expose_secret()),
            WireValue::Items(items) => {
                let items: Vec<Object<'_>> = items.iter().map(|item| item.iter().collect()).collect();
                to.collect_seq(items.iter().map(|item| Spelled(item, dialect)))
            }
        }
    }
}

//! How the parts of a request are written as JSON objects, in one dialect.

use secrecy::{ExposeSecret, SecretString};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::pam::endpoint::{BooleanForm, NumberForm};
use crate::pam::wire::Dialect;

/// A part of a request that is a JSON object, or the keys of one.
pub(super) trait Part {
    /// Writes each key that is set.
    fn put<M: SerializeMap>(&self, to: &mut Entries<'_, M>) -> Result<(), M::Error>;
}

/// A part as a dialect spells it.
pub(super) struct Spelled<'a, P>(pub(super) &'a P, pub(super) &'a Dialect);

impl<P: Part> Serialize for Spelled<'_, P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut to = Entries { map: serializer.serialize_map(None)?, dialect: self.1 };
        self.0.put(&mut to)?;
        to.map.end()
    }
}

/// The keys of one object, while they are written. A key without a value is left out.
pub(super) struct Entries<'a, M> {
    map: M,
    pub(super) dialect: &'a Dialect,
}

impl<M: SerializeMap> Entries<'_, M> {
    /// A text.
    pub(super) fn text(&mut self, key: &'static str, value: Option<&str>) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.map.serialize_entry(key, value))
    }

    /// A secret text: it goes from its own memory into the writer's, and nowhere between.
    pub(super) fn secret(&mut self, key: &'static str, value: Option<&SecretString>) -> Result<(), M::Error> {
        self.text(key, value.map(ExposeSecret::expose_secret))
    }

    /// Texts joined by "," without blanks: a blank would make the next one another name (API 2.1, 7 #33).
    pub(super) fn list(&mut self, key: &'static str, values: Option<&[String]>) -> Result<(), M::Error> {
        self.text(key, values.map(|values| values.join(",")).as_deref())
    }

    /// A switch.
    pub(super) fn flag(&mut self, key: &'static str, value: Option<bool>) -> Result<(), M::Error> {
        match (value, self.dialect.booleans) {
            (None, _) => Ok(()),
            (Some(value), BooleanForm::Literal) => self.map.serialize_entry(key, &value),
            (Some(value), BooleanForm::Digit) => self.map.serialize_entry(key, if value { "1" } else { "0" }),
        }
    }

    /// A number.
    pub(super) fn number(&mut self, key: &'static str, value: Option<u64>) -> Result<(), M::Error> {
        match (value, self.dialect.numbers) {
            (None, _) => Ok(()),
            (Some(value), NumberForm::Number) => self.map.serialize_entry(key, &value),
            (Some(value), NumberForm::Text) => self.map.serialize_entry(key, &value.to_string()),
        }
    }

    /// An object.
    pub(super) fn part<P: Part>(&mut self, key: &'static str, part: Option<&P>) -> Result<(), M::Error> {
        part.map_or(Ok(()), |part| self.map.serialize_entry(key, &Spelled(part, self.dialect)))
    }

    /// An array of objects.
    pub(super) fn parts<P: Part>(&mut self, key: &'static str, parts: Option<&[P]>) -> Result<(), M::Error> {
        let Some(parts) = parts else {
            return Ok(());
        };
        let spelled: Vec<_> = parts.iter().map(|part| Spelled(part, self.dialect)).collect();
        self.map.serialize_entry(key, &spelled)
    }
}

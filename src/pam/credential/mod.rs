//! What is sent for a credential, and what the PAM says about one.

mod answer;
mod listed;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::ser::{Serialize, SerializeMap, Serializer};
use zeroize::Zeroizing;

use crate::pam::wire::{Dialect, json_body};
use wire::{Spelled, put_fields};

pub use answer::{UpsertEffect, Upserted};
pub use listed::ListedCredential;
pub use wire::{WireField, WireValue};

/// So many bytes has a secret that is looked for in an answer.
const SHORTEST_SECRET: usize = 6;

/// One `POST` of a credential (API 2.1): the four keys of a record, and of the rest only what is to be written.
///
/// A field that is not among them is not sent, and the PAM keeps what it has. There is no way to clear one (API 7 #23).
/// A block (the four `…_settings`) is sent with the fields that are given, or not at all. No item of a list may hold a
/// comma, which is what lists are joined by (API 7 #33).
/// `Debug` shows the identifier and which fields are set, no other value: even the username may come from a Secret.
#[derive(Clone, Default)]
pub struct CredentialRequest {
    /// The identifier under which the record is kept. Always sent (API 7 #5).
    pub identifier: String,
    /// The account. Never empty: the PAM would make it `usr`, and rename on update (API 2.1).
    pub username: String,
    /// The device's host name.
    pub hostname: String,
    /// The device's address, as the PAM knows it.
    pub ip: String,
    /// The value.
    pub content: Option<SecretString>,
    /// Everything else that is to be written, each field at most once.
    pub fields: Vec<WireField>,
}

impl CredentialRequest {
    /// The request's body as JSON, in the connection's dialect.
    pub(super) fn to_json(&self, dialect: &Dialect) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        json_body(&Spelled(self, dialect))
    }

    /// Returns whether a switch is sent as on, given its path in the call; `None` if it is not sent.
    #[must_use]
    pub fn flag(&self, path: &str) -> Option<bool> {
        self.fields.iter().find(|field| field.path == path).and_then(|field| match field.value {
            WireValue::Flag(on) => Some(on),
            _ => None,
        })
    }

    /// Returns whether a text repeats a secret of the request. A secret that is too short is found in many texts by chance,
    /// and is not looked for.
    pub(super) fn is_secret(&self, text: &str) -> bool {
        let content = self.content.as_ref().map(ExposeSecret::expose_secret);
        let mut secrets = content.into_iter().chain(self.fields.iter().flat_map(|field| field.value.secrets()));
        secrets.any(|secret| secret.len() >= SHORTEST_SECRET && text.contains(secret))
    }

    /// Returns the keys that tell the record, and the value, with what each is sent with.
    fn own(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let record = [
            ("identifier", &self.identifier),
            ("username", &self.username),
            ("hostname", &self.hostname),
            ("ip", &self.ip),
        ];
        let content = self.content.as_ref().map(|content| ("content", content.expose_secret()));
        record.map(|(key, text)| (key, text.as_str())).into_iter().chain(content)
    }
}

impl Serialize for Spelled<'_, CredentialRequest> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self(request, dialect) = *self;
        let mut map = to.serialize_map(None)?;
        request.own().try_for_each(|(key, text)| map.serialize_entry(key, text))?;
        put_fields(&mut map, &request.fields, dialect)?;
        map.end()
    }
}

impl fmt::Debug for CredentialRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRequest")
            .field("identifier", &self.identifier)
            .field("content", &self.content.is_some())
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

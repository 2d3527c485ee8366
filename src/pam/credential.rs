//! What is sent for a credential, and what the PAM says about one.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::ser::{Serialize, SerializeMap, Serializer};
use zeroize::Zeroizing;

use super::dialect::{AdditionalSettingsShape, Dialect, NotesPlacement};
use super::lenient::{lenient_bool, lenient_string};

/// One `POST` of a credential (API 2.1): the four keys of a record, and of the rest only what is to be written.
///
/// A field that is `None` is not sent, and the PAM keeps what it has. There is no way to clear one (API 7 #23).
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
    /// Free additional information.
    pub additional: Option<String>,
    /// Keywords; sent joined by "," without blanks (API 7 #33).
    pub tags: Option<Vec<String>>,
    /// The credential's type.
    pub credential_type: Option<String>,
    /// The credential's domain.
    pub domain: Option<String>,
    /// Notes; sent where the version takes them (API 7 #11).
    pub notes: Option<String>,
}

impl CredentialRequest {
    /// The request's body as JSON, in the connection's dialect.
    ///
    /// The buffer is large enough from the start, so that it never grows: growing would leave copies of the value
    /// in freed memory. One byte of text becomes six bytes of JSON at worst (`\u001f`).
    pub(super) fn to_json(&self, dialect: &Dialect) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        let mut body = Zeroizing::new(Vec::with_capacity(6 * self.text_len() + 512));
        serde_json::to_writer(&mut *body, &Wire { request: self, dialect })?;
        Ok(body)
    }

    fn text_len(&self) -> usize {
        let tags = self.tags.iter().flatten().map(|tag| tag.len() + 1).sum::<usize>();
        let content = self.content.as_ref().map_or(0, |value| value.expose_secret().len());
        let notes = self.notes.as_ref().map_or(0, String::len);
        self.fields().iter().map(|(_, value)| value.map_or(0, str::len)).sum::<usize>() + tags + content + notes
    }

    /// Every plain text field that has one place in all versions, with its name on the wire.
    fn fields(&self) -> [(&'static str, Option<&str>); 7] {
        [
            ("identifier", Some(&self.identifier)),
            ("username", Some(&self.username)),
            ("hostname", Some(&self.hostname)),
            ("ip", Some(&self.ip)),
            ("additional", self.additional.as_deref()),
            ("credential_type", self.credential_type.as_deref()),
            ("domain", self.domain.as_deref()),
        ]
    }
}

/// A request as one dialect spells it.
struct Wire<'a> {
    request: &'a CredentialRequest,
    dialect: &'a Dialect,
}

impl Serialize for Wire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { request, dialect } = self;
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in request.fields() {
            if let Some(value) = value {
                map.serialize_entry(name, value)?;
            }
        }
        if let Some(tags) = &request.tags {
            map.serialize_entry("tags", &tags.join(","))?;
        }
        if let Some(content) = &request.content {
            map.serialize_entry("content", content.expose_secret())?;
        }
        if let Some(notes) = &request.notes {
            let settings = Settings { notes };
            match (dialect.notes, dialect.settings) {
                (NotesPlacement::TopLevel, _) => map.serialize_entry("notes", notes),
                (_, AdditionalSettingsShape::Object) => map.serialize_entry("additional_settings", &settings),
                (_, AdditionalSettingsShape::Array) => map.serialize_entry("additional_settings", &[settings]),
            }?;
        }
        map.end()
    }
}

/// What of `additional_settings` is sent.
#[derive(serde::Serialize)]
struct Settings<'a> {
    notes: &'a str,
}

impl fmt::Debug for CredentialRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = self.fields().into_iter().filter_map(|(name, value)| value.map(|_| name));
        let tags = self.tags.as_ref().map(|_| "tags");
        let content = self.content.as_ref().map(|_| "content");
        let notes = self.notes.as_ref().map(|_| "notes");
        f.debug_struct("CredentialRequest")
            .field("identifier", &self.identifier)
            .field("fields", &set.chain(notes).chain(tags).chain(content).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// What the PAM said about a write (API 2.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upserted {
    /// The record's id; digits in every sample, kept as text (API 7 #15).
    pub id: String,
    /// The record's effective identifier; `None` if the answer leaves it out (API 2.9).
    pub identifier: Option<String>,
    /// Whether the record was made or changed.
    pub outcome: Outcome,
    /// The tenant that answered; `None` if the answer leaves it out (API 1.7).
    pub tenant: Option<String>,
}

/// Whether a write made a record or changed one: the status is 201 for both, only the message tells (API 2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// "Credential successfully registered!"
    Created,
    /// "Credential updated successfully!"
    Updated,
    /// The message says neither.
    Unstated,
}

/// One record of the PAM's list (API 4.2): no secret is in it. Decoded leniently: what is missing is empty or `None`.
///
/// `Debug` shows id and identifier only: a username may come from a Secret.
#[derive(Clone, Default, PartialEq, Eq, serde::Deserialize)]
pub struct ListedCredential {
    /// The record's id, as text.
    #[serde(deserialize_with = "required_id")]
    pub id: String,
    /// The identifier; `None` for records that have none.
    #[serde(default, deserialize_with = "non_empty")]
    pub identifier: Option<String>,
    /// The account.
    #[serde(default, deserialize_with = "text")]
    pub username: String,
    /// The device's host name.
    #[serde(default, deserialize_with = "text")]
    pub hostname: String,
    /// The device's management address.
    #[serde(default, rename = "management_ip", deserialize_with = "text")]
    pub ip: String,
    /// The credential's type, such as `Local User`; see [`ListedCredential::is_ssh_key`].
    #[serde(default, rename = "type", deserialize_with = "text")]
    pub kind: String,
    /// When the record last changed. Without a time zone: good for comparing with itself only (API 4.2).
    #[serde(default, deserialize_with = "non_empty")]
    pub change: Option<String>,
    /// Whether the vault rotates the value; `None` if the list does not say.
    #[serde(default, deserialize_with = "lenient_bool")]
    pub automatic_change: Option<bool>,
}

impl ListedCredential {
    /// True for an SSH key's row: those stand in the same list and are no credentials (API 4.2).
    #[must_use]
    pub fn is_ssh_key(&self) -> bool {
        self.kind.trim().eq_ignore_ascii_case("ssh key")
    }
}

impl fmt::Debug for ListedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListedCredential")
            .field("id", &self.id)
            .field("identifier", &self.identifier)
            .finish_non_exhaustive()
    }
}

fn required_id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    non_empty(deserializer)?.ok_or_else(|| serde::de::Error::custom("no id"))
}

fn non_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(lenient_string(deserializer)?.filter(|text| !text.is_empty()))
}

fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(lenient_string(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pam::{Compatibility, ProductVersion};
    use serde_json::{Value, json};

    fn dialect(version: &str) -> Dialect {
        Dialect::of(ProductVersion::parse(version).unwrap(), &Compatibility::default()).unwrap()
    }

    fn body(request: &CredentialRequest, dialect: &Dialect) -> Value {
        serde_json::from_slice(&request.to_json(dialect).unwrap()).unwrap()
    }

    fn request() -> CredentialRequest {
        CredentialRequest {
            identifier: "c_ns_db".into(),
            username: "svc".into(),
            hostname: "db01".into(),
            ip: "10.0.0.7".into(),
            ..Default::default()
        }
    }

    #[test]
    fn only_what_is_set_is_sent() {
        let body = body(&request(), &dialect("4.2"));
        let four = json!({"identifier": "c_ns_db", "username": "svc", "hostname": "db01", "ip": "10.0.0.7"});
        assert_eq!(body, four);
    }

    #[test]
    fn every_field_has_its_name_and_tags_are_joined_without_blanks() {
        let full = CredentialRequest {
            content: Some("s\"\n\u{1}é".into()),
            additional: Some("a".into()),
            tags: Some(vec!["x".into(), "y".into()]),
            credential_type: Some("Local User".into()),
            domain: Some("d".into()),
            notes: Some("n".into()),
            ..request()
        };
        let body = body(&full, &dialect("4.2"));
        assert_eq!(body["content"], "s\"\n\u{1}é");
        assert_eq!(body["tags"], "x,y");
        assert_eq!(body["credential_type"], "Local User");
        assert_eq!(body["notes"], "n");
        assert_eq!(body.as_object().unwrap().len(), 10);
    }

    #[test]
    fn notes_stand_where_the_dialect_puts_them() {
        let noted = CredentialRequest { notes: Some("n".into()), ..request() };
        let (old, new) = (dialect("3.32"), dialect("3.33"));
        assert_eq!(body(&noted, &old)["additional_settings"], json!({"notes": "n"}));
        assert_eq!(body(&noted, &old).get("notes"), None);
        assert_eq!(body(&noted, &new)["notes"], "n");
        assert_eq!(body(&noted, &new).get("additional_settings"), None);
        let inside = Dialect { notes: NotesPlacement::AdditionalSettings, ..new };
        assert_eq!(body(&noted, &inside)["additional_settings"], json!([{"notes": "n"}]));
        assert_eq!(body(&request(), &old).get("additional_settings"), None);
    }

    #[test]
    fn the_body_never_grows_out_of_its_first_buffer() {
        let (content, notes) = ("\u{1}".repeat(4000), "\u{1}".repeat(1000));
        let worst = CredentialRequest { content: Some(content.into()), notes: Some(notes), ..request() };
        let capacity = 6 * worst.text_len() + 512;
        for version in ["3.32", "4.2"] {
            let body = worst.to_json(&dialect(version)).unwrap();
            assert!(body.len() > 30_000 && body.capacity() == capacity);
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let mut full = request();
        full.username = "CANARY-user".into();
        full.content = Some("CANARY-value".into());
        full.notes = Some("CANARY-notes".into());
        let text = format!("{full:?}");
        assert!(!text.contains("CANARY") && text.contains("content") && text.contains("c_ns_db"), "{text}");
        let row = ListedCredential { id: "7".into(), username: "CANARY".into(), ..Default::default() };
        assert!(!format!("{row:?}").contains("CANARY"));
    }

    #[test]
    fn a_listed_record_is_decoded_leniently() {
        let row = json!({"id": 77, "identifier": null, "username": "svc", "hostname": null, "management_ip": "10.0.0.7",
            "type": "ssh KEY", "automatic_change": "0", "change": "2031-01-01 10:00:00", "surprise": {"a": [1]}});
        let row: ListedCredential = serde_json::from_value(row).unwrap();
        assert_eq!((row.id.as_str(), row.identifier.clone(), row.hostname.as_str()), ("77", None, ""));
        assert_eq!(row.automatic_change, Some(false));
        assert!(row.is_ssh_key());
        assert!(serde_json::from_value::<ListedCredential>(json!({"username": "x"})).is_err());
    }
}

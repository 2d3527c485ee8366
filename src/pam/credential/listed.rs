//! What the PAM's list says about a record.

use std::fmt;

use crate::domain::{RecordId, RecordIdentifier, is_time};
use crate::pam::wire::{lenient_bool, lenient_string};

/// One record of the PAM's list (API 4.2): no secret is in it. Decoded leniently: what is missing is empty or `None`. A row
/// without an id that can be one is none at all, and its list no list: a record that is left out would count as absent (P4, P7).
///
/// `Debug` shows id and identifier only: a username may come from a Secret.
#[derive(Clone, Default, PartialEq, Eq, serde::Deserialize)]
pub struct ListedCredential {
    /// The record's id.
    #[serde(deserialize_with = "required_id")]
    pub id: RecordId,
    /// The identifier; `None` for records that have none.
    #[serde(default, deserialize_with = "identifier")]
    pub identifier: Option<RecordIdentifier>,
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
    /// When the record last changed. Without a time zone: good for comparing with itself only (API 4.2). `None` for a text
    /// that cannot be a time.
    #[serde(default, deserialize_with = "time")]
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

    /// Returns how many bytes of text the record has.
    pub(in crate::pam) fn text_length(&self) -> usize {
        let always = [&*self.id, &*self.username, &*self.hostname, &*self.ip, &*self.kind];
        let sometimes = [self.identifier.as_deref(), self.change.as_deref()];
        always.into_iter().chain(sometimes.into_iter().flatten()).map(str::len).sum()
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

fn required_id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<RecordId, D::Error> {
    let id = lenient_string(deserializer)?.and_then(|text| RecordId::parse(&text));
    id.ok_or_else(|| serde::de::Error::custom("no id"))
}

fn identifier<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<RecordIdentifier>, D::Error> {
    Ok(non_empty(deserializer)?.map(|text| RecordIdentifier::of(&text)))
}

fn time<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(lenient_string(deserializer)?.filter(|text| is_time(text)))
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
    use serde_json::json;

    #[test]
    fn a_listed_record_is_decoded_leniently() {
        let row = json!({"id": 77, "identifier": null, "username": "svc", "hostname": null, "management_ip": "10.0.0.7",
            "type": "ssh KEY", "automatic_change": "0", "change": "2031-01-01 10:00:00", "surprise": {"a": [1]}});
        let row: ListedCredential = serde_json::from_value(row).unwrap();
        assert_eq!((&*row.id, row.identifier.clone(), row.hostname.as_str()), ("77", None, ""));
        assert_eq!(row.automatic_change, Some(false));
        assert_eq!(row.change.as_deref(), Some("2031-01-01 10:00:00"));
        assert!(row.is_ssh_key());
        assert!(serde_json::from_value::<ListedCredential>(json!({"username": "x"})).is_err());
    }

    #[test]
    fn p4_a_row_that_cannot_be_understood_is_an_error_and_no_record_without_an_identifier() {
        for id in [json!("secret"), json!("7\n"), json!("9".repeat(21)), json!(-1), json!(true), json!([7]), json!("")]
        {
            assert!(serde_json::from_value::<ListedCredential>(json!({"id": id})).is_err(), "{id}");
        }
        for identifier in ["a b", "\u{1b}[31m", "a\r\nb", "a\u{202e}b", &"a".repeat(256)] {
            let row = json!({"id": 7, "identifier": identifier, "change": identifier});
            let row: ListedCredential = serde_json::from_value(row).unwrap();
            assert_eq!((row.identifier.as_deref(), row.change), (Some("another one"), None), "{identifier:?}");
        }
    }

    #[test]
    fn debug_shows_no_account() {
        let row = ListedCredential { id: 7.into(), username: "CANARY".into(), ..Default::default() };
        assert!(!format!("{row:?}").contains("CANARY"));
    }
}

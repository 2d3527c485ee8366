//! What the PAM's list says about a record.

use std::fmt;

use crate::pam::wire::{lenient_bool, lenient_string};

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

    /// Returns how many bytes of text the record has.
    pub(in crate::pam) fn text_length(&self) -> usize {
        let always = [&self.id, &self.username, &self.hostname, &self.ip, &self.kind];
        always.into_iter().chain(&self.identifier).chain(&self.change).map(String::len).sum()
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
    use serde_json::json;

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

    #[test]
    fn debug_shows_no_account() {
        let row = ListedCredential { id: "7".into(), username: "CANARY".into(), ..Default::default() };
        assert!(!format!("{row:?}").contains("CANARY"));
    }
}

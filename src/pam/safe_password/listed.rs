//! What MySafe's list says about an entry.

use std::fmt;

use crate::domain::RecordId;
use crate::pam::wire::{lenient_bool, lenient_string};

/// The most bytes that are kept of a text. A text of ours is shorter, so that one that was cut is never equal to it.
const LONGEST_TEXT: usize = 8 << 10;

/// One entry of MySafe's list (API 5.2): no secret is in it, and neither its owner. Anybody can share an entry with the access
/// key's user, with whatever texts he likes.
///
/// Decoded leniently: what is missing is empty. A row without an identifier that can be one is none at all, and its list no
/// list: an entry that is left out would count as absent (P4, P7). What is not among the fields is skipped and never held: the
/// pages name secrets there that no sample shows.
///
/// `Debug` shows the identifier only.
#[derive(Clone, Default, PartialEq, Eq, serde::Deserialize)]
pub struct ListedEntry {
    /// The identifier.
    #[serde(deserialize_with = "required_identifier")]
    pub identifier: RecordId,
    /// The name.
    #[serde(default, deserialize_with = "text")]
    pub name: String,
    /// The address.
    #[serde(default, deserialize_with = "text")]
    pub url: String,
    /// The account.
    #[serde(default, deserialize_with = "text")]
    pub username: String,
    /// The tags as one text, with commas between them: see [`ListedEntry::has_tag`].
    #[serde(default, deserialize_with = "text")]
    pub tags: String,
    /// Whether the access key's user may change the entry; false if the list does not say.
    #[serde(default, deserialize_with = "right")]
    pub can_write: bool,
}

impl ListedEntry {
    /// Returns true if one of the entry's tags is exactly this one.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags().any(|own| own == tag)
    }

    /// Returns the entry's tags.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.tags.split(',').map(str::trim)
    }

    /// Returns how many bytes of text the entry has.
    pub(in crate::pam) fn text_length(&self) -> usize {
        [&*self.identifier, &*self.name, &*self.url, &*self.username, &*self.tags].into_iter().map(str::len).sum()
    }
}

impl fmt::Debug for ListedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListedEntry").field("identifier", &self.identifier).finish_non_exhaustive()
    }
}

fn required_identifier<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<RecordId, D::Error> {
    let identifier = lenient_string(deserializer)?.and_then(|text| RecordId::parse(&text));
    identifier.ok_or_else(|| serde::de::Error::custom("no identifier"))
}

fn right<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(lenient_bool(deserializer)?.unwrap_or(false))
}

fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let mut text = lenient_string(deserializer)?.unwrap_or_default();
    if text.len() > LONGEST_TEXT {
        text.truncate(text.floor_char_boundary(LONGEST_TEXT));
        text.shrink_to_fit();
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_listed_entry_is_decoded_leniently_and_without_what_is_secret() {
        let row = json!({"identifier": 197, "name": "R&D \u{e7}", "url": null, "username": "maria", "tags": "a, k8s-1",
            "can_write": "1", "password": "CANARY", "secret_key": ["CANARY"], "token": 452_180, "users_allowed": [{}]});
        let row: ListedEntry = serde_json::from_value(row).unwrap();
        assert_eq!((&*row.identifier, row.name.as_str(), row.url.as_str()), ("197", "R&D \u{e7}", ""));
        assert!(row.can_write && row.has_tag("a") && row.has_tag("k8s-1"));
        assert!(!row.has_tag("k8s") && !row.has_tag("A") && !row.has_tag("a, k8s-1"));
        let bare: ListedEntry = serde_json::from_value(json!({"identifier": "7"})).unwrap();
        assert!(!bare.can_write && bare.name.is_empty() && bare.tags.is_empty());
        for right in [json!(null), json!("0"), json!("maybe"), json!([true]), json!({"can_write": true})] {
            let row: ListedEntry = serde_json::from_value(json!({"identifier": "7", "can_write": right})).unwrap();
            assert!(!row.can_write, "{right}: a right that is not told is none");
        }
    }

    #[test]
    fn p4_a_row_that_cannot_be_understood_is_an_error() {
        for identifier in [json!("x1"), json!("7\n"), json!("9".repeat(21)), json!(-1), json!(null), json!([7])] {
            let row = json!({"identifier": identifier, "name": "x"});
            assert!(serde_json::from_value::<ListedEntry>(row).is_err(), "{identifier}");
        }
        assert!(serde_json::from_value::<ListedEntry>(json!({"name": "x"})).is_err());
    }

    #[test]
    fn no_text_is_kept_that_is_longer_than_any_of_ours() {
        let long = "\u{e9}".repeat(LONGEST_TEXT);
        let row = json!({"identifier": "7", "name": long, "tags": long, "url": long, "username": long});
        let row: ListedEntry = serde_json::from_value(row).unwrap();
        assert_eq!((row.name.len(), row.text_length()), (LONGEST_TEXT, 4 * LONGEST_TEXT + 1));
        assert!(row.name.capacity() < 2 * LONGEST_TEXT);
    }

    #[test]
    fn debug_shows_no_text() {
        let row =
            ListedEntry { identifier: 7.into(), name: "CANARY".into(), tags: "CANARY".into(), ..Default::default() };
        assert!(!format!("{row:?}").contains("CANARY"));
    }
}

//! The entries of a list, and the tags by which ours are recognised (P3, P4).

use jiff::Timestamp;

use super::{Keyed, RecordId};

/// One entry of a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The identifier.
    pub id: RecordId,
    /// Name, username and address.
    pub appearance: Appearance,
    /// The tags as one text, with commas between them.
    pub tags: String,
    /// Our user may change the entry.
    pub can_write: bool,
    /// Another object of this cluster has the entry.
    pub claimed: bool,
}

/// The texts of an entry by which people know it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Appearance {
    /// The name.
    pub name: String,
    /// The username; `None` while it is in a Secret that was not read.
    pub username: Option<String>,
    /// The address; empty where there is none.
    pub url: String,
}

/// A list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryList {
    /// When the list was asked for.
    pub began: Timestamp,
    /// All entries.
    pub entries: Vec<Entry>,
}

/// What the tag of an attempt is made for.
const TAG: &str = "mysafe/tag";
/// What the digest of an entry's looks is made for.
const LOOKS: &str = "mysafe/looks";
/// So many characters of a digest make a tag.
const TAG_LENGTH: usize = 16;

/// Returns the tag that the entry of an attempt bears.
#[must_use]
pub fn tag(keyed: &dyn Keyed, uid: &str, attempt: u32) -> String {
    let digest = keyed.digest(TAG, format!("{uid}\0{attempt}").as_bytes());
    let mac = digest.rsplit(':').next().unwrap_or_default();
    format!("k8s-{}", mac.chars().take(TAG_LENGTH).collect::<String>())
}

/// Returns a text as it was before somebody wrote it for HTML: an entry that MySafe shows so still looks like ours.
fn without_entities(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#039;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

impl Appearance {
    fn text(&self) -> String {
        let parts = [self.name.as_str(), self.username.as_deref().unwrap_or_default(), &self.url];
        parts.map(|part| without_entities(part).trim().to_lowercase()).join("\0")
    }

    /// Returns the keyed digest of all texts: the username may be from a Secret.
    #[must_use]
    pub fn digest(&self, keyed: &dyn Keyed) -> String {
        keyed.digest(LOOKS, self.text().as_bytes())
    }

    pub(super) fn is_of(&self, digest: &str, keyed: &dyn Keyed) -> bool {
        keyed.is_of(digest, LOOKS, self.text().as_bytes())
    }

    /// Returns whether an entry looks like this, as far as this is known.
    pub(super) fn is_like(&self, listed: &Self) -> bool {
        let known = Self { username: self.username.clone().or_else(|| listed.username.clone()), ..self.clone() };
        known.text() == listed.text()
    }
}

impl Entry {
    pub(super) fn bears(&self, tag: &str) -> bool {
        self.bears_one(|one| one == tag)
    }

    pub(super) fn bears_one(&self, is_it: impl Fn(&str) -> bool) -> bool {
        self.tags.split(',').any(|one| is_it(one.trim()))
    }

    pub(super) fn is_newer_than(&self, largest: Option<&RecordId>) -> bool {
        largest.is_none_or(|largest| self.id.number() > largest.number())
    }
}

impl EntryList {
    /// Returns the largest identifier of those that count.
    pub(super) fn largest(&self, counts: impl Fn(&RecordId) -> bool) -> Option<RecordId> {
        let ids = self.entries.iter().map(|entry| &entry.id).filter(|id| counts(id));
        ids.max_by_key(|id| id.number()).cloned()
    }

    pub(super) fn entry(&self, id: &RecordId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == *id)
    }
}

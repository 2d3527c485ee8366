//! One entry of MySafe: a password that a person keeps, and those it is shared with.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret::Hidden;
use crate::store::ValueWrite;

/// The identifier of the first entry: far from the ids of records, so that the journal's `record` cannot mean either.
const FIRST: u64 = 9001;

/// Texts of an entry that are no secrets, by their names in a request.
pub(super) const TEXTS: [&str; 5] = ["name", "username", "url", "notes", "tags"];

/// A user or a group that an entry is shared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// The name.
    pub name: String,
    /// Whether the entry may be changed and disabled.
    #[serde(default)]
    pub can_edit: bool,
}

impl Share {
    /// Somebody who may look at the entry.
    #[must_use]
    pub fn viewer(name: &str) -> Self {
        Self { name: name.to_owned(), can_edit: false }
    }

    /// Somebody who may change the entry.
    #[must_use]
    pub fn editor(name: &str) -> Self {
        Self { name: name.to_owned(), can_edit: true }
    }
}

/// An entry with its secrets. No `Debug`.
#[derive(Clone)]
pub(crate) struct SafeEntry {
    pub(super) id: u64,
    pub(super) tenant: String,
    pub(super) owner: String,
    pub(super) texts: BTreeMap<&'static str, String>,
    pub(super) secret_key: Option<Hidden>,
    pub(super) writes: Vec<ValueWrite>,
    pub(super) active: bool,
    pub(super) users: Vec<Share>,
    pub(super) groups: Vec<Share>,
    /// The client that it was made by.
    pub(super) made_by: Option<String>,
}

impl SafeEntry {
    /// An active entry that is shared with nobody and has no texts. The safe gives it its identifier.
    pub(super) fn new(tenant: &str, owner: &str) -> Self {
        Self {
            id: 0,
            tenant: tenant.to_owned(),
            owner: owner.to_owned(),
            texts: BTreeMap::new(),
            secret_key: None,
            writes: Vec::new(),
            active: true,
            users: Vec::new(),
            groups: Vec::new(),
            made_by: None,
        }
    }

    pub(super) fn text(&self, key: &str) -> &str {
        self.texts.get(key).map(String::as_str).unwrap_or_default()
    }

    /// Replaces the password; `order` is that of the commit, absent for what happens in the vault itself.
    pub(super) fn write(&mut self, password: Hidden, order: Option<u64>, now: Timestamp) {
        self.writes.push(ValueWrite { order, at: now, value: password });
    }

    /// Applies what somebody does in the vault itself.
    pub(super) fn apply(&mut self, edit: EntryEdit, now: Timestamp) {
        match edit {
            EntryEdit::Password(password) => self.write(password, None, now),
            EntryEdit::Text { field, text } => {
                if let Some(key) = TEXTS.into_iter().find(|key| **key == field) {
                    self.texts.insert(key, text);
                }
            }
            EntryEdit::Active(active) => self.active = active,
            EntryEdit::Owner(owner) => self.owner = owner,
            EntryEdit::Users(users) => self.users = users,
            EntryEdit::Groups(groups) => self.groups = groups,
        }
    }
}

/// The entries of all people, by identifier.
#[derive(Clone, Default)]
pub(crate) struct Safe {
    entries: BTreeMap<u64, SafeEntry>,
    last: Option<u64>,
}

impl Safe {
    pub(super) fn all(&self) -> impl Iterator<Item = &SafeEntry> {
        self.entries.values()
    }

    pub(super) fn get(&self, id: u64) -> Option<&SafeEntry> {
        self.entries.get(&id)
    }

    /// Adds an entry under a new identifier; answers the identifier.
    pub(super) fn insert(&mut self, mut entry: SafeEntry) -> u64 {
        let id = self.last.map_or(FIRST, |last| last + 1);
        self.last = Some(id);
        entry.id = id;
        self.entries.insert(id, entry);
        id
    }

    /// Lets `change` edit an entry. False: no such entry.
    pub(super) fn edit(&mut self, id: u64, change: impl FnOnce(&mut SafeEntry)) -> bool {
        self.entries.get_mut(&id).map(change).is_some()
    }

    /// Takes an entry out for good: no API does that.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        self.entries.remove(&id).is_some()
    }
}

/// An entry that somebody makes in the vault itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntrySeed {
    /// The user whose entry it is.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// The account's name.
    pub username: String,
    /// Its password.
    pub password: Hidden,
    /// Its address.
    #[serde(default)]
    pub url: String,
    /// Its notes.
    #[serde(default)]
    pub notes: String,
    /// Its tags, with commas between them.
    #[serde(default)]
    pub tags: String,
    /// The users that it is shared with.
    #[serde(default)]
    pub users: Vec<Share>,
    /// The groups that it is shared with.
    #[serde(default)]
    pub groups: Vec<Share>,
    /// Whether it is inactive.
    #[serde(default)]
    pub inactive: bool,
}

impl EntrySeed {
    /// An active entry of this user that is shared with nobody.
    #[must_use]
    pub fn new(owner: &str, name: &str, username: &str) -> Self {
        Self {
            owner: owner.to_owned(),
            name: name.to_owned(),
            username: username.to_owned(),
            password: "seeded".into(),
            url: String::new(),
            notes: String::new(),
            tags: String::new(),
            users: Vec::new(),
            groups: Vec::new(),
            inactive: false,
        }
    }

    /// Gives it an address.
    #[must_use]
    pub fn url(mut self, url: &str) -> Self {
        url.clone_into(&mut self.url);
        self
    }

    /// Gives it tags.
    #[must_use]
    pub fn tags(mut self, tags: &str) -> Self {
        tags.clone_into(&mut self.tags);
        self
    }

    /// Shares it with a user.
    #[must_use]
    pub fn shared_with(mut self, share: Share) -> Self {
        self.users.push(share);
        self
    }

    /// The entry that it describes.
    pub(super) fn entry(&self, tenant: &str, now: Timestamp) -> SafeEntry {
        let mut entry = SafeEntry::new(tenant, &self.owner);
        let texts = [&self.name, &self.username, &self.url, &self.notes, &self.tags];
        entry.texts = TEXTS.into_iter().zip(texts.map(Clone::clone)).collect();
        entry.active = !self.inactive;
        (entry.users, entry.groups) = (self.users.clone(), self.groups.clone());
        entry.write(self.password.clone(), None, now);
        entry
    }
}

/// What somebody does to an entry in the vault itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryEdit {
    /// Replaces the password.
    Password(Hidden),
    /// Replaces a text: `name`, `username`, `url`, `notes` or `tags`.
    Text {
        /// The text's name.
        field: String,
        /// The text.
        text: String,
    },
    /// Activates or deactivates it.
    Active(bool),
    /// Gives it to another user.
    Owner(String),
    /// Replaces the users that it is shared with.
    Users(Vec<Share>),
    /// Replaces the groups that it is shared with.
    Groups(Vec<Share>),
}

/// What an entry looks like from outside: everything but its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names are those of the API")]
pub struct EntryView {
    pub identifier: String,
    pub owner: String,
    pub name: String,
    pub username: String,
    pub url: String,
    pub notes: String,
    pub tags: String,
    pub users: Vec<Share>,
    pub groups: Vec<Share>,
    /// Whether it is active.
    pub active: bool,
    /// Whether it has a seed for one-time passwords.
    pub has_secret_key: bool,
    /// How many passwords it ever had.
    pub value_writes: usize,
}

impl From<&SafeEntry> for EntryView {
    fn from(entry: &SafeEntry) -> Self {
        let text = |key| entry.text(key).to_owned();
        Self {
            identifier: entry.id.to_string(),
            owner: entry.owner.clone(),
            name: text("name"),
            username: text("username"),
            url: text("url"),
            notes: text("notes"),
            tags: text("tags"),
            users: entry.users.clone(),
            groups: entry.groups.clone(),
            active: entry.active,
            has_secret_key: entry.secret_key.is_some(),
            value_writes: entry.writes.len(),
        }
    }
}

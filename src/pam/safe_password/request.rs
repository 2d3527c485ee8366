//! What is sent for an entry: all of a new one, and of a known one only what is to change.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// So many bytes has a secret that is looked for in an answer.
const SHORTEST_SECRET: usize = 6;

/// One user or one group to share an entry with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The name, as MySafe has it.
    pub name: String,
    /// Whether the entry may be changed and deactivated. Always sent (API 5.1).
    pub can_edit: bool,
}

/// What becomes of a field that an entry need not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edit<T> {
    /// The field is not sent: MySafe keeps what it has.
    #[default]
    Keep,
    /// The field is sent empty. Whether MySafe then clears it is not documented. A new entry has nothing to clear, and the
    /// field is not sent.
    Clear,
    /// The field is sent.
    Set(T),
}

/// A new entry of MySafe, made by one `POST` (API 5.1). The call is no upsert: sent twice, it makes two entries.
///
/// `Debug` shows which fields are set and no value: even a name may come from a Secret.
#[derive(Clone)]
pub struct NewEntry {
    /// The name. Never empty (1001).
    pub name: String,
    /// The account. Never empty (1001).
    pub username: String,
    /// The value. Never empty (1001).
    pub password: SecretString,
    /// Everything else.
    pub rest: EntryFields,
}

/// A change of an entry by one `PUT` (API 5.2): what is not set is not sent, and stays. Sending it again does no harm but for
/// the e-mails that shares may cause.
///
/// `Debug` shows which fields are set and no value.
#[derive(Clone, Default)]
pub struct EntryChange {
    /// The name, if it changes.
    pub name: Option<String>,
    /// The account, if it changes.
    pub username: Option<String>,
    /// The value, if it changes.
    pub password: Option<SecretString>,
    /// Everything else.
    pub rest: EntryFields,
}

/// The fields that an entry need not have.
#[derive(Clone, Default)]
pub struct EntryFields {
    /// The address.
    pub url: Edit<String>,
    /// The seed of one-time passwords, as base32.
    pub secret_key: Edit<SecretString>,
    /// The notes.
    pub notes: Edit<String>,
    /// The tags. No tag may hold a comma, which is what tags are joined by.
    pub tags: Edit<Vec<String>>,
    /// The users that the entry is shared with; `None` leaves them as they are, and an empty list takes all away. Since 4.0
    /// MySafe sends each new one an e-mail.
    pub users_allowed: Option<Vec<Share>>,
    /// The groups that the entry is shared with, as for users.
    pub groups_allowed: Option<Vec<Share>>,
}

/// The body of a request about an entry, as one dialect spells it.
#[derive(Clone, Copy)]
pub(in crate::pam) struct EntryBody<'a> {
    name: Option<&'a str>,
    username: Option<&'a str>,
    password: Option<&'a SecretString>,
    rest: &'a EntryFields,
    /// True for a new entry, which has nothing to clear.
    is_new: bool,
}

/// How switches are spelled in a body.
#[derive(Clone, Copy)]
struct SpelledShares<'a> {
    shares: &'a [Share],
    /// The key of the name: `username` or `name`.
    key: &'static str,
    digits: bool,
}

/// A body and how its switches are spelled.
struct SpelledBody<'a>(EntryBody<'a>, bool);

impl NewEntry {
    pub(in crate::pam) fn body(&self) -> EntryBody<'_> {
        EntryBody {
            name: Some(&self.name),
            username: Some(&self.username),
            password: Some(&self.password),
            rest: &self.rest,
            is_new: true,
        }
    }
}

impl EntryChange {
    pub(in crate::pam) fn body(&self) -> EntryBody<'_> {
        EntryBody {
            name: self.name.as_deref(),
            username: self.username.as_deref(),
            password: self.password.as_ref(),
            rest: &self.rest,
            is_new: false,
        }
    }

    /// Returns true if the change would send nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.body().keys().is_empty()
    }
}

impl<'a> EntryBody<'a> {
    /// Returns the body as something that can be written; `digits` says that switches are written as `"0"` and `"1"`.
    pub(in crate::pam) fn spelled(self, digits: bool) -> impl Serialize + use<'a> {
        SpelledBody(self, digits)
    }

    /// Returns the names of the users and groups that the entry is to be shared with.
    pub(in crate::pam) fn shared_with(self) -> Vec<&'a str> {
        let lists = [&self.rest.users_allowed, &self.rest.groups_allowed];
        lists.into_iter().flatten().flatten().map(|share| share.name.as_str()).collect()
    }

    /// Returns whether a text repeats a secret of the request. A secret that is too short is found in many texts by chance, and
    /// is not looked for.
    pub(in crate::pam) fn is_secret(self, text: &str) -> bool {
        let seed = match &self.rest.secret_key {
            Edit::Set(seed) => Some(seed),
            Edit::Keep | Edit::Clear => None,
        };
        let mut secrets = self.password.into_iter().chain(seed).map(ExposeSecret::expose_secret);
        secrets.any(|secret| secret.len() >= SHORTEST_SECRET && text.contains(secret))
    }

    /// Returns the texts with their keys.
    fn texts(self) -> impl Iterator<Item = (&'static str, &'a str)> {
        let secret = |secret: &'a SecretString| secret.expose_secret();
        let texts = [
            ("name", self.name),
            ("username", self.username),
            ("password", self.password.map(secret)),
            ("url", self.sent(&self.rest.url, String::as_str)),
            ("secret_key", self.sent(&self.rest.secret_key, secret)),
            ("notes", self.sent(&self.rest.notes, String::as_str)),
        ];
        texts.into_iter().filter_map(|(key, text)| Some((key, text?)))
    }

    /// Returns what is sent of a field.
    fn sent<T>(self, field: &'a Edit<T>, text: impl Fn(&'a T) -> &'a str) -> Option<&'a str> {
        match field {
            Edit::Set(value) => Some(text(value)),
            Edit::Clear if !self.is_new => Some(""),
            Edit::Keep | Edit::Clear => None,
        }
    }

    /// Returns the tags as one text.
    fn tags(self) -> Option<String> {
        match &self.rest.tags {
            Edit::Set(tags) => Some(tags.join(",")),
            Edit::Clear if !self.is_new => Some(String::new()),
            Edit::Keep | Edit::Clear => None,
        }
    }

    /// Returns the keys that are sent.
    fn keys(self) -> Vec<&'static str> {
        let rest = [
            ("tags", self.tags().is_some()),
            ("users_allowed", self.rest.users_allowed.is_some()),
            ("groups_allowed", self.rest.groups_allowed.is_some()),
        ];
        let rest = rest.into_iter().filter_map(|(key, sent)| sent.then_some(key));
        self.texts().map(|(key, _)| key).chain(rest).collect()
    }
}

impl Serialize for SpelledBody<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self(body, digits) = *self;
        let mut map = to.serialize_map(None)?;
        body.texts().try_for_each(|(key, text)| map.serialize_entry(key, text))?;
        if let Some(tags) = body.tags() {
            map.serialize_entry("tags", &tags)?;
        }
        if let Some(shares) = &body.rest.users_allowed {
            map.serialize_entry("users_allowed", &SpelledShares { shares, key: "username", digits })?;
        }
        if let Some(shares) = &body.rest.groups_allowed {
            map.serialize_entry("groups_allowed", &SpelledShares { shares, key: "name", digits })?;
        }
        map.end()
    }
}

impl Serialize for SpelledShares<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.shares.iter().map(|share| SpelledShare(share, self.key, self.digits)))
    }
}

/// One share, the key of its name, and whether its switch is written as a digit.
struct SpelledShare<'a>(&'a Share, &'static str, bool);

impl Serialize for SpelledShare<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self(Share { name, can_edit }, key, digits) = self;
        let mut map = to.serialize_map(Some(2))?;
        map.serialize_entry(key, name)?;
        if *digits {
            map.serialize_entry("can_edit", if *can_edit { "1" } else { "0" })?;
        } else {
            map.serialize_entry("can_edit", can_edit)?;
        }
        map.end()
    }
}

impl fmt::Debug for EntryBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys()).finish()
    }
}

impl fmt::Debug for NewEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NewEntry").field(&self.body()).finish()
    }
}

impl fmt::Debug for EntryChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EntryChange").field(&self.body()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn everything() -> EntryFields {
        let share = |name: &str, can_edit| Share { name: name.into(), can_edit };
        EntryFields {
            url: Edit::Set("https://x".into()),
            secret_key: Edit::Set("CANARYSEED234567".into()),
            notes: Edit::Set("CANARY\n\"note\"".into()),
            tags: Edit::Set(vec!["dns".into(), "k8s-1".into()]),
            users_allowed: Some(vec![share("pduarte", true)]),
            groups_allowed: Some(vec![share("NOC", false)]),
        }
    }

    fn new() -> NewEntry {
        NewEntry {
            name: "CANARY-n".into(),
            username: "CANARY-u".into(),
            password: "CANARY-p".into(),
            rest: everything(),
        }
    }

    fn sent(body: EntryBody<'_>, digits: bool) -> Value {
        serde_json::to_value(body.spelled(digits)).unwrap()
    }

    #[test]
    fn a_new_entry_has_the_keys_of_the_api() {
        let expected = json!({
            "name": "CANARY-n", "username": "CANARY-u", "password": "CANARY-p", "url": "https://x",
            "secret_key": "CANARYSEED234567", "notes": "CANARY\n\"note\"", "tags": "dns,k8s-1",
            "users_allowed": [{"username": "pduarte", "can_edit": true}],
            "groups_allowed": [{"name": "NOC", "can_edit": false}],
        });
        assert_eq!(sent(new().body(), false), expected);
        let digits = sent(new().body(), true);
        assert_eq!(
            (&digits["users_allowed"][0]["can_edit"], &digits["groups_allowed"][0]["can_edit"]),
            (&json!("1"), &json!("0"))
        );
    }

    #[test]
    fn what_is_kept_is_not_sent_and_what_is_cleared_is_sent_empty_unless_the_entry_is_new() {
        assert!(EntryChange::default().is_empty());
        assert_eq!(sent(EntryChange::default().body(), false), json!({}));
        let clears = EntryFields {
            url: Edit::Clear,
            secret_key: Edit::Clear,
            notes: Edit::Clear,
            tags: Edit::Clear,
            users_allowed: Some(Vec::new()),
            groups_allowed: None,
        };
        let change = EntryChange { rest: clears.clone(), ..EntryChange::default() };
        let expected = json!({"url": "", "secret_key": "", "notes": "", "tags": "", "users_allowed": []});
        assert!(!change.is_empty() && sent(change.body(), false) == expected);
        let new = sent(NewEntry { rest: clears, ..new() }.body(), false);
        assert_eq!(
            new.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["name", "password", "username", "users_allowed"]
        );
    }

    #[test]
    fn p8_debug_names_the_fields_and_shows_no_value() {
        let change = EntryChange { password: Some("CANARY".into()), rest: everything(), ..EntryChange::default() };
        let shown = format!("{:?} {change:?}", new());
        assert!(
            shown.contains("secret_key") && shown.contains("users_allowed") && !shown.contains("CANARY"),
            "{shown}"
        );
    }

    #[test]
    fn p8_a_text_that_repeats_the_password_or_the_seed_is_told() {
        let change = EntryChange { password: Some("123456".into()), rest: everything(), ..EntryChange::default() };
        let body = change.body();
        assert!(body.is_secret("x123456") && body.is_secret("CANARYSEED234567") && !body.is_secret("12345"));
        let short = EntryChange { password: Some("12345".into()), ..EntryChange::default() };
        assert!(!short.body().is_secret("12345"), "chance says as much");
        assert_eq!(body.shared_with(), ["pduarte", "NOC"]);
    }
}

//! The body of the POST and of the PUT.

use serde_json::{Map, Value};

use super::entry::{SafeEntry, Share, TEXTS};
use super::rules::SafeTags;
use super::sharing::Unshared;
use crate::answer::Refusal;
use crate::call::Call;
use crate::core::body;
use crate::core::schema::{Fields, Type, is_on};
use crate::secret::Hidden;
use crate::state::State;

/// What the bodies may have.
const PASSWORD: Fields = &[
    ("name", Type::Text),
    ("username", Type::Text),
    ("password", Type::Text),
    ("url", Type::Text),
    ("secret_key", Type::Text),
    ("notes", Type::Text),
    ("tags", Type::Text),
    ("users_allowed", Type::List(&[("username", Type::Text), ("can_edit", Type::Flag)])),
    ("groups_allowed", Type::List(&[("name", Type::Text), ("can_edit", Type::Flag)])),
];

/// What a POST must have, in the order in which the pages complain.
const NEEDED: [&str; 3] = ["name", "username", "password"];

/// A valid body. No `Debug`: it holds secrets.
pub(super) struct SafeRequest {
    pub(super) password: Option<Hidden>,
    /// Absent: not sent. Blank: to be cleared.
    secret_key: Option<Hidden>,
    texts: Vec<(&'static str, String)>,
    users: Option<Vec<Share>>,
    groups: Option<Vec<Share>>,
}

impl SafeRequest {
    /// Parses and validates the body of a call.
    pub(super) fn parse(state: &State, call: &Call, creates: bool) -> Result<Self, Refusal> {
        let body = body::object(call, state.dialect(), PASSWORD)?;
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        let blank = |key: &&str| text(key).map_or(creates, |text| text.is_empty());
        if let Some(key) = NEEDED.iter().find(|key| blank(key)) {
            return Err(Refusal::coded_as(1001, &format!("Parameter '{key}' was not informed!")));
        }
        let secret_key = text("secret_key");
        if secret_key.as_deref().is_some_and(|key| !is_base32(key)) {
            return Err(Refusal::simulator("key \"secret_key\" must be base32"));
        }
        Ok(Self {
            password: text("password").map(Hidden::from),
            secret_key: secret_key.map(Hidden::from),
            texts: TEXTS.into_iter().filter_map(|key| Some((key, text(key)?))).collect(),
            users: shares(&body, "users_allowed", "username")?,
            groups: shares(&body, "groups_allowed", "name")?,
        })
    }

    /// Writes it into an entry, and sends the e-mails. Answers whom the entry could not be shared with.
    pub(super) fn write(self, state: &mut State, entry: &mut SafeEntry, order: u64) -> Unshared {
        let rules = &state.behaviour.my_safe;
        let creates = entry.id == 0;
        let counts = |text: &str| creates || rules.empty_clears || !text.is_empty();
        for (key, text) in self.texts.into_iter().filter(|(_, text)| counts(text)) {
            let text = if key == "tags" { tags(rules.tags, text) } else { Some(text) };
            entry.texts.extend(text.map(|text| (key, text)));
        }
        if let Some(secret_key) = self.secret_key.filter(|secret_key| counts(secret_key.reveal())) {
            entry.secret_key = Some(secret_key).filter(|secret_key| !secret_key.reveal().is_empty());
        }
        if let Some(password) = self.password {
            entry.write(password, Some(order), state.clock.now());
        }
        super::sharing::share(state, entry, self.users, self.groups)
    }
}

fn tags(rule: SafeTags, sent: String) -> Option<String> {
    match rule {
        SafeTags::Kept => Some(sent),
        SafeTags::Dropped => None,
        SafeTags::Rewritten => {
            let all: Vec<String> = sent.split(',').map(|tag| tag.trim().to_uppercase()).collect();
            Some(all.join(", "))
        }
    }
}

fn is_base32(text: &str) -> bool {
    text.trim_end_matches('=').bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'2'..=b'7'))
}

/// Whom an entry is to be shared with; absent: the body does not say.
fn shares(body: &Map<String, Value>, key: &str, name: &str) -> Result<Option<Vec<Share>>, Refusal> {
    let Some(items) = body.get(key).and_then(Value::as_array) else {
        return Ok(None);
    };
    let share = |item: &Value| {
        let item = item.as_object()?;
        let name = item.get(name)?.as_str()?.to_owned();
        Some(Share { name, can_edit: is_on(item, "can_edit").unwrap_or(false) })
    };
    let shares: Option<Vec<Share>> = items.iter().map(share).collect();
    shares.map(Some).ok_or_else(|| Refusal::simulator(format!("key \"{key}[].{name}\" is missing")))
}

//! The list: every entry that the user may look at, without secrets and without owners, unpaged.

use serde_json::{Value, json};

use super::access::Visitor;
use super::answers;
use super::entry::SafeEntry;
use crate::answer::{Answer, Refusal, envelope, written_id};
use crate::call::{Call, Kind};
use crate::state::{Executed, State};

/// The filters of the list; up to 3.32 there is the first alone.
const FILTERS: [(&str, &str); 4] = [("tag", "tags"), ("name", "name"), ("username", "username"), ("url", "url")];

/// Executes the list call.
pub(super) fn list(state: &State, call: &Call, visitor: &Visitor) -> Result<Executed, Refusal> {
    let filters = filters(state, call)?;
    let rules = &state.behaviour.my_safe;
    let listed = |entry: &&SafeEntry| {
        visitor.may_view(state, entry)
            && (entry.active || rules.list_inactive)
            && filters.iter().all(|(key, wanted)| fits(state, entry, key, wanted))
    };
    let rows: Vec<Value> = state.store.safe.all().filter(listed).map(|entry| row(state, visitor, entry)).collect();
    let mut whole = envelope(state.style(Kind::ListSafePasswords), 200, "", false);
    whole.insert("password_on_list".to_owned(), rows.into());
    Ok(Executed::answer(Answer::json(200, &whole.into())))
}

/// What the query asks for: each text of an entry, and what it must be.
fn filters(state: &State, call: &Call) -> Result<Vec<(&'static str, String)>, Refusal> {
    let known = if state.profile.bare_reads { &FILTERS[..1] } else { &FILTERS[..] };
    let query = call.query.as_deref().unwrap_or_default();
    let mut filters = Vec::new();
    for (key, wanted) in form_urlencoded::parse(query.as_bytes()) {
        match known.iter().find(|(name, _)| *name == key) {
            Some((_, text)) => filters.push((*text, wanted.into_owned())),
            // As in other calls: what is not documented is not looked at, or refused.
            None if state.behaviour.permits.query => {}
            None => return Err(Refusal::simulator(format!("unknown query parameter \"{key}\""))),
        }
    }
    Ok(filters)
}

fn fits(state: &State, entry: &SafeEntry, key: &str, wanted: &str) -> bool {
    let (text, wanted) = (entry.text(key).to_lowercase(), wanted.to_lowercase());
    if state.behaviour.my_safe.filters_find_parts {
        return text.contains(&wanted);
    }
    text == wanted || (key == "tags" && text.split(',').any(|tag| tag.trim() == wanted))
}

fn row(state: &State, visitor: &Visitor, entry: &SafeEntry) -> Value {
    let digits = state.behaviour.envelope.digit_booleans;
    let flag = |on: bool| if digits { json!(u8::from(on).to_string()) } else { json!(on) };
    let text = |key| answers::shown(state, entry.text(key));
    json!({
        "identifier": written_id(state.behaviour.envelope, entry.id),
        "name": text("name"), "url": text("url"), "username": text("username"), "tags": text("tags"),
        "need_justify": "0", "need_approval": "0",
        "can_view": flag(true), "can_write": flag(visitor.may_edit(state, entry)),
    })
}

//! The parent whose value a record has.

use serde_json::Value;

use super::post::text;
use crate::answer::written_id;
use crate::state::State;
use crate::store::Record;

/// What a GET says of a parent; null where there is none, or where it is not in the vault.
#[derive(Default)]
pub(super) struct Parent {
    pub(super) id: Value,
    pub(super) username: Value,
}

/// Returns the parent that a POST set: by `parent_password`, else by the account in the execution settings.
pub(super) fn of(state: &State, record: &Record) -> Parent {
    by_id(state, record).or_else(|| by_account(state, record)).unwrap_or_default()
}

fn by_id(state: &State, record: &Record) -> Option<Parent> {
    let id = match record.fields.get("parent_password")? {
        Value::String(digits) => digits.parse().ok()?,
        number => number.as_u64()?,
    };
    Some(named(state, id, None))
}

fn by_account(state: &State, record: &Record) -> Option<Parent> {
    let settings = record.fields.get("execution_settings")?.as_object()?;
    let username = text(settings, "parent_credential")?;
    let [hostname, ip] = ["parent_hostname", "parent_ip"].map(|key| text(settings, key).unwrap_or_default());
    let ids = state.store.with_account(&record.tenant, username, hostname, ip, state.behaviour.addresses);
    let absent = Parent { username: username.into(), ..Parent::default() };
    Some(ids.first().map_or(absent, |&id| named(state, id, Some(username))))
}

fn named(state: &State, id: u64, username: Option<&str>) -> Parent {
    let stored = state.store.get(id).map(|record| record.username.as_str());
    Parent { id: written_id(state.behaviour.envelope, id), username: stored.or(username).into() }
}

//! Calls about one record: hand out the secret, disable, enable, release custody (API 4.1, 4.4, 6.1).

use serde_json::{Map, Value, json};
use tracing::warn;

use crate::answer::{Answer, Refusal, response};
use crate::gateway::Caller;
use crate::secret::Hidden;
use crate::state::{Executed, State};
use crate::store::{Record, now_in_seconds};

/// `GET` by id: hands out the password, takes custody and is audited. An operator must never do it.
pub(super) fn hand_out(state: &mut State, caller: &Caller, key: &str) -> Result<Executed, Refusal> {
    let id = find(state, caller, key)?;
    warn!(record = id, client = caller.client_id, "a SECRET WAS READ BACK and custody taken");
    state.store.edit(id, |record| {
        record.custody = Some(caller.client_id.clone());
        record.viewed = Some(now_in_seconds());
    });
    let record = state.store.get(id).ok_or_else(|| Refusal::coded(1007))?;
    let body = json!({
        "response": response(state.behaviour.envelope, 200, &format!("Credential {id}"), false),
        "credential": credential(state, record),
    });
    let mut done = Executed::answer(Answer::json(200, &body));
    done.record = Some(id);
    done.secret_handed_out = true;
    Ok(done)
}

fn credential(state: &State, record: &Record) -> Value {
    let value = record.value().map(Hidden::reveal);
    let field = |key: &str| record.fields.get(key).cloned().unwrap_or_else(|| "".into());
    let device = state.store.device(&record.tenant, &record.hostname, &record.ip);
    json!({
        "id": record.id.to_string(), state.profile.identifier_key: record.identifier, "username": record.username,
        "password": value, "content": value, "hostname": record.hostname,
        "parent_credential_cod": null, "parent_credential": null,
        "additional": field("additional"), "domain": field("domain"), "ip": record.ip, "port": "22",
        "model": device.and_then(|device| device.fields.get("model")), "expiration_time": null,
    })
}

/// `DELETE` disables, `PUT` enables; nothing is ever deleted.
pub(super) fn set_active(state: &mut State, caller: &Caller, key: &str, active: bool) -> Result<Executed, Refusal> {
    let id = find(state, caller, key)?;
    if state.store.get(id).is_some_and(|record| record.active == active) {
        return Err(Refusal::coded(if active { 1043 } else { 1008 }));
    }
    state.store.edit(id, |record| {
        record.active = active;
        record.touch();
    });
    let verb = if active { "activated" } else { "deactivated" };
    Ok(changed(state, id, &format!("Credential successfully {verb}"), false))
}

/// `DELETE` on the custody: gives it back, and the vault rotates the password where it is told to.
pub(super) fn release(state: &mut State, caller: &Caller, key: &str) -> Result<Executed, Refusal> {
    let id = find(state, caller, key)?;
    let record = state.store.get(id).ok_or_else(|| Refusal::coded(1007))?;
    if record.custody.as_ref() != Some(&caller.client_id) {
        return Err(Refusal::coded(1018));
    }
    let rotates = record.automatic_change();
    state.store.edit(id, |record| {
        record.custody = None;
        if rotates {
            record.rotate(Hidden::from(format!("rotated-{:032x}", rand::random::<u128>())));
        }
    });
    Ok(changed(state, id, &format!("Credential custody {id} released"), rotates))
}

/// The success answer of these calls: it says `Message` where others say `mensagem` (API 1.7).
fn changed(state: &mut State, id: u64, message: &str, wrote_value: bool) -> Executed {
    let mut quirks = state.behaviour.envelope;
    quirks.capital_message = true;
    let mut whole = Map::new();
    whole.insert("code".to_owned(), 200.into());
    whole.insert("response".to_owned(), response(quirks, 200, message, false));
    let mut done = Executed::answer(Answer::json(200, &whole.into()));
    done.record = Some(id);
    done.commit = Some(state.log.commit(false, wrote_value));
    done
}

/// The record that a path names: by id, or by `username@hostname`.
fn find(state: &State, caller: &Caller, key: &str) -> Result<u64, Refusal> {
    let record = match key.parse::<u64>() {
        Ok(id) => state.store.get(id),
        Err(_) => by_name(state, key)?,
    };
    let record = record.filter(|record| record.tenant == caller.tenant).ok_or_else(|| Refusal::coded(1007))?;
    if record.is_ssh_key() {
        return Err(Refusal::coded(1010));
    }
    if !record.visible_to.contains(&caller.client_id) {
        return Err(Refusal::coded(1009));
    }
    Ok(record.id)
}

fn by_name<'a>(state: &'a State, key: &str) -> Result<Option<&'a Record>, Refusal> {
    let (username, hostname) = key.split_once('@').ok_or_else(|| Refusal::coded(1003))?;
    let same = |record: &&Record| {
        record.username.eq_ignore_ascii_case(username) && record.hostname.eq_ignore_ascii_case(hostname)
    };
    Ok(state.store.records().find(same))
}

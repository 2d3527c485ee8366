//! Calls about one record: hand out the secret, disable, enable, release custody (API 4.1, 4.4, 6.1).

use serde_json::{Value, json};
use tracing::warn;

use crate::answer::{Answer, Refusal, envelope, response, written_id};
use crate::call::Kind;
use crate::gateway::Caller;
use crate::secret::Hidden;
use crate::state::{Executed, State};
use crate::store::{Record, in_seconds};
use crate::version::Profile;

/// `GET` by id: hands out the password, takes custody and is audited. An operator must never do it.
pub(super) fn hand_out(state: &mut State, caller: &Caller, key: &str) -> Result<Executed, Refusal> {
    let id = find(state, caller, key)?;
    warn!(record = id, client = caller.client_id, "a SECRET WAS READ BACK and custody taken");
    let now = state.clock.now();
    state.store.edit(id, |record| {
        record.custody = Some(caller.client_id.clone());
        record.viewed = Some(in_seconds(now));
    });
    let record = state.store.get(id).ok_or_else(|| Refusal::coded(1007))?;
    let body = json!({
        "response": response(state.style(Kind::GetCredential), 200, &format!("Credential {id}"), false),
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
        "id": written_id(state.behaviour.envelope, record.id), state.profile.identifier_key: record.identifier, "username": record.username,
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
        return Err(already(&state.profile, active).about(id));
    }
    let now = state.clock.now();
    state.store.edit(id, |record| {
        record.active = active;
        record.touch(now);
    });
    let (kind, verb) =
        if active { (Kind::PutCredential, "activated") } else { (Kind::DeleteCredential, "deactivated") };
    Ok(changed(state, kind, id, &format!("Credential successfully {verb}")))
}

/// That a record is enabled, or disabled, before it is told to be; 3.32 has one code for both (API 6.1).
pub(super) fn already(profile: &Profile, active: bool) -> Refusal {
    if active {
        Refusal::coded_as(profile.active_code, "Credential already active")
    } else {
        Refusal::coded_as(profile.inactive_code, "Credential inactive")
    }
}

/// `DELETE` on the custody: gives it back, and the vault rotates the password where it is told to.
pub(super) fn release(state: &mut State, caller: &Caller, key: &str) -> Result<Executed, Refusal> {
    let id = find(state, caller, key)?;
    let record = state.store.get(id).ok_or_else(|| Refusal::coded(1007))?;
    if record.custody.as_ref() != Some(&caller.client_id) {
        return Err(Refusal::coded(1018).about(id));
    }
    let rotates = record.automatic_change();
    let now = state.clock.now();
    state.store.edit(id, |record| {
        record.custody = None;
        if rotates {
            record.rotate(Hidden::from(format!("rotated-{:032x}", rand::random::<u128>())), now);
        }
    });
    let mut done = changed(state, Kind::ReleaseCustody, id, &format!("Credential custody {id} released"));
    if let Some(commit) = &mut done.commit {
        commit.wrote_value = rotates;
    }
    Ok(done)
}

/// The success answer of these calls.
fn changed(state: &mut State, kind: Kind, id: u64, message: &str) -> Executed {
    let whole = envelope(state.style(kind), 200, message, false);
    let mut done = Executed::answer(Answer::json(200, &whole.into()));
    done.record = Some(id);
    done.commit = Some(state.log.commit(false, false, state.clock.now()));
    done
}

/// The record that a path names: by id, or by `username@hostname`.
fn find(state: &State, caller: &Caller, key: &str) -> Result<u64, Refusal> {
    let record = match key.parse::<u64>() {
        Ok(id) => state.store.get(id),
        Err(_) => by_name(state, caller, key)?,
    };
    let record = record.filter(|record| record.tenant == caller.tenant).ok_or_else(|| Refusal::coded(1007))?;
    if record.is_ssh_key() {
        return Err(Refusal::coded(1010).about(record.id));
    }
    if !record.visible_to.contains(&caller.client_id) {
        let code = if state.behaviour.outside_is_unknown { 1007 } else { 1009 };
        return Err(Refusal::coded(code).about(record.id));
    }
    Ok(record.id)
}

fn by_name<'a>(state: &'a State, caller: &Caller, key: &str) -> Result<Option<&'a Record>, Refusal> {
    let (username, hostname) = key.split_once('@').ok_or_else(|| Refusal::coded(1003))?;
    let same = |record: &&Record| {
        record.tenant == caller.tenant
            && record.username.eq_ignore_ascii_case(username)
            && record.hostname.eq_ignore_ascii_case(hostname)
    };
    Ok(state.store.records().find(same))
}

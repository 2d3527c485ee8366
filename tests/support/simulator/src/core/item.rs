//! Calls about one record: hand out the secret, disable, enable, release custody (API 4.1, 4.4, 6.1).

use serde_json::{Value, json};
use tracing::warn;

use super::parent;
use crate::answer::{Answer, Refusal, envelope, response, written_id};
use crate::call::Kind;
use crate::config::Device;
use crate::gateway::Caller;
use crate::reading;
use crate::secret::Hidden;
use crate::state::{Executed, State};
use crate::store::{Record, in_seconds};
use crate::version::Profile;

/// Executes a call about the record that a path names.
pub(super) fn execute(state: &mut State, caller: &Caller, kind: Kind, key: &str) -> Result<Executed, Refusal> {
    let id = find(state, caller, kind, key)?;
    match kind {
        Kind::GetCredential => hand_out(state, caller, id),
        Kind::ReleaseCustody => release(state, caller, id),
        kind => set_active(state, id, kind == Kind::PutCredential),
    }
}

/// `GET` by id: hands out the password, takes custody and is audited. An operator must never do it.
fn hand_out(state: &mut State, caller: &Caller, id: u64) -> Result<Executed, Refusal> {
    let record = state.store.get(id).ok_or_else(|| Refusal::coded(1007))?;
    let again = record.custody.as_ref() == Some(&caller.client_id);
    if record.custody.is_some() && !again && !state.behaviour.reading.simultaneous {
        return Err(Refusal::coded_as(state.behaviour.reading.held_code, "Credential in use by another user").about(id));
    }
    warn!(record = id, client = caller.client_id, "a SECRET WAS READ BACK and custody taken");
    if !again || state.behaviour.reading.repeated_view_counts {
        view(state, caller, id);
    }
    let record = state.store.get(id).ok_or_else(|| Refusal::coded(1007))?;
    let body = json!({
        "response": response(state.style(Kind::GetCredential), 200, &format!("Credential {id}"), false),
        "credential": credential(state, caller, record)?,
    });
    let mut done = Executed::answer(Answer::json(200, &body));
    done.record = Some(id);
    done.secret_handed_out = true;
    Ok(done)
}

/// Notes a view: custody goes to the client, and a policy may have the value rotated.
fn view(state: &mut State, caller: &Caller, id: u64) {
    let now = state.clock.now();
    state.store.edit(id, |record| {
        record.custody = Some(caller.client_id.clone());
        record.viewed = Some(in_seconds(now));
    });
    if let Some(pause) = state.behaviour.rotation.after_view {
        state.plan_rotation(id, pause);
    }
}

fn credential(state: &State, caller: &Caller, record: &Record) -> Result<Value, Refusal> {
    let field = |key: &str| record.fields.get(key).cloned().unwrap_or_else(|| "".into());
    let device = state.device_of(record);
    let parent = parent::of(state, record);
    let mut shown = json!({
        "id": written_id(state.behaviour.envelope, record.id), state.profile.identifier_key: record.identifier, "username": record.username,
        "hostname": record.hostname,
        "parent_credential_cod": parent.id, "parent_credential": parent.username,
        "additional": field("additional"), "domain": field("domain"), "ip": record.ip, "port": device.map(port),
        "model": device.and_then(|device| device.fields.get("model")), "expiration_time": expiry(state, record),
    });
    let value = value_for(state, caller, record)?;
    for &key in state.behaviour.reading.value_keys.names() {
        shown[key] = value.clone();
    }
    if state.behaviour.reading.names_expiration {
        shown["expiration"] = shown["expiration_time"].clone();
    }
    Ok(shown)
}

/// The value as this client gets it: encrypted where its authorization says so. A value that is too long for the key is
/// an unexpected error.
fn value_for(state: &State, caller: &Caller, record: &Record) -> Result<Value, Refusal> {
    let Some(value) = record.value().map(Hidden::reveal) else { return Ok(Value::Null) };
    let client = state.authorizations.get(&caller.client_id);
    match client.and_then(|client| client.encryption_key.as_deref()) {
        None => Ok(value.into()),
        Some(key) => reading::encrypted(value, key).map(Value::from).ok_or_else(Refusal::unexpected),
    }
}

/// When the value expires: without an offset, as in the samples, or with one.
fn expiry(state: &State, record: &Record) -> Option<String> {
    let form = if state.behaviour.reading.expiry_offset { "%Y-%m-%dT%H:%M:%S+00:00" } else { "%Y-%m-%dT%H:%M:%S" };
    record.expires.map(|at| at.strftime(form).to_string())
}

/// The port of a device's first connectivity: the one that it names, or the usual one of its protocol.
fn port(device: &Device) -> String {
    let first = device.connectivities().first().copied().unwrap_or_default();
    let usual = |protocol: &str| match protocol {
        "SSH" => "22",
        "Telnet" => "23",
        "MySQL" => "3306",
        "SQL Server" => "1433",
        "HTTP" => "80",
        "HTTPS" => "443",
        "RDP" => "3389",
        "VNC" => "5900",
        _ => "",
    };
    first.split_once(':').map_or_else(|| usual(first), |(_, port)| port.trim()).to_owned()
}

/// `DELETE` disables, `PUT` enables; nothing is ever deleted.
fn set_active(state: &mut State, id: u64, active: bool) -> Result<Executed, Refusal> {
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
        Refusal::coded_as(profile.active_code, "Credential is already activated!")
    } else {
        Refusal::coded_as(profile.inactive_code, "Credential inactive")
    }
}

/// `DELETE` on the custody: gives it back, and the vault rotates the password later where it is told to.
fn release(state: &mut State, caller: &Caller, id: u64) -> Result<Executed, Refusal> {
    let record = state.store.get(id).ok_or_else(|| Refusal::coded(1007))?;
    if state.profile.custody_needs_active && !record.active {
        return Err(already(&state.profile, false).about(id));
    }
    if record.custody.as_ref() != Some(&caller.client_id) {
        return Err(Refusal::coded(1018).about(id));
    }
    state.store.edit(id, |record| record.custody = None);
    state.plan_rotation(id, state.behaviour.rotation.delay);
    Ok(changed(state, Kind::ReleaseCustody, id, &format!("Credential custody {id} released")))
}

/// The success answer of these calls.
fn changed(state: &mut State, kind: Kind, id: u64, message: &str) -> Executed {
    let whole = envelope(state.style(kind), 200, message, false);
    let mut done = Executed::answer(Answer::json(200, &whole.into()));
    done.record = Some(id);
    done.commit = Some(state.log.commit(false, false, state.clock.now()));
    done
}

/// The record that a path names: by id, by `username@hostname`, or (with GET and DELETE) by its identifier.
fn find(state: &State, caller: &Caller, kind: Kind, key: &str) -> Result<u64, Refusal> {
    let by_id = key.parse().ok().and_then(|id| state.store.get(id)).filter(|record| record.tenant == caller.tenant);
    let by_identifier = || by_identifier(state, caller, kind, key);
    let record = by_id.or_else(by_identifier).or_else(|| by_name(state, caller, key));
    let record = record.ok_or_else(|| Refusal::coded(1007))?;
    if record.is_ssh_key() {
        return Err(Refusal::coded(1010).about(record.id));
    }
    if !record.visible_to.contains(&caller.client_id) {
        let code = if state.behaviour.outside_is_unknown { 1007 } else { 1009 };
        return Err(Refusal::coded(code).about(record.id));
    }
    Ok(record.id)
}

/// Of several records with the identifier the first that the caller sees, then the oldest.
fn by_identifier<'a>(state: &'a State, caller: &Caller, kind: Kind, key: &str) -> Option<&'a Record> {
    let may =
        state.behaviour.permits.identifier_in_path && matches!(kind, Kind::GetCredential | Kind::DeleteCredential);
    let ids = if may { state.store.with_identifier(&caller.tenant, key) } else { Vec::new() };
    let records = || ids.iter().filter_map(|&id| state.store.get(id));
    records().find(|record| record.visible_to.contains(&caller.client_id)).or_else(|| records().next())
}

fn by_name<'a>(state: &'a State, caller: &Caller, key: &str) -> Option<&'a Record> {
    let (username, hostname) = key.split_once('@')?;
    let same = |record: &&Record| {
        record.tenant == caller.tenant
            && record.username.eq_ignore_ascii_case(username)
            && record.hostname.eq_ignore_ascii_case(hostname)
    };
    state.store.records().find(same)
}

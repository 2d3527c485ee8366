//! The device resource (API 6.2).

use serde_json::{Map, Value, json};

use super::body;
use super::post::{check_device_domains, filled};
use super::schema::DEVICE;
use crate::answer::{Answer, Refusal, envelope, written_id};
use crate::behaviour::Inactive;
use crate::call::{Call, Kind};
use crate::config::Device;
use crate::gateway::Caller;
use crate::state::{Executed, State};

/// What every POST must have, an update too, and the code for each that it lacks.
const NEEDED: [(&str, u16); 6] =
    [("hostname", 1004), ("ip", 1005), ("model", 1020), ("type", 1022), ("vendor", 1021), ("site", 1019)];
const OPTIONAL: [&str; 4] = ["device_domain", "connectivities", "session_remote_config", "device_tags"];

/// Executes a call about devices, or about the one that the path names.
pub(super) fn execute(
    state: &mut State,
    call: &Call,
    caller: &Caller,
    kind: Kind,
    key: Option<&str>,
) -> Result<Executed, Refusal> {
    match (kind, key) {
        (Kind::PostDevice, _) => upsert(state, call, caller),
        (_, None) => Ok(list(state, caller)),
        (Kind::GetDevice, Some(key)) => one(state, caller, key),
        (kind, Some(key)) => set_active(state, caller, key, kind == Kind::PutDevice),
    }
}

/// Creates a device, or updates the one of that host name.
fn upsert(state: &mut State, call: &Call, caller: &Caller) -> Result<Executed, Refusal> {
    let body = body::object(call, state.dialect(), DEVICE)?;
    check(state, &body)?;
    let known = filled(&body, "hostname").and_then(|hostname| state.store.devices.named(&caller.tenant, hostname));
    let id = match known {
        Some(id) => update(state, caller, id, body),
        None => create(state, caller, body),
    };
    let verb = if known.is_some() { "updated successfully!" } else { "successfully registered!" };
    let mut whole = envelope(state.style(Kind::PostDevice), 201, &format!("Device {verb}"), false);
    whole.insert("device".to_owned(), shown(state, id, found(state, caller, id)?));
    Ok(committed(state, 201, whole, known.is_none()))
}

fn check(state: &State, body: &Map<String, Value>) -> Result<(), Refusal> {
    if let Some((_, code)) = NEEDED.iter().find(|(key, _)| filled(body, key).is_none()) {
        return Err(Refusal::coded(*code));
    }
    let types = state.behaviour.devices.types.as_ref();
    if filled(body, "type").is_some_and(|kind| types.is_some_and(|types| !types.contains(kind))) {
        return Err(Refusal::coded(1022));
    }
    check_device_domains(body, &state.behaviour)
}

fn create(state: &mut State, caller: &Caller, body: Map<String, Value>) -> u64 {
    let mut device = Device::new("", "");
    device.fields.clear();
    write(&mut device, body);
    state.store.devices.put(&caller.tenant, &device)
}

/// A device that gets another address takes its records with it.
fn update(state: &mut State, caller: &Caller, id: u64, body: Map<String, Value>) -> u64 {
    let before = state.store.devices.get(&caller.tenant, id);
    let records = before.map(|before| state.store.on_device(before, state.behaviour.addresses)).unwrap_or_default();
    let clears = state.behaviour.devices.clears_what_is_not_sent;
    let revives = state.behaviour.inactive == Inactive::Revive;
    let ip = filled(&body, "ip").unwrap_or_default().to_owned();
    state.store.devices.edit(id, |device| {
        device.fields.retain(|key, _| !(clears && OPTIONAL.contains(&key.as_str())));
        device.disabled &= !revives;
        write(device, body);
    });
    for record in records {
        state.store.edit(record, |record| record.ip.clone_from(&ip));
    }
    id
}

/// Writes what was sent. The name stays as it was first spelled.
fn write(device: &mut Device, mut body: Map<String, Value>) {
    let mut taken = |key| body.remove(key).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    let (hostname, ip) = (taken("hostname"), taken("ip"));
    if device.hostname.is_empty() {
        device.hostname = hostname;
    }
    device.ip = ip;
    device.fields.extend(body);
}

/// Every device of the tenant, in the short form of the samples.
fn list(state: &State, caller: &Caller) -> Executed {
    let listed = |(_, device): &(u64, &Device)| !device.disabled || state.behaviour.list_inactive;
    let rows = state.store.devices.of(&caller.tenant).filter(listed).map(|(id, device)| {
        let mut row = core_fields(state, id, device);
        row["tags"] = device.field("device_tags").into();
        row
    });
    let rows: Vec<Value> = rows.collect();
    let message = format!("{} devices found", rows.len());
    let mut whole = envelope(state.style(Kind::ListDevices), 200, &message, false);
    whole.insert("devices".to_owned(), rows.into());
    Executed::answer(Answer::json(200, &whole.into()))
}

/// All fields of one device. Nothing of it is secret.
fn one(state: &State, caller: &Caller, key: &str) -> Result<Executed, Refusal> {
    let id = key.parse().map_err(|_| Refusal::coded(1011))?;
    let device = shown(state, id, found(state, caller, id)?);
    let mut whole = envelope(state.style(Kind::GetDevice), 200, &format!("Device {id}"), false);
    if state.profile.names_tenant && !state.behaviour.envelope.omit_tenant {
        whole.insert("tenant".to_owned(), caller.tenant.as_str().into());
    }
    whole.insert("device".to_owned(), device);
    if state.profile.bare_reads {
        // The sample of 3.32 has neither.
        whole.remove("code");
        whole["response"].as_object_mut().map(|response| response.remove("detail"));
    }
    Ok(Executed::answer(Answer::json(200, &whole.into())))
}

/// `DELETE` disables a device and its credentials, `PUT` enables the device alone.
fn set_active(state: &mut State, caller: &Caller, key: &str, active: bool) -> Result<Executed, Refusal> {
    let id = key.parse().map_err(|_| Refusal::coded(1011))?;
    let device = found(state, caller, id)?.clone();
    if active && !device.disabled {
        return Err(Refusal::coded(1044));
    }
    state.store.devices.edit(id, |device| device.disabled = !active);
    if !active && state.behaviour.devices.suspends_credentials {
        suspend(state, &device);
    }
    let (kind, verb) = if active { (Kind::PutDevice, "activated") } else { (Kind::DeleteDevice, "deactivated") };
    let whole = envelope(state.style(kind), 200, &format!("Device successfully {verb}"), false);
    Ok(committed(state, 200, whole, false))
}

fn suspend(state: &mut State, device: &Device) {
    let now = state.clock.now();
    for id in state.store.on_device(device, state.behaviour.addresses) {
        state.store.edit(id, |record| {
            if record.active {
                record.active = false;
                record.touch(now);
            }
        });
    }
}

fn found<'a>(state: &'a State, caller: &Caller, id: u64) -> Result<&'a Device, Refusal> {
    state.store.devices.get(&caller.tenant, id).ok_or_else(|| Refusal::coded(1011))
}

fn committed(state: &mut State, status: u16, whole: Map<String, Value>, created: bool) -> Executed {
    let mut done = Executed::answer(Answer::json(status, &whole.into()));
    done.commit = Some(state.log.commit(created, false, state.clock.now()));
    done
}

fn core_fields(state: &State, id: u64, device: &Device) -> Value {
    let field = |key: &str| device.field(key);
    json!({
        "id": written_id(state.behaviour.envelope, id), "hostname": device.hostname, "ip": device.ip,
        "model": field("model"), "type": field("type"), "vendor": field("vendor"), "site": field("site"),
    })
}

fn shown(state: &State, id: u64, device: &Device) -> Value {
    let mut whole = core_fields(state, id, device);
    for key in OPTIONAL {
        whole[key] = device.field(key).into();
    }
    whole
}

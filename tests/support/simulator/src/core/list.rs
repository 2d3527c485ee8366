//! The list: every record that the authorization sees, without secrets, unpaged (API 4.2).

use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::{Answer, JSON, Refusal, envelope, written_id};
use crate::call::Kind;
use crate::config::Device;
use crate::gateway::Caller;
use crate::state::{Executed, State};
use crate::store::{Record, SSH_KEY, as_listed};

/// The whole answer.
#[derive(Serialize)]
struct List<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Value>,
    response: Option<Value>,
    credentials: Vec<Row<'a>>,
}

/// A row under the names of the API; serialised as it stands, since there may be 100,000 of them.
#[derive(Serialize)]
struct Row<'a> {
    id: Value,
    identifier: Option<&'a str>,
    username: &'a str,
    expiration: Option<String>,
    change: String,
    view: Option<String>,
    hostname: &'a str,
    management_ip: &'a str,
    r#type: &'a str,
    type_code: &'static str,
    device_model: &'a str,
    device_type: &'a str,
    device_vendor: &'a str,
    automatic_change: Value,
    connectivity: &'a str,
    connectivity_code: &'static str,
}

/// Executes the list call.
pub(super) fn list(state: &State, caller: &Caller) -> Result<Executed, Refusal> {
    let visible = |record: &&Record| {
        record.tenant == caller.tenant
            && record.visible_to.contains(&caller.client_id)
            && (record.active || state.behaviour.list_inactive)
    };
    let records = state.store.records().filter(visible);
    let credentials: Vec<Row<'_>> = records.map(|record| row(state, record)).collect();
    let message = format!("{} credentials found", credentials.len());
    let mut frame = envelope(state.style(Kind::ListCredentials), 200, &message, false);
    if state.behaviour.short_list {
        frame.insert("response".to_owned(), short_response(state, &message));
    }
    let whole = List { code: frame.remove("code"), response: frame.remove("response"), credentials };
    let body = serde_json::to_vec(&whole).map_err(|_| Refusal::unexpected())?;
    Ok(Executed::answer(Answer::raw(200, JSON, body)))
}

/// The `response` of a shortened sample: the message under one name, unless a knob asks for others.
fn short_response(state: &State, message: &str) -> Value {
    let asked = state.behaviour.messages.contains_key(&Kind::ListCredentials);
    let keys = if asked { state.style(Kind::ListCredentials).message_keys() } else { &["message"] };
    let mut response = json!({ "status": 200 });
    for key in keys {
        response[key] = message.into();
    }
    response
}

fn row<'a>(state: &'a State, record: &'a Record) -> Row<'a> {
    let device = state.device_of(record);
    let connectivity = device.and_then(|device| device.connectivities().first().copied()).unwrap_or_default();
    let connectivity = connectivity.split(':').next().unwrap_or_default();
    let rotates = record.automatic_change();
    let digits = state.digit_booleans();
    Row {
        id: written_id(state.behaviour.envelope, record.id),
        identifier: record.identifier.as_deref(),
        username: &record.username,
        expiration: record.expires.map(|at| at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()),
        change: as_listed(record.changed),
        view: record.viewed.map(as_listed),
        hostname: &record.hostname,
        management_ip: &record.ip,
        r#type: &record.kind,
        type_code: type_code(&record.kind),
        device_model: device_field(device, "model"),
        device_type: device_field(device, "type"),
        device_vendor: device_field(device, "vendor"),
        automatic_change: if digits { json!(u8::from(rotates).to_string()) } else { json!(rotates) },
        connectivity,
        connectivity_code: connectivity_code(connectivity),
    }
}

fn device_field<'a>(device: Option<&'a Device>, key: &str) -> &'a str {
    device.map(|device| device.field(key)).unwrap_or_default()
}

/// The codes of the samples; nobody documents those of others.
fn connectivity_code(protocol: &str) -> &'static str {
    match protocol {
        "" => "",
        "HTTPS" => "10",
        "RDP" => "13",
        _ => "1",
    }
}

/// The usual types have codes; nobody documents those of others.
fn type_code(kind: &str) -> &'static str {
    let usual = [("Local User", "1"), ("Local administrator", "2"), ("Domain user", "3"), (SSH_KEY, "4")];
    usual.iter().find(|(usual, _)| usual.eq_ignore_ascii_case(kind)).map_or("5", |(_, code)| code)
}

//! The list: every record that the authorization sees, without secrets, unpaged (API 4.2).

use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::{Answer, JSON, Refusal, written_id};
use crate::call::Kind;
use crate::config::Device;
use crate::gateway::Caller;
use crate::state::{Executed, State};
use crate::store::{Record, SSH_KEY, as_listed};

/// The whole answer. Its `response` has only two members, as in the documented sample.
#[derive(Serialize)]
struct List<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    response: Value,
    credentials: Vec<Row<'a>>,
}

/// A row under the names of the API; serialised as it stands, since there may be 100,000 of them.
#[derive(Serialize)]
struct Row<'a> {
    id: Value,
    identifier: Option<&'a str>,
    username: &'a str,
    expiration: Option<&'a str>,
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
    let response = short_response(state, &format!("{} credentials found", credentials.len()));
    let code = (!state.behaviour.envelope.omit_code).then_some(200);
    let whole = List { code, response, credentials };
    let body = serde_json::to_vec(&whole).map_err(|_| Refusal::unexpected())?;
    Ok(Executed::answer(Answer::raw(200, JSON, body)))
}

/// The `response` of the documented sample: a message under one name, unless a knob asks for others.
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
    let device = state.store.device(&record.tenant, &record.hostname, &record.ip);
    let connectivities = device_field(device, "connectivities");
    let rotates = record.automatic_change();
    let digits = state.digit_booleans();
    Row {
        id: written_id(state.behaviour.envelope, record.id),
        identifier: record.identifier.as_deref(),
        username: &record.username,
        expiration: None,
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
        connectivity: connectivities.split([',', ':']).next().unwrap_or_default(),
        connectivity_code: "1",
    }
}

fn device_field<'a>(device: Option<&'a Device>, key: &str) -> &'a str {
    let field = device.and_then(|device| device.fields.get(key));
    field.and_then(Value::as_str).unwrap_or_default()
}

/// The usual types have codes; nobody documents those of others.
fn type_code(kind: &str) -> &'static str {
    let usual = [("Local User", "1"), ("Local administrator", "2"), ("Domain user", "3"), (SSH_KEY, "4")];
    usual.iter().find(|(usual, _)| usual.eq_ignore_ascii_case(kind)).map_or("5", |(_, code)| code)
}

//! The list: every record that the authorization sees, without secrets, unpaged (API 4.2).

use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::config::Device;
use crate::gateway::Caller;
use crate::state::{Executed, State};
use crate::store::Record;

/// Executes the list call. Its `response` has only two members, as in the documented sample.
pub(super) fn list(state: &State, caller: &Caller) -> Executed {
    let visible = |record: &&Record| {
        record.tenant == caller.tenant
            && record.visible_to.contains(&caller.client_id)
            && (record.active || state.behaviour.list_inactive)
    };
    let rows: Vec<Value> = state
        .store
        .records()
        .filter(visible)
        .map(|record| row(state, record))
        .collect();
    let message = format!("{} credentials found", rows.len());
    let mut whole = Map::new();
    if !state.behaviour.envelope.omit_code {
        whole.insert("code".to_owned(), 200.into());
    }
    whole.insert(
        "response".to_owned(),
        json!({ "status": 200, "message": message }),
    );
    whole.insert("credentials".to_owned(), rows.into());
    Executed::answer(Answer::json(200, &whole.into()))
}

fn row(state: &State, record: &Record) -> Value {
    let device = state.store.device(&record.tenant, &record.hostname, &record.ip);
    let of_device = |key: &str| device_field(device, key);
    let id = if state.behaviour.envelope.numeric_ids {
        json!(record.id)
    } else {
        json!(record.id.to_string())
    };
    let rotates = record.automatic_change();
    let digits = state.profile.booleans_as_digits;
    json!({
        "id": id,
        "identifier": record.identifier,
        "username": record.username,
        "expiration": null,
        "change": crate::store::as_listed(record.changed),
        "view": record.viewed.map(crate::store::as_listed),
        "hostname": record.hostname,
        "management_ip": record.ip,
        "type": record.kind,
        "type_code": type_code(&record.kind),
        "device_model": of_device("model"),
        "device_type": of_device("type"),
        "device_vendor": of_device("vendor"),
        "automatic_change": if digits { json!(u8::from(rotates).to_string()) } else { json!(rotates) },
        "connectivity": of_device("connectivities").split([',', ':']).next(),
        "connectivity_code": "1",
    })
}

fn device_field(device: Option<&Device>, key: &str) -> String {
    device
        .and_then(|device| device.fields.get(key))
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// The usual types have codes; nobody documents those of others.
fn type_code(kind: &str) -> String {
    let usual = [
        "Local User",
        "Local administrator",
        "Domain user",
        crate::store::SSH_KEY,
    ];
    let position = usual
        .iter()
        .position(|usual| usual.eq_ignore_ascii_case(kind))
        .unwrap_or(usual.len());
    (position + 1).to_string()
}

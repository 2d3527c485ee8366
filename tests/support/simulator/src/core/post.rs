//! A credential POST, parsed and validated in the order of API 10.7.

use serde_json::{Map, Value};

use super::body;
use super::references::{self, check_references};
use super::schema::{self, block, is_on};
use crate::answer::Refusal;
use crate::behaviour::Behaviour;
use crate::call::Call;
use crate::gateway::Caller;
use crate::rules::Dialect;
use crate::state::State;

/// What an empty `username` becomes, on creation and on update (API 2.1).
const DEFAULT_USERNAME: &str = "usr";

/// Keys that rewrite the shared device and not the record (API 2.1).
const DEVICE_KEYS: [&str; 8] =
    ["type", "vendor", "model", "site", "device_domain", "device_tags", "connectivities", "session_remote_config"];

/// A valid POST. No `Debug`: it holds the value.
pub(super) struct Post {
    /// Absent where none was sent or it was blank.
    pub(super) identifier: Option<String>,
    pub(super) username: String,
    /// The device's own spelling.
    pub(super) hostname: String,
    pub(super) ip: String,
    pub(super) content: Option<String>,
    pub(super) credential_type: Option<String>,
    /// Everything else that belongs to the record.
    pub(super) fields: Map<String, Value>,
    /// Everything that belongs to the device.
    pub(super) device_fields: Map<String, Value>,
}

impl Post {
    /// Parses and validates the body of a call.
    pub(super) fn parse(state: &State, call: &Call, caller: &Caller) -> Result<Self, Refusal> {
        let dialect = state.dialect();
        let body = &body::object(call, dialect, schema::POST)?;
        schema::check(body, dialect).map_err(Refusal::simulator)?;
        let username = text(body, "username").ok_or_else(|| Refusal::coded(1042))?;
        let hostname = filled(body, "hostname").ok_or_else(|| Refusal::coded(1004))?;
        let ip = filled(body, "ip").ok_or_else(|| Refusal::coded(1005))?;
        let identifier = identifier(body, state)?;
        let device = state
            .store
            .devices
            .at(&caller.tenant, hostname, ip, state.behaviour.addresses)
            .ok_or_else(|| Refusal::coded(1011))?;
        check_domains(body, &state.behaviour, dialect)?;
        check_execution(body, &state.behaviour)?;
        check_jit(body, &state.behaviour)?;
        check_references(state, caller, body)?;
        check_owner(body, &state.behaviour)?;
        check_authentication(body, dialect)?;
        Ok(Self {
            identifier,
            username: if username.is_empty() { DEFAULT_USERNAME } else { username }.to_owned(),
            hostname: device.hostname.clone(),
            ip: device.ip.clone(),
            content: text(body, "content").map(str::to_owned),
            credential_type: filled(body, "credential_type").map(str::to_owned),
            fields: settled(rest(body, |key| !OWN_KEYS.contains(&key) && !DEVICE_KEYS.contains(&key))),
            device_fields: rest(body, |key| DEVICE_KEYS.contains(&key)),
        })
    }
}

const OWN_KEYS: [&str; 6] = ["identifier", "username", "hostname", "ip", "content", "credential_type"];

pub(super) fn text<'a>(body: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    body.get(key).and_then(Value::as_str)
}

pub(super) fn filled<'a>(body: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    text(body, key).filter(|text| !text.trim().is_empty())
}

fn rest(body: &Map<String, Value>, keep: impl Fn(&str) -> bool) -> Map<String, Value> {
    body.iter().filter(|(key, _)| keep(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The fields in one form, whatever the version's: additional settings as an object, and the notes beside them.
fn settled(mut fields: Map<String, Value>) -> Map<String, Value> {
    let sent = fields.remove("additional_settings").map(|settings| match settings {
        Value::Array(items) => items.into_iter().next().unwrap_or_default(),
        block => block,
    });
    let Some(Value::Object(mut settings)) = sent else {
        return fields;
    };
    fields.extend(settings.remove_entry("notes"));
    fields.insert("additional_settings".to_owned(), settings.into());
    fields
}

/// The identifier that counts: the outer one, else (by default) that of the additional settings.
fn identifier(body: &Map<String, Value>, state: &State) -> Result<Option<String>, Refusal> {
    let nested = block(body, "additional_settings").filter(|_| state.behaviour.nested_identifier);
    let sent = filled(body, "identifier").or_else(|| filled(nested?, "identifier"));
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match sent {
        Some(sent) if state.profile.checks_identifier && !sent.chars().all(allowed) => Err(Refusal::coded(1053)),
        sent => Ok(sent.map(str::to_owned)),
    }
}

/// Registered domains only; a blank after the comma makes an unregistered one (API 2.1, 1029).
fn check_domains(body: &Map<String, Value>, behaviour: &Behaviour, dialect: Dialect) -> Result<(), Refusal> {
    let own = filled(body, "domain").filter(|_| dialect.domain_registered);
    let registered = own.is_none_or(|domain| behaviour.domains.contains(domain));
    if registered { check_device_domains(body, behaviour) } else { Err(Refusal::coded(1029)) }
}

/// The same for the domains of a device alone.
pub(super) fn check_device_domains(body: &Map<String, Value>, behaviour: &Behaviour) -> Result<(), Refusal> {
    let mut named = filled(body, "device_domain").into_iter().flat_map(|all| all.split(','));
    if named.all(|domain| behaviour.domains.contains(domain)) { Ok(()) } else { Err(Refusal::coded(1029)) }
}

/// What the execution settings run, which need not be registered unless the knob says so.
fn check_execution(body: &Map<String, Value>, behaviour: &Behaviour) -> Result<(), Refusal> {
    let settings = block(body, "execution_settings").filter(|_| behaviour.execution_plugins_registered);
    let Some(settings) = settings else {
        return Ok(());
    };
    ["change", "reconciliation"].iter().try_for_each(|action| check_procedure(settings, action, false, behaviour))
}

/// A plugin (1046) and a template (1047): registered where they are sent, and sent where they are needed.
fn check_procedure(
    settings: &Map<String, Value>,
    action: &str,
    needed: bool,
    behaviour: &Behaviour,
) -> Result<(), Refusal> {
    let named = |what: &str| text(settings, &format!("{action}_{what}"));
    let plugin = named("plugin").map_or(!needed, |name| behaviour.plugins.contains(name));
    let template = named("template").map_or(!needed, |name| behaviour.templates.contains(name));
    match (plugin, template) {
        (false, _) => Err(Refusal::coded(1046)),
        (_, false) => Err(Refusal::coded(1047)),
        _ => Ok(()),
    }
}

/// The switch of each JIT mode and the actions whose plugin and template it needs (API 2.5).
const JIT_MODES: [(&str, [&str; 2]); 2] = [
    ("credential_creation_and_deletion", ["credential_creation", "credential_deletion"]),
    ("enable_disable_credential", ["credential_enable", "credential_disable"]),
];

fn check_jit(body: &Map<String, Value>, behaviour: &Behaviour) -> Result<(), Refusal> {
    let Some(jit) = block(body, "jit_settings") else {
        return Ok(());
    };
    let on = |key: &str| is_on(jit, key) == Some(true);
    if !behaviour.both_jit_modes && JIT_MODES.iter().all(|(switch, _)| on(switch)) {
        return Err(Refusal::simulator("\"jit_settings\" has both modes on"));
    }
    for (switch, actions) in JIT_MODES {
        let needed = on(switch) && on("jit");
        actions.iter().try_for_each(|action| check_procedure(jit, action, needed, behaviour))?;
    }
    Ok(())
}

/// Required "when the value is false" (API 2.2, 2.3, 2.5); the documentation has no code for it.
fn check_authentication(body: &Map<String, Value>, dialect: Dialect) -> Result<(), Refusal> {
    if !dialect.authentication_required {
        return Ok(());
    }
    for (name, block) in references::CONNECTING.iter().filter_map(|&name| Some((name, block(body, name)?))) {
        let with_another = is_on(block, "use_own_credential_to_connect") == Some(false);
        let missing = references::AUTHENTICATION.iter().find(|&&key| filled(block, key).is_none());
        if let (true, Some(key)) = (with_another, missing) {
            return Err(Refusal::simulator(format!(
                "key \"{name}.{key}\" is missing beside use_own_credential_to_connect"
            )));
        }
    }
    Ok(())
}

/// An unknown owner is an error 500 in the product, not a validation error (API 2.4).
fn check_owner(body: &Map<String, Value>, behaviour: &Behaviour) -> Result<(), Refusal> {
    let owner = block(body, "additional_settings").and_then(|block| filled(block, "user_credential_owner"));
    match owner {
        Some(owner) if !behaviour.users.contains(owner) => Err(Refusal::unexpected()),
        _ => Ok(()),
    }
}

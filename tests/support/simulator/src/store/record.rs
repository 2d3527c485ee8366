//! One record of the vault.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::secret::Hidden;

/// The type of rows that are listed but are no credentials (API 4.2).
pub(crate) const SSH_KEY: &str = "SSH Key";
const DEFAULT_KIND: &str = "Local User";

/// A record with its secret. No `Debug`.
#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) id: u64,
    pub(crate) tenant: String,
    pub(crate) identifier: Option<String>,
    pub(crate) username: String,
    pub(crate) hostname: String,
    pub(crate) ip: String,
    pub(crate) kind: String,
    /// Every other field that was sent, under its name in the API; may hold secrets.
    pub(crate) fields: Map<String, Value>,
    pub(crate) active: bool,
    /// Whole seconds, as the list shows it.
    pub(crate) changed: Timestamp,
    pub(crate) viewed: Option<Timestamp>,
    /// When its value expires, as a policy of the vault says.
    pub(crate) expires: Option<Timestamp>,
    /// The client that has it in custody.
    pub(crate) custody: Option<String>,
    pub(crate) visible_to: BTreeSet<String>,
    writes: Vec<ValueWrite>,
}

impl Record {
    /// An active record that nobody sees, with the defaults of API 2.1. The store gives it its id.
    pub(crate) fn new(tenant: &str, username: &str, hostname: &str, ip: &str, now: Timestamp) -> Self {
        Self {
            id: 0,
            tenant: tenant.to_owned(),
            identifier: None,
            username: username.to_owned(),
            hostname: hostname.to_owned(),
            ip: ip.to_owned(),
            kind: DEFAULT_KIND.to_owned(),
            fields: Map::new(),
            active: true,
            changed: in_seconds(now),
            viewed: None,
            expires: None,
            custody: None,
            visible_to: BTreeSet::new(),
            writes: Vec::new(),
        }
    }

    pub(crate) fn is_ssh_key(&self) -> bool {
        self.kind.eq_ignore_ascii_case(SSH_KEY)
    }

    /// Whether the vault rotates it (API 2.2).
    pub(crate) fn automatic_change(&self) -> bool {
        let told = self.fields.get("execution_settings").and_then(|block| block.get("automatic_change"));
        told.is_some_and(|told| told == &Value::Bool(true) || told == "1")
    }

    /// A text among the other fields by its JSON pointer, secret ones included.
    pub(crate) fn field(&self, pointer: &str) -> Option<Hidden> {
        let path = pointer.strip_prefix('/')?;
        let (key, inner) = path.split_at(path.find('/').unwrap_or(path.len()));
        self.fields.get(key)?.pointer(inner)?.as_str().map(Hidden::from)
    }

    /// The current value.
    pub(crate) fn value(&self) -> Option<&Hidden> {
        self.writes.last().map(|write| &write.value)
    }

    /// Every value it ever had, oldest first.
    pub(crate) fn writes(&self) -> &[ValueWrite] {
        &self.writes
    }

    /// Writes a value; `order` is that of the commit, absent for what the vault does by itself.
    pub(crate) fn write_value(&mut self, value: Hidden, order: Option<u64>, now: Timestamp) {
        self.writes.push(ValueWrite { order, at: now, value });
    }

    /// Writes down which commit the last value came with.
    pub(crate) fn number_last_write(&mut self, order: u64) {
        if let Some(write) = self.writes.last_mut() {
            write.order = Some(order);
        }
    }

    /// Moves `change` to now; it never goes back.
    pub(crate) fn touch(&mut self, now: Timestamp) {
        self.changed = self.changed.max(in_seconds(now));
    }

    /// The vault replaces the value by itself.
    pub(crate) fn rotate(&mut self, value: Hidden, now: Timestamp) {
        self.write_value(value, None, now);
        self.touch_visibly(now);
    }

    /// Moves `change` by a second at least: an edit in the vault must not hide within the same second.
    fn touch_visibly(&mut self, now: Timestamp) {
        self.changed = in_seconds(now).max(self.changed.saturating_add(1.second()).unwrap_or(self.changed));
    }

    /// Applies what somebody does in the vault itself.
    pub(crate) fn apply(&mut self, edit: VaultEdit, now: Timestamp) {
        let unlisted = matches!(edit, VaultEdit::ShowTo(_) | VaultEdit::HideFrom(_) | VaultEdit::Custody(_));
        match edit {
            VaultEdit::Rotate(value) => self.write_value(value, None, now),
            VaultEdit::Username(username) => self.username = username,
            VaultEdit::Identifier(identifier) => self.identifier = identifier,
            VaultEdit::Device { hostname, ip } => (self.hostname, self.ip) = (hostname, ip),
            VaultEdit::Active(active) => self.active = active,
            VaultEdit::AutomaticChange(on) => self.set_automatic_change(on),
            VaultEdit::Expires(at) => self.expires = at,
            VaultEdit::Custody(custody) => self.custody = custody,
            VaultEdit::ShowTo(client) => _ = self.visible_to.insert(client),
            VaultEdit::HideFrom(client) => _ = self.visible_to.remove(&client),
            VaultEdit::Touch => {}
        }
        // Who sees a record, and who has it in custody, is not part of it.
        if !unlisted {
            self.touch_visibly(now);
        }
    }

    fn set_automatic_change(&mut self, on: bool) {
        let block = self.fields.entry("execution_settings").or_insert_with(|| json!({}));
        block["automatic_change"] = on.into();
    }
}

/// A time in whole seconds, as the list shows it.
pub(crate) fn in_seconds(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// A timestamp as the list writes it: no offset (API 4.2). It is UTC here; on a real PAM nobody knows.
pub(crate) fn as_listed(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A value that a record had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueWrite {
    /// Position of the commit that wrote it ([`crate::Commit::order`]); absent: the vault itself, or a seed.
    pub order: Option<u64>,
    /// When it was written.
    pub at: Timestamp,
    /// The value.
    pub value: Hidden,
}

/// What somebody does to a record in the vault itself. Moves `change`, but for who sees it and who has its custody.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VaultEdit {
    /// Replaces the value.
    Rotate(Hidden),
    /// Renames the account.
    Username(String),
    /// Replaces or takes away the identifier.
    Identifier(Option<String>),
    /// Moves it to another device.
    Device {
        /// Its host name.
        hostname: String,
        /// Its address.
        ip: String,
    },
    /// Enables or disables it.
    Active(bool),
    /// Turns rotation by the vault on or off.
    AutomaticChange(bool),
    /// Says when its value expires, or that it does not.
    Expires(Option<Timestamp>),
    /// Gives its custody to somebody, a client or any other name, or takes it from whoever has it.
    Custody(Option<String>),
    /// Assigns it to a client's authorization.
    ShowTo(String),
    /// Takes it out of a client's authorization.
    HideFrom(String),
    /// Changes something that no list shows.
    Touch,
}

/// What a record looks like from outside: everything but its secrets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordView {
    /// Its id, as the API writes it.
    pub id: String,
    /// Its tenant.
    pub tenant: String,
    /// Its identifier.
    pub identifier: Option<String>,
    /// The account's name.
    pub username: String,
    /// The device's host name.
    pub hostname: String,
    /// The device's address.
    pub ip: String,
    /// Its type.
    pub credential_type: String,
    /// Whether the vault rotates it.
    pub automatic_change: bool,
    /// Whether it is enabled.
    pub active: bool,
    /// When it last changed, as the list writes it.
    pub change: String,
    /// When its secret was last handed out, as the list writes it.
    pub view: Option<String>,
    /// The client that has it in custody.
    pub custody: Option<String>,
    /// The clients that see it.
    pub visible_to: BTreeSet<String>,
    /// Whether it has a value.
    pub has_value: bool,
    /// How many values it ever had.
    pub value_writes: usize,
    /// The other fields, with secret ones blotted out: see [`crate::Simulator::secret_of`]. Additional settings are an
    /// object and the notes beside it here, whatever the version's form.
    pub fields: Map<String, Value>,
}

impl From<&Record> for RecordView {
    fn from(record: &Record) -> Self {
        Self {
            id: record.id.to_string(),
            tenant: record.tenant.clone(),
            identifier: record.identifier.clone(),
            username: record.username.clone(),
            hostname: record.hostname.clone(),
            ip: record.ip.clone(),
            credential_type: record.kind.clone(),
            automatic_change: record.automatic_change(),
            active: record.active,
            change: as_listed(record.changed),
            view: record.viewed.map(as_listed),
            custody: record.custody.clone(),
            visible_to: record.visible_to.clone(),
            has_value: record.value().is_some(),
            value_writes: record.writes.len(),
            fields: record.fields.iter().map(|(name, value)| (name.clone(), without_secrets(value))).collect(),
        }
    }
}

/// Keys inside the settings blocks whose values are secret (API 2.1, "secret-bearing").
const SECRET_KEYS: [&str; 2] = ["secret_key", "value"];

fn without_secrets(value: &Value) -> Value {
    match value {
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), blotted(key, value))).collect(),
        Value::Array(items) => items.iter().map(without_secrets).collect(),
        other => other.clone(),
    }
}

fn blotted(key: &str, value: &Value) -> Value {
    if SECRET_KEYS.contains(&key) { "[hidden]".into() } else { without_secrets(value) }
}

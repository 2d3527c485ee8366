//! The vault: records and devices, found by id, identifier, account and device in constant time.

mod devices;
mod record;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::json;

use crate::addresses::{Addresses, canonical};
use crate::config::{Device, Seed};
use crate::safe::Safe;

pub(crate) use devices::Devices;
pub(crate) use record::{Record, SSH_KEY, as_listed, in_seconds};
pub use record::{RecordView, ValueWrite, VaultEdit};

/// The id of the first record; the vendor's samples have three digits as well.
const FIRST_ID: u64 = 101;

type Ids = BTreeSet<u64>;

/// Records and devices of all tenants.
#[derive(Clone, Default)]
pub(crate) struct Store {
    records: BTreeMap<u64, Record>,
    by_identifier: HashMap<String, Ids>,
    by_account: HashMap<String, Ids>,
    pub(crate) devices: Devices,
    /// The entries of MySafe.
    pub(crate) safe: Safe,
    last_id: Option<u64>,
}

impl Store {
    /// All records, by id.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    /// One record.
    pub(crate) fn get(&self, id: u64) -> Option<&Record> {
        self.records.get(&id)
    }

    /// Ids of the records with this identifier; case counts.
    pub(crate) fn with_identifier(&self, tenant: &str, identifier: &str) -> Vec<u64> {
        found(&self.by_identifier, &key(&[tenant, identifier]))
    }

    /// Ids of the records with this account; case does not count (API 2.6, caveats).
    pub(crate) fn with_account(
        &self,
        tenant: &str,
        username: &str,
        hostname: &str,
        ip: &str,
        addresses: Addresses,
    ) -> Vec<u64> {
        let mut ids = found(&self.by_account, &account_key(tenant, username, hostname, ip));
        ids.retain(|id| self.get(*id).is_some_and(|record| addresses.same(&record.ip, ip)));
        ids
    }

    /// Ids of the records on a device.
    pub(crate) fn on_device(&self, device: &Device, addresses: Addresses) -> Vec<u64> {
        let there = self.records().filter(|record| {
            device.tenant.as_ref() == Some(&record.tenant)
                && record.hostname.eq_ignore_ascii_case(&device.hostname)
                && addresses.same(&record.ip, &device.ip)
        });
        there.map(|record| record.id).collect()
    }

    /// Adds a record under a new id; answers the id.
    pub(crate) fn insert(&mut self, mut record: Record) -> u64 {
        let id = self.last_id.map_or(FIRST_ID, |last| last + 1);
        self.last_id = Some(id);
        record.id = id;
        self.index(&record);
        self.records.insert(id, record);
        id
    }

    /// Lets `change` edit a record, and finds it under its new names afterwards. False: no such record.
    pub(crate) fn edit(&mut self, id: u64, change: impl FnOnce(&mut Record)) -> bool {
        let Some(mut record) = self.remove(id) else {
            return false;
        };
        change(&mut record);
        self.index(&record);
        self.records.insert(id, record);
        true
    }

    /// Takes a record out of the vault for good: no API does that, an administrator might.
    pub(crate) fn remove(&mut self, id: u64) -> Option<Record> {
        let record = self.records.remove(&id)?;
        if let Some(identifier) = &record.identifier {
            forget(&mut self.by_identifier, &key(&[&record.tenant, identifier]), id);
        }
        forget(&mut self.by_account, &record_account(&record), id);
        Some(record)
    }

    fn index(&mut self, record: &Record) {
        if let Some(identifier) = &record.identifier {
            self.by_identifier.entry(key(&[&record.tenant, identifier])).or_default().insert(record.id);
        }
        self.by_account.entry(record_account(record)).or_default().insert(record.id);
    }

    /// Puts a record into the vault, and its device if that is missing.
    pub(crate) fn seed(&mut self, tenant: &str, seed: &Seed, visible_to: Vec<String>, now: Timestamp) -> u64 {
        if self.devices.at(tenant, &seed.hostname, &seed.ip, Addresses::Text).is_none() {
            self.devices.put(tenant, &Device::new(&seed.hostname, &seed.ip));
        }
        let mut record = Record::new(tenant, &seed.username, &seed.hostname, &seed.ip, now);
        record.identifier.clone_from(&seed.identifier);
        record.active = !seed.disabled;
        record.visible_to = visible_to.into_iter().collect();
        if let Some(kind) = &seed.credential_type {
            record.kind.clone_from(kind);
        }
        if seed.automatic_change {
            record.fields.insert("execution_settings".to_owned(), json!({ "automatic_change": true }));
        }
        if let Some(value) = &seed.value {
            record.write_value(value.clone(), None, now);
        }
        self.insert(record)
    }
}

fn key(parts: &[&str]) -> String {
    parts.join("\0")
}

fn account_key(tenant: &str, username: &str, hostname: &str, ip: &str) -> String {
    key(&[tenant, &username.to_lowercase(), &hostname.to_lowercase(), &canonical(ip)])
}

/// SSH keys are other objects than credentials: no account finds them.
fn record_account(record: &Record) -> String {
    let account = account_key(&record.tenant, &record.username, &record.hostname, &record.ip);
    if record.is_ssh_key() { format!("ssh-key\0{account}") } else { account }
}

fn found(index: &HashMap<String, Ids>, key: &str) -> Vec<u64> {
    index.get(key).map(|ids| ids.iter().copied().collect()).unwrap_or_default()
}

fn forget(index: &mut HashMap<String, Ids>, key: &str, id: u64) {
    if let Some(ids) = index.get_mut(key) {
        ids.remove(&id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}

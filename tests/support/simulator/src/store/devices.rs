//! The devices that credentials are on.

use std::collections::{BTreeMap, HashMap};

use super::{Ids, forget, found, key};
use crate::addresses::{Addresses, canonical};
use crate::config::Device;

/// The devices of all tenants, by id. Each knows its tenant.
#[derive(Clone, Default)]
pub(crate) struct Devices {
    by_id: BTreeMap<u64, Device>,
    /// By host name and by what the address means, so that the knob for spellings can be turned at any time.
    by_place: HashMap<String, Ids>,
    last_id: u64,
}

impl Devices {
    /// Returns the device of this name and address, both ignoring case.
    pub(crate) fn at(&self, tenant: &str, hostname: &str, ip: &str, addresses: Addresses) -> Option<&Device> {
        let there =
            found(&self.by_place, &place(tenant, hostname, ip)).into_iter().filter_map(|id| self.by_id.get(&id));
        let mut there = there.filter(|device| addresses.same(&device.ip, ip));
        there.next()
    }

    /// Returns the id of the device of exactly this name and address, both ignoring case.
    pub(crate) fn id_at(&self, tenant: &str, hostname: &str, ip: &str) -> Option<u64> {
        let same = |id: &u64| self.by_id.get(id).is_some_and(|there| Addresses::Text.same(&there.ip, ip));
        found(&self.by_place, &place(tenant, hostname, ip)).into_iter().find(same)
    }

    /// Returns the id of the device of this name, ignoring case; the oldest of several.
    pub(crate) fn named(&self, tenant: &str, hostname: &str) -> Option<u64> {
        self.of(tenant).find(|(_, device)| device.hostname.eq_ignore_ascii_case(hostname)).map(|(id, _)| id)
    }

    /// Returns one device of a tenant.
    pub(crate) fn get(&self, tenant: &str, id: u64) -> Option<&Device> {
        self.by_id.get(&id).filter(|device| device.tenant.as_deref() == Some(tenant))
    }

    /// Returns the devices of a tenant with their ids, by id.
    pub(crate) fn of<'a>(&'a self, tenant: &'a str) -> impl Iterator<Item = (u64, &'a Device)> {
        let all = self.by_id.iter().map(|(id, device)| (*id, device));
        all.filter(move |(_, device)| device.tenant.as_deref() == Some(tenant))
    }

    /// Returns all devices, ordered by host name.
    pub(crate) fn all(&self) -> Vec<Device> {
        let mut devices: Vec<Device> = self.by_id.values().cloned().collect();
        devices.sort_by(|a, b| (&a.hostname, &a.ip).cmp(&(&b.hostname, &b.ip)));
        devices
    }

    /// Adds a device, or replaces the one of exactly this name and address; returns its id.
    pub(crate) fn put(&mut self, tenant: &str, device: &Device) -> u64 {
        let device = Device { tenant: Some(tenant.to_owned()), ..device.clone() };
        let id = self.id_at(tenant, &device.hostname, &device.ip).unwrap_or(self.last_id + 1);
        self.last_id = self.last_id.max(id);
        self.index(id, &device);
        self.by_id.insert(id, device);
        id
    }

    /// Lets `change` edit a device, and finds it at its new address afterwards.
    pub(crate) fn edit(&mut self, id: u64, change: impl FnOnce(&mut Device)) {
        if let Some(mut device) = self.take(id) {
            change(&mut device);
            self.index(id, &device);
            self.by_id.insert(id, device);
        }
    }

    /// Takes away all devices of this host name; their records stay. Returns how many there were.
    pub(crate) fn remove(&mut self, tenant: &str, hostname: &str) -> usize {
        let named = self.of(tenant).filter(|(_, device)| device.hostname.eq_ignore_ascii_case(hostname));
        let ids: Vec<u64> = named.map(|(id, _)| id).collect();
        ids.into_iter().filter_map(|id| self.take(id)).count()
    }

    fn take(&mut self, id: u64) -> Option<Device> {
        let device = self.by_id.remove(&id)?;
        forget(&mut self.by_place, &place_of(&device), id);
        Some(device)
    }

    fn index(&mut self, id: u64, device: &Device) {
        self.by_place.entry(place_of(device)).or_default().insert(id);
    }
}

fn place(tenant: &str, hostname: &str, ip: &str) -> String {
    key(&[tenant, &hostname.to_lowercase(), &canonical(ip)])
}

fn place_of(device: &Device) -> String {
    place(device.tenant.as_deref().unwrap_or_default(), &device.hostname, &device.ip)
}

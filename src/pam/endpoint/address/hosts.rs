//! The list of hosts that tenants' connections may lead to.

use std::net::IpAddr;

use url::Host;

use super::network::{Network, number_of};
use super::pattern::{Pattern, without_final_dot};
use super::special::{AddressKind, Meaning, meanings};

/// The hosts that tenants' connections may lead to. The default is empty: none.
///
/// Each entry is one of
/// - a name: `pam.example.com`;
/// - a pattern, whose `*` is in the first label only: `*.example.com` is every name below `example.com` at any
///   depth, `pam-*.example.com` stays within the label, `*` alone is every name;
/// - an address or network: `10.0.0.7`, `10.0.0.0/8`, `fd12::/16`. Such an entry permits URLs that hold such an
///   address. It lifts the refusal of special addresses only if all of it is special in that way: `127.0.0.1` and
///   `127.0.0.0/8` permit the loopback, `0.0.0.0/0` does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts {
    names: Vec<Pattern>,
    networks: Vec<Network>,
}

/// A text that is no entry of [`AllowedHosts`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an allowed host: {0:?}: give a name (pam.example.com), a pattern whose \"*\" is in the first label \
     (*.example.com), an address (10.0.0.7) or a network (10.0.0.0/8), without scheme and port"
)]
pub struct AllowedHostError(String);

impl AllowedHosts {
    /// Reads the entries, and skips empty ones.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, AllowedHostError> {
        let mut hosts = Self::default();
        for entry in entries.into_iter().map(str::trim).filter(|entry| !entry.is_empty()) {
            hosts.add(entry).ok_or_else(|| AllowedHostError(entry.to_owned()))?;
        }
        Ok(hosts)
    }

    /// Returns true if nothing is allowed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.networks.is_empty()
    }

    /// Returns true if an entry allows the host name.
    pub(in crate::pam::endpoint) fn lists_name(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        without_final_dot(&name).is_some_and(|name| self.names.iter().any(|pattern| pattern.matches(name)))
    }

    /// Returns true if an entry allows URLs that hold the address.
    pub(in crate::pam::endpoint) fn lists_address(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(number_of(address)))
    }

    /// Refuses an address with a special meaning that no entry lists as such.
    pub(in crate::pam::endpoint) fn check_address(&self, address: IpAddr) -> Result<(), AddressKind> {
        let refused = meanings(number_of(address)).find(|meaning| !self.permits(meaning));
        refused.map_or(Ok(()), |meaning| Err(meaning.kind))
    }

    fn permits(&self, meaning: &Meaning) -> bool {
        self.networks.iter().any(|network| network.contains(meaning.number) && meaning.range.covers(network))
    }

    fn add(&mut self, entry: &str) -> Option<()> {
        if let Some((address, length)) = entry.split_once('/') {
            self.networks.push(Network::new(address.parse().ok()?, length.parse().ok()?)?);
        } else if let Ok(address) = entry.parse() {
            self.networks.push(Network::of(address));
        } else if entry.contains('*') {
            self.names.push(Pattern::parse(entry)?);
        } else {
            self.add_host(Host::parse(entry).ok()?)?;
        }
        Some(())
    }

    fn add_host(&mut self, host: Host) -> Option<()> {
        match host {
            Host::Domain(name) => self.names.push(Pattern::Name(without_final_dot(&name)?.to_owned())),
            Host::Ipv4(address) => self.networks.push(Network::of(address.into())),
            Host::Ipv6(address) => self.networks.push(Network::of(address.into())),
        }
        Some(())
    }
}

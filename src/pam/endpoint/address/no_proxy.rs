//! The hosts that are reached without a proxy, as the variable `NO_PROXY` lists them.

use std::net::IpAddr;

use url::{Host, Url};

use super::network::{Network, number_of};
use super::pattern::without_final_dot;

/// The hosts that are reached without a proxy. The default is empty: none.
///
/// Entries are separated by commas or blanks. Each is `*`, a name, a name that begins with a dot, an address or a network; all
/// but `*` and networks may have a port. No name is resolved, and an entry that is none of these means nothing, as in other
/// programs that read `NO_PROXY`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    /// `None` is every port.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// A name, and all names below it.
    At(String),
    /// All names that end so; the text begins with a dot.
    Below(String),
    Addresses(Network),
}

impl NoProxy {
    /// Reads a list.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let entries = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        Self(entries.filter_map(Entry::parse).collect())
    }

    /// Returns true if the list has the URL's host.
    #[must_use]
    pub fn covers(&self, url: &Url) -> bool {
        let port = url.port_or_known_default();
        url.host().is_some_and(|host| self.0.iter().any(|entry| entry.covers(&host, port)))
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        let every_port = |hosts| Some(Self { hosts, port: None });
        if text == "*" {
            return every_port(Hosts::All);
        }
        if let Some((address, length)) = text.split_once('/') {
            return every_port(Hosts::Addresses(Network::new(address.parse().ok()?, length.parse().ok()?)?));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return every_port(Hosts::Addresses(Network::of(address)));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
            _ => (text, None),
        };
        Some(Self { hosts: Hosts::parse(host)?, port })
    }

    fn covers(&self, host: &Host<&str>, port: Option<u16>) -> bool {
        (self.port.is_none() || self.port == port) && self.hosts.covers(host)
    }
}

impl Hosts {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(text);
        if let Some(rest) = text.strip_prefix('.') {
            return Some(Self::Below(format!(".{}", name(rest)?)));
        }
        match Host::parse(text).ok()? {
            Host::Domain(_) => name(text).map(Self::At),
            Host::Ipv4(address) => Some(Self::Addresses(Network::of(address.into()))),
            Host::Ipv6(address) => Some(Self::Addresses(Network::of(address.into()))),
        }
    }

    fn covers(&self, host: &Host<&str>) -> bool {
        match (self, host) {
            (Self::All, _) => true,
            (Self::Addresses(network), Host::Ipv4(address)) => network.contains(number_of((*address).into())),
            (Self::Addresses(network), Host::Ipv6(address)) => network.contains(number_of((*address).into())),
            (Self::At(listed), Host::Domain(name)) => {
                let head = without_final_dot(name).and_then(|name| name.strip_suffix(listed.as_str()));
                head.is_some_and(|head| head.is_empty() || head.ends_with('.'))
            }
            (Self::Below(end), Host::Domain(name)) => {
                let head = without_final_dot(name).and_then(|name| name.strip_suffix(end.as_str()));
                head.is_some_and(|head| !head.is_empty())
            }
            _ => false,
        }
    }
}

/// Returns a name as URLs have it.
fn name(text: &str) -> Option<String> {
    match Host::parse(text).ok()? {
        Host::Domain(name) if !name.contains('*') => without_final_dot(&name).map(str::to_owned),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(list: &str, url: &str) -> bool {
        NoProxy::parse(list).covers(&url.parse().unwrap())
    }

    #[test]
    fn a_list_covers_what_other_programs_read_in_no_proxy() {
        let cases = [
            ("*", "https://pam.example.com", true),
            ("", "https://pam.example.com", false),
            (",, ,", "https://pam.example.com", false),
            ("example.com", "https://example.com", true),
            ("example.com", "https://PAM.Example.com.", true),
            ("EXAMPLE.com.", "https://pam.example.com", true),
            ("example.com", "https://notexample.com", false),
            (".example.com", "https://pam.example.com", true),
            (".example.com", "https://example.com", false),
            ("*.example.com", "https://a.b.example.com", true),
            ("other.net,example.com", "https://pam.example.com", true),
            ("other.net example.com,", "https://pam.example.com", true),
            ("example.com:8443", "https://pam.example.com:8443", true),
            ("example.com:8443", "https://pam.example.com", false),
            ("example.com:443", "https://pam.example.com", true),
            ("10.0.0.0/8", "https://10.1.2.3", true),
            ("10.0.0.0/8", "https://11.1.2.3", false),
            ("10.0.0.0/8", "https://pam.example.com", false),
            ("10.0.0.7", "https://10.0.0.7:8443", true),
            ("10.0.0.7:8443", "https://10.0.0.7", false),
            ("fd12::/16", "https://[fd12::1]", true),
            ("fd12::1", "https://[fd12::1]", true),
            ("[fd12::1]:443", "https://[fd12::1]", true),
            ("[fd12::1]", "https://[fd12::2]", false),
            ("10.0.0.0/99,a b,:,.,*x,http://example.com,ex*mple.com", "https://example.com", false),
            ("bücher.example", "https://xn--bcher-kva.example", true),
        ];
        for (list, url, expected) in cases {
            assert_eq!(covers(list, url), expected, "{list} {url}");
        }
    }
}

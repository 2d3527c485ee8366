//! When two addresses of devices are the same.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// How the vault compares the addresses of devices. An IPv6 address has many spellings; what is no address at all (API
/// 2.1) is a text either way. Case never counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addresses {
    /// By their text: another spelling is another device.
    #[default]
    Text,
    /// By what they mean.
    Meaning,
}

impl Addresses {
    /// Returns whether two texts are one address.
    pub(crate) fn same(self, one: &str, other: &str) -> bool {
        match self {
            Self::Text => one.to_lowercase() == other.to_lowercase(),
            Self::Meaning => canonical(one) == canonical(other),
        }
    }
}

/// Returns the one spelling that all texts with the same meaning share.
pub(crate) fn canonical(address: &str) -> String {
    let parsed = address.parse::<IpAddr>();
    parsed.map_or_else(|_| address.to_lowercase(), |address| address.to_canonical().to_string())
}

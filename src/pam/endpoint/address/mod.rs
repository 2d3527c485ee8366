//! Hosts and addresses that an allow list or a list of hosts without a proxy names, and addresses with a special meaning.
//!
//! This room is a pure check: no name is resolved, nothing is connected to.

mod hosts;
mod network;
mod no_proxy;
mod pattern;
mod special;

pub use hosts::{AllowedHostError, AllowedHosts};
pub use no_proxy::NoProxy;
pub use special::AddressKind;

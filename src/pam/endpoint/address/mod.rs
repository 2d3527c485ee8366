//! Hosts and addresses that an allow list names, and addresses with a special meaning.
//!
//! This room is a pure check: no name is resolved, nothing is connected to.

mod hosts;
mod network;
mod pattern;
mod special;

pub use hosts::{AllowedHostError, AllowedHosts};
pub use special::AddressKind;

//! Reads from the cluster everything that a login to a PAM depends on, as its connection describes it.
//!
//! A program with the rights to read a connection's Secret can make the same client of it as the operator does: this module knows
//! no controller. Which addresses a tenant's connection may lead to, and who shares its limits, is the operator's business:
//! [`read`] returns an endpoint that may lead anywhere.

mod endpoint;
mod read;

pub use endpoint::has_proxy;
pub use read::{Login, LoginError, read, read_with};

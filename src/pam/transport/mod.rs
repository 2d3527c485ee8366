//! The way to a PAM: one HTTP exchange, whom it trusts, and how many there may be.

mod breaker;
mod budget;
mod gate;
mod http;
mod resolver;
mod tls;

pub use gate::{CallReport, Origins};
pub(in crate::pam) use gate::{Permit, Seat};
pub(in crate::pam) use http::{Answer, client_for, exchange, failed, read, send, within};

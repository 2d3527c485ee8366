//! The way to a PAM: HTTP exchanges, the trust in the peer, and how many requests there may be.

mod breaker;
mod budget;
mod http;
mod origin;
mod origins;
mod report;
mod resolver;
mod tls;

pub(in crate::pam) use http::{HttpAnswer, client_for, exchange, failed, read, send, within};
pub(in crate::pam) use origin::{Member, Permit};
pub use origins::Origins;
pub use report::CallReport;

//! The way to a PAM: HTTP exchanges, the trust in the peer, and how many requests there may be.

mod breaker;
mod budget;
mod cause;
mod http;
mod origins;
mod proxy;
mod report;
mod resolver;
mod shared_limits;
mod tls;

pub(in crate::pam) use http::{HttpAnswer, client_for, exchange, failed, read, send, within};
pub use origins::Origins;
pub use report::{CallReport, TokenRefresh};
pub(in crate::pam) use shared_limits::{Member, Permit};

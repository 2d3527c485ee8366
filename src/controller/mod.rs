//! Observe, decide, act, report: the only place that knows both the cluster and the PAM.
//!
//! [`run`] starts one controller for connections and one for credentials in each watched namespace (or one for
//! all). A pass over a credential is in `reconcile.rs`, a pass over a connection in `connection.rs`.

mod connection;
mod controllers;
mod credential;
mod message;
mod run;
mod runtime;
mod secret;

pub use run::run;
pub use runtime::error::Error;

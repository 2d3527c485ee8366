//! Observe, decide, act, report: the only place that knows both the cluster and the PAM.
//!
//! [`run`] starts one controller for connections and one for credentials in each watched namespace (or one for
//! all). A pass over a credential is in `reconcile.rs`, a pass over a connection in `connection.rs`.

mod act;
mod blame;
mod claims;
mod connection;
mod connections;
mod context;
mod digest;
mod disable;
mod error;
mod finalizer;
mod groups;
mod material;
mod memory;
mod message;
mod observe;
mod observed;
mod places;
mod reconcile;
mod references;
mod report;
mod roster;
mod run;
mod schedule;
mod secrets;
mod status;
mod value;
mod verdict;
mod versions;
mod watch;
mod whereabouts;

pub use error::Error;
pub use run::run;

//! Observe, decide, act, report: the only place that knows both the cluster and the PAM.
//!
//! [`run`] starts one controller for connections and one for credentials in each watched namespace (or one for
//! all). A pass over a credential is in `reconcile.rs`, a pass over a connection in `connection.rs`.

mod access;
mod act;
mod any_connection;
mod blame;
mod claims;
mod conflict;
mod connection;
mod connection_status;
mod connections;
mod context;
mod corrections;
mod digest;
mod disable;
mod drift;
mod enable;
mod error;
mod finalizer;
mod groups;
mod handover;
mod inventories;
mod kept;
mod material;
mod memory;
mod message;
mod namespaces;
mod newer;
mod next;
mod observe;
mod observed;
mod pending;
mod places;
mod plan;
mod reading;
mod reconcile;
mod references;
mod report;
mod roster;
mod run;
mod schedule;
mod secrets;
mod serve;
mod settings;
mod settle;
mod standing;
mod status;
mod subject;
mod target;
mod value;
mod verdict;
mod versions;
mod view;
mod watch;
mod whereabouts;

pub use error::Error;
pub use run::run;

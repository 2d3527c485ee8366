//! Observe, decide, act, report: the only module that knows both the cluster and the PAM.
//!
//! [`run`] starts one controller for each kind in each watched namespace (or one for all). Arrows between the rooms run
//! down: `run → controllers → credential → connection → secret → runtime`. A pass over an object of a kind is
//! in `reconcile.rs` of its room.

mod connection;
mod controllers;
mod credential;
mod run;
mod runtime;
mod safe_password;
mod secret;

pub use run::run;
pub use runtime::error::Error;

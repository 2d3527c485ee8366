#![doc = include_str!("../README.md")]

mod cluster;
mod defaults;
mod fault;
mod hours;
mod kinds;
mod patch;
mod requests;
mod serve;
mod store;
mod target;
mod watch;

pub use cluster::Cluster;
pub use fault::{Effect, Fault};
pub use hours::{Hours, now, run};
pub use requests::{Mark, Request, Requests};

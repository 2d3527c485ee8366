#![doc = include_str!("../README.md")]

mod cluster;
mod defaults;
mod fault;
mod kinds;
mod patch;
mod requests;
mod serve;
mod store;
mod target;
mod virtual_time;
mod watch;

pub use cluster::Cluster;
pub use fault::{Effect, Fault};
pub use requests::{Mark, Request, Requests};
pub use store::Backup;
pub use virtual_time::{VirtualTime, now, run};

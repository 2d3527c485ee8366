//! The calls about credentials and entries: how each is sent, and what the PAM's answer means.

mod caller;
mod entries;
mod list;
mod part_limit;
mod switch;
mod upsert;

pub(in crate::pam) use caller::{Caller, Sent, Sink, Write};
pub use entries::MySafe;
pub use switch::{Disabled, Enabled};

//! What is to be done about one credential, decided from what was seen. Pure and total: no I/O, no clock, no
//! async, and nothing but std and jiff, so that every state can be tried in a test.
//!
//! [`decide`] takes a [`Situation`] and returns a [`Decision`]; [`judge`] compares the PAM's answer with the
//! decision; [`backoff`] says when to try again.

mod access;
mod account;
mod adoption;
pub mod backoff;
mod decide;
mod deletion;
mod identity;
mod judge;
#[cfg(test)]
mod laws;
mod login;
mod reason;
mod repair;
mod sighting;
mod situation;

pub use access::{AccessRule, Claim, Denial, Grants, access};
pub use account::Account;
pub use decide::{Decision, Expect, LetGo, Look, Planned, Push, decide};
pub use deletion::{Disabling, after_disable, seen_in_leaving};
pub use identity::{generated_identifier, generated_under};
pub use judge::{Answer, Expected, Mismatch, Outcome, judge};
pub use login::{Login, Remembered, login};
pub use reason::{Reason, Retry};
pub use repair::{SETTLE, is_only_correction};
pub use sighting::{Identifiers, Row, Seen, sighting};
pub use situation::{
    Adoption, Change, Claims, Connection, Drift, Facts, Intent, Inventory, Recorded, Request, Secrets, Settle,
    Situation, Value,
};

//! What happens to one `PamCredential`: decided from what a pass saw.

mod adoption;
mod answer;
mod decide;
mod deletion;
mod facts;
#[cfg(test)]
mod laws;
mod matching;
mod repair;

use super::{Account, Reason};

pub use answer::{Answer, Expected, Mismatch, WriteEffect, judge};
pub use decide::{Decision, Expect, Look, Planned, Push, ReleaseReason, decide};
pub use deletion::{Disabling, after_disable, seen_in_leaving};
pub use facts::{
    Adoption, Binding, Change, Claims, Connection, Drift, Facts, Intent, Inventory, Request, Secrets, SettleWindow,
    Situation, Value,
};
pub use matching::{Identifiers, Row, Seen, match_rows};
pub use repair::{SETTLE, is_only_correction};

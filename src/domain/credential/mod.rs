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

pub use answer::{Answer, Expected, Mismatch, Outcome, judge};
pub use decide::{Decision, Expect, LetGo, Look, Planned, Push, decide};
pub use deletion::{Disabling, after_disable, seen_in_leaving};
pub use facts::{
    Adoption, Change, Claims, Connection, Drift, Facts, Intent, Inventory, Recorded, Request, Secrets, Settle,
    Situation, Value,
};
pub use matching::{Identifiers, Row, Seen, sighting};
pub use repair::{SETTLE, is_only_correction};

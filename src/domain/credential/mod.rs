//! What happens to one `PamCredential`: decided from what a pass saw.

mod adoption;
mod answer;
mod decide;
mod decision;
mod deletion;
mod desired;
mod drift;
mod facts;
mod groups;
#[cfg(test)]
mod laws;
mod listed;
mod matching;
mod repair;
mod retry;
mod situation_input;
mod status;
mod target;
mod transition;
mod transition_input;

use super::keyed::{Compared, Keyed};
use super::unacked::{SettleWindow, UnackedWrite, WriteAction, whole_second};
use super::{Account, Binding, BoundVault, ConnectedVault, Connection, Reason, ReleaseReason, SecretVersion};

pub use answer::{Answer, Expected, Mismatch, WriteEffect, judge};
pub use decide::decide;
pub use decision::{Decision, Expect, Look, Planned, Push};
pub use deletion::seen_in_leaving;
pub use desired::{Desired, ReadSecrets, compared_by_plan, ensures_enabled, value_read};
pub use drift::{DriftFinding, DriftInput, ListedRecord, change_since_write, find_drift, remembered};
pub use facts::{AdoptionPolicy, Claims, Facts, Heir, Intent, Request, SecretsState, Situation, ValueComparison};
pub use groups::{ACCOUNT, CONTENT, DEVICE, KEYED, LOGIN_FIELDS, TOTP, USERNAME};
pub use listed::{Change, Drift, Inventory, Seen};
pub use matching::{Identifiers, Row, match_rows};
pub use repair::is_only_correction;
pub use retry::{Ended, next_pass};
pub use situation_input::SituationInput;
pub use status::{Asked, ClusterState, MOST_CORRECTIONS, MismatchRecord, Remote, Status};
pub use target::Target;
pub use transition::{WriteResult, announce, clears_suspected_write, transition};
pub use transition_input::TransitionInput;

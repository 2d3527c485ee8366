//! What an object's status says after a pass.

use crate::api::MySafePasswordStatus;
use crate::controller::safe_password::act::outcome::Outcome;
use crate::controller::safe_password::facts::observation::Observation;
use crate::controller::safe_password::facts::stored_status;
use crate::controller::safe_password::report::conditions::conditions;
use crate::controller::safe_password::report::plan::plan;
use crate::domain::safe_password::{Decision, Status, transition};

/// The status after a pass.
pub(super) struct Next {
    /// What the object remembers.
    pub(super) status: Status,
    /// The same as it is stored, with plan and conditions.
    pub(super) stored: MySafePasswordStatus,
}

/// Returns the status after a pass.
pub(super) fn next_status(observed: &Observation<'_>, decision: Decision, outcome: &Outcome) -> Next {
    let status = transition(&observed.input(), decision, outcome.result());
    let mut stored = stored_status::to_stored(status.clone(), &observed.object.spec.connection_ref);
    stored.plan = plan(observed, decision);
    stored.conditions = conditions(observed, &status, decision, outcome);
    Next { status, stored }
}

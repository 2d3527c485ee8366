//! What a credential's status says after a pass.

use crate::api::PamCredentialStatus;
use crate::controller::credential::act::outcome::Outcome;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::credential::facts::stored_status;
use crate::controller::credential::report::conditions::conditions;
use crate::controller::credential::report::plan::plan;
use crate::controller::credential::report::removed::removed_groups;
use crate::domain::Decision;
use crate::domain::credential::{Status, transition};

/// The status after a pass.
pub(crate) struct Next {
    /// What the object remembers.
    pub(crate) status: Status,
    /// The same as it is stored, with plan and conditions.
    pub(crate) stored: PamCredentialStatus,
    /// The groups of fields that the PAM keeps though the spec no longer has them.
    pub(crate) removed: Vec<String>,
}

/// Returns the status after a pass.
pub(crate) fn next_status(observed: &Observation<'_>, decision: Decision, outcome: &Outcome) -> Next {
    let status = transition(&observed.status, &observed.transition_input(), decision, outcome.result());
    let removed = removed_groups(&status, &observed.desired);
    let mut stored = stored_status::to_stored(status.clone(), &observed.object.spec.connection_ref);
    stored.plan = plan(observed, decision);
    stored.conditions = conditions(observed, &stored, &removed, decision, outcome);
    Next { status, stored, removed }
}

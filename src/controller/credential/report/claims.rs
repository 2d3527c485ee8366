//! What becomes of a claim once a pass ended.

use crate::controller::credential::act::outcome::Outcome;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::field_groups;
use crate::controller::credential::facts::observation::Observation;
use crate::domain::{Decision, Reason};

/// Keeps what was claimed once it was written, and as long as it may have been; otherwise others may have it.
pub(crate) fn settle_claims(observed: &Observation<'_>, decision: Decision, outcome: &Outcome, context: &Context) {
    if observed.situation.deleting {
        return;
    }
    let for_good = match (outcome, decision) {
        (Outcome::Written(_), _) | (Outcome::Nothing, Decision::Rebind) => {
            if context.claims.keep(observed.uid(), field_groups::claimed_device(&observed.object.spec)) {
                context.wake_waiting(&observed.key);
            }
            return;
        }
        (Outcome::Refused(_) | Outcome::Lost(_) | Outcome::Blocked(_), Decision::Push(_)) => false,
        (
            Outcome::Nothing,
            Decision::Wait(Reason::IdentifierConflict | Reason::AccountConflict | Reason::DeviceConflict),
        ) => false,
        (Outcome::Nothing, Decision::Wait(reason)) => may_not_write(reason),
        _ => return,
    };
    let given_back = || context.claims.give_back(observed.uid(), for_good);
    if !may_be_written(observed, outcome) && observed.status.mismatch.is_none() && given_back() {
        context.wake_waiting(&observed.key);
    }
}

/// Whether the PAM may hold what was claimed.
fn may_be_written(observed: &Observation<'_>, outcome: &Outcome) -> bool {
    let lost = matches!(outcome, Outcome::Lost(_));
    let earlier = observed.status.has_write_of_fields() && !observed.found.announced;
    lost || earlier
}

/// Whether somebody must change something before this object may write at all.
const fn may_not_write(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::AccessDenied
            | Reason::SecretNotFound
            | Reason::SecretKeyNotFound
            | Reason::SecretInvalid
            | Reason::ConnectionNotFound
            | Reason::ConnectionNotAllowed
            | Reason::AnotherOperator
    )
}

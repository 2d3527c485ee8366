//! What becomes of a claim once a pass ended.

use crate::api::ConnectionKind;
use crate::controller::credential::act::outcome::Outcome;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::field_groups;
use crate::controller::credential::facts::observation::Observation;
use crate::domain::{Decision, HoldUp};
use crate::message::pam_error;
use crate::pam::PamError;

/// Keeps what was claimed once it was written, and as long as it may have been; otherwise others may have it.
pub(crate) fn settle_claims(observed: &Observation<'_>, decision: Decision, outcome: &Outcome, context: &Context) {
    if is_lost(outcome) {
        context.claims.note_lost(observed.uid(), observed.times.ended);
    }
    if !observed.situation.deleting && frees(observed, decision, outcome, context) {
        context.wake_waiting(&observed.key);
    }
}

/// Settles the claims; returns whether something is free now.
fn frees(observed: &Observation<'_>, decision: Decision, outcome: &Outcome, context: &Context) -> bool {
    let (claims, uid) = (&context.claims, observed.uid());
    match (outcome, decision) {
        (Outcome::Written(_), _) | (Outcome::Nothing, Decision::Rebind) => {
            claims.keep(uid, field_groups::claimed_device(&observed.object.spec))
        }
        (_, Decision::Push(_)) if is_lost(outcome) => claims.lose(uid, observed.times.ended),
        (Outcome::Refused(error) | Outcome::Lost(error), Decision::Push(_)) => {
            ends(observed, outcome, pam_error::reason(error).hold_up(true), context)
        }
        (Outcome::Blocked(_), Decision::Push(_)) => ends(observed, outcome, HoldUp::Passing, context),
        (Outcome::Nothing, Decision::Wait(reason)) => ends(observed, outcome, reason.hold_up(false), context),
        // The PAM wrote another record than the one that was handed over.
        (Outcome::Mismatch { .. }, _) => claims.end_pass(uid) | claims.come_for_nothing(uid),
        _ => claims.end_pass(uid),
    }
}

/// Whether the PAM may still execute what was sent.
fn is_lost(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Lost(error) if !error.is_write_answered_before_pam())
}

/// Settles the claims of a pass after which nothing more may have been written than before it. Returns whether something is
/// free now.
fn ends(observed: &Observation<'_>, outcome: &Outcome, hold_up: HoldUp, context: &Context) -> bool {
    let (claims, uid) = (&context.claims, observed.uid());
    let frees = if may_be_written(observed, outcome, context) || observed.status.mismatch.is_some() {
        claims.end_pass(uid)
    } else {
        claims.give_back(uid, hold_up == HoldUp::Lasting)
    };
    frees | (hold_up == HoldUp::OfConnection && claims.hold_up(uid))
}

/// Whether the PAM may hold what was claimed, by an earlier write. What the status tells of that counts through a cluster's
/// connection only: a tenant's object has it there for as long as nothing answers as the PAM does.
fn may_be_written(observed: &Observation<'_>, outcome: &Outcome, context: &Context) -> bool {
    let by_tenant = observed.connection_id().kind() == ConnectionKind::PamConnection;
    let by_page = outcome.error().is_some_and(PamError::is_write_answered_before_pam);
    let of_status = observed.status.has_write_of_fields() && !observed.found.announced;
    context.claims.is_in_doubt(observed.uid(), observed.times.ended) || (of_status && !by_tenant && !by_page)
}

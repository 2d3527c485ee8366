//! What `Ready` says after a pass, and what stands beside it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::api::Product;
use crate::controller::runtime::status_store::ready_reason;
use crate::controller::runtime::{finalizer, status_store};
use crate::controller::safe_password::act::outcome::Outcome;
use crate::controller::safe_password::facts::access;
use crate::controller::safe_password::facts::observation::Observation;
use crate::controller::safe_password::report::drifted::drifted;
use crate::controller::safe_password::report::sharing::sharing_incomplete;
use crate::domain::safe_password::{Decision, Input, List, Seen, Status, decide};
use crate::domain::{Binding, Connection, Reason};
use crate::message::problem::Problem;
use crate::message::safe_password as message;
use crate::message::{conflict, credential, pam_error, plan};

/// Returns the conditions after a pass.
pub(super) fn conditions(
    observed: &Observation<'_>,
    next: &Status,
    decision: Decision,
    outcome: &Outcome,
) -> Vec<Condition> {
    let (before, generation) = (&observed.stored.conditions, Some(observed.generation()));
    if decision == Decision::Suspend {
        let is_unseen = next.identifier.is_none() && ready_reason(before) == Reason::Progressing;
        let unseen = is_unseen.then_some(credential::SUSPENDED_UNSEEN);
        return status_store::suspended(credential::SUSPENDED, unseen, generation, observed.times.now, before);
    }
    let Problem { reason, message } = ready(observed, next, decision, outcome);
    let mut conditions = status_store::conditions(reason, &message, generation, observed.times.now, before);
    conditions.extend(sharing_incomplete(observed, outcome));
    conditions.extend(drifted(observed, outcome));
    conditions
}

/// Returns reason and message of `Ready`.
fn ready(observed: &Observation<'_>, next: &Status, decision: Decision, outcome: &Outcome) -> Problem {
    if observed.is_deleting() {
        return leaving(observed, decision, outcome);
    }
    let id = next.identifier.as_deref().unwrap_or_default();
    match (outcome, decision) {
        (Outcome::Refused(error), _) => problem(pam_error::reason(error), error.summary()),
        (Outcome::Lost(error), Decision::Send(write)) => {
            problem(pam_error::reason(error), message::lost(&error.summary(), write))
        }
        (Outcome::Blocked(blocked), _) => blocked.clone(),
        (_, Decision::Wait(reason)) => problem(reason, waiting(observed, reason)),
        (_, Decision::Plan(_)) => problem(Reason::Planned, message::planned(observed.plan_only)),
        _ if is_settled(observed, next) => problem(Reason::Synced, message::synced(id)),
        _ => problem(Reason::Progressing, message::more_to_send(id)),
    }
}

fn problem(reason: Reason, message: impl Into<String>) -> Problem {
    Problem { reason, message: message.into() }
}

/// Returns whether nothing is left to be sent.
fn is_settled(observed: &Observation<'_>, next: &Status) -> bool {
    let input = Input { status: next, ..observed.input() };
    let mut situation = observed.situation_of(&input);
    situation.announced = None;
    matches!(decide(&situation), Decision::Settled | Decision::RemoveFinalizer(_))
}

/// Returns reason and message of an object that is being deleted and cannot go yet.
fn leaving(observed: &Observation<'_>, decision: Decision, outcome: &Outcome) -> Problem {
    if decision == Decision::AwaitFinalizers {
        return problem(Reason::Deleting, credential::held(&finalizer::others(observed.object)));
    }
    let (reason, what) = match (outcome, decision) {
        (Outcome::Blocked(blocked), _) if blocked.reason == Reason::DeletionBlocked => {
            (blocked.reason, blocked.message.clone())
        }
        (Outcome::Blocked(blocked), _) => (Reason::Deleting, blocked.message.clone()),
        (Outcome::Refused(error) | Outcome::Lost(error), _) => {
            (pam_error::reason(error).of_deletion(), error.summary())
        }
        (_, Decision::Wait(reason)) => (reason, waiting(observed, reason)),
        (_, Decision::Plan(_)) => (Reason::DeletionBlocked, plan::leaving(observed.plan_only).to_owned()),
        _ => (Reason::Deleting, String::new()),
    };
    problem(reason, message::leaving(&what))
}

fn waiting(observed: &Observation<'_>, reason: Reason) -> String {
    let situation = observed.situation();
    if reason == Reason::AnotherOperator {
        return credential::ANOTHER_OPERATOR.to_owned();
    }
    if let (Some(denial), Some(state)) = (observed.connection.denial(), &observed.connection.state) {
        return access::denied(denial, &observed.key.namespace, &state.connection);
    }
    if let Some(problem) = &observed.found.problem {
        return problem.message.clone();
    }
    if let Some(error) = &observed.found.failure {
        return error.summary();
    }
    if observed.connection_state() != Connection::Ready {
        return observed.connection.why_not_ready(&observed.connection_id(), Product::MySafe, reason);
    }
    let identifier = observed.status.identifier.as_ref().or(observed.desired.identifier.as_ref());
    match (reason, identifier, situation.list) {
        (Reason::IdentifierConflict, Some(id), _) => message::claimed(id) + &conflict::until(observed.claim_ends()),
        (Reason::AccessDenied, Some(id), _) => {
            let is_bound = situation.binding != Binding::Unbound;
            message::may_not_take_over(id, &observed.connection_id().to_string(), is_bound)
        }
        (_, Some(id), List::Shows(seen)) => {
            message::other_entry(id, seen == Seen::Nothing, situation.binding != Binding::Unbound)
        }
        (Reason::RecordConflict | Reason::DeletionBlocked, ..) => message::UNCLEAR.to_owned(),
        (_, _, List::Failed(Reason::InventoryIncomplete)) => message::EMPTIED.to_owned(),
        _ => message::UNSETTLED.to_owned(),
    }
}

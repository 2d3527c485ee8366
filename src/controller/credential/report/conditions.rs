//! What `Ready` says after a pass, and what stands beside it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::api::{ConditionType, PamCredentialStatus, Product, find};
use crate::controller::credential::act::outcome::Outcome;
use crate::controller::credential::facts::access;
use crate::controller::credential::facts::identity::generated_by;
use crate::controller::credential::facts::observation::{Observation, Sight};
use crate::controller::credential::report::drifted::drifted;
use crate::controller::credential::report::heir;
use crate::controller::credential::report::overwriting;
use crate::controller::runtime::status_store::ready_reason;
use crate::controller::runtime::{finalizer, status_store};
use crate::domain::{
    Binding, Claims, Connection, Decision, Inventory, Mismatch, Reason, SecretsState, Seen, SettleWindow,
    ValueComparison,
};
use crate::message::conflict::{self, Found};
use crate::message::connection;
use crate::message::credential::{self as message, Withheld};
use crate::message::problem::Problem;
use crate::message::{pam_error, plan, removed};

/// Returns the conditions after a pass.
pub(crate) fn conditions(
    observed: &Observation<'_>,
    next: &PamCredentialStatus,
    removed: &[String],
    decision: Decision,
    outcome: &Outcome,
) -> Vec<Condition> {
    if decision == Decision::Suspend {
        return suspended(observed);
    }
    let Ready { reason, message } = ready(observed, next, removed, decision, outcome);
    let (generation, before) = (Some(observed.generation()), &observed.stored.conditions);
    let mut conditions = status_store::conditions(reason, &message, generation, observed.times.now, before);
    let is_compared = !outcome.is_written() && decision != Decision::AwaitFinalizers;
    conditions.extend(drifted(observed, next).filter(|_| is_compared && !observed.situation.unserved));
    conditions
}

/// `Ready` keeps what it said, with `Suspended` beside it.
fn suspended(observed: &Observation<'_>) -> Vec<Condition> {
    let before = &observed.stored.conditions;
    let is_unseen = observed.situation.binding == Binding::Unbound && ready_reason(before) == Reason::Progressing;
    let (unseen, generation) = (is_unseen.then_some(message::SUSPENDED_UNSEEN), Some(observed.generation()));
    status_store::suspended(message::SUSPENDED, unseen, generation, observed.times.now, before)
}

/// Reason and message of `Ready`.
struct Ready {
    reason: Reason,
    message: String,
}

impl Ready {
    fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

/// Returns reason and message of `Ready`; a message of an object that is well names what the PAM keeps.
fn ready(
    observed: &Observation<'_>,
    next: &PamCredentialStatus,
    removed: &[String],
    decision: Decision,
    outcome: &Outcome,
) -> Ready {
    // What was said of this very spec stays as it is, the removed groups with it.
    if let Some(before) = as_before(observed, decision, outcome) {
        return before;
    }
    let mut ready = verdict(observed, next, decision, outcome);
    if ready.reason.is_ready() {
        ready.message += &removed::suffix(removed);
    }
    ready
}

fn verdict(observed: &Observation<'_>, next: &PamCredentialStatus, decision: Decision, outcome: &Outcome) -> Ready {
    if observed.situation.deleting {
        return leaving(observed, decision, outcome);
    }
    let adoption = observed.situation.adoption;
    match (outcome, decision) {
        (Outcome::Written(_), _) => after_push(observed, next),
        (Outcome::Mismatch { what, expected, answer }, decision) => {
            let words = match (what, observed.situation.inventory) {
                (Mismatch::UpdatedInstead, Inventory::Off) => conflict::unseen(Some(&answer.id), adoption),
                _ => conflict::mismatch(*what, expected, answer, adoption),
            };
            Ready::new(
                Reason::RecordConflict,
                format!("{words}.{}", overwriting::overwritten(observed, decision, answer)),
            )
        }
        (Outcome::Refused(error) | Outcome::Lost(error), Decision::Enable) => {
            Ready::new(pam_error::reason(error), message::not_enabled(id(next), &error.summary()))
        }
        (Outcome::Refused(error) | Outcome::Lost(error), _) => {
            Ready::new(pam_error::reason(error), pam_error::words(error, &observed.object.spec))
        }
        (Outcome::Blocked(problem), _) => Ready::new(problem.reason, problem.message.clone()),
        (_, Decision::Wait(reason)) => Ready::new(reason, waiting(observed, reason)),
        (_, Decision::Plan(_)) => {
            let words = next.plan.as_ref().map(|next| plan::plan(next, observed.plan_only));
            Ready::new(Reason::Planned, words.unwrap_or_default())
        }
        (_, Decision::WithholdValue) => well(next, Withheld::KeyLost),
        (_, Decision::Rebind) if observed.situation.secrets == SecretsState::Read(ValueComparison::Unknown) => {
            well(next, Withheld::KeyLost)
        }
        _ => well(next, Withheld::Earlier),
    }
}

/// Returns reason and message of an object that is being deleted and cannot go yet.
fn leaving(observed: &Observation<'_>, decision: Decision, outcome: &Outcome) -> Ready {
    if decision == Decision::HandOver {
        let Problem { reason, message } = heir::handing_over(observed);
        return Ready::new(reason, message);
    }
    if decision == Decision::AwaitFinalizers {
        return Ready::new(Reason::Deleting, message::held(&finalizer::others(observed.object)));
    }
    let (reason, what) = match (outcome, decision) {
        (Outcome::Blocked(problem), _) if problem.reason == Reason::DeletionBlocked => {
            (problem.reason, problem.message.clone())
        }
        (Outcome::Blocked(problem), _) => (Reason::Deleting, problem.message.clone()),
        (Outcome::Refused(error) | Outcome::Lost(error), _) => {
            (pam_error::reason(error).of_deletion(), error.summary())
        }
        (_, Decision::Wait(reason)) => (reason, waiting(observed, reason)),
        (_, Decision::Plan(_)) => (Reason::DeletionBlocked, plan::leaving(observed.plan_only).to_owned()),
        _ => (Reason::Deleting, String::new()),
    };
    Ready::new(reason, message::leaving(&what))
}

fn after_push(observed: &Observation<'_>, next: &PamCredentialStatus) -> Ready {
    if observed.desired.ensure_enabled && !next.ensured_enabled {
        return Ready::new(Reason::Progressing, message::to_be_enabled(id(next)));
    }
    let lost = observed.situation.secrets == SecretsState::Read(ValueComparison::Unknown);
    well(next, if lost { Withheld::KeyLost } else { Withheld::Rotates })
}

/// The PAM holds what it should, but for a value that was withheld.
fn well(next: &PamCredentialStatus, why: Withheld) -> Ready {
    let (id, identifier) = (id(next), next.identifier.as_deref().unwrap_or_default());
    if next.value_held_back {
        Ready::new(Reason::Adopted, message::adopted(id, identifier, why, next.ensured_enabled))
    } else {
        Ready::new(Reason::Synced, message::synced(id, identifier, next.ensured_enabled))
    }
}

/// Returns what `Ready` said, if nothing was due and it was good news about this very generation. A plan was no outcome.
fn as_before(observed: &Observation<'_>, decision: Decision, outcome: &Outcome) -> Option<Ready> {
    let nothing_due = matches!(
        decision,
        Decision::Settled | Decision::LookAgain | Decision::Record | Decision::Rebind | Decision::RemoveFinalizer(_)
    );
    let lost_key =
        decision == Decision::Rebind && observed.situation.secrets == SecretsState::Read(ValueComparison::Unknown);
    if !nothing_due || lost_key || observed.situation.deleting || !matches!(outcome, Outcome::Nothing) {
        return None;
    }
    let ready = find(&observed.stored.conditions, ConditionType::Ready)?;
    let said = ready.status == "True" && ready.reason != Reason::Planned.as_str();
    let current = ready.observed_generation == Some(observed.generation());
    (said && current).then(|| Ready::new(Reason::named(&ready.reason).unwrap_or(Reason::Synced), ready.message.clone()))
}

fn waiting(observed: &Observation<'_>, reason: Reason) -> String {
    let id = &observed.connection_id().to_string();
    if let Some(words) = by_itself(observed, reason) {
        return words.to_owned();
    }
    if let Some(said) = overwriting::said_before(observed).filter(|_| reason == Reason::RecordConflict) {
        return said.to_owned();
    }
    if (reason, observed.situation.inventory) == (Reason::RecordConflict, Inventory::Off) {
        let record = observed.status.mismatch.as_ref().and_then(|record| record.id.as_deref());
        return conflict::unseen(record, observed.situation.adoption);
    }
    if let (Some(denial), Some(view)) = (observed.connection.denial(), &observed.connection.state) {
        return access::denied(denial, observed.object, &observed.identifier, &view.connection);
    }
    if let Some(problem) = &observed.found.problem {
        return problem.message.clone();
    }
    if let Some(error) = &observed.found.failure {
        return error.summary();
    }
    match observed.situation.claims {
        Claims::Identifier => return claimed(observed, "identifier"),
        Claims::Account => return claimed(observed, "username, hostname and ip"),
        Claims::Device => return conflict::device_held() + &conflict::until(observed.found.claim_ends),
        Claims::NotAsked | Claims::Free | Claims::HandedOver => {}
    }
    blocked_by(observed, reason, id)
}

/// Says that another object holds `what`, and until when, if that is known.
fn claimed(observed: &Observation<'_>, what: &str) -> String {
    let held = conflict::claimed(what, &observed.identifier, &observed.key);
    held + &conflict::until(observed.found.claim_ends)
}

/// Returns what the connection or the list blocks the object with.
fn blocked_by(observed: &Observation<'_>, reason: Reason, name: &str) -> String {
    match (&observed.found.sight, observed.situation.connection, &observed.status.mismatch) {
        (_, Connection::Missing, _) if reason == Reason::ConnectionNotFound => {
            connection::connection_missing(name, observed.connection.selects)
        }
        (_, Connection::NotReady(_), _) => {
            observed.connection.why_not_ready(&observed.connection_id(), Product::PamCore, reason)
        }
        (Some(_), _, Some(record)) if observed.situation.mismatch => {
            let (id, identifier) = (record.id.as_deref(), record.identifier.as_deref());
            conflict::still_unexpected(id, identifier, observed.situation.adoption)
        }
        (Some(sight), ..) if observed.situation.login_changed && sight.seen == Seen::Neither => {
            message::out_of_sight(observed.status.id.as_deref().unwrap_or_default(), &observed.identifier)
        }
        (Some(sight), ..) if reason == Reason::AccessDenied => found(observed, sight).denied(name),
        (Some(sight), ..) => found(observed, sight).conflict(),
        _ => connection::connection_missing(name, observed.connection.selects),
    }
}

/// What is said whatever else was seen.
fn by_itself(observed: &Observation<'_>, reason: Reason) -> Option<&'static str> {
    // Of an object that is not served nothing is waited for.
    let (inventory, deleting) =
        (observed.situation.inventory, observed.situation.deleting && !observed.situation.unserved);
    match (reason, inventory) {
        (Reason::AnotherOperator, _) => Some(message::ANOTHER_OPERATOR),
        (_, Inventory::Incomplete(_)) if !observed.found.list_hold.all => Some(message::INCOMPLETE_HERE),
        (_, Inventory::Incomplete(_)) => Some(message::INCOMPLETE),
        (Reason::DeletionBlocked, Inventory::Off) => Some(message::NOT_LISTED),
        (Reason::Deleting, Inventory::NotAsked) if deleting && is_unsettled(observed) => Some(message::UNSETTLED),
        _ => None,
    }
}

/// Whether the PAM may still execute a call of ours that has no answer.
fn is_unsettled(observed: &Observation<'_>) -> bool {
    observed.situation.settle == SettleWindow::Open || observed.situation.suspected_disable
}

fn found<'a>(observed: &'a Observation<'_>, sight: &'a Sight) -> Found<'a> {
    let listed = sight.record.as_ref().and_then(|record| record.identifier.as_deref());
    // Where the spec has an identifier, no name of a cluster plays a part.
    let listed = listed.filter(|_| observed.object.spec.identifier.is_none());
    Found {
        seen: sight.seen,
        identifier: &observed.identifier,
        ids: &sight.ids,
        recorded: observed.situation.binding,
        adoption: observed.situation.adoption,
        may_use_listed: observed.found.may_use_listed,
        generated_by_cluster: listed.and_then(|listed| generated_by(listed, &observed.key)),
    }
}

fn id(status: &PamCredentialStatus) -> &str {
    status.id.as_deref().unwrap_or_default()
}

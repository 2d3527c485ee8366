//! What `Ready` says after a pass, and what stands beside it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::api::{ConditionType, PamCredentialStatus, condition, find};
use crate::controller::connection::object::connection_of;
use crate::controller::credential::act::push::Outcome;
use crate::controller::credential::facts::access;
use crate::controller::credential::facts::drift;
use crate::controller::credential::facts::removed_fields;
use crate::controller::credential::observe::observation::{Observation, Sight};
use crate::controller::credential::report::plan;
use crate::controller::message::conflict::{self, Found};
use crate::controller::message::connection::{connection_missing, connection_not_ready};
use crate::controller::message::credential as message;
use crate::controller::message::credential::Held;
use crate::controller::message::pam_error;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::runtime::status_store;
use crate::controller::secret::digest::fingerprint;
use crate::domain::{
    Binding, Claims, Connection, Decision, Inventory, Mismatch, Reason, Secrets, Seen, SettleWindow, Value,
    generated_under,
};

/// The conditions after a pass.
pub(crate) fn conditions(
    observed: &Observation<'_>,
    next: &PamCredentialStatus,
    decision: Decision,
    done: &Outcome,
) -> Vec<Condition> {
    let before = &observed.status.conditions;
    let (now, generation) = (observed.clock.now(), Some(observed.generation));
    if decision == Decision::Suspend {
        return suspended(observed, now);
    }
    let (reason, mut message) = verdict(observed, next, decision, done);
    if reason.is_ready() {
        message = removed_fields::without_words(&message).to_owned()
            + &removed_fields::words(&next.sent_fields, &observed.object.spec);
    }
    let mut conditions = status_store::conditions(reason, &message, generation, now, before);
    let written = matches!(done, Outcome::Pushed(_));
    conditions.extend(drift::drifted(observed, next).filter(|_| !written));
    conditions
}

/// `Ready` keeps what it said; `Suspended` stands beside it.
fn suspended(observed: &Observation<'_>, now: jiff::Timestamp) -> Vec<Condition> {
    let before = &observed.status.conditions;
    let mut conditions = before.clone();
    conditions.retain(|condition| condition.type_ != ConditionType::Suspended.as_str());
    if observed.situation.binding == Binding::Unbound && ready_reason(before) == Reason::Progressing {
        let words = (Reason::Progressing.as_str(), message::SUSPENDED_UNSEEN);
        conditions = vec![condition(ConditionType::Ready, "Unknown", words, None, &Time(now), before)];
    }
    let words = ("Suspended", message::SUSPENDED);
    conditions.push(condition(ConditionType::Suspended, "True", words, Some(observed.generation), &Time(now), before));
    conditions
}

/// Reason and message of `Ready`.
fn verdict(
    observed: &Observation<'_>,
    next: &PamCredentialStatus,
    decision: Decision,
    done: &Outcome,
) -> (Reason, String) {
    if observed.situation.deleting {
        return leaving(observed, decision, done);
    }
    match (done, decision) {
        (Outcome::Pushed(_), _) => after_push(observed, next),
        (Outcome::Enabled(_), _) => well(next, Held::Earlier),
        (Outcome::Mismatch { what: Mismatch::UpdatedInstead, answer, .. }, _)
            if observed.situation.inventory == Inventory::Off =>
        {
            (Reason::RecordConflict, conflict::unseen(Some(&answer.id), observed.situation.adoption))
        }
        (Outcome::Mismatch { what, expected, answer }, _) => {
            (Reason::RecordConflict, conflict::mismatch(*what, expected, answer, observed.situation.adoption))
        }
        (Outcome::Failed(error), Decision::Enable) => {
            (pam_error::reason(error), message::not_enabled(id(next), &error.summary()))
        }
        (Outcome::Failed(error), _) => (pam_error::reason(error), pam_error::words(error, &observed.object.spec)),
        (Outcome::Blocked(problem), _) => (problem.reason, problem.message.clone()),
        (_, Decision::Wait(reason)) => (reason, waiting(observed, reason)),
        (_, Decision::Plan(_)) => (Reason::Planned, next.plan.as_ref().map(plan::words).unwrap_or_default()),
        (_, Decision::HoldValue) => well(next, Held::KeyLost),
        // Where it was written before, it has the id of then.
        (_, Decision::Rebind) if observed.situation.secrets == Secrets::Read(Value::Unknown) => {
            well(next, Held::KeyLost)
        }
        (_, Decision::Rebind) if observed.shown.id != observed.status.id => well(next, Held::Earlier),
        _ => as_before(observed, next),
    }
}

/// Reason and message of an object that is being deleted and cannot go yet.
fn leaving(observed: &Observation<'_>, decision: Decision, done: &Outcome) -> (Reason, String) {
    let (reason, what) = match (done, decision) {
        (Outcome::Blocked(problem), _) if problem.reason == Reason::DeletionBlocked => {
            (problem.reason, problem.message.clone())
        }
        (Outcome::Blocked(problem), _) => (Reason::Deleting, problem.message.clone()),
        (Outcome::Failed(error), _) => (deleting(pam_error::reason(error)), error.summary()),
        (_, Decision::Wait(reason)) => (reason, waiting(observed, reason)),
        (_, Decision::Plan(_)) => (Reason::DeletionBlocked, message::PLANNED_LEAVING.to_owned()),
        _ => (Reason::Deleting, String::new()),
    };
    (reason, message::leaving(&what))
}

/// What will not mend by itself blocks the deletion; for the rest it waits.
const fn deleting(reason: Reason) -> Reason {
    if reason.is_stalled() { Reason::DeletionBlocked } else { Reason::Deleting }
}

fn after_push(observed: &Observation<'_>, next: &PamCredentialStatus) -> (Reason, String) {
    if observed.object.spec.ensure_enabled && !next.ensured_enabled {
        return (Reason::Progressing, message::to_be_enabled(id(next)));
    }
    let lost = observed.situation.secrets == Secrets::Read(Value::Unknown);
    well(next, if lost { Held::KeyLost } else { Held::Rotates })
}

/// The PAM holds what it should, but for a value that was held back.
fn well(next: &PamCredentialStatus, why: Held) -> (Reason, String) {
    let (id, identifier) = (id(next), next.identifier.as_deref().unwrap_or_default());
    if next.value_held_back {
        (Reason::Adopted, message::adopted(id, identifier, why, next.ensured_enabled))
    } else {
        (Reason::Synced, message::synced(id, identifier, next.ensured_enabled))
    }
}

/// Nothing was due. What was said of it stays, unless it was bad news that is no more.
fn as_before(observed: &Observation<'_>, next: &PamCredentialStatus) -> (Reason, String) {
    let ready = find(&observed.status.conditions, ConditionType::Ready);
    // A plan that is no more was no outcome.
    match ready.filter(|ready| ready.status == "True" && ready.reason != Reason::Planned.as_str()) {
        Some(ready) => (Reason::named(&ready.reason).unwrap_or(Reason::Synced), ready.message.clone()),
        None => well(next, Held::Earlier),
    }
}

fn waiting(observed: &Observation<'_>, reason: Reason) -> String {
    let connection = &connection_of(observed.object).to_string();
    if let Some(words) = by_itself(observed, reason) {
        return words.to_owned();
    }
    if (reason, observed.situation.inventory) == (Reason::RecordConflict, Inventory::Off) {
        let unexpected = observed.status.unexpected.as_ref().and_then(|unexpected| unexpected.id.as_deref());
        return conflict::unseen(unexpected, observed.situation.adoption);
    }
    if let (true, Some(denial), Some(view)) = (observed.situation.denied, &observed.denial, &observed.view) {
        return access::denied(denial, observed.object, &observed.identifier, &view.connection);
    }
    if let Some(problem) = &observed.problem {
        return problem.message.clone();
    }
    if let Some(error) = &observed.failure {
        return error.summary();
    }
    match observed.situation.claims {
        Claims::Identifier => return conflict::claimed("identifier", &observed.identifier),
        Claims::Account => return conflict::claimed("username, hostname and ip", &observed.identifier),
        Claims::Device => return conflict::device_held(),
        Claims::NotAsked | Claims::Free => {}
    }
    match (&observed.sight, observed.situation.connection, &observed.status.unexpected) {
        (_, Connection::Missing, _) if reason == Reason::ConnectionNotFound => {
            connection_missing(connection, observed.selects_connections)
        }
        (_, Connection::NotReady(_), _) => {
            let view = observed.view.as_ref();
            let by_pam = view.filter(|_| reason != Reason::ConnectionNotReady).map(|view| view.message.as_str());
            connection_not_ready(connection, view.and_then(|view| view.reason), by_pam.unwrap_or_default())
        }
        (Some(_), _, Some(unexpected)) if observed.situation.mismatch => {
            let (id, identifier) = (unexpected.id.as_deref(), unexpected.identifier.as_deref());
            conflict::still_unexpected(id, identifier, observed.situation.adoption)
        }
        (Some(sight), ..) if observed.situation.login_changed && sight.seen == Seen::Neither => {
            message::out_of_sight(observed.status.id.as_deref().unwrap_or_default(), &observed.identifier)
        }
        (Some(sight), ..) if reason == Reason::AccessDenied => found(observed, sight).denied(connection),
        (Some(sight), ..) => found(observed, sight).conflict(),
        _ => connection_missing(connection, observed.selects_connections),
    }
}

/// What is said whatever else was seen.
fn by_itself(observed: &Observation<'_>, reason: Reason) -> Option<&'static str> {
    let (inventory, deleting) = (observed.situation.inventory, observed.situation.deleting);
    match (reason, inventory) {
        (Reason::AnotherOperator, _) => Some(message::ANOTHER_OPERATOR),
        (_, Inventory::Incomplete(_)) => Some(message::INCOMPLETE),
        (Reason::DeletionBlocked, Inventory::Off) => Some(message::NOT_LISTED),
        (Reason::Deleting, Inventory::NotAsked) if deleting && observed.situation.settle == SettleWindow::Open => {
            Some(message::UNSETTLED)
        }
        _ => None,
    }
}

fn found<'a>(observed: &'a Observation<'_>, sight: &'a Sight) -> Found<'a> {
    let listed = sight.record.as_ref().and_then(|record| record.identifier.as_deref());
    // Where the spec has an identifier, no name of a cluster plays a part.
    let listed = listed.filter(|_| observed.object.spec.identifier.is_none());
    let NamespacedName { namespace, name } = &observed.key;
    Found {
        seen: sight.seen,
        identifier: &observed.identifier,
        ids: &sight.ids,
        recorded: observed.situation.binding,
        adoption: observed.situation.adoption,
        generated_by_cluster: listed.and_then(|listed| generated_under(listed, (namespace, name), fingerprint)),
    }
}

fn id(status: &PamCredentialStatus) -> &str {
    status.id.as_deref().unwrap_or_default()
}

/// The word of `Ready`.
pub(crate) fn ready_reason(conditions: &[Condition]) -> Reason {
    let ready = find(conditions, ConditionType::Ready);
    ready.and_then(|ready| Reason::named(&ready.reason)).unwrap_or(Reason::Progressing)
}

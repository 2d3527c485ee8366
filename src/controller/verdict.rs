//! What `Ready` says after a pass, and what stands beside it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::act::Done;
use super::observed::Observed;
use super::{blame, message, status};
use crate::api::{ConditionType, condition, find};
use crate::domain::{Answer, Claims, Connection, Decision, Expect, Reason, Recorded, Secrets, Seen, Value};

/// The conditions after a pass.
pub(super) fn conditions(observed: &Observed<'_>, decision: Decision, done: &Done) -> Vec<Condition> {
    let before = &observed.status.conditions;
    let (now, generation) = (jiff::Timestamp::now(), Some(observed.generation));
    if decision == Decision::Suspend {
        return suspended(observed, now);
    }
    let (reason, message) = verdict(observed, decision, done);
    status::conditions(reason, &message, generation, now, before)
}

/// `Ready` keeps what it said; `Suspended` stands beside it.
fn suspended(observed: &Observed<'_>, now: jiff::Timestamp) -> Vec<Condition> {
    let before = &observed.status.conditions;
    let mut conditions = before.clone();
    conditions.retain(|condition| condition.type_ != ConditionType::Suspended.as_str());
    if observed.situation.recorded == Recorded::Nothing && ready_reason(before) == Reason::Progressing {
        let words = (Reason::Progressing.as_str(), message::SUSPENDED_UNSEEN);
        conditions = vec![condition(ConditionType::Ready, "Unknown", words, None, &Time(now), before)];
    }
    let words = ("Suspended", message::SUSPENDED);
    conditions.push(condition(ConditionType::Suspended, "True", words, Some(observed.generation), &Time(now), before));
    conditions
}

/// Reason and message of `Ready`.
fn verdict(observed: &Observed<'_>, decision: Decision, done: &Done) -> (Reason, String) {
    if observed.situation.deleting {
        return leaving(observed, decision, done);
    }
    match (done, decision) {
        (Done::Pushed(answer), Decision::Push(push)) => after_push(observed, answer, push.value, push.expect),
        (Done::Strayed { what, expected, answer }, _) => {
            (Reason::RecordConflict, message::mismatch(*what, expected, answer))
        }
        (Done::Failed(error), _) => (blame::reason(error), error.summary()),
        (Done::Hindered(problem), _) => (problem.reason, problem.message.clone()),
        (_, Decision::Wait(reason)) => (reason, waiting(observed, reason)),
        (_, Decision::HoldValue) => (Reason::Adopted, message::adopted(&id(observed), &observed.identifier, false)),
        // Where it was written before, it has the id of then.
        (_, Decision::Rebind) if observed.shown.id != observed.status.id => {
            (Reason::Synced, message::synced(&id(observed), &observed.identifier, false))
        }
        _ => as_before(observed),
    }
}

/// Reason and message of an object that is being deleted and cannot go yet.
fn leaving(observed: &Observed<'_>, decision: Decision, done: &Done) -> (Reason, String) {
    let (reason, what) = match (done, decision) {
        (Done::Hindered(problem), _) if problem.reason == Reason::DeletionBlocked => {
            (problem.reason, problem.message.clone())
        }
        (Done::Hindered(problem), _) => (Reason::Deleting, problem.message.clone()),
        (Done::Failed(error), _) => (deleting(blame::reason(error)), error.summary()),
        (_, Decision::Wait(reason)) => (reason, waiting(observed, reason)),
        _ => (Reason::Deleting, String::new()),
    };
    (reason, message::leaving(&what))
}

/// What will not mend by itself blocks the deletion; for the rest it waits.
const fn deleting(reason: Reason) -> Reason {
    if reason.is_stalled() { Reason::DeletionBlocked } else { Reason::Deleting }
}

fn after_push(observed: &Observed<'_>, answer: &Answer, sent: bool, expect: Expect) -> (Reason, String) {
    let identifier = &observed.identifier;
    let was_adopted = observed.is_ready_as(Reason::Adopted);
    match observed.situation.secrets {
        Secrets::Read(Value::Unknown) if !sent => (Reason::Adopted, message::adopted(&answer.id, identifier, false)),
        Secrets::Read(value) if value != Value::None && !sent && (expect == Expect::Adopt || was_adopted) => {
            (Reason::Adopted, message::adopted(&answer.id, identifier, true))
        }
        _ => (Reason::Synced, message::synced(&answer.id, identifier, expect == Expect::Adopt)),
    }
}

/// Nothing was due. What was said of it stays, unless it was bad news that is no more.
fn as_before(observed: &Observed<'_>) -> (Reason, String) {
    let ready = find(&observed.status.conditions, ConditionType::Ready);
    match ready.filter(|ready| ready.status == "True") {
        Some(ready) => (Reason::named(&ready.reason).unwrap_or(Reason::Synced), ready.message.clone()),
        None => (Reason::Synced, message::synced(&id(observed), &observed.identifier, false)),
    }
}

fn waiting(observed: &Observed<'_>, reason: Reason) -> String {
    let name = &observed.object.spec.connection_ref.name;
    if let Some(problem) = &observed.problem {
        return problem.message.clone();
    }
    if let Some(error) = &observed.failure {
        return error.summary();
    }
    match observed.situation.claims {
        Claims::Identifier => return message::claimed("identifier", &observed.identifier),
        Claims::Account => return message::claimed("username, hostname and ip", &observed.identifier),
        Claims::NotAsked | Claims::Free => {}
    }
    match (&observed.sight, observed.situation.connection, &observed.status.unexpected) {
        (_, Connection::Missing, _) if reason == Reason::ConnectionNotFound => {
            message::connection_missing(name, observed.selects_connections)
        }
        (_, Connection::NotReady(_), _) => {
            let view = observed.view.as_ref();
            let by_pam = view.filter(|_| reason != Reason::ConnectionNotReady).map(|view| view.message.as_str());
            message::connection_not_ready(name, view.and_then(|view| view.reason), by_pam.unwrap_or_default())
        }
        (Some(_), _, Some(unexpected)) if observed.situation.unexpected => {
            message::still_unexpected(unexpected.id.as_deref(), unexpected.identifier.as_deref())
        }
        (Some(sight), ..) if observed.situation.relogged && sight.seen == Seen::Neither => {
            message::out_of_sight(&id(observed), &observed.identifier)
        }
        (Some(sight), ..) => message::conflict(sight.seen, &observed.identifier, &sight.ids),
        _ => message::connection_missing(name, observed.selects_connections),
    }
}

fn id(observed: &Observed<'_>) -> String {
    observed.status.id.clone().unwrap_or_default()
}

/// The word of `Ready`.
pub(super) fn ready_reason(conditions: &[Condition]) -> Reason {
    let ready = find(conditions, ConditionType::Ready);
    ready.and_then(|ready| Reason::named(&ready.reason)).unwrap_or(Reason::Progressing)
}

impl Observed<'_> {
    fn is_ready_as(&self, reason: Reason) -> bool {
        let ready = find(&self.status.conditions, ConditionType::Ready);
        ready.is_some_and(|ready| ready.status == "True" && ready.reason == reason.as_str())
    }
}

//! What a pass leaves behind: the status where it differs, an event where something happened, and when to come back.

use std::time::Instant;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::api::Api;
use kube::runtime::controller::Action;
use kube::runtime::events::{Event, EventType};
use kube::{Resource, ResourceExt};

use super::act::Done;
use super::connections::View;
use super::context::Context;
use super::error::Error;
use super::observed::Observed;
use super::verdict::{conditions, ready_reason};
use super::{blame, groups, message, status, whereabouts};
use crate::api::{
    ConditionType, ConnectionStatus, PUSH_VALUE_REQUESTED_AT, PamCredential, PamCredentialStatus,
    RECONCILE_REQUESTED_AT, UnexpectedRecord, find, same_but_for_times,
};
use crate::domain::{Answer, Connection, Decision, Reason, Recorded, Retry, Secrets, Value};
use crate::metrics::{Kind, ReconcileOutcome};

/// Writes down what a pass came to.
pub(super) async fn report(
    observed: &Observed<'_>,
    decision: Decision,
    done: &Done,
    context: &Context,
) -> Result<(Action, ReconcileOutcome), Error> {
    if decision == Decision::Leave {
        return Ok((Action::await_change(), ReconcileOutcome::Ready));
    }
    if let Done::Gone { reason, note } = done {
        emit(observed.object, EventType::Normal, reason, note.clone(), context).await;
        context.schedule.forget(&observed.key);
        return Ok((Action::await_change(), ReconcileOutcome::Ready));
    }
    let next = next_status(observed, decision, done, context);
    let reason = ready_reason(&next.conditions);
    // Before the write: should it fail, the PAM is not asked again for that.
    let action = come_back(observed, decision, done, reason, context);
    if !write(observed, &next, context).await? {
        // Gone in the meantime: whatever is remembered of it would stay for ever.
        context.forget(&observed.key, &observed.uid);
        return Ok((Action::await_change(), ReconcileOutcome::Ready));
    }
    publish(observed, decision, done, &next, context).await;
    context.metrics.set_credentials(context.memory.tally(&observed.uid, Some(reason)));
    Ok((action, outcome(reason)))
}

fn outcome(reason: Reason) -> ReconcileOutcome {
    match reason {
        _ if reason.is_ready() => ReconcileOutcome::Ready,
        _ if reason.is_stalled() => ReconcileOutcome::Stalled,
        _ => ReconcileOutcome::Waiting,
    }
}

// === The status

fn next_status(observed: &Observed<'_>, decision: Decision, done: &Done, context: &Context) -> PamCredentialStatus {
    let found = matches!((done, decision), (Done::Pushed(_), _) | (_, Decision::Rebind));
    let mut next = if found { observed.status.clone() } else { observed.shown.clone() };
    next.observed_generation = Some(observed.generation);
    match done {
        Done::Pushed(answer) => pushed(&mut next, observed, answer),
        Done::Strayed { answer, .. } => {
            next.unexpected = Some(UnexpectedRecord {
                id: Some(answer.id.clone()),
                identifier: answer.identifier.clone(),
                target: observed.target(context).unwrap_or_default(),
            });
            acknowledge(&mut next, observed.object);
        }
        Done::Failed(_) | Done::Hindered(_) | Done::Gone { .. } => {}
        Done::Nothing => rested(&mut next, observed, decision, context),
    }
    next.conditions = conditions(observed, decision, done);
    next
}

/// After a push: all of it is known anew.
fn pushed(next: &mut PamCredentialStatus, observed: &Observed<'_>, answer: &Answer) {
    let before = next.clone();
    if observed.is_elsewhere_anew() {
        whereabouts::remember(next, &before);
    }
    next.id = Some(answer.id.clone());
    next.identifier = Some(observed.identifier.clone());
    let known = || before.connection.filter(|_| observed.situation.recorded == Recorded::Here)?.tenant;
    let tenant = answer.tenant.clone().or_else(known);
    next.connection = Some(whereabouts::place(observed.view.as_ref(), &observed.object.spec.connection_ref, tenant));
    next.last_sync_time = Some(Time(jiff::Timestamp::now()));
    next.unexpected = None;
    recorded(next, observed);
    acknowledge(next, observed.object);
}

/// The digests of what the PAM holds now, and the versions that was made from.
fn recorded(next: &mut PamCredentialStatus, observed: &Observed<'_>) {
    next.digests = groups::digests(&observed.object.spec);
    if let Some(read) = &observed.read {
        next.digests.extend(read.digests.iter().map(|(field, digest)| ((*field).to_owned(), digest.clone())));
        next.source.clone_from(&read.versions);
    }
}

/// Nothing was sent. Digests are written anew only where that is news: a Secret whose metadata alone changed is none.
fn rested(next: &mut PamCredentialStatus, observed: &Observed<'_>, decision: Decision, context: &Context) {
    match decision {
        Decision::Settled => {
            let keyed = next.digests.iter().filter(|(name, _)| is_keyed(name));
            let lost = keyed.clone().any(|(_, digest)| !context.key.made(digest));
            let keyed: Vec<_> = keyed.map(|(name, digest)| (name.clone(), digest.clone())).collect();
            if lost && observed.situation.secrets == Secrets::Read(Value::Same) {
                recorded(next, observed);
            } else {
                next.digests = groups::digests(&observed.object.spec);
                next.digests.extend(keyed.into_iter().filter(|(name, _)| is_wanted(name, observed.object)));
            }
            remember_verified(observed, context);
        }
        Decision::HoldValue => recorded(next, observed),
        Decision::Rebind => rebind(next, observed),
        _ => {}
    }
    // Where an answer is unexplained, a request is the user's word on it: that waits until it can be obeyed.
    let unheard = observed.situation.recorded == Recorded::Nothing && observed.status.unexpected.is_none();
    if unheard && !observed.situation.deleting && decision != Decision::Suspend {
        acknowledge(next, observed.object);
    }
}

fn is_keyed(name: &str) -> bool {
    name == groups::CONTENT || name == groups::USERNAME
}

fn is_wanted(name: &str, object: &PamCredential) -> bool {
    let spec = &object.spec;
    match name {
        groups::CONTENT => spec.content_secret_ref.is_some(),
        _ => spec.username_secret_ref.is_some(),
    }
}

fn remember_verified(observed: &Observed<'_>, context: &Context) {
    if let Some(read) = &observed.read {
        context.memory.verify(&observed.uid, observed.generation, read.versions.clone());
    }
}

fn rebind(next: &mut PamCredentialStatus, observed: &Observed<'_>) {
    let view = observed.view.as_ref();
    // Another address may name its tenant otherwise: its next answer does.
    let same_address = |known: &ConnectionStatus| view.is_some_and(|view| view.origin == known.origin);
    let tenant = next.connection.take().filter(same_address).and_then(|known| known.tenant);
    next.connection = Some(whereabouts::place(view, &observed.object.spec.connection_ref, tenant));
    recorded(next, observed);
}

fn acknowledge(next: &mut PamCredentialStatus, object: &PamCredential) {
    let annotation = |name: &str| object.annotations().get(name).cloned();
    if let Some(asked) = annotation(RECONCILE_REQUESTED_AT) {
        next.last_handled_reconcile_at = Some(asked);
    }
    if let Some(asked) = annotation(PUSH_VALUE_REQUESTED_AT) {
        next.last_handled_push_value_at = Some(asked);
    }
}

// === Writing

/// Writes a status that could not be written before, whether or not it is this credential's turn.
pub(super) async fn write_owed(observed: &Observed<'_>, context: &Context) -> Result<(), Error> {
    if context.written.is_owed(&observed.uid) {
        write(observed, &observed.shown, context).await?;
    }
    Ok(())
}

async fn write(observed: &Observed<'_>, next: &PamCredentialStatus, context: &Context) -> Result<bool, Error> {
    let mut alike = next.clone();
    alike.conditions.clone_from(&observed.shown.conditions);
    let same = alike == observed.shown && same_but_for_times(&next.conditions, &observed.status.conditions);
    if same && !context.written.is_owed(&observed.uid) {
        return Ok(true);
    }
    // Before the write: should it fail, the next pass owes the write and not the push.
    context.written.intend(&observed.uid, next.clone());
    let api = Api::<PamCredential>::namespaced(context.client.clone(), &observed.key.0);
    let version = status::write(&api, observed.object, next).await?;
    context.metrics.status_written(Kind::PamCredential);
    context.written.note(&observed.uid, version.as_deref(), next.clone());
    Ok(version.is_some())
}

async fn publish(
    observed: &Observed<'_>,
    decision: Decision,
    done: &Done,
    next: &PamCredentialStatus,
    context: &Context,
) {
    let before = &observed.status.conditions;
    if let (Done::Pushed(_), Decision::Push(push)) = (done, decision) {
        emit(observed.object, EventType::Normal, "Pushed", pushed_note(next, push.value), context).await;
        let newline = observed.read.as_ref().and_then(|read| read.content.as_ref()).is_some_and(|c| c.ends_in_newline);
        if push.value && newline {
            emit(observed.object, EventType::Warning, "TrailingNewline", message::NEWLINE.to_owned(), context).await;
        }
    } else {
        announce_transition(observed.object, before, &next.conditions, context).await;
    }
}

fn pushed_note(next: &PamCredentialStatus, value: bool) -> String {
    let what = if value { "Fields and value" } else { "Fields" };
    let id = next.id.as_deref().unwrap_or_default();
    format!("{what} written to record {id}, identifier {}", next.identifier.as_deref().unwrap_or_default())
}

/// An event where the reason of `Ready` changed to or from bad news.
pub(super) async fn announce_transition<K>(object: &K, before: &[Condition], after: &[Condition], context: &Context)
where
    K: Resource<DynamicType = ()>,
{
    let (old, new) = (find(before, ConditionType::Ready), find(after, ConditionType::Ready));
    let Some(new) = new.filter(|new| old.is_none_or(|old| old.reason != new.reason)) else {
        return;
    };
    if new.status == "Unknown" {
        return;
    }
    let kind = if new.status == "True" { EventType::Normal } else { EventType::Warning };
    emit(object, kind, &new.reason, new.message.clone(), context).await;
}

/// An event that cannot be made fails nothing.
async fn emit<K: Resource<DynamicType = ()>>(
    object: &K,
    kind: EventType,
    reason: &str,
    note: String,
    context: &Context,
) {
    let event = Event {
        type_: kind,
        reason: reason.to_owned(),
        note: Some(note.chars().take(1000).collect()),
        action: "Reconcile".to_owned(),
        secondary: None,
    };
    let reference = object.object_ref(&());
    let published =
        tokio::time::timeout(std::time::Duration::from_secs(10), context.recorder.publish(&event, &reference));
    if !matches!(published.await, Ok(Ok(()))) {
        tracing::debug!(reason, "an event could not be made");
    }
}

// === Coming back

fn come_back(observed: &Observed<'_>, decision: Decision, done: &Done, reason: Reason, context: &Context) -> Action {
    if reason.is_ready() || decision == Decision::Suspend {
        context.schedule.forget(&observed.key);
        return Action::await_change();
    }
    let asked = match (done, &observed.failure) {
        (Done::Failed(error), _) | (_, Some(error)) => blame::asked(error),
        _ => None,
    };
    // What a connection waits for, its own passes see to; they wake us.
    // (What hinders a connection that says it is ready is seen by nobody else.)
    let staying = !observed.situation.deleting;
    let by_connection =
        staying && View::state(observed.view.as_ref()) != Connection::Ready && matches!(decision, Decision::Wait(_));
    let unseen = !by_connection && (observed.problem_of_connection || matches!(done, Done::Hindered(_)));
    let retry = match (by_connection, unseen) {
        (true, _) => Retry::OnChange,
        (false, true) if reason != Reason::DeletionBlocked => Retry::Backoff,
        _ => reason.retry(),
    };
    let clock = (Instant::now(), rand::random());
    match context.schedule.failed(&observed.key, observed.mark(), (retry, asked), clock) {
        Some(wait) => Action::requeue(wait),
        None => Action::await_change(),
    }
}

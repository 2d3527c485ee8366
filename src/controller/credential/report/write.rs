//! What a pass leaves behind: the status where it differs, an event where something happened, and when to come back.

use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource;
use kube::api::Api;
use kube::runtime::controller::Action;
use kube::runtime::events::EventType;
use tokio::time::Instant;

use crate::api::{ConditionType, PamCredential, PamCredentialStatus, find, same_but_for_times};
use crate::controller::connection::object::connection_of;
use crate::controller::connection::state::ConnectionState;
use crate::controller::credential::act::push::Outcome;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::removed_fields;
use crate::controller::credential::facts::settings;
use crate::controller::credential::facts::settle_window;
use crate::controller::credential::observe::observation::Observation;
use crate::controller::credential::report::conditions::ready_reason;
use crate::controller::credential::report::status::next_status;
use crate::controller::message::credential as message;
use crate::controller::message::pam_error;
use crate::controller::message::problem::Problem;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::events::{announce_transition, emit};
use crate::controller::runtime::retry::Failure;
use crate::controller::runtime::status_store;
use crate::domain::{Connection, Decision, Expect, Reason, Retry};
use crate::metrics::{Kind, ReconcileOutcome};

/// Writes down what a pass came to.
pub(crate) async fn report(
    observed: &Observation<'_>,
    decision: Decision,
    done: &Outcome,
    context: &Context,
) -> Result<(Action, ReconcileOutcome), Error> {
    if decision == Decision::Leave {
        return Ok((Action::await_change(), ReconcileOutcome::Ready));
    }
    if let Outcome::Released { reason, note } = done {
        emit(&observed.object.object_ref(&()), EventType::Normal, reason, note.clone(), &context.cluster).await;
        context.cluster.retries.forget(&observed.subject());
        return Ok((Action::await_change(), ReconcileOutcome::Ready));
    }
    let next = next_status(observed, decision, done, context);
    let reason = ready_reason(&next.conditions);
    remember(observed, decision, done, context);
    // Before the write: should it fail, the PAM is not asked again for that.
    let settled = settle_window::left(&next, observed.clock.now());
    let action = come_back(observed, (decision, done), (reason, settled), context);
    if !write(observed, &next, context).await? {
        // Gone in the meantime: whatever is remembered of it would stay for ever.
        context.forget(&observed.key, &observed.uid);
        return Ok((Action::await_change(), ReconcileOutcome::Ready));
    }
    publish(observed, decision, done, &next, context).await;
    context.cluster.metrics.set_credentials(context.state.tally(&observed.uid, Some(reason)));
    Ok((action, outcome(reason)))
}

/// What is remembered of a pass that came to an end.
fn remember(observed: &Observation<'_>, decision: Decision, done: &Outcome, context: &Context) {
    if Observation::clears_up(decision, done) {
        context.state.clear(&observed.uid);
    }
    let blocked = |problem: &Problem| problem.reason == Reason::DeletionBlocked;
    let hindered = matches!(done, Outcome::Blocked(problem) if blocked(problem));
    if hindered || decision == Decision::Wait(Reason::DeletionBlocked) {
        context.connections.health.set_aside(&connection_of(observed.object), &observed.uid);
    }
    let wrote = !matches!(decision, Decision::Wait(_) | Decision::Plan(_) | Decision::Suspend);
    if observed.read.is_some() && wrote {
        context.state.made_digests(&observed.uid);
    }
    if matches!(done, Outcome::Pushed(_)) && observed.situation.account_changed {
        // Whether the record moved, and no second one came into being, the next list shows.
        context.connections.ask_for_list(&connection_of(observed.object));
    }
}

fn outcome(reason: Reason) -> ReconcileOutcome {
    match reason {
        _ if reason.is_ready() => ReconcileOutcome::Ready,
        _ if reason.is_stalled() => ReconcileOutcome::Stalled,
        _ => ReconcileOutcome::Waiting,
    }
}

// === Writing

/// Writes a status that could not be written before, whether or not it is this credential's turn.
pub(crate) async fn write_owed(observed: &Observation<'_>, context: &Context) -> Result<(), Error> {
    if context.statuses.is_owed(&observed.uid) {
        write(observed, &observed.shown, context).await?;
    }
    Ok(())
}

/// Writes a status if it differs; `false` if the object is gone.
pub(crate) async fn write(
    observed: &Observation<'_>,
    next: &PamCredentialStatus,
    context: &Context,
) -> Result<bool, Error> {
    let mut alike = next.clone();
    alike.conditions.clone_from(&observed.shown.conditions);
    let same = alike == observed.shown && same_but_for_times(&next.conditions, &observed.status.conditions);
    if same && !context.statuses.is_owed(&observed.uid) {
        return Ok(true);
    }
    // Before the write: should it fail, the next pass owes the write and not the push.
    context.statuses.intend(&observed.uid, next.clone());
    let api = Api::<PamCredential>::namespaced(context.cluster.client.clone(), &observed.key.namespace);
    let version = status_store::write(&api, &observed.object.metadata, next).await?;
    context.cluster.metrics.status_written(Kind::PamCredential);
    context.statuses.note(&observed.uid, version.as_deref(), next.clone());
    Ok(version.is_some())
}

async fn publish(
    observed: &Observation<'_>,
    decision: Decision,
    done: &Outcome,
    next: &PamCredentialStatus,
    context: &Context,
) {
    let before = &observed.status.conditions;
    let object = observed.object.object_ref(&());
    if let (Outcome::Pushed(_), Decision::Push(push)) = (done, decision) {
        let why = if observed.only_corrects(push) { "Corrected" } else { "Pushed" };
        emit(&object, EventType::Normal, why, pushed_note(observed, next, push.value), &context.cluster).await;
        if let Some(note) = possible_matches(observed, push.expect) {
            emit(&object, EventType::Warning, "PossibleMatch", note, &context.cluster).await;
        }
        for (reason, note) in warnings(observed).into_iter().filter(|_| push.value) {
            emit(&object, EventType::Warning, reason, note.to_owned(), &context.cluster).await;
        }
    } else if let Outcome::Enabled(how) = done {
        let note = message::enabled(*how, next.id.as_deref().unwrap_or_default());
        emit(&object, EventType::Normal, "Enabled", note, &context.cluster).await;
    } else {
        announce_transition(&object, before, &next.conditions, &context.cluster).await;
    }
    announce_drift(&object, before, &next.conditions, context).await;
    announce_kept((&observed.uid, &object), before, &next.conditions, context).await;
}

/// What is odd about a value that was sent.
fn warnings(observed: &Observation<'_>) -> Vec<(&'static str, &'static str)> {
    let Some(content) = observed.read.as_ref().and_then(|read| read.content.as_ref()) else { return Vec::new() };
    let newline = content.ends_in_newline.then_some(("TrailingNewline", message::NEWLINE));
    let long = (settings::rotates(&observed.object.spec) && content.is_long).then_some(("LongValue", message::LONG));
    newline.into_iter().chain(long).collect()
}

/// Records that may be meant, of those that were there when one was created: username and one of hostname and ip are theirs.
fn possible_matches(observed: &Observation<'_>, expect: Expect) -> Option<String> {
    let near = observed.sight.as_ref().map(|sight| sight.near.as_slice()).filter(|near| !near.is_empty())?;
    let shown = near.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    (expect == Expect::Create).then(|| {
        format!("A record was created; the PAM also has {} with this username and only one of hostname and ip (id {shown}). If one of them was meant, correct spec.hostname and spec.ip", near.len())
    })
}

/// An event where the record turned out to be otherwise than it was written.
async fn announce_drift(object: &ObjectReference, before: &[Condition], after: &[Condition], context: &Context) {
    let drifted = |conditions: &[Condition]| find(conditions, ConditionType::Drifted).cloned();
    let Some(new) = drifted(after) else { return };
    if drifted(before).is_none_or(|old| old.reason != new.reason) {
        emit(object, EventType::Warning, "Drifted", new.message, &context.cluster).await;
    }
}

fn pushed_note(observed: &Observation<'_>, next: &PamCredentialStatus, value: bool) -> String {
    let what = if value { "Fields and value" } else { "Fields" };
    let (id, identifier) = (next.id.as_deref().unwrap_or_default(), next.identifier.as_deref().unwrap_or_default());
    let former = next.former_identifier.as_deref().filter(|_| observed.status.id != next.id);
    let before = former.map(|former| format!(", which was taken over and had identifier {former} before"));
    format!("{what} written to record {id}, identifier {identifier}{}", before.unwrap_or_default())
}

/// An event where fields were removed that the PAM keeps: once, though `Ready` may be false for a while and say other things.
async fn announce_kept(
    (uid, object): (&str, &ObjectReference),
    before: &[Condition],
    after: &[Condition],
    context: &Context,
) {
    let ready = |conditions: &[Condition]| find(conditions, ConditionType::Ready).cloned();
    let Some(new) = ready(after).filter(|ready| ready.status == "True") else { return };
    let (old, new) =
        (ready(before).map(|ready| ready.message).unwrap_or_default(), removed_fields::words_of(&new.message));
    if context.state.tells_of_kept(uid, new) && !new.is_empty() && new != removed_fields::words_of(&old) {
        emit(object, EventType::Warning, "FieldKept", new.to_owned(), &context.cluster).await;
    }
}

// === Coming back

fn come_back(
    observed: &Observation<'_>,
    (decision, done): (Decision, &Outcome),
    (reason, settled): (Reason, Option<Duration>),
    context: &Context,
) -> Action {
    let deleting = observed.situation.deleting;
    if let Some(left) =
        settled.filter(|_| reason.is_ready() || (deleting && decision == Decision::Wait(Reason::Deleting)))
    {
        context.cluster.retries.forget(&observed.subject());
        return Action::requeue(left);
    }
    if let Some(left) = context.state.early_left(Instant::now()).filter(|_| decision == Decision::LookAgain) {
        context.cluster.retries.forget(&observed.subject());
        return Action::requeue(left);
    }
    if reason.is_ready() || decision == Decision::Suspend {
        context.cluster.retries.forget(&observed.subject());
        return Action::await_change();
    }
    if matches!(done, Outcome::Pushed(_)) {
        // The record is still to be enabled.
        context.cluster.retries.forget(&observed.subject());
        return Action::requeue(Duration::ZERO);
    }
    let asked = match (done, &observed.failure) {
        (Outcome::Failed(error), _) | (_, Some(error)) => pam_error::asked(error),
        _ => None,
    };
    // What a connection waits for, its own passes see to; they wake us.
    // (What hinders a connection that says it is ready is seen by nobody else.)
    let staying = !observed.situation.deleting;
    let by_connection = staying
        && ConnectionState::state(observed.view.as_ref()) != Connection::Ready
        && matches!(decision, Decision::Wait(_));
    let unseen = !by_connection && (observed.problem_of_connection || matches!(done, Outcome::Blocked(_)));
    let retry = match (by_connection, unseen) {
        (true, _) => Retry::OnChange,
        (false, true) if reason != Reason::DeletionBlocked => Retry::Backoff,
        _ if matches!(done, Outcome::Failed(error) if pam_error::is_bounded(error)) => Retry::Bounded,
        _ => reason.retry(),
    };
    match context.cluster.retries.failed(
        &observed.subject(),
        observed.mark(),
        Failure { retry, asked },
        Instant::now(),
        rand::random(),
    ) {
        Some(wait) => Action::requeue(wait),
        None => Action::await_change(),
    }
}

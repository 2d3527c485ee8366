//! The events of a pass: one where something happened, none where nothing did.

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource as _;
use kube::runtime::events::EventType;

use crate::api::{ConditionType, find};
use crate::controller::credential::act::outcome::Outcome;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::credential::facts::settings;
use crate::controller::credential::report::status::Next;
use crate::controller::message::credential::{self as message, PushedNote};
use crate::controller::message::removed;
use crate::controller::runtime::events::{announce_transition, emit};
use crate::domain::{Decision, Expect, Push};

/// Publishes that the finalizer is off.
pub(crate) async fn released(observed: &Observation<'_>, reason: &str, note: &str, context: &Context) {
    let object = observed.object.object_ref(&());
    emit(&object, EventType::Normal, reason, note.to_owned(), &context.cluster).await;
}

/// Publishes what a pass did, and what it found.
pub(crate) async fn publish(
    observed: &Observation<'_>,
    decision: Decision,
    outcome: &Outcome,
    next: &Next,
    context: &Context,
) {
    let (object, cluster) = (observed.object.object_ref(&()), &context.cluster);
    let (before, after) = (&observed.stored.conditions, &next.stored.conditions);
    match (outcome, decision) {
        (Outcome::Written(_), Decision::Push(push)) => pushed(&object, observed, push, next, context).await,
        (Outcome::Enabled(how), _) => {
            let note = message::enabled(*how, next.status.id.as_deref().unwrap_or_default());
            emit(&object, EventType::Normal, "Enabled", note, cluster).await;
        }
        _ => announce_transition(&object, before, after, cluster).await,
    }
    announce_drift(&object, before, after, context).await;
    announce_removed(&object, observed, next, context).await;
}

async fn pushed(object: &ObjectReference, observed: &Observation<'_>, push: Push, next: &Next, context: &Context) {
    let why = if observed.transition_input().only_corrects(push) { "Corrected" } else { "Pushed" };
    let former = next.status.former_identifier.as_deref().filter(|_| observed.status.id != next.status.id);
    let note = PushedNote {
        value: push.value,
        id: next.status.id.as_deref().unwrap_or_default(),
        identifier: next.status.identifier.as_deref().unwrap_or_default(),
        former,
    };
    emit(object, EventType::Normal, why, note.text(), &context.cluster).await;
    let near = observed.found.sight.as_ref().map(|sight| sight.near.as_slice()).unwrap_or_default();
    if push.expect == Expect::Create && !near.is_empty() {
        emit(object, EventType::Warning, "PossibleMatch", message::possible_matches(near), &context.cluster).await;
    }
    if observed.transition_input().leaves_record_enabled(push) {
        emit(object, EventType::Warning, "LeftEnabled", left_behind(observed), &context.cluster).await;
    }
    for Warning { reason, note } in warnings(observed).into_iter().filter(|_| push.value) {
        emit(object, EventType::Warning, reason, note.to_owned(), &context.cluster).await;
    }
}

fn left_behind(observed: &Observation<'_>) -> String {
    let (status, text) = (&observed.status, |text: &Option<String>| text.clone().unwrap_or_default());
    let origin = status.vault.as_ref().map(|vault| vault.used.origin.as_str()).unwrap_or_default();
    message::left_behind(&text(&status.id), &text(&status.identifier), origin)
}

/// Something odd about a value that was sent.
struct Warning {
    reason: &'static str,
    note: &'static str,
}

fn warnings(observed: &Observation<'_>) -> Vec<Warning> {
    let secrets = observed.found.secrets.as_ref();
    let Some(content) = secrets.and_then(|secrets| secrets.content.as_ref()) else { return Vec::new() };
    let newline = Warning { reason: "TrailingNewline", note: message::NEWLINE };
    let long = Warning { reason: "LongValue", note: message::LONG };
    let is_long = settings::rotates(&observed.object.spec) && content.is_long;
    let all = [(content.ends_in_newline, newline), (is_long, long)];
    all.into_iter().filter(|(is, _)| *is).map(|(_, warning)| warning).collect()
}

/// Publishes that the record turned out to be otherwise than it was written.
async fn announce_drift(object: &ObjectReference, before: &[Condition], after: &[Condition], context: &Context) {
    let Some(new) = find(after, ConditionType::Drifted) else { return };
    if find(before, ConditionType::Drifted).is_none_or(|old| old.reason != new.reason) {
        emit(object, EventType::Warning, "Drifted", new.message.clone(), &context.cluster).await;
    }
}

/// Publishes once that the PAM keeps fields that left the spec, though `Ready` may be false for a while in between.
async fn announce_removed(object: &ObjectReference, observed: &Observation<'_>, next: &Next, context: &Context) {
    let ready = find(&next.stored.conditions, ConditionType::Ready);
    if ready.is_none_or(|ready| ready.status != "True") {
        return;
    }
    // An earlier process told of what it saw in this very generation.
    let told_before = observed.status.observed_generation == Some(observed.generation());
    let news = context.state.tells_of_removed(observed.uid(), &next.removed, told_before);
    if news && !next.removed.is_empty() {
        emit(object, EventType::Warning, "FieldKept", removed::sentence(&next.removed), &context.cluster).await;
    }
}

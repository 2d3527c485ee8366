//! The events of a pass: one where something happened, none where nothing did.

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource as _;
use kube::runtime::events::EventType;

use crate::api::{ConditionType, find};
use crate::controller::credential::act::outcome::Outcome;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::credential::facts::secret_inputs::SecretInputs;
use crate::controller::credential::facts::secret_refs::SecretGroup;
use crate::controller::credential::facts::settings;
use crate::controller::credential::report::status::Next;
use crate::controller::runtime::events::{announce_transition, emit};
use crate::domain::{Compared, Decision, Expect, Keyed as _, Push};
use crate::message::credential::{self as message, PushedNote};
use crate::message::removed;

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
    for Warning { reason, note } in warnings(observed, push) {
        emit(object, EventType::Warning, reason, note, &context.cluster).await;
    }
}

fn left_behind(observed: &Observation<'_>) -> String {
    let status = &observed.status;
    let origin = status.vault.as_ref().map(|vault| vault.used.origin.as_str()).unwrap_or_default();
    let [id, identifier] = [status.id.as_deref(), status.identifier.as_deref()].map(Option::unwrap_or_default);
    message::left_behind(id, identifier, origin)
}

/// Something odd about a value that was sent.
struct Warning {
    reason: &'static str,
    note: String,
}

/// Returns what is odd about the new values that a push carries. A value that is sent again was told of before.
fn warnings(observed: &Observation<'_>, push: Push) -> Vec<Warning> {
    let Some(secrets) = &observed.found.secrets else { return Vec::new() };
    let sent = observed.transition_input().sent_groups(&observed.status, push);
    let is_new =
        |group: SecretGroup| sent.iter().any(|sent| sent == group.name()) && is_new_value(observed, secrets, group);
    let unseen = secrets.unseen_ends.iter().filter(|value| is_new(value.group));
    let unseen: Vec<String> = unseen.map(|value| value.field.clone()).collect();
    let unseen =
        (!unseen.is_empty()).then(|| Warning { reason: "UnseenCharacter", note: message::unseen_ends(&unseen) });
    let is_long = secrets.content.as_ref().is_some_and(|content| content.is_long);
    let long = is_long && settings::rotates(&observed.object.spec) && is_new(SecretGroup::Content);
    let long = long.then(|| Warning { reason: "LongValue", note: message::LONG.to_owned() });
    unseen.into_iter().chain(long).collect()
}

/// Returns whether a value is another one than the PAM last took.
fn is_new_value(observed: &Observation<'_>, secrets: &SecretInputs, group: SecretGroup) -> bool {
    let recorded = observed.status.digests.get(group.name());
    let compare = |bytes: &[u8]| observed.keyed.compare(recorded, group.name(), bytes);
    secrets.bytes(group).is_some_and(|bytes| compare(&bytes) != Compared::Same)
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

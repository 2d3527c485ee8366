//! The events of a pass: one where something happened, none where nothing did.

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource as _;
use kube::runtime::events::EventType;

use crate::api::{ConditionType, find};
use crate::controller::runtime::events::{announce_transition, emit};
use crate::controller::safe_password::act::outcome::Outcome;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::observation::Observation;
use crate::controller::safe_password::report::status::Next;
use crate::domain::safe_password::{CONTENT, Decision, Write};
use crate::message::safe_password as message;

/// Publishes that the finalizer is off.
pub(crate) async fn released(observed: &Observation<'_>, reason: &str, note: &str, context: &Context) {
    let object = observed.object.object_ref(&());
    emit(&object, EventType::Normal, reason, note.to_owned(), &context.cluster).await;
}

/// Publishes what a pass did, and what it found.
pub(super) async fn publish(
    observed: &Observation<'_>,
    decision: Decision,
    outcome: &Outcome,
    next: &Next,
    context: &Context,
) {
    let (object, cluster) = (observed.object.object_ref(&()), &context.cluster);
    let (before, after) = (&observed.stored.conditions, &next.stored.conditions);
    let id = next.status.identifier.as_deref().unwrap_or_default();
    let done = match (outcome, decision) {
        (Outcome::Created(_), _) => Some(("Created", message::created(id))),
        (Outcome::Updated(_), _) => Some(("Pushed", message::pushed(id, &sent(observed)))),
        (Outcome::Switched, Decision::Send(Write::Activate)) => Some(("Activated", message::activated(id))),
        (Outcome::Switched, _) => Some(("Deactivated", message::deactivated(id))),
        (Outcome::Nothing, Decision::Bind) => Some(("Found", message::found(id))),
        _ => None,
    };
    match done {
        Some((reason, note)) => emit(&object, EventType::Normal, reason, note, cluster).await,
        None => announce_transition(&object, before, after, cluster).await,
    }
    for kind in [ConditionType::SharingIncomplete, ConditionType::Drifted] {
        warn(&object, kind, before, after, context).await;
    }
    if outcome.is_written() && has_new_unseen_ends(observed) {
        let note = message::UNSEEN_ENDS.to_owned();
        emit(&object, EventType::Warning, "UnseenCharacter", note, cluster).await;
    }
}

/// Returns the groups of fields that an update sent.
fn sent(observed: &Observation<'_>) -> Vec<String> {
    observed.input().content(Write::Update).into_keys().collect()
}

fn has_new_unseen_ends(observed: &Observation<'_>) -> bool {
    let secrets = observed.found.secrets.as_ref().filter(|secrets| secrets.has_unseen_ends);
    secrets.is_some_and(|secrets| secrets.is_news(observed.status.digests.get(CONTENT)))
}

/// Publishes a condition that is new, or says something else.
async fn warn(
    object: &ObjectReference,
    kind: ConditionType,
    before: &[Condition],
    after: &[Condition],
    context: &Context,
) {
    let Some(new) = find(after, kind) else { return };
    if find(before, kind).is_none_or(|old| (&old.reason, &old.message) != (&new.reason, &new.message)) {
        emit(object, EventType::Warning, kind.as_str(), new.message.clone(), &context.cluster).await;
    }
}

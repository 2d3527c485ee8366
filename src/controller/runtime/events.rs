//! Publishes Kubernetes events.

use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::runtime::events::EventType;

use crate::api::{ConditionType, find};
use crate::controller::runtime::cluster::Cluster;
use crate::controller::runtime::recorder::Said;

/// The most characters of a note that the API server takes.
const NOTE: usize = 1000;
/// How long publishing one event may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Publishes an event. If publishing fails, nothing else fails.
pub(crate) async fn emit(object: &ObjectReference, kind: EventType, reason: &str, note: String, cluster: &Cluster) {
    let said = Said { kind, reason: reason.to_owned(), note: note.chars().take(NOTE).collect() };
    let published = tokio::time::timeout(TIMEOUT, cluster.recorder.publish(object, &said));
    if !matches!(published.await, Ok(Ok(()))) {
        tracing::debug!(reason, "an event could not be made");
    }
}

/// Publishes an event if the reason of `Ready` changed and `Ready` is not `Unknown`.
pub(crate) async fn announce_transition(
    object: &ObjectReference,
    before: &[Condition],
    after: &[Condition],
    cluster: &Cluster,
) {
    let (old, new) = (find(before, ConditionType::Ready), find(after, ConditionType::Ready));
    let Some(new) = new.filter(|new| old.is_none_or(|old| old.reason != new.reason)) else {
        return;
    };
    if new.status == "Unknown" {
        return;
    }
    let kind = if new.status == "True" { EventType::Normal } else { EventType::Warning };
    emit(object, kind, &new.reason, new.message.clone(), cluster).await;
}

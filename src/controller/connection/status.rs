//! Writes a connection's status. The pass over the connection says what became of the login; the other fields are filled in
//! from memory just before the write. A pass over a credential also writes the status of the connection before it disables a
//! record, so a lock lets in one writer at a time.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::runtime::events::EventType;
use tokio::time::Instant;

use crate::api::{PamConnectionStatus, find, is_same_status};
use crate::controller::connection::context::Context;
use crate::controller::connection::health::{Filled, Moment, SIDE_CONDITIONS, is_good, is_urgent, named_namespaces};
use crate::controller::connection::object::AnyConnection;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::events::{announce_transition, emit};
use crate::controller::runtime::object_id::ObjectId;
use crate::controller::runtime::pass_log;
use crate::domain::Reason;

/// Applies `change` to a connection's newest status, fills in what else is known of the connection, and writes the result
/// if it differs. Returns how long until numbers that are not written yet may be written.
pub(crate) async fn write(
    connection: &AnyConnection,
    context: &Context,
    change: impl FnOnce(&mut PamConnectionStatus),
) -> Result<Option<Duration>, Error> {
    let Some(turn) = context.health.turn(connection) else { return Ok(None) };
    let turn = turn.lock().await;
    let before = newest(connection, context);
    let mut next = before.clone();
    change(&mut next);
    let at_once = !same_but_for_words(&before, &next) || context.statuses.is_owed(connection.uid());
    let moment = Moment { now: Instant::now(), wall: context.cluster.clock.now() };
    let filled = context.health.fill(connection, &before, &mut next, moment);
    if !at_once && is_same_status(&before, &next) {
        // Nothing differs: the status already has everything.
        settle(connection, &filled, context);
        return Ok(filled.later);
    }
    let left = || context.health.put_off(&connection.id(), moment.now);
    if !at_once
        && !is_urgent(&before, &next)
        && let Some(left) = left()
    {
        return Ok(Some(filled.later.map_or(left, |later| later.min(left))));
    }
    put(connection, next.clone(), &filled, context).await?;
    drop(turn);
    tell(connection, &before, &next, context).await;
    Ok(filled.later)
}

/// Returns the newest status: another pass may have written one since this pass began.
fn newest(connection: &AnyConnection, context: &Context) -> PamConnectionStatus {
    let known = context.store.get(&connection.id()).filter(|known| known.uid() == connection.uid());
    context.status(known.as_deref().unwrap_or(connection))
}

/// As [`is_same_status`], but for the words about a PAM that does not answer: what its probes find differs each time, and is put off
/// as numbers are.
fn same_but_for_words(before: &PamConnectionStatus, next: &PamConnectionStatus) -> bool {
    let mut alike = next.clone();
    let unavailable = Reason::PamUnavailable.as_str();
    for condition in alike.conditions.iter_mut().filter(|condition| condition.reason == unavailable) {
        let as_before = |old: &&Condition| old.type_ == condition.type_ && old.reason == unavailable;
        if let Some(old) = before.conditions.iter().find(as_before) {
            condition.message.clone_from(&old.message);
        }
    }
    is_same_status(before, &alike)
}

async fn put(
    connection: &AnyConnection,
    next: PamConnectionStatus,
    filled: &Filled,
    context: &Context,
) -> Result<(), Error> {
    let uid = connection.uid();
    context.statuses.owe(uid, next.clone());
    context.health.note_numbers(&connection.id(), Instant::now());
    let version = connection.write_status(context.cluster.client.clone(), &next).await?;
    context.cluster.metrics.status_written(connection.metrics_kind());
    context.statuses.note(uid, version.as_deref(), next);
    if version.is_some() {
        settle(connection, filled, context);
    }
    Ok(())
}

/// Records that the status has been written, and wakes the objects that waited for that write.
fn settle(connection: &AnyConnection, filled: &Filled, context: &Context) {
    let freed = context.health.written(&connection.id(), filled);
    let mut subjects: Vec<ObjectId> = freed.leaving;
    if !freed.listed.is_empty() {
        let all = context.cluster.dependencies.to(&connection.id().dependency());
        subjects.extend(all.into_iter().filter(|object| freed.listed.contains(&object.key.namespace)));
    }
    context.cluster.triggers.wake_after_release(&subjects);
}

/// Logs what became of `Ready`, and publishes events of what changed in the status.
async fn tell(connection: &AnyConnection, before: &PamConnectionStatus, next: &PamConnectionStatus, context: &Context) {
    pass_log::transition(&connection.id().object_id(), &before.conditions, &next.conditions);
    announce_transition(&connection.reference(), &before.conditions, &next.conditions, &context.cluster).await;
    announce_standing(connection, before, next, context).await;
}

/// Publishes an event for each condition beside `Ready` that is new, has another reason, or names another namespace.
async fn announce_standing(
    connection: &AnyConnection,
    before: &PamConnectionStatus,
    next: &PamConnectionStatus,
    context: &Context,
) {
    for kind in SIDE_CONDITIONS {
        let old = find(&before.conditions, kind).map(|condition| &condition.reason);
        let names_more = !named_namespaces(next, kind).is_subset(&named_namespaces(before, kind));
        let is_news = |new: &&Condition| old != Some(&new.reason) || names_more;
        let Some(new) = find(&next.conditions, kind).filter(is_news) else { continue };
        let (kind, note) = (if is_good(new) { EventType::Normal } else { EventType::Warning }, new.message.clone());
        emit(&connection.reference(), kind, &new.reason, note, &context.cluster).await;
    }
}

//! Writes a connection's status. Its own pass says what became of the login; the rest is what is known when it is
//! written. Passes over credentials write it, too, before they disable a record, so that there is one writer at a time.

use std::time::Duration;

use kube::runtime::events::EventType;
use tokio::time::Instant;

use crate::api::{PamConnectionStatus, PamCredential, find, same_but_for_times};
use crate::controller::connection::context::Context;
use crate::controller::connection::health::{Filled, Moment, SIDE_CONDITIONS, is_good, is_urgent};
use crate::controller::connection::object::AnyConnection;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::events::{announce_transition, emit};
use crate::controller::runtime::object_id::ObjectId;

/// Writes what `change` makes of a connection's newest status, with what else is known of the connection, if that
/// differs. Returns when to come back for numbers that are not written yet.
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
    let at_once = !same(&before, &next) || context.statuses.is_owed(connection.uid());
    let moment = Moment { now: Instant::now(), wall: context.cluster.clock.now() };
    let filled = context.health.fill(connection, &before, &mut next, moment);
    if !at_once && same(&before, &next) {
        // The status says already what was to be noted.
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

fn same(before: &PamConnectionStatus, next: &PamConnectionStatus) -> bool {
    let mut alike = next.clone();
    alike.conditions.clone_from(&before.conditions);
    alike == *before && same_but_for_times(&next.conditions, &before.conditions)
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

/// Has what was written count from now on, and wakes the objects that waited for that.
fn settle(connection: &AnyConnection, filled: &Filled, context: &Context) {
    let freed = context.health.written(&connection.id(), filled);
    let mut subjects: Vec<ObjectId> = freed.leaving.into_iter().map(ObjectId::new::<PamCredential>).collect();
    if freed.all {
        subjects.extend(context.cluster.dependencies.to(&connection.id().dependency()));
    }
    context.cluster.triggers.wake_after_release(&subjects);
}

/// Publishes what changed as events.
async fn tell(connection: &AnyConnection, before: &PamConnectionStatus, next: &PamConnectionStatus, context: &Context) {
    announce_transition(&connection.reference(), &before.conditions, &next.conditions, &context.cluster).await;
    announce_standing(connection, before, next, context).await;
}

/// Publishes an event for each condition that came beside `Ready`, or has another reason.
async fn announce_standing(
    connection: &AnyConnection,
    before: &PamConnectionStatus,
    next: &PamConnectionStatus,
    context: &Context,
) {
    for kind in SIDE_CONDITIONS {
        let old = find(&before.conditions, kind).map(|condition| &condition.reason);
        let Some(new) = find(&next.conditions, kind).filter(|new| old != Some(&new.reason)) else { continue };
        let (kind, note) = (if is_good(new) { EventType::Normal } else { EventType::Warning }, new.message.clone());
        emit(&connection.reference(), kind, &new.reason, note, &context.cluster).await;
    }
}

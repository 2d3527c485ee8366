//! Takes the lists of what a PAM holds, and compares all objects of a connection with each list. Only a list shows what
//! others did in the vault.
//!
//! When a pass asks for a list, all objects of the connection are compared with the list at once ([`list`]); only the
//! objects of which the list tells something new are woken. The kind of an object says what a list means for the object
//! ([`ListConsumer`]).

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use tokio::time::Instant;

use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::context::Context;
use crate::controller::connection::object::ConnectionId;
use crate::controller::connection::state::ConnectionState;
use crate::controller::runtime::object_id::ObjectId;
use crate::domain::{ListCounts, ListFinding, ListVerdict};
use crate::pam::{PamError, Snapshot};

/// Says what a list means for the objects of a kind.
pub(crate) trait ListConsumer: Send + Sync + 'static {
    /// Compares all objects of a connection with a list.
    fn compare(&self, connection: &ConnectionState, snapshot: &Snapshot) -> ListSummary;
}

/// What a list shows of all objects of one connection.
#[derive(Debug, Default)]
pub(crate) struct ListSummary {
    /// How many records of each namespace the list shows as they are known, and how many it does not.
    pub(crate) counts: BTreeMap<String, ListCounts>,
    /// The objects of which the list tells something new.
    pub(crate) news: Vec<ObjectId>,
}

/// Returns a list that is seconds old, after all objects were compared with it.
pub(crate) async fn list(
    id: &ConnectionId,
    connected: &ConnectedClient,
    not_before: Option<Instant>,
    consumer: &dyn ListConsumer,
    context: &Context,
) -> Result<Arc<Snapshot>, PamError> {
    let result = connected.inventory.fresh(&connected.client, not_before).await;
    note(id, &result, consumer, context);
    result
}

/// Returns what [`list`] would, if that takes no call and no waiting.
pub(crate) fn known_list(
    id: &ConnectionId,
    connected: &ConnectedClient,
    not_before: Option<Instant>,
    consumer: &dyn ListConsumer,
    context: &Context,
) -> Option<Result<Arc<Snapshot>, PamError>> {
    let result = connected.inventory.known_fresh(not_before)?;
    note(id, &result, consumer, context);
    Some(result)
}

fn note(id: &ConnectionId, result: &Result<Arc<Snapshot>, PamError>, consumer: &dyn ListConsumer, context: &Context) {
    match result {
        Ok(snapshot) => take_in(id, snapshot, consumer, context),
        Err(error) if error.list_is_incomplete() => {
            let verdict = if *error == PamError::ListNotKept { ListVerdict::NotKept } else { ListVerdict::EndedEarly };
            context.health.note_finding(id, ListFinding::of_all(0, verdict));
        }
        Err(_) => {}
    }
}

/// Compares all objects of a connection with a list, and wakes those of which it tells something new.
fn take_in(id: &ConnectionId, snapshot: &Snapshot, consumer: &dyn ListConsumer, context: &Context) {
    let taken_in = context.store.taken_in(id);
    let mut taken_in = taken_in.lock().unwrap_or_else(PoisonError::into_inner);
    if !taken_in.is_news(snapshot.started()) {
        return;
    }
    let Some(connection) = context.state(id) else { return };
    let summary = consumer.compare(&connection, snapshot);
    context.health.note_finding(id, context.health.verdict(id, snapshot.len(), &summary.counts));
    let hold = context.health.list_hold(id);
    let is_trusted = |object: &ObjectId| !hold.contains(&object.key.namespace);
    let news: Vec<ObjectId> = summary.news.into_iter().filter(is_trusted).collect();
    context.cluster.triggers.wake_after_release(&news);
}

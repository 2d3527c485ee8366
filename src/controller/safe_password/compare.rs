//! The regular list of MySafe's entries, and the objects that are compared with it.
//!
//! No pass waits for that list, whatever time MySafe takes: a Secret that changes meanwhile is sent at once (P2). A pass over
//! a settled object compares the entry with the newest list that there is.

use std::sync::{Arc, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::time::Instant;

use crate::api::{MySafePassword, Product};
use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::object::{AnyConnection, ConnectionId, RefersToConnection as _};
use crate::controller::connection::poller::{RegularList, inventory};
use crate::controller::runtime::managed::Managed as _;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::list::is_compared;
use crate::pam::{EntrySnapshot, PamError};

impl RegularList for Context {
    fn product(&self) -> Product {
        Product::MySafe
    }

    fn connections_to_list(&self) -> Vec<ConnectionId> {
        self.connections.health.listed_connections::<MySafePassword>()
    }

    /// Returns when the list began that the objects were last woken for. A new client has no list: nothing was compared with
    /// what it leads to.
    fn last(&self, id: &ConnectionId) -> Option<Instant> {
        self.connections.store.entries(id)?;
        compared_at(id, self)
    }

    fn take<'a>(
        &'a self,
        connection: &'a AnyConnection,
        connected: &'a ConnectedClient,
        asked: Option<Instant>,
    ) -> BoxFuture<'a, bool> {
        async move {
            let id = connection.id();
            let Ok(list) = due_list(connection, connected, asked, self).await else { return false };
            if is_news(&id, &list, self) {
                wake_compared(&id, self);
            }
            true
        }
        .boxed()
    }
}

/// Returns a list that is new to the objects: one that a pass asked for meanwhile, or one that is asked for now.
async fn due_list(
    connection: &AnyConnection,
    connected: &ConnectedClient,
    asked: Option<Instant>,
    context: &Context,
) -> Result<Arc<EntrySnapshot>, PamError> {
    let (compared, interval) = (compared_at(&connection.id(), context), inventory(connection).interval());
    let is_due = |list: &Arc<EntrySnapshot>| {
        let began = list.started();
        asked.is_none() && began.elapsed() < interval && compared.is_none_or(|compared| compared < began)
    };
    match connected.entries.latest().filter(is_due) {
        Some(known) => Ok(known),
        None => connected.entries.fresh_entries(&connected.client, asked).await,
    }
}

/// Takes in a list, and returns whether the objects do not know it yet.
fn is_news(id: &ConnectionId, list: &EntrySnapshot, context: &Context) -> bool {
    let taken_in = context.connections.store.taken_in(id);
    taken_in.lock().unwrap_or_else(PoisonError::into_inner).is_news(list.started())
}

fn compared_at(id: &ConnectionId, context: &Context) -> Option<Instant> {
    let taken_in = context.connections.store.taken_in(id);
    taken_in.lock().unwrap_or_else(PoisonError::into_inner).started()
}

/// Wakes the objects of a connection that are compared with its list. No wait for a retry ends by that.
fn wake_compared(id: &ConnectionId, context: &Context) {
    let mut objects = Vec::new();
    context.shown.each(|object| {
        if is_compared(&object) && object.connection_id() == *id {
            objects.push(object.object_id());
        }
    });
    context.cluster.triggers.wake(&objects);
}

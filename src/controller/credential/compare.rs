//! What a list of the PAM means for credentials.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::time::Instant;

use crate::api::{Mode, PamCredential, Product};
use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::inventory::{ListConsumer, ListSummary, list};
use crate::controller::connection::object::{AnyConnection, ConnectionId, RefersToConnection as _};
use crate::controller::connection::poller::RegularList;
use crate::controller::connection::state::ConnectionState;
use crate::controller::connection::stored_vault::connected_vault;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::drift::{self, WrittenRecord};
use crate::controller::credential::facts::stored_status;
use crate::controller::runtime::managed::Managed as _;
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::runtime::status_store::ready_reason;
use crate::controller::secret::digest::OwnedKey;
use crate::domain::credential::{DriftFinding, Status};
use crate::domain::{Binding, Reason};
use crate::pam::Snapshot;

impl ListConsumer for Context {
    fn compare(&self, connection: &ConnectionState, snapshot: &Snapshot) -> ListSummary {
        let mut summary = ListSummary::default();
        each_of(&connection.connection.id(), self, |credential| {
            compare_one(&mut summary, credential, connection, snapshot, self);
        });
        summary
    }
}

impl RegularList for Context {
    fn product(&self) -> Product {
        Product::PamCore
    }

    fn connections_to_list(&self) -> Vec<ConnectionId> {
        self.connections.health.listed_connections::<PamCredential>()
    }

    fn last(&self, id: &ConnectionId) -> Option<Instant> {
        self.connections.store.snapshot(id).map(|snapshot| snapshot.started())
    }

    fn take<'a>(
        &'a self,
        connection: &'a AnyConnection,
        connected: &'a ConnectedClient,
        asked: Option<Instant>,
    ) -> BoxFuture<'a, bool> {
        async move {
            let id = connection.id();
            let listed = list(&id, connected, asked, self, &self.connections).await;
            let hold = self.connections.health.list_hold(&id);
            if listed.is_ok() && !hold.all {
                // By the list of each interval alone: were each list to wake these, and each of them to need one, there
                // would be no end of it.
                self.cluster.triggers.wake_after_release(&plans_of(&id, self));
            }
            listed.is_ok() && hold.is_empty()
        }
        .boxed()
    }
}

/// Returns the credentials of a connection that plan: what they would do may be another thing by the new list.
fn plans_of(connection: &ConnectionId, context: &Context) -> Vec<ObjectId> {
    let mut plans = Vec::new();
    each_of(connection, context, |credential| {
        if credential.spec.mode == Mode::Plan && !credential.is_suspended() {
            plans.push(credential.object_id());
        }
    });
    plans
}

/// Calls `take` with each credential of a connection.
fn each_of(connection: &ConnectionId, context: &Context, mut take: impl FnMut(&PamCredential)) {
    context.shown.each(|credential| {
        if credential.connection_id() == *connection {
            take(&credential);
        }
    });
}

/// Adds what a list shows of one credential.
fn compare_one(
    summary: &mut ListSummary,
    credential: &PamCredential,
    connection: &ConnectionState,
    snapshot: &Snapshot,
    context: &Context,
) {
    let stored = context.statuses.of(credential);
    let status = stored_status::from_stored(&stored);
    let vault = connected_vault(connection, &credential.spec.connection_ref);
    let here = status.binding(Some(&vault)) == Binding::Bound;
    // It may have waited so long that it would look again in minutes only.
    let waits = ready_reason(&stored.conditions) == Reason::InventoryIncomplete;
    // Of these nobody is told anything: they would be lost again in every list, for ever.
    let quiet = credential.is_suspended() || credential.metadata.deletion_timestamp.is_some();
    let finding = if here && !quiet { drift_in(credential, &status, snapshot, context) } else { None };
    // Many that are told to move where the PAM does not move records, or names devices otherwise, are no other vault.
    let is_lost = |finding: &DriftFinding| finding.drift.is_loss() && !finding.never_taken;
    let lost = finding.as_ref().is_some_and(is_lost) && !drift::is_told_lost(&stored);
    if here && !quiet {
        let counts = summary.counts.entry(credential.metadata.namespace.clone().unwrap_or_default()).or_default();
        counts.known += 1;
        counts.lost += usize::from(lost);
        counts.older += usize::from(finding.as_ref().is_some_and(|finding| finding.older));
    }
    if waits || finding.is_some_and(|finding| drift::is_news(&finding, &credential.spec, &status, &stored)) {
        summary.news.push(credential.object_id());
    }
}

/// Returns what a list shows of a credential's record; `None` where the list is not newer than our last write to it.
pub(crate) fn drift_in(
    credential: &PamCredential,
    status: &Status,
    snapshot: &Snapshot,
    context: &Context,
) -> Option<DriftFinding> {
    let keyed = OwnedKey { key: &context.connections.key, owner: NamespacedName::of(credential).to_string() };
    let written = WrittenRecord { spec: &credential.spec, status, keyed: &keyed };
    let age = jiff::SignedDuration::try_from(snapshot.started().elapsed()).unwrap_or_default();
    let listed_at = context.cluster.clock.now().checked_sub(age).unwrap_or(jiff::Timestamp::MIN);
    written.drift_in(snapshot, listed_at)
}

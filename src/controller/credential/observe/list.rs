//! The PAM's list: which row of the table of `design.md` 5 applies.

use std::sync::Arc;

use tokio::time::Instant;

use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::poller::inventory;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::access::permitted;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::credential::facts::rows::{self, ListFailure};
use crate::controller::credential::observe::cache::refresh_drift;
use crate::controller::credential::observe::{connected, refresh_namespace_terminating};
use crate::controller::runtime::error::Error;
use crate::controller::runtime::parked::{Going, HeldSlot};
use crate::controller::runtime::status_store::ready_reason;
use crate::domain::{Binding, Connection, Inventory, Reason};
use crate::pam::Snapshot;

/// Makes sure of a place among those that wait for a list, where the object will need a list that is not there yet.
pub(crate) fn reserve_place(
    observed: &Observation<'_>,
    slot: &mut HeldSlot<'_>,
    context: &Context,
) -> Result<Going, Error> {
    let situation = &observed.situation;
    let looks = situation.binding != Binding::Bound && situation.inventory == Inventory::NotAsked;
    let state = observed.connection.state.as_ref().filter(|state| looks && inventory(&state.connection).enabled);
    let connected = state.and_then(|state| context.connections.known_client(&state.connection));
    let is_there = |connected: &ConnectedClient| connected.inventory.known_fresh(not_before(observed)).is_some();
    if connected.is_none_or(|connected| is_there(&connected)) { Ok(Going::On) } else { slot.reserve_list() }
}

/// Looks at a list that is seconds old.
pub(crate) async fn refresh_list(
    observed: &mut Observation<'_>,
    slot: &mut HeldSlot<'_>,
    context: &Context,
) -> Result<Going, Error> {
    if observed.connection.state.as_ref().is_some_and(|state| !inventory(&state.connection).enabled) {
        observed.situation.inventory = Inventory::Off;
        return Ok(Going::On);
    }
    let Some(connected) = connect(observed, context).await? else { return Ok(Going::On) };
    let not_before = not_before(observed);
    let known = connected::known_list(observed, &connected, not_before, context);
    let list = connected::list(observed, &connected, not_before, context);
    let Some(list) = slot.wait_for_list(known, list).await? else { return Ok(Going::Parked) };
    match list {
        Ok(snapshot) => compare(observed, &snapshot, context),
        Err(error) => {
            observed.situation.inventory = ListFailure(&error).inventory();
            context.connections.note_refusal(&error, &observed.connection_id());
            observed.found.failure = Some(error);
        }
    }
    Ok(Going::On)
}

/// Returns the client of the connection; `None` where the observation says now why there is none.
async fn connect(observed: &mut Observation<'_>, context: &Context) -> Result<Option<Arc<ConnectedClient>>, Error> {
    match connected::client(observed, context).await {
        Ok(Ok(connected)) => Ok(Some(connected)),
        Ok(Err(problem)) => {
            observed.situation.connection = Connection::NotReady(problem.reason);
            observed.found.problem = Some(problem);
            observed.found.problem_of_connection = true;
            refresh_namespace_terminating(observed, context).await?;
            Ok(None)
        }
        // A namespace that goes away loses our Roles there before its last objects: what a connection of its own needs
        // may be there still, and cannot be read any more.
        Err(error) if error.is_forbidden() && observed.situation.deleting => {
            observed.situation.connection = Connection::NotReady(Reason::ConnectionNotReady);
            refresh_namespace_terminating(observed, context).await?;
            if observed.situation.namespace_terminating { Ok(None) } else { Err(error) }
        }
        Err(error) => Err(error),
    }
}

/// Returns the time before which no list may have begun. An object that waited for another owner needs a list from after that:
/// what was written by another connection meanwhile is in no list of this one.
fn not_before(observed: &Observation<'_>) -> Option<Instant> {
    let waited =
        [Reason::IdentifierConflict, Reason::AccountConflict].contains(&ready_reason(&observed.stored.conditions));
    waited.then(Instant::now)
}

/// Finds the row of the table that applies.
fn compare(observed: &mut Observation<'_>, snapshot: &Snapshot, context: &Context) {
    refresh_drift(observed, snapshot, context);
    let hold = context.connections.health.list_hold(&observed.connection_id());
    let incomplete = hold.contains(&observed.key.namespace);
    observed.found.list_hold = hold;
    rows::compare(observed, snapshot, context.former_cluster_names());
    observed.found.may_use_listed = may_use_listed(observed, context);
    if let (Inventory::Shows(seen), true) = (observed.situation.inventory, incomplete) {
        observed.situation.inventory = Inventory::Incomplete(seen);
    }
}

/// Whether the connection's rules would let the credential have the identifier of the listed record.
fn may_use_listed(observed: &Observation<'_>, context: &Context) -> bool {
    let listed = observed.listed().and_then(|record| record.identifier.as_deref());
    let both = listed.zip(observed.connection.state.as_ref());
    both.is_some_and(|(listed, state)| {
        permitted(observed.object, listed, &state.connection, context.deciders()).is_ok()
    })
}

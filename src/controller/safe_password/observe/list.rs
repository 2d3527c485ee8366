//! MySafe's list: what it shows of the object's entry.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::poller::inventory;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::parked::{Going, HeldSlot};
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::list::relevant;
use crate::controller::safe_password::facts::observation::{Comparison, Observation};
use crate::controller::safe_password::observe::connected;
use crate::controller::safe_password::observe::namespace::refresh_namespace_terminating;
use crate::domain::safe_password::{self, EntryDrift};
use crate::domain::{Binding, Connection, Reason, RecordId};
use crate::pam::EntrySnapshot;

/// Makes sure of a place among those that wait for a list, where the object will need a list that is not there yet.
pub(crate) fn reserve_place(
    observed: &Observation<'_>,
    slot: &mut HeldSlot<'_>,
    context: &Context,
) -> Result<Going, Error> {
    let looks = observed.situation().binding != Binding::Bound && !observed.found.looked;
    let state = observed.connection.state.as_ref().filter(|_| looks);
    let connected = state.and_then(|state| context.connections.known_client(&state.connection));
    let is_there = |connected: &ConnectedClient| connected.entries.known_fresh(not_before(observed, context)).is_some();
    if connected.is_none_or(|connected| is_there(&connected)) { Ok(Going::On) } else { slot.reserve_list() }
}

/// Looks at a list that is seconds old.
pub(crate) async fn refresh_list(
    observed: &mut Observation<'_>,
    slot: &mut HeldSlot<'_>,
    context: &Context,
) -> Result<Going, Error> {
    observed.found.looked = true;
    let Some(connected) = connect(observed, context).await? else { return Ok(Going::On) };
    let not_before = not_before(observed, context);
    let known = connected.entries.known_fresh(not_before);
    let list = connected.entries.fresh_entries(&connected.client, not_before);
    let Some(list) = slot.wait_for_list(known, list).await? else { return Ok(Going::Parked) };
    match list {
        Ok(snapshot) => take_in(observed, &snapshot, context),
        Err(error) => {
            context.connections.note_refusal(&error, &observed.connection_id());
            observed.found.failure = Some(error);
        }
    }
    Ok(Going::On)
}

/// Returns the time before which no list may have begun: of a POST without an answer only a list tells that began once MySafe
/// had to be done with it.
fn not_before(observed: &Observation<'_>, context: &Context) -> Option<Instant> {
    let unanswered = observed.status.create_in_flight().map(|_| Instant::now());
    unanswered.or_else(|| context.claims.last_creation(observed.uid()))
}

/// Returns the client of the connection; `None` where the observation says now why there is none.
async fn connect(observed: &mut Observation<'_>, context: &Context) -> Result<Option<Arc<ConnectedClient>>, Error> {
    match connected::client(observed, context).await {
        Ok(Ok(connected)) => Ok(Some(connected)),
        Ok(Err(problem)) => {
            observed.found.connection = Some(Connection::NotReady(problem.reason));
            observed.found.problem = Some(problem);
            refresh_namespace_terminating(observed, context).await?;
            Ok(None)
        }
        // A namespace that goes away loses our Roles there before its last objects: what a connection of its own needs
        // may be there still, and cannot be read any more.
        Err(error) if error.is_forbidden() && observed.is_deleting() => {
            observed.found.connection = Some(Connection::NotReady(Reason::ConnectionNotReady));
            refresh_namespace_terminating(observed, context).await?;
            if observed.surroundings.namespace_terminating { Ok(None) } else { Err(error) }
        }
        Err(error) => Err(error),
    }
}

/// Keeps of a list what concerns the object.
fn take_in(observed: &mut Observation<'_>, snapshot: &EntrySnapshot, context: &Context) {
    let age = SignedDuration::try_from(snapshot.started().elapsed()).unwrap_or_default();
    let began = context.cluster.clock.now().checked_sub(age).unwrap_or(Timestamp::MIN);
    let is_claimed = |id: &RecordId| {
        let other = |entry| context.claims.other(observed.uid(), &entry, observed.times.now);
        observed.entry(id.clone()).and_then(other).is_some()
    };
    observed.found.list = Some(relevant(snapshot.entries(), began, &observed.input(), is_claimed));
}

/// Compares a settled object with the newest list, however old: a pass waits for no list that only tells of others' changes.
pub(crate) fn refresh_drift(observed: &mut Observation<'_>, context: &Context) {
    let Some(latest) = latest(observed, context) else { return };
    take_in(observed, &latest, context);
    // The list may lack an entry that the spec has inactive.
    let is_meant = |drift: &EntryDrift| *drift == EntryDrift::NotListed && observed.desired.active == Some(false);
    let drift = safe_password::drift(&observed.input()).filter(|drift| !is_meant(drift));
    observed.found.comparison = drift.map_or(Comparison::AsWritten, Comparison::Drifted);
}

/// Returns the newest list of where the connection leads, if the connection is ready and is to be listed.
fn latest(observed: &Observation<'_>, context: &Context) -> Option<Arc<EntrySnapshot>> {
    let state = observed.connection.state.as_ref().filter(|_| observed.connection_state() == Connection::Ready)?;
    let connected =
        context.connections.known_client(&state.connection).filter(|_| inventory(&state.connection).enabled)?;
    connected.check_same_login(observed.connection.vault.as_ref()).ok()?;
    connected.entries.latest()
}

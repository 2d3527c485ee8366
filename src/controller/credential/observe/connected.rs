//! The connection of a credential, as a pass finds it just before a call.

use std::sync::Arc;

use tokio::time::Instant;

use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::inventory;
use crate::controller::connection::state::ConnectionState;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::access::permitted;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::message::problem::Problem;
use crate::controller::runtime::error::Error;
use crate::domain::Connection;
use crate::domain::credential::DigestsOf;
use crate::pam::{PamError, Snapshot};

/// Returns whether a pass leaves this credential to another operator: its connection is there, but this operator does not
/// select it. Where this operator served the credential before, the pass tells that (see [`left_to_others`]).
pub(crate) async fn is_left_to_others(observed: &mut Observation<'_>, context: &Context) -> Result<bool, Error> {
    if !is_unselected(observed, context).await? {
        return Ok(false);
    }
    let why = format!("{} is not selected by this operator's connectionSelector", observed.connection_id());
    Ok(left_to_others(observed, &why))
}

/// Returns whether the connection is there, but this operator does not select it.
pub(crate) async fn is_unselected(observed: &Observation<'_>, context: &Context) -> Result<bool, Error> {
    Ok(observed.connection.state.is_none() && context.connections.is_unselected(&observed.connection_id()).await?)
}

/// Returns whether nothing is to be done for a credential that this operator does not serve, for the reason `why`. Marks the
/// credential as unserved where something is: where this operator served it last, no other one says that its status is no
/// longer kept true; and a deleted one that is to keep its record may go, unless another operator serves it.
pub(crate) fn left_to_others(observed: &mut Observation<'_>, why: &str) -> bool {
    let s = &mut observed.situation;
    let may_go = s.deleting && s.finalizer && !s.disable;
    let is_told = match observed.status.digests_of(&observed.keyed) {
        DigestsOf::Us => true,
        DigestsOf::Nobody => may_go,
        DigestsOf::Another => false,
    };
    if is_told {
        // What the connection would permit or show does not count: nothing is asked of it.
        (s.unserved, s.denied, s.connection) = (true, false, Connection::Missing);
        observed.connection.access = None;
        observed.found.problem = Some(Problem::not_served(why));
    }
    !is_told
}

/// Returns the client of the credential's connection, made where there is none yet.
///
/// # Errors
///
/// A connection that was edited since this pass began: what was decided by one PAM's list must not be sent to another. Nor
/// does what the connection's rules said then hold any longer. A problem of the connection is told as the credential tells it.
pub(crate) async fn client(
    observed: &Observation<'_>,
    context: &Context,
) -> Result<Result<Arc<ConnectedClient>, Problem>, Error> {
    let id = observed.connection_id();
    let Some(connection) = context.connections.store.get(&id) else {
        return Ok(Err(Problem::connection_gone(&id.to_string())));
    };
    let is_same = |state: &ConnectionState| {
        state.connection.uid() == connection.uid() && state.connection.generation() == connection.generation()
    };
    let access = permitted(observed.object, &observed.identifier, &connection, context.deciders());
    let permitted = observed.connection.access.as_ref() == Some(&access);
    if !permitted || !observed.connection.state.as_ref().is_some_and(is_same) {
        return Err(Error::ConnectionChanged);
    }
    let connected = context.connections.client(&connection).await?;
    Ok(connected.map_err(|problem| problem.of_connection(&id.to_string())))
}

/// Checks that the client logs in as the login that was decided on: the connection itself has not looked at another one yet.
pub(crate) fn check_same_login(connected: &ConnectedClient, observed: &Observation<'_>) -> Result<(), Error> {
    match observed.connection.vault.as_ref().and_then(|vault| vault.login.as_ref()) {
        Some(seen) if *seen != connected.login => Err(Error::ConnectionChanged),
        _ => Ok(()),
    }
}

/// Returns a list that is seconds old, after all credentials of the connection were compared with it.
pub(crate) async fn list(
    observed: &Observation<'_>,
    connected: &ConnectedClient,
    not_before: Option<Instant>,
    context: &Context,
) -> Result<Arc<Snapshot>, PamError> {
    inventory::list(&observed.connection_id(), connected, not_before, context, &context.connections).await
}

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
use crate::pam::{PamError, Snapshot};

/// Returns whether another operator serves this credential: its connection is there, but this operator does not select it.
pub(crate) async fn is_served_by_other_operator(observed: &Observation<'_>, context: &Context) -> Result<bool, Error> {
    let missing = observed.connection.state.is_none();
    Ok(missing && context.connections.is_served_by_other_operator(&observed.connection_id()).await?)
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

//! The connection of a credential, as a pass finds it just before a call.

use std::sync::Arc;

use tokio::time::Instant;

use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::inventory;
use crate::controller::connection::object::connection_of;
use crate::controller::connection::state::ConnectionState;
use crate::controller::credential::context::Context;
use crate::controller::credential::observe::observation::Observation;
use crate::controller::message::problem::Problem;
use crate::controller::runtime::error::Error;
use crate::pam::{PamError, Snapshot};

/// Returns whether another operator serves this credential: its connection is there, but this operator does not select
/// it.
pub(crate) async fn is_anothers(observed: &Observation<'_>, context: &Context) -> Result<bool, Error> {
    Ok(observed.view.is_none() && context.connections.is_anothers(&connection_of(observed.object)).await?)
}

/// Returns the client and inventory of a credential's connection as this pass saw it, made where there is none yet. A
/// connection that was edited since is an error: what was decided by one PAM's list must not be sent to another. A
/// problem is told as the credential is to tell it.
pub(crate) async fn client(
    observed: &Observation<'_>,
    context: &Context,
) -> Result<Result<Arc<ConnectedClient>, Problem>, Error> {
    let id = connection_of(observed.object);
    let Some(connection) = context.connections.store.get(&id) else {
        return Ok(Err(Problem::connection_gone(&id.to_string())));
    };
    let is_same = |view: &ConnectionState| {
        view.connection.uid() == connection.uid() && view.connection.generation() == connection.generation()
    };
    if !observed.view.as_ref().is_some_and(is_same) {
        return Err(Error::ConnectionChanged);
    }
    if !observed.is_still_permitted(&connection, context) {
        return Err(Error::ConnectionChanged);
    }
    let connected = context.connections.client(&connection).await?;
    Ok(connected.map_err(|problem| problem.of_connection(&id.to_string())))
}

/// Returns a list that is seconds old, after all credentials of the connection were compared with it.
pub(crate) async fn list(
    observed: &Observation<'_>,
    connected: &ConnectedClient,
    not_before: Option<Instant>,
    context: &Context,
) -> Result<Arc<Snapshot>, PamError> {
    let id = connection_of(observed.object);
    inventory::list(&id, connected, not_before, context, &context.connections).await
}

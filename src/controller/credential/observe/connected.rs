//! The connection of a credential, as a pass finds it just before a call.

use std::sync::Arc;

use tokio::time::Instant;

use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::inventory;
use crate::controller::connection::object::AnyConnection;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::access::permitted;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::runtime::error::Error;
use crate::domain::Connection;
use crate::message::problem::Problem;
use crate::pam::{PamError, Snapshot};

/// Returns whether a pass leaves this credential to another operator, which serves its connection. Where this operator served
/// the credential before, the pass tells that (see [`left_to_others`]).
pub(crate) async fn is_left_to_others(observed: &mut Observation<'_>, context: &Context) -> Result<bool, Error> {
    let why = observed.why_unserved(&context.connections).await?;
    Ok(why.is_some_and(|why| left_to_others(observed, &why)))
}

/// Returns whether nothing has to be done for a credential that this operator does not serve, for the reason `why`. Marks the
/// credential as unserved where something has; see [`DigestsOf::lets_us_tell`](crate::domain::DigestsOf::lets_us_tell).
pub(crate) fn left_to_others(observed: &mut Observation<'_>, why: &str) -> bool {
    let may_go = observed.situation.deleting && observed.situation.finalizer && !observed.situation.disable;
    let is_told = observed.status.digests_of(&observed.keyed).lets_us_tell(may_go);
    if is_told {
        // What the connection would permit or show does not count: nothing is asked of it.
        let s = &mut observed.situation;
        (s.unserved, s.denied, s.connection) = (true, false, Connection::Missing);
        observed.connection.access = None;
        observed.found.problem = Some(Problem::not_served(why));
    }
    !is_told
}

/// Returns the client of the credential's connection; see [`client_as_decided`].
///
/// [`client_as_decided`]: crate::controller::connection::context::Context::client_as_decided
pub(crate) async fn client(
    observed: &Observation<'_>,
    context: &Context,
) -> Result<Result<Arc<ConnectedClient>, Problem>, Error> {
    let is_permitted = |connection: &AnyConnection| {
        let access = permitted(observed.object, &observed.identifier, connection, context.deciders());
        observed.connection.access.as_ref() == Some(&access)
    };
    let (id, seen) = (observed.connection_id(), observed.connection.state.as_ref());
    context.connections.client_as_decided(&id, seen, is_permitted).await
}

/// Returns what [`list`] would, if that takes no call and no waiting.
pub(crate) fn known_list(
    observed: &Observation<'_>,
    connected: &ConnectedClient,
    not_before: Option<Instant>,
    context: &Context,
) -> Option<Result<Arc<Snapshot>, PamError>> {
    inventory::known_list(&observed.connection_id(), connected, not_before, context, &context.connections)
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

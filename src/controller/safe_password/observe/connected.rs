//! The connection of an object, as a pass finds it just before a call.

use std::sync::Arc;

use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::object::AnyConnection;
use crate::controller::runtime::error::Error;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::access::permitted;
use crate::controller::safe_password::facts::observation::Observation;
use crate::message::problem::Problem;

/// Returns whether a pass leaves this object to another operator, which serves its connection. Where this operator served the
/// object before, the pass tells that (see [`left_to_others`]).
pub(crate) async fn is_left_to_others(observed: &mut Observation<'_>, context: &Context) -> Result<bool, Error> {
    let why = observed.why_unserved(&context.connections).await?;
    Ok(why.is_some_and(|why| left_to_others(observed, &why)))
}

/// Returns whether nothing has to be done for an object that this operator does not serve, for the reason `why`. Marks the
/// object as unserved where something has; see [`DigestsOf::lets_us_tell`](crate::domain::DigestsOf::lets_us_tell).
pub(crate) fn left_to_others(observed: &mut Observation<'_>, why: &str) -> bool {
    let may_go = observed.is_deleting() && observed.finalizer && !observed.desired.deactivates;
    let is_told = observed.status.digests_of(&observed.keyed).lets_us_tell(may_go);
    if is_told {
        // What the connection would permit or show does not count: nothing is asked of it.
        observed.surroundings.unserved = true;
        observed.connection.access = None;
        observed.found.problem = Some(Problem::not_served(why));
    }
    !is_told
}

/// Returns the client of the object's connection; see [`client_as_decided`].
///
/// [`client_as_decided`]: crate::controller::connection::context::Context::client_as_decided
pub(crate) async fn client(
    observed: &Observation<'_>,
    context: &Context,
) -> Result<Result<Arc<ConnectedClient>, Problem>, Error> {
    let is_permitted = |connection: &AnyConnection| {
        let access = permitted(&observed.key.namespace, connection, &context.cluster.namespaces);
        observed.connection.access.as_ref() == Some(&access)
    };
    let (id, seen) = (observed.connection_id(), observed.connection.state.as_ref());
    let connected = context.connections.client_as_decided(&id, seen, is_permitted).await?;
    if let Ok(connected) = &connected {
        connected.check_same_login(observed.connection.vault.as_ref())?;
    }
    Ok(connected)
}

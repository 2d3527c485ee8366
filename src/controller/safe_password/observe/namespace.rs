//! Whether the namespace of an object is going away.

use crate::controller::runtime::error::Error;
use crate::controller::runtime::namespaces::is_terminating;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::observation::Observation;
use crate::domain::Connection;

/// Looks whether the namespace is going away, for an object that cannot be deleted otherwise.
pub(crate) async fn refresh_namespace_terminating(
    observed: &mut Observation<'_>,
    context: &Context,
) -> Result<(), Error> {
    let s = observed.situation();
    if s.deleting && s.finalizer && s.deactivates && (s.denied || s.connection != Connection::Ready) {
        observed.surroundings.namespace_terminating =
            is_terminating(&observed.key.namespace, &context.cluster.client).await?;
    }
    Ok(())
}

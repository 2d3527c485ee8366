//! Asks the brake of a connection before something is disabled through it.

use tokio::time::Instant;

use crate::controller::connection::context::Context;
use crate::controller::connection::health::{self, Asking};
use crate::controller::connection::state::ConnectionState;
use crate::controller::connection::status;
use crate::controller::runtime::error::Error;
use crate::domain::Admission;

/// Returns why an object's record may not be disabled now, if the connection's brake holds the disable. A disable that the
/// brake admits is in the connection's status before it is sent: else each restart would begin to count from zero.
pub(crate) async fn admit(
    seen: Option<&ConnectionState>,
    asking: Asking<'_>,
    context: &Context,
) -> Result<Option<String>, Error> {
    let Some(ConnectionState { connection, .. }) = seen else {
        return Err(Error::ConnectionChanged);
    };
    let admit = || context.health.admit(connection, asking, Instant::now());
    let mut admission = admit();
    if admission == Some(Admission::Unwritten) {
        // Should there be more to write later, the connection's own pass comes back for it.
        if status::write(connection, context, |_| {}).await?.is_some() {
            context.cluster.triggers.wake(&[connection.id().object_id()]);
        }
        admission = admit();
    }
    match admission {
        Some(Admission::Go) => Ok(None),
        Some(Admission::Held(hold)) => Ok(Some(health::held(connection, hold))),
        Some(Admission::Unwritten) | None => Err(Error::ConnectionChanged),
    }
}

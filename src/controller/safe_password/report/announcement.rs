//! Announces a write in the status before it is sent, since after a crash nothing else would tell that it was sent (P3, P4).

use crate::controller::runtime::error::Error;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::observation::Observation;
use crate::controller::safe_password::facts::stored_status;
use crate::controller::safe_password::report::write_status;
use crate::domain::safe_password::{self, Write};
use crate::kubernetes::CallError;

/// Writes the write that is about to be sent into `status.inFlight`; returns `false` if the object is gone, or has changed
/// since the pass began: of two processes, each of which takes itself for the leader, one fails here.
///
/// A status that the API server refuses keeps a write back, but for that of a deletion: such a write sends no value, and the
/// refusal must not keep the finalizer (P7).
pub(crate) async fn announce(observed: &mut Observation<'_>, write: Write, context: &Context) -> Result<bool, Error> {
    observed.times.ended = context.cluster.clock.now();
    let status = safe_password::announce(&observed.input(), write);
    let mut next = stored_status::to_stored(status, &observed.object.spec.connection_ref);
    next.plan.clone_from(&observed.stored.plan);
    next.conditions.clone_from(&observed.stored.conditions);
    match write_status::of(observed, context).write_onto_version(&next).await {
        Ok(true) => observed.stored = next,
        Ok(false) => return Ok(false),
        Err(error @ Error::Call(CallError::Refused { .. })) if observed.is_deleting() => {
            let NamespacedName { namespace, name } = &observed.key;
            tracing::warn!(%namespace, %name, %error, "the deletion continues without an announcement");
        }
        Err(error) => return Err(error),
    }
    observed.found.announced = Some(write);
    Ok(true)
}

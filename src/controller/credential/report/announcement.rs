//! Announces a POST in the status before it is sent, where after a crash nothing else would tell that it was sent (P3, P4).

use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::credential::facts::stored_status;
use crate::controller::credential::report::write_status;
use crate::controller::runtime::error::Error;
use crate::domain::Intent;
use crate::domain::credential::announce;

/// Writes the POST that is about to be sent into `status.inFlight`; returns `false` if the object is gone.
pub(crate) async fn announce_write(
    observed: &mut Observation<'_>,
    intent: Intent,
    context: &Context,
) -> Result<bool, Error> {
    let first = observed.status.in_flight.is_none();
    observed.times.ended = context.cluster.clock.now();
    // Whether the POST carries the value is decided only after the announcement. A spec with a value is taken for a POST with
    // one: a crash before the POST then resends at most a value that was not sent, and none that the vault rotates.
    let status = announce(&observed.status, &observed.transition_input(), intent, observed.desired.has_value);
    let mut next = stored_status::to_stored(status.clone(), &observed.object.spec.connection_ref);
    next.plan.clone_from(&observed.stored.plan);
    next.conditions.clone_from(&observed.stored.conditions);
    if !write_status::of(observed, context).write(&next).await? {
        return Ok(false);
    }
    observed.status = status;
    observed.stored = next;
    observed.found.announced = first;
    observed.refresh_target();
    Ok(true)
}

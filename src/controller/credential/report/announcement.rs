//! What is written into the status before a POST that nothing else would tell of afterwards (P3, P4).

use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::credential::facts::stored_status;
use crate::controller::credential::report::write_status;
use crate::controller::runtime::error::Error;
use crate::domain::Intent;
use crate::domain::credential::announce;

/// Writes down what is about to be tried; `false` if the object is gone.
pub(crate) async fn announce_write(
    observed: &mut Observation<'_>,
    intent: Intent,
    context: &Context,
) -> Result<bool, Error> {
    let first = observed.status.in_flight.is_none();
    let status = announce(&observed.status, &observed.transition_input(), intent, observed.desired.has_value);
    let mut next = stored_status::to_stored(status.clone(), &observed.object.spec.connection_ref);
    next.plan.clone_from(&observed.stored.plan);
    next.conditions.clone_from(&observed.stored.conditions);
    if !write_status::write(observed, &next, context).await? {
        return Ok(false);
    }
    observed.status = status;
    observed.stored = next;
    observed.found.announced = first;
    observed.refresh_target();
    Ok(true)
}

//! Writes the status of an object.

use crate::api::MySafePassword;
use crate::controller::runtime::status_write::StatusWrite;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::observation::Observation;

/// Returns what writes the statuses of a pass.
pub(crate) fn of<'a>(observed: &'a Observation<'_>, context: &'a Context) -> StatusWrite<'a, MySafePassword, Context> {
    let Context { statuses, cluster, .. } = context;
    StatusWrite { object: observed.object, reconciler: context, before: &observed.stored, statuses, cluster }
}

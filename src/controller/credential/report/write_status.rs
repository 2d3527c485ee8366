//! Writes the status of a credential.

use crate::api::PamCredential;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::runtime::status_write::StatusWrite;

/// Returns what writes the statuses of a pass.
pub(crate) fn of<'a>(observed: &'a Observation<'_>, context: &'a Context) -> StatusWrite<'a, PamCredential, Context> {
    let Context { statuses, cluster, .. } = context;
    StatusWrite { object: observed.object, reconciler: context, before: &observed.stored, statuses, cluster }
}

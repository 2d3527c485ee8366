//! Taking the finalizer off.

use crate::controller::credential::act::outcome::Outcome;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::message::credential as message;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::finalizer;
use crate::controller::runtime::object_id::NamespacedName;
use crate::domain::ReleaseReason;

/// Takes the finalizer off an object that is being deleted.
pub(super) async fn release_finalizer(
    observed: &Observation<'_>,
    why: ReleaseReason,
    context: &Context,
) -> Result<Outcome, Error> {
    finalizer::remove(observed.object, &context.cluster.client).await?;
    if why == ReleaseReason::LeftEnabled {
        // No event can be made in a namespace that is going away.
        let NamespacedName { namespace, name } = &observed.key;
        let id = observed.status.id.as_deref().unwrap_or_default();
        tracing::warn!(%namespace, %name, id, "its namespace went away together with the connection or its login: the record stays enabled in the PAM");
        context.cluster.metrics.record_left_enabled();
    }
    Ok(Outcome::Released { reason: message::release_reason(why), note: message::release(why, &observed.identifier) })
}

//! Taking the finalizer off.

use crate::controller::runtime::error::Error;
use crate::controller::runtime::finalizer;
use crate::controller::safe_password::act::outcome::Outcome;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::observation::Observation;
use crate::domain::ReleaseReason;
use crate::message::safe_password as message;

/// Takes the finalizer off an object that is being deleted.
pub(super) async fn release_finalizer(
    observed: &Observation<'_>,
    why: ReleaseReason,
    context: &Context,
) -> Result<Outcome, Error> {
    let id = observed.status.identifier.as_deref().unwrap_or_default();
    take_off(observed, (why == ReleaseReason::LeftEnabled).then(|| id.to_owned()), context).await?;
    Ok(Outcome::Released { reason: message::release_reason(why), note: message::release(why, id) })
}

/// Takes the finalizer off, and tells of the entry that stays active by that. Should the answer to the patch be lost, the
/// watch tells that the object is gone, and [`Context::forget`] tells of the entry.
pub(super) async fn take_off(
    observed: &Observation<'_>,
    left_active: Option<String>,
    context: &Context,
) -> Result<(), Error> {
    let sending = || context.state.note_leaves_enabled(observed.uid(), left_active);
    finalizer::remove(observed.object, &context.cluster.client, sending).await?;
    context.state.note_released(observed.uid());
    context.tell_left_active(&observed.key, observed.uid());
    Ok(())
}

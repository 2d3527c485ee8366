//! Taking the finalizer off.

use crate::controller::credential::act::outcome::Outcome;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::finalizer;
use crate::domain::ReleaseReason;
use crate::message::credential as message;

/// Takes the finalizer off an object that is being deleted.
pub(super) async fn release_finalizer(
    observed: &Observation<'_>,
    why: ReleaseReason,
    context: &Context,
) -> Result<Outcome, Error> {
    let id = || observed.status.id.as_deref().unwrap_or_default().to_owned();
    take_off(observed, (why == ReleaseReason::LeftEnabled).then(id), context).await?;
    Ok(Outcome::Released { reason: message::release_reason(why), note: message::release(why, &observed.identifier) })
}

/// Takes the finalizer off, and tells of the record that stays enabled by that. Should the answer to the patch be lost, the
/// watch tells that the object is gone, and [`Context::forget`] tells of the record.
pub(super) async fn take_off(
    observed: &Observation<'_>,
    left_enabled: Option<String>,
    context: &Context,
) -> Result<(), Error> {
    let sending = || context.state.note_leaves_enabled(observed.uid(), left_enabled);
    finalizer::remove(observed.object, &context.cluster.client, sending).await?;
    context.state.note_released(observed.uid());
    context.tell_left_enabled(&observed.key, observed.uid());
    Ok(())
}

//! The only writes of a credential's status.

use kube::api::Api;

use crate::api::{PamCredential, PamCredentialStatus, same_but_for_times};
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::status_store;
use crate::metrics::Kind;

/// Writes a status that could not be written before, whether or not it is this object's turn.
pub(crate) async fn write_owed(observed: &Observation<'_>, context: &Context) -> Result<(), Error> {
    if context.statuses.is_owed(observed.uid()) {
        write(observed, &observed.stored, context).await?;
    }
    Ok(())
}

/// Writes a status if it differs; `false` if the object is gone, and then forgets all that is remembered of it.
pub(crate) async fn write(
    observed: &Observation<'_>,
    next: &PamCredentialStatus,
    context: &Context,
) -> Result<bool, Error> {
    if is_same(&observed.stored, next) && !context.statuses.is_owed(observed.uid()) {
        return Ok(true);
    }
    // Before the write: should it fail, the next pass owes the write and not the push.
    context.statuses.owe(observed.uid(), next.clone());
    let api = Api::<PamCredential>::namespaced(context.cluster.client.clone(), &observed.key.namespace);
    let version = status_store::write(&api, &observed.object.metadata, next).await?;
    context.cluster.metrics.status_written(Kind::PamCredential);
    context.statuses.note(observed.uid(), version.as_deref(), next.clone());
    if version.is_none() {
        // Gone in the meantime: what is remembered of the object would stay for ever.
        context.forget(&observed.key, observed.uid());
    }
    Ok(version.is_some())
}

/// Times of conditions aside.
fn is_same(before: &PamCredentialStatus, next: &PamCredentialStatus) -> bool {
    let mut alike = next.clone();
    alike.conditions.clone_from(&before.conditions);
    alike == *before && same_but_for_times(&next.conditions, &before.conditions)
}

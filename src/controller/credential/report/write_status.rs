//! Writes the status of a credential; nothing else in the operator does.

use kube::api::Api;

use crate::api::{PamCredential, PamCredentialStatus, same_but_for_times};
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::runtime::status_store;
use crate::metrics::Kind;

/// Writes a status that an earlier pass could not write, even if the object still waits for a retry.
///
/// A status that cannot be written ends the pass: what it tells of is recorded before anything else is sent. Only a
/// deletion goes on, since it sends no value, and a status that the API server refuses must not keep the finalizer (P7).
pub(crate) async fn write_owed(observed: &Observation<'_>, context: &Context) -> Result<(), Error> {
    if !context.statuses.is_owed(observed.uid()) {
        return Ok(());
    }
    match write(observed, &observed.stored, context).await {
        Err(error) if observed.situation.deleting => {
            let NamespacedName { namespace, name } = &observed.key;
            tracing::warn!(%namespace, %name, %error, "the deletion goes on without a status");
            Ok(())
        }
        result => result.map(drop),
    }
}

/// Writes a status if it differs. If the object is gone, returns `false` and forgets everything about the object.
pub(crate) async fn write(
    observed: &Observation<'_>,
    next: &PamCredentialStatus,
    context: &Context,
) -> Result<bool, Error> {
    if is_same(&observed.stored, next) && !context.statuses.is_owed(observed.uid()) {
        return Ok(true);
    }
    if observed.situation.unserved {
        return write_unserved(observed, next, context).await;
    }
    // Noted before the write: if the write fails, the next pass owes the status, and does not push again.
    context.statuses.owe(observed.uid(), next.clone());
    let api = Api::<PamCredential>::namespaced(context.cluster.client.clone(), &observed.key.namespace);
    let version = status_store::write(&api, &observed.object.metadata, next).await?;
    context.cluster.metrics.status_written(Kind::PamCredential);
    context.statuses.note(observed.uid(), version.as_deref(), next.clone());
    if version.is_none() {
        // The object is gone: nothing else would remove what is remembered of the object.
        context.forget(&observed.key, observed.uid());
    }
    Ok(version.is_some())
}

/// Writes the status of an object that this operator does not serve any more. Another operator may have begun to serve the
/// object: then its status stays, and so nothing is owed either.
async fn write_unserved(
    observed: &Observation<'_>,
    next: &PamCredentialStatus,
    context: &Context,
) -> Result<bool, Error> {
    let api = Api::<PamCredential>::namespaced(context.cluster.client.clone(), &observed.key.namespace);
    let version = match status_store::write_unless_changed(&api, &observed.object.metadata, next).await {
        Err(error) if error.is_invalid() || error.is_conflict() => return Ok(false),
        version => version?,
    };
    context.cluster.metrics.status_written(Kind::PamCredential);
    context.statuses.note(observed.uid(), version.as_deref(), next.clone());
    Ok(version.is_some())
}

/// Returns whether two statuses differ in nothing but the times of conditions.
fn is_same(before: &PamCredentialStatus, next: &PamCredentialStatus) -> bool {
    let mut alike = next.clone();
    alike.conditions.clone_from(&before.conditions);
    alike == *before && same_but_for_times(&next.conditions, &before.conditions)
}

//! Deleting: the record is disabled, and the object let go (P7).

use kube::api::Api;
use tokio::time::Instant;

use crate::controller::connection::health;
use crate::controller::connection::state::ConnectionState;
use crate::controller::connection::status;
use crate::controller::credential::act::push::{Outcome, note_refusal};
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::binding;
use crate::controller::credential::observe::connected;
use crate::controller::credential::observe::observation::Observation;
use crate::controller::message::credential as message;
use crate::controller::message::problem::Problem;
use crate::controller::runtime::error::{Error, bounded};
use crate::controller::runtime::finalizer;
use crate::controller::runtime::object_id::NamespacedName;
use crate::domain::{Admission, Disabling, Reason, ReleaseReason, after_disable};
use crate::pam::{Disabled, PamError};

/// Takes the finalizer off an object that is being deleted.
pub(crate) async fn release(
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

/// Disables the record whose id is in our status, and takes the finalizer off once that is sure.
pub(crate) async fn disable(observed: &Observation<'_>, context: &Context) -> Result<Outcome, Error> {
    let live = match connected::client(observed, context).await? {
        Ok(live) => live,
        Err(problem) => return Ok(Outcome::Blocked(problem)),
    };
    binding::as_seen(&live, observed.view.as_ref())?;
    if let Some(held) = brake(observed, context).await? {
        return Ok(Outcome::Blocked(held));
    }
    // Somebody may have come for it while we waited.
    if observed.is_shared(context) {
        return release(observed, ReleaseReason::HandedOver, context).await;
    }
    let listed = observed.sight.as_ref().and_then(|sight| sight.record.as_ref()).map(|record| record.id.as_str());
    let id = observed.status.id.as_deref().or(listed).unwrap_or_default();
    context.cluster.may_write()?;
    let answer = match live.client.disable_credential(id).await {
        Ok(Disabled::Now) => Disabling::Disabled,
        Ok(Disabled::AlreadyInactive) => Disabling::AlreadyInactive,
        Err(PamError::NotFound { .. }) => Disabling::NotFound,
        Err(PamError::PermissionDenied { code: Some(1009) }) => Disabling::NoAccess,
        Err(error) => {
            note_refusal(&error, observed, context);
            return Ok(Outcome::Failed(error));
        }
    };
    let origin = observed.status.connection.as_ref().map(|place| place.origin.as_str()).unwrap_or_default();
    let listed = live.inventory.latest();
    let others = context
        .claims
        .others_listed(origin, id, |other| listed.as_ref().is_some_and(|snapshot| snapshot.by_id(other).is_some()));
    if !after_disable(answer, others) {
        let message = message::deletion_refused(answer, id);
        return Ok(Outcome::Blocked(Problem { reason: Reason::DeletionBlocked, message }));
    }
    finalizer::remove(observed.object, &context.cluster.client).await?;
    Ok(Outcome::Released { reason: "Disabled", note: message::disabled(answer, id, &observed.identifier) })
}

/// Why the record may not be disabled now, if the connection's brake holds it back. What is let go on is in the connection's
/// status before it is sent: else each restart would begin to count anew.
async fn brake(observed: &Observation<'_>, context: &Context) -> Result<Option<Problem>, Error> {
    let Some(ConnectionState { connection, .. }) = &observed.view else { return Err(Error::ConnectionChanged) };
    let admit = || context.connections.health.admit(connection, &observed.uid, Instant::now());
    let mut admission = admit();
    if admission == Some(Admission::Unwritten) {
        // Should there be more to write later, the connection's own pass comes back for it.
        if status::write(connection, &context.connections, |_| {}).await?.is_some() {
            context.cluster.triggers.wake(&[connection.id().object_id()]);
        }
        admission = admit();
    }
    match admission {
        Some(Admission::Go) => Ok(None),
        Some(Admission::Held(waiting)) => {
            Ok(Some(Problem { reason: Reason::DeletionBlocked, message: health::held(connection, waiting) }))
        }
        Some(Admission::Unwritten) | None => Err(Error::ConnectionChanged),
    }
}

/// Whether the object's namespace is going away.
pub(crate) async fn is_namespace_terminating(observed: &Observation<'_>, context: &Context) -> Result<bool, Error> {
    let api = Api::<k8s_openapi::api::core::v1::Namespace>::all(context.cluster.client.clone());
    match bounded("read the namespace", api.get_metadata(&observed.key.namespace)).await {
        Ok(namespace) => Ok(namespace.metadata.deletion_timestamp.is_some()),
        Err(error) if error.is_not_found() => Ok(true),
        Err(error) => Err(error),
    }
}

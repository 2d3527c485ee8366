//! Disabling the record of an object that is being deleted (P7).

use tokio::time::Instant;

use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::health::{self, Asking};
use crate::controller::connection::state::ConnectionState;
use crate::controller::connection::status;
use crate::controller::credential::act::outcome::Outcome;
use crate::controller::credential::act::release::{release_finalizer, take_off};
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::credential::observe;
use crate::controller::message::credential as message;
use crate::controller::message::problem::Problem;
use crate::controller::runtime::error::Error;
use crate::domain::{Admission, Disabling, Reason, ReleaseReason, after_disable};
use crate::pam::{Disabled, PamError};

/// Disables the record whose id is in our status, and takes the finalizer off once that is sure.
pub(super) async fn disable(observed: &Observation<'_>, context: &Context) -> Result<Outcome, Error> {
    let connected = match observe::client(observed, context).await? {
        Ok(connected) => connected,
        Err(problem) => return Ok(Outcome::Blocked(problem)),
    };
    observe::check_same_login(&connected, observed)?;
    if let Some(held) = brake(observed, context).await? {
        return Ok(Outcome::Blocked(held));
    }
    // Another object may have claimed the record while this pass waited.
    if observe::is_claimed_by_other(observed, context) {
        return release_finalizer(observed, ReleaseReason::HandedOver, context).await;
    }
    if !observe::withdraw(observed, context) {
        return Ok(Outcome::Blocked(Problem { reason: Reason::Deleting, message: message::HEIR_CAME.to_owned() }));
    }
    let listed = observed.listed().map(|record| &*record.id);
    let id = observed.status.id.as_deref().or(listed).unwrap_or_default();
    context.cluster.may_write()?;
    match answer(connected.client.in_turn(observed.turn.clone()).disable_credential(id).await) {
        Ok(answer) => answered(observed, answer, id, &connected, context).await,
        Err(error) => {
            context.note_refusal(&error, &observed.connection_id());
            Ok(Outcome::failed(error))
        }
    }
}

fn answer(result: Result<Disabled, PamError>) -> Result<Disabling, PamError> {
    match result {
        Ok(Disabled::Now) => Ok(Disabling::Disabled),
        Ok(Disabled::AlreadyInactive) => Ok(Disabling::AlreadyInactive),
        Err(PamError::NotFound { .. }) => Ok(Disabling::NotFound),
        Err(PamError::PermissionDenied { code: Some(1009) }) => Ok(Disabling::NoAccess),
        Err(error) => Err(error),
    }
}

async fn answered(
    observed: &Observation<'_>,
    answer: Disabling,
    id: &str,
    connected: &ConnectedClient,
    context: &Context,
) -> Result<Outcome, Error> {
    let origin = observed.status.vault.as_ref().map(|vault| vault.used.origin.as_str()).unwrap_or_default();
    let listed = connected.inventory.latest();
    let is_listed = |other: &str| listed.as_ref().is_some_and(|snapshot| snapshot.by_id(other).is_some());
    if !after_disable(answer, context.claims.others_listed(origin, id, is_listed)) {
        let message = message::deletion_refused(answer, id);
        return Ok(Outcome::Blocked(Problem { reason: Reason::DeletionBlocked, message }));
    }
    take_off(observed, None, context).await?;
    Ok(Outcome::Released { reason: "Disabled", note: message::disabled(answer, id, &observed.identifier) })
}

/// Returns why the record may not be disabled now, if the connection's brake holds the disable. A disable that the brake
/// admits is in the connection's status before it is sent: else each restart would begin to count from zero.
async fn brake(observed: &Observation<'_>, context: &Context) -> Result<Option<Problem>, Error> {
    let Some(ConnectionState { connection, .. }) = &observed.connection.state else {
        return Err(Error::ConnectionChanged);
    };
    let asking = Asking { namespace: &observed.key.namespace, uid: observed.uid() };
    let admit = || context.connections.health.admit(connection, asking, Instant::now());
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
        Some(Admission::Held(hold)) => {
            Ok(Some(Problem { reason: Reason::DeletionBlocked, message: health::held(connection, hold) }))
        }
        Some(Admission::Unwritten) | None => Err(Error::ConnectionChanged),
    }
}

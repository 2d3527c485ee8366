//! Disabling the record of an object that is being deleted (P7).

use crate::controller::connection::brake;
use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::health::Asking;
use crate::controller::credential::act::outcome::Outcome;
use crate::controller::credential::act::release::{release_finalizer, take_off};
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::credential::observe;
use crate::controller::runtime::error::Error;
use crate::domain::{Disabling, Reason, ReleaseReason, after_disable};
use crate::message::credential as message;
use crate::message::problem::Problem;
use crate::pam::{Disabled, PamError};

/// Disables the record whose id is in our status, and takes the finalizer off once that is sure.
pub(super) async fn disable(observed: &Observation<'_>, context: &Context) -> Result<Outcome, Error> {
    let connected = match observe::client(observed, context).await? {
        Ok(connected) => connected,
        Err(problem) => return Ok(Outcome::Blocked(problem)),
    };
    connected.check_same_login(observed.connection.vault.as_ref())?;
    let asking = Asking { namespace: &observed.key.namespace, uid: observed.uid() };
    if let Some(held) = brake::admit(observed.connection.state.as_ref(), asking, &context.connections).await? {
        return Ok(Outcome::Blocked(Problem { reason: Reason::DeletionBlocked, message: held }));
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
            context.connections.note_refusal(&error, &observed.connection_id());
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

//! What is written into status before a POST that nothing else would tell of afterwards (P3, P4).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::{PamCredentialStatus, PendingAction, PendingWrite};
use crate::controller::credential::context::Context;
use crate::controller::credential::observe::observation::Observation;
use crate::controller::credential::report::write;
use crate::controller::runtime::error::Error;
use crate::domain::{Decision, Intent};
use crate::pam::PamError;

/// Writes down what is about to be tried; `false` if the object is gone.
pub(crate) async fn intend(observed: &mut Observation<'_>, intent: Intent, context: &Context) -> Result<bool, Error> {
    let mut next = observed.shown.clone();
    next.pending = pending(observed, intent, context);
    if !write::write(observed, &next, context).await? {
        context.forget(&observed.key, &observed.uid);
        return Ok(false);
    }
    observed.status.pending.clone_from(&next.pending);
    observed.shown = next;
    observed.just_intended = true;
    observed.refresh_target(context);
    Ok(true)
}

/// `None` without an account or a connection, which no decision leads to.
fn pending(observed: &Observation<'_>, intent: Intent, context: &Context) -> Option<PendingWrite> {
    Some(PendingWrite {
        action: match intent {
            Intent::Create => PendingAction::Create,
            Intent::TakeOver => PendingAction::TakeOver,
        },
        identifier: observed.identifier.clone(),
        account: observed.account_digest(context)?,
        origin: observed.view.as_ref()?.origin.clone(),
        former: observed.replaced(),
        since: Time(context.cluster.clock.now()),
    })
}

/// After a refusal: what the PAM surely did not execute is no longer pending. An earlier try of it may have been, so that
/// only a refusal of the very first one says so.
pub(crate) fn refused(
    next: &mut PamCredentialStatus,
    observed: &Observation<'_>,
    decision: Decision,
    error: &PamError,
    context: &Context,
) {
    let first = observed.just_intended && context.state.doubt(&observed.uid).is_none();
    if first && matches!(decision, Decision::Push(_)) && !error.outcome_unknown() {
        next.pending = None;
    }
}

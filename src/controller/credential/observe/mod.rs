//! The only reads of a pass: each only when the decision turns on it.

mod cache;
mod claim;
mod connected;
mod list;
mod namespace;
pub(crate) mod secrets;

use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::credential::report::announcement;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::finalizer;
use crate::controller::runtime::worker_slots::HeldSlot;
use crate::domain::{Decision, Look, decide};

pub(crate) use cache::from_cache;
pub(crate) use claim::is_claimed_by_other;
pub(crate) use connected::{client, is_anothers, is_same_login, list};
pub(crate) use namespace::refresh_namespace_terminating;

/// Looks until a decision is reached that only has to be carried out; `None` if the object is gone.
///
/// What has to be there before a write (the finalizer, the announcement in the status) is put there on the way.
pub(crate) async fn until_decided(
    observed: &mut Observation<'_>,
    slot: &mut HeldSlot,
    context: &Context,
) -> Result<Option<Decision>, Error> {
    loop {
        match decide(&observed.situation) {
            Decision::Look(Look::Secrets) => secrets::read_secrets(observed, context).await?,
            Decision::Look(Look::Inventory) => list::refresh_list(observed, slot, context).await?,
            Decision::Look(Look::Claims) => claim::claim(observed, context),
            Decision::AddFinalizer => {
                finalizer::add(observed.object, &context.cluster.client).await?;
                observed.situation.finalizer = true;
            }
            Decision::Intend(intent) => {
                if !announcement::announce_write(observed, intent, context).await? {
                    return Ok(None);
                }
            }
            Decision::RemoveFinalizer(_) if !observed.situation.deleting => {
                finalizer::remove(observed.object, &context.cluster.client, || {}).await?;
                observed.situation.finalizer = false;
            }
            decision => return Ok(Some(decision)),
        }
    }
}

/// Returns whether a pass may have something to do with the PAM.
pub(crate) fn needs_slot(observed: &Observation<'_>) -> bool {
    let decision = decide(&observed.situation);
    matches!(decision, Decision::Look(_) | Decision::Push(_) | Decision::Disable | Decision::AddFinalizer)
}

//! The only reads of a pass, each only when the decision turns on it, and the loop of reads and decisions.
//!
//! [`until_decided`] also makes what must be in the API server before the decision can be carried out: it adds the finalizer
//! (or removes one that is no longer wanted) and announces a write in the status. Nothing here writes to a PAM.

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
use crate::controller::runtime::parked::{Going, HeldSlot};
use crate::domain::{Decision, Look, decide};

pub(crate) use cache::from_cache;
pub(crate) use claim::{is_claimed_by_other, leaving_record, object_id, withdraw};
pub(crate) use connected::{client, is_left_to_others, left_to_others, list};
pub(crate) use namespace::refresh_namespace_terminating;

/// Puts the finalizer on an object that may have a record and whose deletion has to disable that record. This is done before
/// the pass asks whether the object may be tried now: a deletion waits for no retry and for no worker slot.
pub(crate) async fn put_finalizer_back(observed: &mut Observation<'_>, context: &Context) -> Result<(), Error> {
    if decide(&observed.situation) == Decision::AddFinalizer
        && observed.why_unserved(&context.connections).await?.is_none()
    {
        finalizer::add(observed.object, &context.cluster.client).await?;
        observed.situation.finalizer = true;
    }
    Ok(())
}

/// Reads and decides until the decision only has to be carried out, and returns that decision; `None` if the object is gone
/// or waits for a slot.
///
/// Adds the finalizer and announces the write on the way, since both have to be in the API server before the PAM is written
/// to, and removes a finalizer that is no longer wanted. None of the three ends the pass.
pub(crate) async fn until_decided(
    observed: &mut Observation<'_>,
    slot: &mut HeldSlot<'_>,
    context: &Context,
) -> Result<Option<Decision>, Error> {
    loop {
        match decide(&observed.situation) {
            Decision::Look(Look::Secrets) => {
                if list::reserve_place(observed, slot, context)? == Going::Parked {
                    return Ok(None);
                }
                secrets::read_secrets(observed, context).await?;
            }
            Decision::Look(Look::Inventory) => {
                if list::refresh_list(observed, slot, context).await? == Going::Parked {
                    return Ok(None);
                }
            }
            Decision::Look(Look::Claims) => {
                if !claim::claim(observed, context) {
                    return Ok(None);
                }
            }
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

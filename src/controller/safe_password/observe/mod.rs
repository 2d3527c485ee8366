//! The only reads of a pass, each only when the decision turns on it, and the loop of reads and decisions.
//!
//! [`until_decided`] also makes what must be in the API server before the decision can be carried out: it adds the finalizer
//! (or removes one that is no longer wanted) and announces a write in the status. Nothing here writes to a PAM.

mod cache;
mod connected;
mod list;
mod namespace;
mod secrets;

use std::time::Duration;

use crate::controller::runtime::error::Error;
use crate::controller::runtime::finalizer;
use crate::controller::runtime::parked::{Going, HeldSlot};
use crate::controller::runtime::pass_end::PassEnd;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::observation::Observation;
use crate::controller::safe_password::report::announcement;
use crate::domain::safe_password::{Decision, Look, decide};

pub(crate) use cache::from_cache;
pub(crate) use connected::{client, is_left_to_others, left_to_others};
pub(crate) use list::refresh_drift;
pub(crate) use namespace::refresh_namespace_terminating;

/// How long a pass waits whose object changed meanwhile, should the watch not show the change.
const CHANGED: Duration = Duration::from_secs(1);

/// How the loop of reads and decisions ends.
pub(crate) enum Next {
    /// The decision has to be carried out.
    CarryOut(Decision),
    /// The pass ends: another one follows the change that the watch shows.
    End(PassEnd),
}

/// Puts the finalizer on an object that may have an entry and whose deletion has to deactivate that entry. This is done before
/// the pass asks whether the object may be tried now: a deletion waits for no retry and for no worker slot.
pub(crate) async fn put_finalizer_back(observed: &mut Observation<'_>, context: &Context) -> Result<(), Error> {
    if decide(&observed.situation()) == Decision::AddFinalizer
        && observed.why_unserved(&context.connections).await?.is_none()
    {
        finalizer::add(observed.object, &context.cluster.client).await?;
        observed.finalizer = true;
    }
    Ok(())
}

/// Reads and decides until the decision only has to be carried out.
pub(crate) async fn until_decided(
    observed: &mut Observation<'_>,
    slot: &mut HeldSlot<'_>,
    context: &Context,
) -> Result<Next, Error> {
    loop {
        match decide(&observed.situation()) {
            Decision::Look(Look::Secrets) => {
                if list::reserve_place(observed, slot, context)? == Going::Parked {
                    return Ok(Next::End(PassEnd::waiting(None)));
                }
                secrets::read_secrets(observed, context).await?;
            }
            Decision::Look(Look::List) => {
                if list::refresh_list(observed, slot, context).await? == Going::Parked {
                    return Ok(Next::End(PassEnd::waiting(None)));
                }
            }
            Decision::AddFinalizer => {
                finalizer::add(observed.object, &context.cluster.client).await?;
                // An announcement has to be written onto the version that the pass saw, and this is another one.
                return Ok(Next::End(PassEnd::waiting(Some(CHANGED))));
            }
            Decision::Announce(write) => {
                if !announcement::announce(observed, write, context).await? {
                    return Ok(Next::End(PassEnd::waiting(Some(CHANGED))));
                }
            }
            Decision::RemoveFinalizer(_) if !observed.is_deleting() => {
                finalizer::remove(observed.object, &context.cluster.client, || {}).await?;
                observed.finalizer = false;
            }
            decision => return Ok(Next::CarryOut(decision)),
        }
    }
}

/// Returns whether a pass may have something to do with the PAM.
pub(crate) fn needs_slot(observed: &Observation<'_>) -> bool {
    let decision = decide(&observed.situation());
    matches!(decision, Decision::Look(_) | Decision::Announce(_) | Decision::Send(_) | Decision::AddFinalizer)
}

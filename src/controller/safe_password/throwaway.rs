//! One pass over a throwaway: an object by which somebody asks what would be done for another object, which may be there or
//! not, if it had the throwaway's spec.
//!
//! The pass decides for the other object, with the status of that object, and carries nothing out. It notes nothing of either
//! object: a throwaway takes no claim, loses none, and is in no object's way.

use crate::api::{MySafePassword, MySafePasswordStatus};
use crate::controller::runtime::error::Error;
use crate::controller::runtime::finalizer;
use crate::controller::runtime::managed::Managed as _;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::runtime::parked::Going;
use crate::controller::runtime::pass_end::PassEnd;
use crate::controller::runtime::throwaway::edited;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::observe::Next;
use crate::controller::safe_password::{observe, report};

/// One pass over a throwaway that asks what would be done for the object `of`.
pub(super) async fn pass(throwaway: &MySafePassword, of: &NamespacedName, context: &Context) -> Result<PassEnd, Error> {
    if throwaway.metadata.deletion_timestamp.is_some() {
        return Ok(PassEnd::at_rest());
    }
    if has_something(throwaway, context) {
        // It was served as itself until now. The watch is about to show that, once the status is there that tells of it.
        report::throwaway::write_owed(throwaway, context).await?;
        return Ok(PassEnd::at_rest());
    }
    let mut slot = context.cluster.slots.of_pass(throwaway.object_id());
    context.cluster.track(throwaway);
    let object = with_spec_of(throwaway, of, context.shown.find(of));
    let mut observed = observe::from_cache(&object, context);
    if let Some(waits) = observed.waits_as(&throwaway.object_id(), &context.cluster) {
        return Ok(waits);
    }
    if observe::is_left_to_others(&mut observed, context).await? {
        return Ok(PassEnd::at_rest());
    }
    let lane = observed.connection.state.as_ref().map(|state| state.lane.clone());
    slot.in_lane(lane, observed.turn.clone());
    if slot.acquire().await? == Going::Parked {
        return Ok(PassEnd::waiting(None));
    }
    match observe::until_decided(&mut observed, &mut slot, context).await? {
        Next::CarryOut(decision) => report::throwaway::write(throwaway, &observed, decision, context).await,
        Next::End(end) => Ok(end),
    }
}

/// Returns whether an object has what no throwaway has: our finalizer, or something in its newest status beside the answer.
pub(super) fn has_something(object: &MySafePassword, context: &Context) -> bool {
    let answer = MySafePasswordStatus {
        observed_generation: None,
        plan: None,
        conditions: Vec::new(),
        ..context.statuses.of(object)
    };
    finalizer::is_on(object) || answer != MySafePasswordStatus::default()
}

/// Returns the object that a throwaway asks for, as it is after an edit that gives it the throwaway's spec.
fn with_spec_of(throwaway: &MySafePassword, of: &NamespacedName, there: Option<MySafePassword>) -> MySafePassword {
    let (metadata, status) = there.map(|there| (there.metadata, there.status)).unzip();
    MySafePassword {
        metadata: edited(&throwaway.metadata, of, metadata),
        spec: throwaway.spec.clone(),
        status: status.flatten(),
    }
}

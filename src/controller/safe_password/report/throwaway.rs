//! What a throwaway says: a plan, and why. Its status holds nothing that a claim, a comparison or a restart would read.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::{come_back_as, ended, status};
use crate::api::{MySafePassword, MySafePasswordStatus};
use crate::controller::runtime::error::Error;
use crate::controller::runtime::managed::Managed as _;
use crate::controller::runtime::pass_end::PassEnd;
use crate::controller::runtime::status_store::ready_reason;
use crate::controller::runtime::status_write::StatusWrite;
use crate::controller::safe_password::act::outcome::Outcome;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::observation::Observation;
use crate::domain::safe_password::Decision;

/// Reports what was decided for the object that a throwaway asks for, in the status of the throwaway.
pub(crate) async fn write(
    throwaway: &MySafePassword,
    observed: &Observation<'_>,
    decision: Decision,
    context: &Context,
) -> Result<PassEnd, Error> {
    let outcome = Outcome::Nothing;
    let next = status::next_status(observed, decision, &outcome);
    let reason = ready_reason(&next.stored.conditions);
    let id = throwaway.object_id();
    let action = come_back_as(&id, observed, &ended(observed, decision, &outcome, &next), &outcome, context);
    let before = context.statuses.of(throwaway);
    // Onto the version that the pass saw: should somebody have the object served as itself meanwhile, its status stays.
    let written = status_of(throwaway, &before, context).write_onto_version(&shown(throwaway, next.stored)).await;
    context.cluster.retries.forget_untold(&id, &written);
    if !written? {
        return Ok(PassEnd::at_rest());
    }
    Ok(PassEnd::with_reason(action, reason))
}

/// Writes the status that a pass could not write before the object became a throwaway.
pub(crate) async fn write_owed(object: &MySafePassword, context: &Context) -> Result<(), Error> {
    status_of(object, &context.statuses.of(object), context).write_owed().await
}

fn status_of<'a>(
    object: &'a MySafePassword,
    before: &'a MySafePasswordStatus,
    context: &'a Context,
) -> StatusWrite<'a, MySafePassword, Context> {
    let Context { statuses, cluster, .. } = context;
    StatusWrite { object, reconciler: context, before, statuses, cluster }
}

/// Returns of a status only what answers the question.
fn shown(throwaway: &MySafePassword, next: MySafePasswordStatus) -> MySafePasswordStatus {
    let generation = throwaway.metadata.generation;
    let of_throwaway = |condition| Condition { observed_generation: generation, ..condition };
    MySafePasswordStatus {
        observed_generation: generation,
        plan: next.plan,
        conditions: next.conditions.into_iter().map(of_throwaway).collect(),
        ..MySafePasswordStatus::default()
    }
}

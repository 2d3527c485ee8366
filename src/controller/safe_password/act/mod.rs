//! The only writes to a PAM: at most one in a pass.

pub(crate) mod outcome;
mod release;
mod write;

use crate::controller::runtime::error::Error;
use crate::controller::safe_password::act::outcome::Outcome;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::observation::Observation;
use crate::domain::Reason;
use crate::domain::safe_password::{Decision, identifier_to_bind};
use crate::message::problem::Problem;
use crate::message::safe_password as message;

/// Carries a decision out.
pub(crate) async fn carry_out(
    observed: &Observation<'_>,
    decision: Decision,
    context: &Context,
) -> Result<Outcome, Error> {
    match decision {
        Decision::Send(write) => write::send(observed, write, context).await,
        Decision::Bind => Ok(take_over(observed, context)),
        Decision::RemoveFinalizer(why) => release::release_finalizer(observed, why, context).await,
        _ => Ok(Outcome::Nothing),
    }
}

/// Has the object take over the entry that the list shows, unless another object was first.
fn take_over(observed: &Observation<'_>, context: &Context) -> Outcome {
    // An object that this process has not seen yet may have the entry.
    if !context.connections.health.are_all_listed() {
        return Outcome::Blocked(Problem { reason: Reason::Progressing, message: message::UNLISTED.to_owned() });
    }
    let entry = identifier_to_bind(&observed.input()).and_then(|identifier| observed.entry(identifier));
    match entry {
        Some(entry) if context.claims.take(observed.object, entry.clone(), context.cluster.clock.now()) => {
            Outcome::Nothing
        }
        Some(entry) => Outcome::Blocked(Problem {
            reason: Reason::IdentifierConflict,
            message: message::claimed(&entry.identifier),
        }),
        None => Outcome::Blocked(Problem { reason: Reason::RecordConflict, message: message::UNCLEAR.to_owned() }),
    }
}

//! The only writes to a PAM: at most one in a pass.

mod disable;
mod enable;
mod hand_over;
pub(crate) mod outcome;
mod push;
mod release;
mod request;

use crate::controller::credential::act::outcome::Outcome;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::runtime::error::Error;
use crate::domain::Decision;

/// Carries a decision out.
pub(crate) async fn carry_out(
    observed: &Observation<'_>,
    decision: Decision,
    context: &Context,
) -> Result<Outcome, Error> {
    match decision {
        Decision::Push(push) => push::push(observed, push, context).await,
        Decision::Enable => enable::enable(observed, context).await,
        Decision::Disable => disable::disable(observed, context).await,
        Decision::HandOver => Ok(hand_over::hand_over(observed, context)),
        Decision::RemoveFinalizer(why) => release::release_finalizer(observed, why, context).await,
        _ => Ok(Outcome::Nothing),
    }
}

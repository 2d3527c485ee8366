//! Writes the status of an object; nothing else in the operator does.

use crate::api::{MySafePassword, MySafePasswordStatus};
use crate::controller::runtime::error::Error;
use crate::controller::runtime::status_write::StatusWrite;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::observation::Observation;

/// Writes a status that an earlier pass could not write; see [`StatusWrite::write_owed`].
pub(crate) async fn write_owed(observed: &Observation<'_>, context: &Context) -> Result<(), Error> {
    forget_gone(of(observed, context).write_owed().await?, observed, context);
    Ok(())
}

/// Writes a status if it differs. If the object is gone, returns `false` and forgets everything about the object.
pub(crate) async fn write(
    observed: &Observation<'_>,
    next: &MySafePasswordStatus,
    context: &Context,
) -> Result<bool, Error> {
    let status = of(observed, context);
    if observed.surroundings.unserved {
        return status.write_unless_changed(next).await;
    }
    let is_there = status.write(next).await?;
    forget_gone(is_there, observed, context);
    Ok(is_there)
}

/// Writes a status onto the very version of the object that the pass saw; returns `false` if there is another one.
pub(crate) async fn write_unless_changed(
    observed: &Observation<'_>,
    next: &MySafePasswordStatus,
    context: &Context,
) -> Result<bool, Error> {
    of(observed, context).write_unless_changed(next).await
}

fn of<'a>(observed: &'a Observation<'_>, context: &'a Context) -> StatusWrite<'a, MySafePassword> {
    let Context { statuses, cluster, .. } = context;
    StatusWrite { object: observed.object, before: &observed.stored, statuses, cluster }
}

/// Forgets an object that is gone: nothing else would remove what is remembered of the object.
fn forget_gone(is_there: bool, observed: &Observation<'_>, context: &Context) {
    if !is_there {
        context.forget(&observed.key, observed.uid());
    }
}

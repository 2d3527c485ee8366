//! Writes the status of a credential; nothing else in the operator does.

use crate::api::{PamCredential, PamCredentialStatus};
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::status_write::StatusWrite;

/// Writes a status that an earlier pass could not write; see [`StatusWrite::write_owed`].
pub(crate) async fn write_owed(observed: &Observation<'_>, context: &Context) -> Result<(), Error> {
    forget_gone(of(observed, context).write_owed().await?, observed, context);
    Ok(())
}

/// Writes a status if it differs. If the object is gone, returns `false` and forgets everything about the object.
pub(crate) async fn write(
    observed: &Observation<'_>,
    next: &PamCredentialStatus,
    context: &Context,
) -> Result<bool, Error> {
    let status = of(observed, context);
    if observed.situation.unserved {
        return status.write_unless_changed(next).await;
    }
    let is_there = status.write(next).await?;
    forget_gone(is_there, observed, context);
    Ok(is_there)
}

fn of<'a>(observed: &'a Observation<'_>, context: &'a Context) -> StatusWrite<'a, PamCredential> {
    let Context { statuses, cluster, .. } = context;
    StatusWrite { object: observed.object, before: &observed.stored, statuses, cluster }
}

/// Forgets an object that is gone: nothing else would remove what is remembered of the object.
fn forget_gone(is_there: bool, observed: &Observation<'_>, context: &Context) {
    if !is_there {
        context.forget(&observed.key, observed.uid());
    }
}

//! `spec.ensureEnabled`: a record that was there before is enabled, once.

use crate::controller::credential::act::push::{Outcome, note_refusal};
use crate::controller::credential::context::Context;
use crate::controller::credential::observe::connected;
use crate::controller::credential::observe::observation::Observation;
use crate::controller::runtime::error::Error;

/// Enables the record whose id is in our status. Repeating it is harmless: the PAM then says that it is enabled already.
pub(crate) async fn enable(observed: &Observation<'_>, context: &Context) -> Result<Outcome, Error> {
    let live = match connected::client(observed, context).await? {
        Ok(live) => live,
        Err(problem) => return Ok(Outcome::Blocked(problem)),
    };
    context.cluster.may_write()?;
    let id = observed.status.id.as_deref().unwrap_or_default();
    Ok(match live.client.enable_credential(id).await {
        Ok(how) => {
            // It moved the record: what lists from before say of when that was would be taken for the mark of our write.
            if let Some(record) = live.inventory.latest().and_then(|snapshot| snapshot.by_id(id)) {
                live.inventory.note_written(record);
            }
            Outcome::Enabled(how)
        }
        Err(error) => {
            note_refusal(&error, observed, context);
            Outcome::Failed(error)
        }
    })
}

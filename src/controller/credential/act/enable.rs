//! `spec.ensureEnabled`: a record that was there before is enabled, once.

use crate::controller::credential::act::outcome::Outcome;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::credential::observe;
use crate::controller::runtime::error::Error;

/// Enables the record whose id is in our status. A repetition is harmless: the PAM then says that it is enabled already.
pub(super) async fn enable(observed: &Observation<'_>, context: &Context) -> Result<Outcome, Error> {
    let connected = match observe::client(observed, context).await? {
        Ok(connected) => connected,
        Err(problem) => return Ok(Outcome::Blocked(problem)),
    };
    context.cluster.may_write()?;
    let id = observed.status.id.as_deref().unwrap_or_default();
    Ok(match connected.client.in_turn(observed.turn.clone()).enable_credential(id).await {
        Ok(how) => {
            // The call moved the record's time of change: what earlier lists say of that time would be taken for the mark
            // of our write.
            if let Some(record) = connected.inventory.latest().and_then(|snapshot| snapshot.by_id(id)) {
                connected.inventory.note_written(record);
            }
            Outcome::Enabled(how)
        }
        Err(error) => {
            context.connections.note_refusal(&error, &observed.connection_id());
            Outcome::failed(error)
        }
    })
}

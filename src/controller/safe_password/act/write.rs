//! Sends one write.

use crate::controller::connection::brake;
use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::health::Asking;
use crate::controller::runtime::error::Error;
use crate::controller::safe_password::act::outcome::Outcome;
use crate::controller::safe_password::act::release::take_off;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::observation::Observation;
use crate::controller::safe_password::facts::request;
use crate::controller::safe_password::observe;
use crate::domain::Reason;
use crate::domain::safe_password::{Write, is_new};
use crate::message::problem::Problem;
use crate::message::safe_password as message;
use crate::pam::{Call, PamError};

/// Sends one write. A write that is not sent after all leaves the status as it was before the announcement.
pub(super) async fn send(observed: &Observation<'_>, write: Write, context: &Context) -> Result<Outcome, Error> {
    let connected = match observe::client(observed, context).await? {
        Ok(connected) => connected,
        Err(problem) => return Ok(Outcome::Blocked(problem)),
    };
    if let (Write::Deactivate, Some(held)) = (write, held(observed, write, context).await?) {
        // Of an object that is not being deleted nothing is blocked but this.
        let reason = if observed.is_deleting() { Reason::DeletionBlocked } else { Reason::Progressing };
        return Ok(Outcome::Blocked(Problem { reason, message: held }));
    }
    // A paused process may wake up long after its lease ran out, before it is told so.
    context.cluster.may_write()?;
    let called = call(observed, write, &connected).await;
    let outcome = match called.and_then(|outcome| unless_known(outcome, observed, context)) {
        Ok(outcome) => outcome,
        Err(error) => {
            context.connections.note_refusal(&error, &observed.connection_id());
            if write == Write::Create {
                context.claims.note_creation(observed.uid());
            }
            Outcome::failed(error)
        }
    };
    match outcome {
        Outcome::Switched if observed.is_deleting() => {
            // The object goes with a status that tells of this write. While another one is open, a deletion waits.
            if let Some(write) = &observed.stored.in_flight {
                context.claims.note_answered(observed.uid(), write.since.0);
            }
            take_off(observed, None, context).await?;
            let id = observed.status.identifier.as_deref().unwrap_or_default();
            Ok(Outcome::Released { reason: "Deactivated", note: message::deactivated(id) })
        }
        outcome => Ok(outcome),
    }
}

/// Returns why the brake of the connection holds a deactivation back.
async fn held(observed: &Observation<'_>, write: Write, context: &Context) -> Result<Option<String>, Error> {
    if write != Write::Deactivate {
        return Ok(None);
    }
    let asking = Asking { namespace: &observed.key.namespace, uid: observed.uid() };
    brake::admit(observed.connection.state.as_ref(), asking, &context.connections).await
}

/// Returns the outcome unless it is a new entry that is none: one that was there before, or another object's (P4). Then the list
/// tells which entry the creation made.
fn unless_known(outcome: Outcome, observed: &Observation<'_>, context: &Context) -> Result<Outcome, PamError> {
    let Outcome::Created(id) = &outcome else { return Ok(outcome) };
    let is_claimed = || {
        observed
            .entry(id.clone())
            .is_some_and(|entry| context.claims.other(observed.uid(), &entry, observed.times.now).is_some())
    };
    if is_new(&observed.input(), id) && !is_claimed() {
        return Ok(outcome);
    }
    Err(PamError::Malformed { call: Call::CreateEntry, what: "names an entry that cannot be the one that was made" })
}

async fn call(observed: &Observation<'_>, write: Write, connected: &ConnectedClient) -> Result<Outcome, PamError> {
    let client = connected.client.in_turn(observed.turn.clone());
    let (safe, id) = (client.my_safe(), observed.status.identifier.as_deref().unwrap_or_default());
    match write {
        Write::Create => {
            let Some(entry) = request::new_entry(observed) else { return Ok(Outcome::Nothing) };
            let created = safe.create_entry(&entry).await?;
            Ok(Outcome::Created(created.identifier))
        }
        Write::Update => safe.update_entry(id, &request::change(observed)).await.map(Outcome::Updated),
        Write::Activate => safe.activate_entry(id).await.map(|()| Outcome::Switched),
        Write::Deactivate => safe.deactivate_entry(id).await.map(|()| Outcome::Switched),
    }
}

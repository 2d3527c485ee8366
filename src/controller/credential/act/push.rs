//! Creating or updating a record.

use std::time::Duration;

use tokio::time::Instant;

use crate::controller::connection::clients::ConnectedClient;
use crate::controller::credential::act::outcome::Outcome;
use crate::controller::credential::act::request::{record, request};
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::credential::observe;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::object_id::NamespacedName;
use crate::domain::{Answer, Expect, Inventory, Push, WriteEffect, judge};
use crate::pam::{self, Call, CredentialRequest, PamError, Upserted};

/// An older event of the Secret waited for something else than this operator: a connection, a device, a retry.
const LONGEST_LATENCY: Duration = Duration::from_mins(2);

/// Sends one POST.
pub(super) async fn push(observed: &Observation<'_>, push: Push, context: &Context) -> Result<Outcome, Error> {
    let connected = match observe::client(observed, context).await? {
        Ok(connected) => connected,
        Err(problem) => return Ok(Outcome::Blocked(problem)),
    };
    connected.check_same_login(observed.connection.vault.as_ref())?;
    let Some(request) = request(observed, push) else {
        return Ok(Outcome::Nothing);
    };
    // A paused process may wake up long after its lease ran out, before it is told so.
    context.cluster.may_write()?;
    match connected.client.in_turn(observed.turn.clone()).upsert_credential(&request).await {
        Ok(upserted) => Ok(answered(observed, Sent { push, request }, upserted, &connected, context).await),
        Err(error) => {
            if error.outcome_unknown() {
                connected.inventory.invalidate();
            }
            context.connections.note_refusal(&error, &observed.connection_id());
            Ok(Outcome::failed(error))
        }
    }
}

/// What was sent.
struct Sent {
    push: Push,
    request: CredentialRequest,
}

/// Returns what an answer comes to.
async fn answered(
    observed: &Observation<'_>,
    sent: Sent,
    upserted: Upserted,
    connected: &ConnectedClient,
    context: &Context,
) -> Outcome {
    if observed.is_value(&upserted.id) {
        connected.inventory.invalidate();
        return Outcome::Lost(PamError::Malformed {
            call: Call::UpsertCredential,
            what: "names the value as the record's id",
        });
    }
    let made_before = match was_made_before(observed, sent.push, &upserted, connected, context).await {
        Ok(made_before) => made_before,
        Err(error) => {
            // Whose record was written is not known. To call the write refused would leave nothing that tells of a record
            // that the PAM may just have created.
            connected.inventory.invalidate();
            return Outcome::Lost(error);
        }
    };
    let outcome = compared(observed, sent.push, upserted, made_before);
    match &outcome {
        Outcome::Written(answer) => connected.inventory.note_written(record(observed, &sent.request, answer)),
        // What the list shows now is not what it showed before.
        _ => connected.inventory.invalidate(),
    }
    note_latency(observed, sent.push.value, context);
    outcome
}

/// Returns whether an earlier write of ours whose answer was lost made the record: a list that began after the answer shows
/// the record, and the list before the write did not. A record that the new list does not show is somebody else's, out of
/// our authorization's sight.
async fn was_made_before(
    observed: &Observation<'_>,
    push: Push,
    upserted: &Upserted,
    connected: &ConnectedClient,
    context: &Context,
) -> Result<bool, PamError> {
    let maybe = observed.status.has_write_of_fields() && !observed.found.announced;
    let lists = observed.situation.inventory != Inventory::Off;
    if !maybe || push.expect != Expect::Create || !lists {
        return Ok(false);
    }
    let snapshot = observe::list(observed, connected, Some(Instant::now()), context).await?;
    Ok(snapshot.by_id(&upserted.id).is_some())
}

fn compared(observed: &Observation<'_>, push: Push, upserted: Upserted, made_before: bool) -> Outcome {
    let listed = observed.listed().map(|record| &record.id);
    let expected = observed.transition_input().expected(&observed.status, push, listed, made_before);
    let answer = Answer {
        effect: match upserted.effect {
            pam::UpsertEffect::Created => WriteEffect::Created,
            pam::UpsertEffect::Updated => WriteEffect::Updated,
            pam::UpsertEffect::Unstated => WriteEffect::Unstated,
        },
        id: upserted.id,
        identifier: upserted.identifier,
        tenant: upserted.tenant.filter(|tenant| !observed.is_value(tenant)),
    };
    match judge(&expected, &answer) {
        None => Outcome::Written(answer),
        Some(what) => Outcome::Mismatch { what, expected, answer },
    }
}

/// Measures promise P2: from the event of the changed Secret to the PAM's answer.
fn note_latency(observed: &Observation<'_>, value: bool, context: &Context) {
    let secret = observed.object.spec.content_secret_ref.as_ref().filter(|_| value);
    let key = secret.map(|reference| NamespacedName::new(&observed.key.namespace, &reference.name));
    let seen = key.and_then(|key| context.cluster.secret_versions.seen_at(&key)).map(|at| at.elapsed());
    if let Some(latency) = seen.filter(|latency| *latency < LONGEST_LATENCY) {
        context.cluster.metrics.secret_pushed(latency);
    }
}

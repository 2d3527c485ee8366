//! At most one write to the PAM.

use std::time::Duration;

use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::object::connection_of;
use crate::controller::connection::state::ConnectionState;
use crate::controller::credential::act::disable;
use crate::controller::credential::act::enable;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::binding;
use crate::controller::credential::facts::field_groups;
use crate::controller::credential::observe::connected;
use crate::controller::credential::observe::observation::Observation;
use crate::controller::credential::state::Doubt;
use crate::controller::message::problem::Problem;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::object_id::NamespacedName;
use crate::domain::{Answer, Binding, Decision, Expect, Expected, Inventory, Mismatch, Push, WriteEffect, judge};
use crate::pam::{self, CredentialRequest, ListedCredential, PamError, Upserted};

/// What came of a decision.
pub(crate) enum Outcome {
    /// Nothing was sent.
    Nothing,
    /// The PAM did as was decided.
    Pushed(Answer),
    /// The PAM says that the record is enabled.
    Enabled(pam::Enabled),
    /// The PAM did something else.
    Mismatch {
        /// In what its answer differs.
        what: Mismatch,
        /// What was expected.
        expected: Expected,
        /// The answer.
        answer: Answer,
    },
    /// The call failed.
    Failed(PamError),
    /// No call could be made, or its answer stands in the way.
    Blocked(Problem),
    /// The object was let go: the reason and the note of the event that says so.
    Released {
        /// Reason of the event.
        reason: &'static str,
        /// Its note.
        note: String,
    },
}

/// Carries a decision out.
pub(crate) async fn act(observed: &Observation<'_>, decision: Decision, context: &Context) -> Result<Outcome, Error> {
    match decision {
        Decision::Push(push) => self::push(observed, push, context).await,
        Decision::Enable => enable::enable(observed, context).await,
        Decision::Disable => disable::disable(observed, context).await,
        Decision::RemoveFinalizer(why) => disable::release(observed, why, context).await,
        _ => Ok(Outcome::Nothing),
    }
}

async fn push(observed: &Observation<'_>, push: Push, context: &Context) -> Result<Outcome, Error> {
    let live = match connected::client(observed, context).await? {
        Ok(live) => live,
        Err(problem) => return Ok(Outcome::Blocked(problem)),
    };
    binding::as_seen(&live, observed.view.as_ref())?;
    let Some(request) = request(observed, push, observed.doubt(context).is_some()) else {
        return Ok(Outcome::Nothing);
    };
    // A paused process may wake up long after its lease ran out, before it is told so.
    context.cluster.may_write()?;
    match live.client.upsert_credential(&request).await {
        Ok(upserted) => Ok(answered(observed, push, (&request, upserted), &live, context).await),
        Err(error) => {
            if error.outcome_unknown() {
                live.inventory.invalidate();
                context.state.set_doubt(&observed.uid, Some(Doubt { value: push.value, of: observed.aim() }));
            }
            note_refusal(&error, observed, context);
            Ok(Outcome::Failed(error))
        }
    }
}

/// What an answer comes to.
async fn answered(
    observed: &Observation<'_>,
    push: Push,
    (request, upserted): (&CredentialRequest, Upserted),
    live: &ConnectedClient,
    context: &Context,
) -> Outcome {
    let maybe_before = context.state.doubt(&observed.uid).is_some() || observed.was_pending();
    let seen_since = if maybe_before && push.expect == Expect::Create && observed.may_list() {
        appeared(observed, live, &upserted.id, context).await
    } else {
        Ok(false)
    };
    let seen_since = match seen_since {
        Ok(seen) => seen,
        Err(error) => {
            // Not told yet: the doubt stays, and the next list decides.
            live.inventory.invalidate();
            return Outcome::Failed(error);
        }
    };
    let done = compared(observed, push, upserted, seen_since);
    match &done {
        Outcome::Pushed(answer) => live.inventory.note_written(record(observed, request, answer)),
        // What the list shows now is not what it showed before.
        _ => live.inventory.invalidate(),
    }
    context.state.set_doubt(&observed.uid, None);
    note_latency(observed, push.value, context);
    done
}

impl Observation<'_> {
    fn may_list(&self) -> bool {
        self.situation.inventory != Inventory::Off
    }
}

/// Whether a list that began after the answer shows the record. The list before the write did not: a record that is
/// there now was made by an earlier write of ours whose answer was lost. One that is not is somebody else's, out of our
/// authorization's sight.
async fn appeared(
    observed: &Observation<'_>,
    live: &ConnectedClient,
    id: &str,
    context: &Context,
) -> Result<bool, PamError> {
    let now = tokio::time::Instant::now();
    let snapshot = connected::list(observed, live, Some(now), context).await?;
    Ok(snapshot.by_id(id).is_some())
}

/// A refused login concerns the connection as a whole: it is looked at, and says so.
pub(crate) fn note_refusal(error: &PamError, observed: &Observation<'_>, context: &Context) {
    if matches!(error, PamError::AuthenticationFailed(_)) {
        context.connections.doubt(&connection_of(observed.object));
    }
}

/// The request, or `None` if a username that was to be read is not there (which no decision leads to).
fn request(observed: &Observation<'_>, push: Push, in_doubt: bool) -> Option<CredentialRequest> {
    let spec = &observed.object.spec;
    let content = observed.read.as_ref().and_then(|read| read.content.as_ref());
    // A write in doubt may have changed any group, whatever the digests say.
    let all = push.all_fields || in_doubt;
    let mut fields = field_groups::fields(spec, &observed.comparable(), all);
    fields.extend(observed.read.iter().flat_map(|read| field_groups::secrets(read, all)));
    if observed.view.as_ref().is_some_and(ConnectionState::replaces_blocks) {
        field_groups::complete(spec, observed.read.as_ref(), &mut fields);
    }
    Some(CredentialRequest {
        identifier: observed.identifier.clone(),
        username: observed.username()?.to_owned(),
        hostname: spec.hostname.clone(),
        ip: spec.ip.clone(),
        content: content.filter(|_| push.value).map(|content| content.value.clone()),
        fields,
    })
}

fn compared(observed: &Observation<'_>, push: Push, upserted: Upserted, seen_since: bool) -> Outcome {
    let listed = observed.sight.as_ref().and_then(|sight| sight.record.as_ref()).map(|record| record.id.clone());
    let connection = observed.status.connection.as_ref();
    let connection = connection.filter(|_| observed.situation.binding == Binding::Bound);
    let expected = Expected {
        expect: push.expect,
        id: match push.expect {
            Expect::Create => None,
            // Where there is no list, the user's word is on the record that an answer named.
            Expect::Adopt => listed.or_else(|| observed.status.unexpected.as_ref()?.id.clone()),
            Expect::Update => observed.status.id.clone(),
        },
        identifier: observed.identifier.clone(),
        tenant: connection.and_then(|connection| connection.tenant.clone()),
        maybe_made_before: seen_since,
    };
    let answer = Answer {
        outcome: match upserted.outcome {
            pam::Outcome::Created => WriteEffect::Created,
            pam::Outcome::Updated => WriteEffect::Updated,
            pam::Outcome::Unstated => WriteEffect::Unstated,
        },
        id: upserted.id,
        identifier: upserted.identifier,
        tenant: upserted.tenant,
    };
    match judge(&expected, &answer) {
        None => Outcome::Pushed(answer),
        Some(what) => Outcome::Mismatch { what, expected, answer },
    }
}

/// The record as a list would show it now.
fn record(observed: &Observation<'_>, request: &CredentialRequest, answer: &Answer) -> ListedCredential {
    let before = observed.sight.as_ref().and_then(|sight| sight.record.clone()).filter(|record| record.id == answer.id);
    let set = request.flag("execution_settings.automatic_change");
    let before = before.unwrap_or_default();
    ListedCredential {
        automatic_change: set.or(before.automatic_change),
        // Our write moved it; how far, the next list shows.
        change: None,
        id: answer.id.clone(),
        identifier: Some(request.identifier.clone()),
        username: request.username.clone(),
        hostname: request.hostname.clone(),
        ip: request.ip.clone(),
        ..before
    }
}

/// Promise P2, measured: from the event of the changed Secret to the PAM's answer.
fn note_latency(observed: &Observation<'_>, value: bool, context: &Context) {
    let secret = observed.object.spec.content_secret_ref.as_ref().filter(|_| value);
    let key = secret.map(|reference| NamespacedName::new(&observed.key.namespace, &reference.name));
    let seen = key.and_then(|key| context.cluster.secrets.seen_at(&key)).map(|at| at.elapsed());
    // An event older than this waited for something else than us: a connection, a device, a retry.
    if let Some(latency) = seen.filter(|latency| *latency < Duration::from_mins(2)) {
        context.cluster.metrics.secret_pushed(latency);
    }
}

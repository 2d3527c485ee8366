//! Reports a pass: writes the status where it differs, publishes an event where something happened, and returns when the
//! next pass over the object is due.

pub(crate) mod announcement;
mod conditions;
mod drifted;
mod events;
mod plan;
mod sharing;
mod status;
pub(crate) mod throwaway;
pub(crate) mod write_status;

use crate::controller::connection::health::Asking;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::object_id::ObjectId;
use crate::controller::runtime::pass_end::{self, Action, PassEnd};
use crate::controller::runtime::status_store::ready_reason;
use crate::controller::safe_password::act::outcome::Outcome;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::observation::Observation;
use crate::domain::Reason;
use crate::domain::safe_password::{Decision, Ended, Input, SHARES, Write, next_pass};
use crate::message::pam_error;

/// Reports how a decision was carried out: writes the status, publishes events.
pub(crate) async fn write(
    observed: &Observation<'_>,
    decision: Decision,
    outcome: &Outcome,
    context: &Context,
) -> Result<PassEnd, Error> {
    if let Outcome::Lost(_) = outcome {
        context.claims.note_lost(observed.uid(), observed.times.ended);
    }
    if decision == Decision::Leave {
        return Ok(PassEnd::at_rest());
    }
    if let Outcome::Released { reason, note } = outcome {
        events::released(observed, reason, note, context).await;
        context.cluster.retries.forget(&observed.object_id());
        return Ok(PassEnd::at_rest());
    }
    let next = status::next_status(observed, decision, outcome);
    let reason = ready_reason(&next.stored.conditions);
    remember(observed, decision, outcome, context);
    // The retry is noted before the status is written: if that write fails, the PAM is not called again because of it.
    let action = come_back(observed, &ended(observed, decision, outcome, &next), outcome, context);
    let unserved = observed.surroundings.unserved;
    let written = write_status::of(observed, context).write_served(&next.stored, unserved).await;
    if unserved {
        context.cluster.retries.forget_untold(&observed.object_id(), &written);
    }
    if !written? {
        return Ok(PassEnd::at_rest());
    }
    events::publish(observed, decision, outcome, &next, context).await;
    context.cluster.metrics.set_my_safe_passwords(context.state.tally(observed.uid(), Some(reason)));
    Ok(PassEnd::with_reason(action, reason))
}

/// Notes in memory what a pass learned and no status tells.
fn remember(observed: &Observation<'_>, decision: Decision, outcome: &Outcome, context: &Context) {
    let uid = observed.uid();
    let blocked = matches!(outcome, Outcome::Blocked(problem) if problem.reason == Reason::DeletionBlocked);
    if blocked || decision == Decision::Wait(Reason::DeletionBlocked) {
        let object = Asking { namespace: &observed.key.namespace, uid };
        context.connections.health.set_aside(&observed.connection_id(), object);
    }
    let wrote = !matches!(decision, Decision::Wait(_) | Decision::Plan(_) | Decision::Suspend);
    if observed.found.secrets.is_some() && wrote {
        context.state.made_digests(uid);
    }
}

fn ended(observed: &Observation<'_>, decision: Decision, outcome: &Outcome, next: &status::Next) -> Ended {
    // The window of a write of this pass began after the pass.
    let input = observed.input();
    let now = next.status.in_flight.as_ref().map_or(input.now, |write| input.now.max(write.since));
    Ended {
        // What was not done after all waits for what kept it from being done.
        decision: if let Outcome::Blocked(problem) = outcome { Decision::Wait(problem.reason) } else { decision },
        reason: ready_reason(&next.stored.conditions),
        deleting: observed.is_deleting(),
        connection: observed.connection_state(),
        written: outcome.is_written(),
        // Each try may send e-mail to those whom the shares name.
        bounded: outcome.error().is_some_and(pam_error::is_bounded) || has_lost_shares(observed, decision, outcome),
        claim_left: observed.claim_ends().map(|ends| observed.times.left_until(ends)),
        window_left: Input { status: &next.status, now, ..input }.window_left(),
    }
}

/// Returns whether the pass sent shares, and got no answer.
fn has_lost_shares(observed: &Observation<'_>, decision: Decision, outcome: &Outcome) -> bool {
    let sent = || observed.input().content(Write::Update);
    matches!((decision, outcome), (Decision::Send(Write::Update), Outcome::Lost(_)))
        && SHARES.iter().any(|group| sent().contains_key(*group))
}

fn come_back(observed: &Observation<'_>, ended: &Ended, outcome: &Outcome, context: &Context) -> Action {
    come_back_as(&observed.object_id(), observed, ended, outcome, context)
}

/// Returns when the object of that id is passed over again.
fn come_back_as(
    id: &ObjectId,
    observed: &Observation<'_>,
    ended: &Ended,
    outcome: &Outcome,
    context: &Context,
) -> Action {
    let asked = outcome.error().or(observed.found.failure.as_ref()).and_then(pam_error::asked);
    let input_hash = observed.input_hash();
    pass_end::come_back(&context.cluster.retries, id, input_hash, next_pass(ended), asked)
}

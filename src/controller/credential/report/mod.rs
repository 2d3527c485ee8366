//! Reports a pass: writes the status where it differs, publishes an event where something happened, and returns when the
//! next pass over the object is due.

pub(crate) mod announcement;
mod claims;
pub(crate) mod conditions;
mod drifted;
mod events;
mod heir;
mod overwriting;
mod plan;
mod removed;
mod status;
pub(crate) mod throwaway;
pub(crate) mod write_status;

use crate::api::Product;
use crate::controller::connection::health::Asking;
use crate::controller::connection::state::ConnectionState;
use crate::controller::credential::act::outcome::Outcome;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::object_id::ObjectId;
use crate::controller::runtime::pass_end::{self, Action, PassEnd};
use crate::controller::runtime::status_store::ready_reason;
use crate::domain::credential::{Ended, clears_suspected_write, next_pass};
use crate::domain::{Decision, Reason, SETTLE, SettleWindow};
use crate::message::pam_error;

/// Reports how a decision was carried out: settles the claims, writes the status, publishes events.
pub(crate) async fn write(
    observed: &Observation<'_>,
    decision: Decision,
    outcome: &Outcome,
    context: &Context,
) -> Result<PassEnd, Error> {
    claims::settle_claims(observed, decision, outcome, context);
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
    let unserved = observed.situation.unserved;
    let written = write_status::of(observed, context).write_served(&next.stored, unserved).await;
    if unserved {
        context.cluster.retries.forget_untold(&observed.object_id(), &written);
    }
    if !written? {
        return Ok(PassEnd::at_rest());
    }
    events::publish(observed, decision, outcome, &next, context).await;
    context.cluster.metrics.set_credentials(context.state.tally(observed.uid(), Some(reason)));
    Ok(PassEnd::with_reason(action, reason))
}

/// Notes in memory what a pass learned and no status tells.
fn remember(observed: &Observation<'_>, decision: Decision, outcome: &Outcome, context: &Context) {
    let uid = observed.uid();
    if clears_suspected_write(decision, outcome.result()) {
        context.state.clear_suspected_write(uid);
    }
    if let (Decision::Settled, Some(secrets)) = (decision, &observed.found.secrets) {
        context.state.note_unchanged_versions(uid, observed.generation(), &secrets.read.versions);
    }
    let blocked = matches!(outcome, Outcome::Blocked(problem) if problem.reason == Reason::DeletionBlocked);
    // A record that is handed over is not one of those that wait to be disabled.
    if blocked || matches!(decision, Decision::Wait(Reason::DeletionBlocked) | Decision::HandOver) {
        let object = Asking { namespace: &observed.key.namespace, uid };
        context.connections.health.set_aside(&observed.connection_id(), object);
    }
    let wrote = !matches!(decision, Decision::Wait(_) | Decision::Plan(_) | Decision::Suspend);
    if observed.found.secrets.is_some() && wrote {
        context.state.made_digests(uid);
    }
    if let (Outcome::Written(_), Decision::Push(push)) = (outcome, decision)
        && observed.transition_input().leaves_record_enabled(push)
    {
        context.cluster.metrics.record_left_enabled();
    }
    if outcome.is_written() && observed.situation.account_changed {
        // Only the next list shows whether the PAM moved the record or made a second one.
        context.connections.ask_for_list(&observed.connection_id());
    }
}

fn ended(observed: &Observation<'_>, decision: Decision, outcome: &Outcome, next: &status::Next) -> Ended {
    let age = observed.times.now.duration_since(observed.times.started).unsigned_abs();
    let start_left = SETTLE.checked_sub(age).filter(|left| !left.is_zero());
    // The window of a write of this pass began after the pass.
    let of_status = next.status.in_flight.as_ref().and_then(|write| write.left(observed.times.now.max(write.since)));
    // A deletion may wait for what an earlier process sent, which no status dates: until this process is old enough.
    let waits = observed.situation.settle == SettleWindow::Open || observed.situation.suspected_disable;
    let of_start = start_left.filter(|_| observed.situation.deleting && waits);
    Ended {
        decision,
        reason: ready_reason(&next.stored.conditions),
        deleting: observed.situation.deleting,
        connection: ConnectionState::state(observed.connection.state.as_ref(), Product::PamCore),
        written: outcome.is_written(),
        blocked: matches!(outcome, Outcome::Blocked(_)),
        connection_problem: observed.found.problem_of_connection,
        bounded: outcome.error().is_some_and(pam_error::is_bounded),
        window_left: of_status.max(of_start),
        start_left,
        claim_left: observed.found.claim_ends.map(|ends| observed.times.left_until(ends)),
    }
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
    pass_end::come_back(&context.cluster.retries, id, observed.input_hash(), next_pass(ended), asked)
}

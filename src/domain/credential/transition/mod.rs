//! The way back: what a status says after a decision was carried out (P1, P3, P4, P6).

mod answered;
mod parts;
mod rested;
mod result;
mod unanswered;

use super::{
    Answer, Binding, Decision, Intent, MismatchRecord, SettleWindow, Status, TransitionInput, UnackedWrite, WriteAction,
};
use answered::written;
use parts::{acknowledge, note_remote};
use rested::rested;
pub use result::{WriteResult, clears_suspected_write};
use unanswered::{keep_suspected_write, lost};

/// Returns what the status says after `decision` was carried out with `result`.
///
/// # Guarantees
///
/// * A write that the PAM may have executed without our knowing is in `in_flight` until it was answered and its settle
///   window is over (P3).
/// * After a write that was answered as expected, the digests are those of the spec, so that no change of the spec is due
///   (P1). Due may still be: to enable the record (`spec.ensureEnabled`), to take the finalizer off (the deletion policy
///   keeps the record enabled), and to send the newest state again once the settle window of an earlier write without an
///   answer is over: that write stays in `in_flight` until then.
/// * An id is taken over only from an answer that was as expected (P4).
/// * A value that was withheld stays marked as withheld until a value was sent (P6).
#[must_use]
pub fn transition(status: &Status, input: &TransitionInput<'_>, decision: Decision, result: WriteResult<'_>) -> Status {
    let mut next = status.clone();
    if input.situation.unserved {
        // The operator that serves the object next needs to know what this one knew, and nothing was looked at since.
        next.observed_generation = Some(input.generation);
        return next;
    }
    forget_other_vault(input, &mut next);
    forget_switch(input, &mut next);
    match (result, decision) {
        (WriteResult::Written(answer), Decision::Push(push)) => written(input, &mut next, push, answer),
        (WriteResult::Enabled, _) => enabled(&mut next),
        (WriteResult::Mismatch(answer), _) => mismatched(input, &mut next, answer),
        (WriteResult::Lost, _) => lost(input, &mut next, decision),
        // A push that is blocked was not sent.
        (WriteResult::Refused | WriteResult::Blocked, Decision::Push(_)) if input.just_announced => {
            next.in_flight = None;
        }
        (WriteResult::Nothing, _) => rested(input, &mut next, decision),
        _ => {}
    }
    keep_suspected_write(input, &mut next, decision, result);
    // Also where a call failed: what is not recorded is news by every list, and each time cuts the wait for a retry short.
    if matches!(result, WriteResult::Nothing | WriteResult::Lost | WriteResult::Refused | WriteResult::Blocked) {
        note_remote(input, &mut next);
    }
    next.observed_generation = Some(input.generation);
    next
}

/// Returns the write that must be in the status before its POST.
#[must_use]
pub fn announce(status: &Status, input: &TransitionInput<'_>, intent: Intent, value: bool) -> Status {
    let action = match intent {
        Intent::Create => WriteAction::Create,
        Intent::TakeOver => WriteAction::TakeOver,
    };
    let write = input.write(action, value);
    let earlier = status.in_flight.clone().filter(|earlier| earlier.action != WriteAction::Unrecorded);
    // The announced action wins over an earlier one: the decision was made on the newest list.
    let value = value || earlier.is_some_and(|earlier| earlier.value);
    Status { in_flight: Some(UnackedWrite { value, ..write }), ..status.clone() }
}

/// Forgets a write to another vault once the connection leads back to the vault of the record, and the PAM no longer
/// executes the write: the connection may lead there again.
fn forget_other_vault(input: &TransitionInput<'_>, next: &mut Status) {
    let bound = input.situation.binding == Binding::Bound;
    let here = input.vault.map(|vault| vault.origin.as_str());
    next.in_flight
        .take_if(|write| bound && here.is_some_and(|here| here != write.origin) && write.left(input.now).is_none());
}

/// Forgets that the record was enabled or disabled without an answer once that can no longer move its time of change.
fn forget_switch(input: &TransitionInput<'_>, next: &mut Status) {
    let closed = |write: &UnackedWrite| write.window(input.now) == SettleWindow::Closed;
    next.in_flight.take_if(|write| write.action != WriteAction::Unrecorded && closed(write));
}

fn enabled(next: &mut Status) {
    next.ensured_enabled = true;
    // The PAM moved the record's time of change.
    next.remote = None;
}

fn mismatched(input: &TransitionInput<'_>, next: &mut Status, answer: &Answer) {
    next.mismatch = Some(MismatchRecord {
        id: Some(answer.id.clone()),
        // Another identifier may be another namespace's.
        identifier: answer
            .identifier
            .as_deref()
            .filter(|answered| *answered == input.target.identifier)
            .map(str::to_owned),
        target: input.target.digest(input.keyed).unwrap_or_default(),
    });
    acknowledge(input, next);
}

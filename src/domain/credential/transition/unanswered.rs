//! After a write without an answer, and with a suspected write.

use super::result::{WriteResult, clears_suspected_write};
use crate::domain::credential::{Binding, Decision, Expect, Push, Seen, Status, TransitionInput, WriteAction};
use crate::domain::keyed::in_doubt;

pub(super) fn lost(input: &TransitionInput<'_>, next: &mut Status, decision: Decision) {
    let write = match decision {
        Decision::Push(push) => {
            distrust_digests(input, next, push);
            input.write(action(input, push), push.value)
        }
        Decision::Enable => input.write(WriteAction::Enable, false),
        Decision::Disable => input.write(WriteAction::Disable, false),
        _ => return,
    };
    next.in_flight = Some(write.after(next.in_flight.take()));
}

fn action(input: &TransitionInput<'_>, push: Push) -> WriteAction {
    match (push.expect, input.situation.inventory.seen()) {
        (Expect::Create, _) => WriteAction::Create,
        (Expect::Existing, Some(Seen::IdentifierElsewhere { .. } | Seen::AccountOther { .. })) => WriteAction::TakeOver,
        _ => WriteAction::Update,
    }
}

/// Marks the digests of what a write carried: the PAM may hold that, or what it held before. Digests of a record in
/// another vault say nothing of this write.
fn distrust_digests(input: &TransitionInput<'_>, next: &mut Status, push: Push) {
    if input.situation.binding == Binding::BoundElsewhere
        && !matches!(input.situation.inventory.seen(), Some(Seen::Ours { .. }))
    {
        return;
    }
    for group in input.sent_groups(next, push) {
        let doubted = in_doubt(next.digests.get(&group));
        next.digests.insert(group, doubted);
    }
}

/// Records for the next process that there is a suspected write, until a list or an answer shows that it is of no more
/// concern.
pub(super) fn keep_suspected_write(
    input: &TransitionInput<'_>,
    next: &mut Status,
    decision: Decision,
    result: WriteResult<'_>,
) {
    let stays_elsewhere = input.situation.binding == Binding::BoundElsewhere && decision != Decision::Rebind;
    if stays_elsewhere && !clears_suspected_write(decision, result) {
        // What is open in another vault stays open.
        return;
    }
    let suspected = stays_suspected(input, next, decision, result);
    let value = suspected && input.value_may_come(next);
    // A refusal must not change what is sent next.
    let value_of_version = suspected && input.value_of_version_may_come(next);
    match &mut next.in_flight {
        Some(write) if write.action != WriteAction::Unrecorded => write.value |= value_of_version,
        Some(_) if !suspected => next.in_flight = None,
        None if suspected => next.in_flight = Some(input.write(WriteAction::Unrecorded, value)),
        _ => {}
    }
}

fn stays_suspected(input: &TransitionInput<'_>, before: &Status, decision: Decision, result: WriteResult<'_>) -> bool {
    let by_generation = before.observed_generation != Some(input.generation) || before.has_unrecorded_write();
    // What is looked at again in a moment shows by itself: another version of a Secret stays another.
    let soon = decision == Decision::LookAgain && !by_generation;
    input.situation.suspected_write && !soon && !clears_suspected_write(decision, result)
}

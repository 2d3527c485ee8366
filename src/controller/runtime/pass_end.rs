//! How a pass over an object of any kind ends.

use std::time::Duration;

use tokio::time::Instant;

use crate::controller::runtime::object_id::ObjectId;
use crate::controller::runtime::retry::{Failure, Gate, Retries};
use crate::domain::{NextPass, Reason};
use crate::metrics::ReconcileOutcome;

/// Says when the next pass over an object is due, unless a change wakes the object before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Action {
    /// How long after the end of this pass; `None` is "on change".
    pub(crate) requeue_after: Option<Duration>,
}

impl Action {
    /// Returns that the next pass is due after that time.
    pub(crate) const fn requeue(after: Duration) -> Self {
        Self { requeue_after: Some(after) }
    }

    /// Returns that the next pass follows a change.
    pub(crate) const fn await_change() -> Self {
        Self { requeue_after: None }
    }
}

/// How a pass ended.
pub(crate) struct PassEnd {
    /// When the next pass over the object is due.
    pub(crate) action: Action,
    /// How the pass counts in the metrics.
    pub(crate) outcome: ReconcileOutcome,
}

impl PassEnd {
    /// Ends a pass after which nothing is wrong: the next pass follows a change.
    pub(crate) fn at_rest() -> Self {
        Self { action: Action::await_change(), outcome: ReconcileOutcome::Ready }
    }

    /// Ends a pass that waits: the next pass follows a change, or begins after `wait`.
    pub(crate) fn waiting(wait: Option<Duration>) -> Self {
        Self { action: action(wait), outcome: ReconcileOutcome::Waiting }
    }

    /// Returns how a pass ends that the gate does not let through; `None` if the gate does.
    pub(crate) fn at_gate(gate: Gate) -> Option<Self> {
        match gate {
            Gate::In(wait) => Some(Self::waiting(Some(wait))),
            Gate::OnChange => Some(Self::waiting(None)),
            Gate::Now => None,
        }
    }

    /// Ends a pass that wrote this reason of `Ready`.
    pub(crate) const fn with_reason(action: Action, reason: Reason) -> Self {
        let outcome = match reason {
            _ if reason.is_ready() => ReconcileOutcome::Ready,
            _ if reason.is_stalled() => ReconcileOutcome::Stalled,
            _ => ReconcileOutcome::Waiting,
        };
        Self { action, outcome }
    }
}

/// Notes in `retries` what follows from a pass, and returns when to come back. `asked` is how long the PAM asked to be left alone.
pub(crate) fn come_back(
    retries: &Retries,
    id: &ObjectId,
    input_hash: u64,
    next: NextPass,
    asked: Option<Duration>,
) -> Action {
    let wait = match next {
        NextPass::OnChange => None,
        NextPass::In(left) => Some(left),
        NextPass::After(retry) => {
            let failure = Failure { retry, asked };
            return action(retries.failed(id, input_hash, failure, Instant::now(), rand::random()));
        }
    };
    retries.forget(id);
    action(wait)
}

fn action(wait: Option<Duration>) -> Action {
    wait.map_or_else(Action::await_change, Action::requeue)
}

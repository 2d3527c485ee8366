//! When an object is passed over again (P10).

use std::time::Duration;

use super::{Connection, Decision, Reason};
use crate::domain::Retry;
use crate::domain::backoff::NextPass;

/// What the time of the next pass depends on.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// What was decided.
    pub decision: Decision,
    /// The reason of `Ready` after the pass.
    pub reason: Reason,
    /// The object is being deleted.
    pub deleting: bool,
    /// State of the connection.
    pub connection: Connection,
    /// The PAM accepted a write.
    pub written: bool,
    /// The call failed in a way that makes few soon retries useful.
    pub bounded: bool,
    /// How long the PAM may still execute a write without an answer.
    pub window_left: Option<Duration>,
}

/// Returns when an object is passed over again.
#[must_use]
pub fn next_pass(ended: &Ended) -> NextPass {
    let waits_for_window = matches!(ended.decision, Decision::Wait(Reason::Progressing | Reason::Deleting));
    let by_connection = !ended.deleting && ended.connection != Connection::Ready;
    match (ended.decision, ended.window_left) {
        // More may be due, such as the shares of an entry that was just made.
        (Decision::Bind, _) => NextPass::In(Duration::ZERO),
        (Decision::Send(_), _) if ended.written => NextPass::In(Duration::ZERO),
        (_, Some(left)) if ended.reason.is_ready() || waits_for_window => NextPass::In(left),
        (Decision::Suspend | Decision::AwaitFinalizers, _) => NextPass::OnChange,
        _ if ended.reason.is_ready() => NextPass::OnChange,
        // The connection's own passes see to what it waits for, and wake its objects.
        (Decision::Wait(_), _) if by_connection => NextPass::OnChange,
        _ if ended.bounded => NextPass::After(Retry::Bounded),
        _ => NextPass::After(ended.reason.retry()),
    }
}

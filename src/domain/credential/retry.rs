//! When an object is passed over again (P10).

use std::time::Duration;

use super::{Connection, Decision, Reason};
use crate::domain::{NextPass, Retry};

/// What the time of the next pass depends on.
#[allow(clippy::struct_excessive_bools, reason = "each is one independent fact")]
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
    /// No call could be made, or its answer blocks what was decided.
    pub blocked: bool,
    /// The connection lacks something that only this pass saw.
    pub connection_problem: bool,
    /// The call failed in a way that makes few soon retries useful.
    pub bounded: bool,
    /// How long the settle window of a write without an answer stays open.
    pub window_left: Option<Duration>,
    /// How long a write of an earlier process may still be executed.
    pub start_left: Option<Duration>,
    /// Until the claim of another object counts no longer, should nothing come of that claim.
    pub claim_left: Option<Duration>,
}

/// Returns when an object is passed over again.
#[must_use]
pub fn next_pass(ended: &Ended) -> NextPass {
    let Ended { decision, reason, deleting, .. } = *ended;
    let waits_for_window = deleting && decision == Decision::Wait(Reason::Deleting);
    if let (Decision::Wait(_), Some(left)) = (decision, ended.claim_left) {
        return NextPass::In(left);
    }
    match (ended.window_left, ended.start_left) {
        (Some(left), _) if reason.is_ready() || waits_for_window => NextPass::In(left),
        (_, Some(left)) if decision == Decision::LookAgain => NextPass::In(left),
        _ if reason.is_ready() || matches!(decision, Decision::Suspend | Decision::AwaitFinalizers) => {
            NextPass::OnChange
        }
        // The record still has to be enabled.
        _ if ended.written => NextPass::In(Duration::ZERO),
        _ => NextPass::After(retry(ended)),
    }
}

fn retry(ended: &Ended) -> Retry {
    // The connection's own passes see to what a connection waits for; they wake its objects. (Only this pass sees what
    // blocks a connection that is ready.)
    let by_connection =
        !ended.deleting && ended.connection != Connection::Ready && matches!(ended.decision, Decision::Wait(_));
    let seen_here_only = ended.connection_problem || ended.blocked;
    match by_connection {
        true => Retry::OnChange,
        false if seen_here_only && ended.reason != Reason::DeletionBlocked => Retry::Backoff,
        false if ended.bounded => Retry::Bounded,
        false => ended.reason.retry(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Ended = Ended {
        decision: Decision::Settled,
        reason: Reason::Synced,
        deleting: false,
        connection: Connection::Ready,
        written: false,
        blocked: false,
        connection_problem: false,
        bounded: false,
        window_left: None,
        start_left: None,
        claim_left: None,
    };
    const LEFT: Duration = Duration::from_secs(7);

    #[test]
    fn p10_an_object_that_is_well_comes_back_for_an_open_window_only() {
        for reason in Reason::ALL.into_iter().filter(|reason| reason.is_ready()) {
            for written in [false, true] {
                let well = Ended { reason, written, ..CALM };
                assert_eq!(next_pass(&well), NextPass::OnChange, "{reason:?}");
                assert_eq!(next_pass(&Ended { window_left: Some(LEFT), ..well }), NextPass::In(LEFT));
                assert_eq!(next_pass(&Ended { start_left: Some(LEFT), ..well }), NextPass::OnChange);
            }
        }
        let again = Ended { decision: Decision::LookAgain, start_left: Some(LEFT), ..CALM };
        assert_eq!(next_pass(&again), NextPass::In(LEFT));
    }

    #[test]
    fn p10_an_object_that_waits_for_a_tenants_claim_comes_back_when_that_claim_ends() {
        for reason in [Reason::IdentifierConflict, Reason::AccountConflict, Reason::DeviceConflict] {
            let waits = Ended { decision: Decision::Wait(reason), reason, ..CALM };
            assert_eq!(next_pass(&waits), NextPass::After(Retry::OnChange));
            assert_eq!(next_pass(&Ended { claim_left: Some(LEFT), ..waits }), NextPass::In(LEFT));
        }
    }

    #[test]
    fn p10_a_failure_waits_by_its_reason_and_is_never_repeated_at_once() {
        for reason in Reason::ALL.into_iter().filter(|reason| !reason.is_ready()) {
            let failed = Ended { decision: Decision::Wait(reason), reason, ..CALM };
            assert_eq!(next_pass(&failed), NextPass::After(reason.retry()), "{reason:?}");
            let waits = Ended { connection: Connection::NotReady(reason), ..failed };
            assert_eq!(next_pass(&waits), NextPass::After(Retry::OnChange), "the connection wakes it");
            let deleting = Ended { deleting: true, ..waits };
            assert_eq!(next_pass(&deleting), NextPass::After(reason.retry()));
            assert_eq!(next_pass(&Ended { bounded: true, ..failed }), NextPass::After(Retry::Bounded));
            let seen_here = if reason == Reason::DeletionBlocked { reason.retry() } else { Retry::Backoff };
            for (blocked, connection_problem) in [(true, false), (false, true)] {
                let blocked = Ended { blocked, connection_problem, ..failed };
                assert_eq!(next_pass(&blocked), NextPass::After(seen_here), "{reason:?}");
            }
            let open = Ended { window_left: Some(LEFT), ..failed };
            assert_eq!(next_pass(&open), NextPass::After(reason.retry()), "the window cuts no wait short");
            assert_eq!(next_pass(&Ended { decision: Decision::Suspend, ..failed }), NextPass::OnChange);
        }
        let leaving =
            Ended { decision: Decision::Wait(Reason::Deleting), reason: Reason::Deleting, deleting: true, ..CALM };
        assert_eq!(next_pass(&Ended { window_left: Some(LEFT), ..leaving }), NextPass::In(LEFT));
        let held = Ended { decision: Decision::AwaitFinalizers, ..leaving };
        for window_left in [None, Some(LEFT)] {
            assert_eq!(
                next_pass(&Ended { window_left, ..held }),
                NextPass::OnChange,
                "the watch shows a finalizer that goes"
            );
        }
        let written = Ended { reason: Reason::Progressing, written: true, ..CALM };
        assert_eq!(next_pass(&written), NextPass::In(Duration::ZERO));
    }
}

//! When an object is passed over again (P10).

use std::time::Duration;

use super::{Connection, Decision, Reason};
use crate::domain::{NextPass, Retry};

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
    /// Until the claim of another object counts no longer, which is gone.
    pub claim_left: Option<Duration>,
}

/// Returns when an object is passed over again.
#[must_use]
pub fn next_pass(ended: &Ended) -> NextPass {
    let waits_for_window = matches!(ended.decision, Decision::Wait(Reason::Progressing | Reason::Deleting));
    let by_connection = !ended.deleting && ended.connection != Connection::Ready;
    if let (Decision::Wait(Reason::IdentifierConflict), Some(left)) = (ended.decision, ended.claim_left) {
        return NextPass::In(left);
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::safe_password::{Look, Write};

    const LEFT: Duration = Duration::from_secs(7);
    const CALM: Ended = Ended {
        decision: Decision::Settled,
        reason: Reason::Synced,
        deleting: false,
        connection: Connection::Ready,
        written: false,
        bounded: false,
        window_left: None,
        claim_left: None,
    };

    fn waiting(reason: Reason) -> Ended {
        Ended { decision: Decision::Wait(reason), reason, ..CALM }
    }

    #[test]
    fn p10_an_object_comes_back_when_a_window_is_over_and_not_before() {
        let open = |ended: Ended| next_pass(&Ended { window_left: Some(LEFT), ..ended });
        for ended in [CALM, waiting(Reason::Progressing), Ended { deleting: true, ..waiting(Reason::Deleting) }] {
            assert_eq!(open(ended), NextPass::In(LEFT), "{ended:?}");
        }
        assert_eq!(next_pass(&CALM), NextPass::OnChange);
        let other = waiting(Reason::RecordConflict);
        assert_eq!(open(other), NextPass::After(Reason::RecordConflict.retry()), "the window cuts no wait short");
    }

    #[test]
    fn p10_an_object_that_waits_for_one_that_is_gone_comes_back_when_that_one_counts_no_longer() {
        let waits = waiting(Reason::IdentifierConflict);
        assert_eq!(next_pass(&waits), NextPass::After(Retry::OnChange));
        assert_eq!(next_pass(&Ended { claim_left: Some(LEFT), ..waits }), NextPass::In(LEFT));
        assert_eq!(next_pass(&Ended { claim_left: Some(LEFT), ..CALM }), NextPass::OnChange);
    }

    #[test]
    fn p1_what_is_left_to_do_is_done_at_once() {
        let sent = Ended { decision: Decision::Send(Write::Create), reason: Reason::Progressing, ..CALM };
        for window_left in [None, Some(LEFT)] {
            for next in [Ended { written: true, ..sent }, Ended { decision: Decision::Bind, ..sent }] {
                assert_eq!(next_pass(&Ended { window_left, ..next }), NextPass::In(Duration::ZERO));
            }
        }
    }

    #[test]
    fn p10_a_failure_waits_by_its_reason() {
        for reason in Reason::ALL.into_iter().filter(|reason| !reason.is_ready()) {
            let failed = Ended { decision: Decision::Send(Write::Update), ..waiting(reason) };
            for ended in [failed, waiting(reason)] {
                assert_eq!(next_pass(&ended), NextPass::After(reason.retry()), "{reason:?}");
                assert_eq!(next_pass(&Ended { bounded: true, ..ended }), NextPass::After(Retry::Bounded));
            }
            let away = Ended { connection: Connection::NotReady(reason), ..waiting(reason) };
            assert_eq!(next_pass(&away), NextPass::OnChange, "the connection wakes it");
            assert_eq!(next_pass(&Ended { deleting: true, ..away }), NextPass::After(reason.retry()));
        }
        for decision in [Decision::Suspend, Decision::AwaitFinalizers] {
            assert_eq!(next_pass(&Ended { decision, ..waiting(Reason::Progressing) }), NextPass::OnChange);
        }
        let looks = Ended { decision: Decision::Look(Look::List), ..waiting(Reason::PamUnavailable) };
        assert_eq!(next_pass(&looks), NextPass::After(Retry::Backoff));
    }
}

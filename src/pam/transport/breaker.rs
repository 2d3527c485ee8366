//! A circuit breaker: after several failures in a row only single probes are sent.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row that open the circuit. More than the default number of requests in flight, so that one
/// broken connection, which fails all of those at once, does not open it.
const THRESHOLD: u32 = 5;
/// The wait before the first probe.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait before a probe; short enough that a PAM that works again is noticed within half a minute.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The wait that a caller is told while another call is probing.
const PROBE_POLL: Duration = Duration::from_secs(1);

/// One circuit breaker.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    /// When it opened.
    since: Instant,
    until: Instant,
    wait: Duration,
    probing: bool,
}

impl Breaker {
    /// Returns how long no call can be sent for certain; `None` if a call may be tried now.
    pub(super) fn closed_for(&self, now: Instant) -> Option<Duration> {
        match &self.state().open {
            Some(open) if open.probing => Some(PROBE_POLL),
            Some(open) if now < open.until => Some(open.until - now),
            _ => None,
        }
    }

    /// Returns for how long the circuit has been open; `None` if it is closed.
    pub(super) fn open_for(&self, now: Instant) -> Option<Duration> {
        self.state().open.as_ref().map(|open| now.saturating_duration_since(open.since))
    }

    /// Asks for permission to send one call; an `Err` says when to ask again. In an open circuit whose wait is over, the
    /// first call that asks becomes the probe. Each permission must be answered by one of the three methods below.
    pub(super) fn admit(&self, now: Instant) -> Result<(), Duration> {
        if let Some(wait) = self.closed_for(now) {
            return Err(wait);
        }
        if let Some(open) = &mut self.state().open {
            open.probing = true;
        }
        Ok(())
    }

    /// Records that the call was answered.
    pub(super) fn succeeded(&self) {
        *self.state() = State::default();
    }

    /// Records that the call failed. `jitter`, from 0 to 1, spreads the next probe over the second half of the wait.
    pub(super) fn failed(&self, now: Instant, jitter: f64) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        let wait = match &state.open {
            // A call that began before the circuit opened says nothing new.
            Some(open) if !open.probing && now < open.until => return,
            Some(open) => (open.wait * 2).min(LONGEST_WAIT),
            None if state.failures < THRESHOLD => return,
            None => FIRST_WAIT,
        };
        let until = now + wait.mul_f64(0.5 + jitter / 2.0);
        let since = state.open.as_ref().map_or(now, |open| open.since);
        state.open = Some(Open { since, until, wait, probing: false });
    }

    /// Records that the call ended without showing whether the PAM works.
    pub(super) fn abandoned(&self) {
        if let Some(open) = &mut self.state().open {
            open.probing = false;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(now: Instant) -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..THRESHOLD {
            assert_eq!(breaker.admit(now), Ok(()));
            breaker.failed(now, 1.0);
        }
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_open_it_and_a_success_in_between_does_not() {
        let now = Instant::now();
        let breaker = Breaker::default();
        for _ in 0..THRESHOLD - 1 {
            breaker.failed(now, 1.0);
        }
        breaker.succeeded();
        breaker.failed(now, 1.0);
        assert_eq!(breaker.closed_for(now), None);
        assert_eq!(opened(now).closed_for(now), Some(FIRST_WAIT));
    }

    #[tokio::test(start_paused = true)]
    async fn one_probe_at_a_time_and_each_failure_doubles_the_wait() {
        let mut now = Instant::now();
        let breaker = opened(now);
        let mut wait = FIRST_WAIT;
        for _ in 0..8 {
            now += wait;
            assert_eq!(breaker.admit(now), Ok(()));
            assert_eq!(breaker.admit(now), Err(PROBE_POLL));
            breaker.failed(now, 1.0);
            wait = (wait * 2).min(LONGEST_WAIT);
            assert_eq!(breaker.admit(now), Err(wait));
        }
        assert_eq!(wait, LONGEST_WAIT);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_open_from_the_failure_that_opened_it_until_a_success() {
        let now = Instant::now();
        assert_eq!(Breaker::default().open_for(now), None);
        let breaker = opened(now);
        let later = now + LONGEST_WAIT;
        breaker.admit(later).unwrap();
        breaker.failed(later, 1.0);
        assert_eq!(breaker.open_for(later), Some(LONGEST_WAIT));
        breaker.succeeded();
        assert_eq!(breaker.open_for(later), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_succeeds_closes_it_and_one_that_vanishes_lets_the_next_try() {
        let now = Instant::now();
        let breaker = opened(now);
        let later = now + FIRST_WAIT;
        breaker.admit(later).unwrap();
        breaker.abandoned();
        breaker.admit(later).unwrap();
        breaker.succeeded();
        assert_eq!((breaker.admit(later), breaker.admit(later)), (Ok(()), Ok(())));
    }

    #[tokio::test(start_paused = true)]
    async fn late_failures_of_older_calls_do_not_prolong_it() {
        let now = Instant::now();
        let breaker = opened(now);
        breaker.failed(now, 1.0);
        assert_eq!(breaker.closed_for(now), Some(FIRST_WAIT));
    }
}

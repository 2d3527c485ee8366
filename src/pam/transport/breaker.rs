//! A circuit breaker: after several failures in a row only single probes are sent.
//!
//! While all failures in a row are one party's, the circuit is open for that party alone: some records may hang in a PAM that
//! is well, and one party must not stop the others. The first failure of another party opens it for all.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::Party;

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
    failing: Failing,
    open: Option<Open>,
}

/// Says whose calls failed in a row.
#[derive(Debug, Default)]
enum Failing {
    #[default]
    Nobody,
    One(Party),
    All,
}

impl Failing {
    /// Adds a party whose call failed. A call that is work for all fails for all.
    fn note(&mut self, party: &Party) {
        let is_first_or_same = match self {
            Self::Nobody => true,
            Self::One(failing) => failing == party,
            Self::All => false,
        };
        *self = if is_first_or_same && party.is_some() { Self::One(party.clone()) } else { Self::All };
    }

    /// Returns whether the failures say something of the calls of this party.
    fn concern(&self, party: &Party) -> bool {
        match self {
            Self::Nobody | Self::All => true,
            Self::One(failing) => failing == party,
        }
    }
}

impl State {
    /// Returns the open circuit, if it is open for this party.
    fn open_for(&mut self, party: &Party) -> Option<&mut Open> {
        if self.failing.concern(party) { self.open.as_mut() } else { None }
    }
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
    /// Returns how long no call of this party can be sent for certain; `None` if a call may be tried now.
    pub(super) fn closed_for(&self, now: Instant, party: &Party) -> Option<Duration> {
        match self.state().open_for(party) {
            Some(open) if open.probing => Some(PROBE_POLL),
            Some(open) if now < open.until => Some(open.until - now),
            _ => None,
        }
    }

    /// Returns for how long the circuit has been open, for all or for one party; `None` if it is closed.
    pub(super) fn open_for(&self, now: Instant) -> Option<Duration> {
        self.state().open.as_ref().map(|open| now.saturating_duration_since(open.since))
    }

    /// Asks for permission to send one call; an `Err` says when to ask again. In an open circuit whose wait is over, the
    /// first call that asks becomes the probe. Each permission must be answered by one of the three methods below.
    pub(super) fn admit(&self, now: Instant, party: &Party) -> Result<(), Duration> {
        if let Some(wait) = self.closed_for(now, party) {
            return Err(wait);
        }
        if let Some(open) = self.state().open_for(party) {
            open.probing = true;
        }
        Ok(())
    }

    /// Records that the call was answered.
    pub(super) fn succeeded(&self) {
        *self.state() = State::default();
    }

    /// Records that a call of this party failed. `jitter`, from 0 to 1, spreads the next probe over the second half of the wait.
    pub(super) fn failed(&self, now: Instant, jitter: f64, party: &Party) {
        let mut state = self.state();
        state.failing.note(party);
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

    /// Records that a call of this party ended without showing whether the PAM works.
    pub(super) fn abandoned(&self, party: &Party) {
        if let Some(open) = self.state().open_for(party) {
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
            assert_eq!(breaker.admit(now, &None), Ok(()));
            breaker.failed(now, 1.0, &None);
        }
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_open_it_and_a_success_in_between_does_not() {
        let now = Instant::now();
        let breaker = Breaker::default();
        for _ in 0..THRESHOLD - 1 {
            breaker.failed(now, 1.0, &None);
        }
        breaker.succeeded();
        breaker.failed(now, 1.0, &None);
        assert_eq!(breaker.closed_for(now, &None), None);
        assert_eq!(opened(now).closed_for(now, &None), Some(FIRST_WAIT));
    }

    #[tokio::test(start_paused = true)]
    async fn one_probe_at_a_time_and_each_failure_doubles_the_wait() {
        let mut now = Instant::now();
        let breaker = opened(now);
        let mut wait = FIRST_WAIT;
        for _ in 0..8 {
            now += wait;
            assert_eq!(breaker.admit(now, &None), Ok(()));
            assert_eq!(breaker.admit(now, &None), Err(PROBE_POLL));
            breaker.failed(now, 1.0, &None);
            wait = (wait * 2).min(LONGEST_WAIT);
            assert_eq!(breaker.admit(now, &None), Err(wait));
        }
        assert_eq!(wait, LONGEST_WAIT);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_open_from_the_failure_that_opened_it_until_a_success() {
        let now = Instant::now();
        assert_eq!(Breaker::default().open_for(now), None);
        let breaker = opened(now);
        let later = now + LONGEST_WAIT;
        breaker.admit(later, &None).unwrap();
        breaker.failed(later, 1.0, &None);
        assert_eq!(breaker.open_for(later), Some(LONGEST_WAIT));
        breaker.succeeded();
        assert_eq!(breaker.open_for(later), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_succeeds_closes_it_and_one_that_vanishes_lets_the_next_try() {
        let now = Instant::now();
        let breaker = opened(now);
        let later = now + FIRST_WAIT;
        breaker.admit(later, &None).unwrap();
        breaker.abandoned(&None);
        breaker.admit(later, &None).unwrap();
        breaker.succeeded();
        assert_eq!((breaker.admit(later, &None), breaker.admit(later, &None)), (Ok(()), Ok(())));
    }

    #[tokio::test(start_paused = true)]
    async fn late_failures_of_older_calls_do_not_prolong_it() {
        let now = Instant::now();
        let breaker = opened(now);
        breaker.failed(now, 1.0, &None);
        assert_eq!(breaker.closed_for(now, &None), Some(FIRST_WAIT));
    }

    #[tokio::test(start_paused = true)]
    async fn failures_of_one_party_leave_the_others_alone_until_one_of_those_fails_too() {
        let (one, other) = (Some("hangs".into()), Some("neighbour".into()));
        let (now, breaker) = (Instant::now(), Breaker::default());
        for _ in 0..THRESHOLD {
            breaker.failed(now, 1.0, &one);
        }
        assert_eq!(breaker.closed_for(now, &one), Some(FIRST_WAIT));
        assert_eq!((breaker.admit(now, &other), breaker.admit(now, &None)), (Ok(()), Ok(())));
        assert_eq!(breaker.open_for(now), Some(Duration::ZERO), "somebody has to look whether the PAM is well");
        let later = now + FIRST_WAIT;
        breaker.admit(later, &one).unwrap();
        breaker.abandoned(&other);
        assert_eq!(breaker.admit(later, &one), Err(PROBE_POLL), "the probe of one is not ended by another");
        breaker.failed(later, 1.0, &other);
        assert!([&one, &other, &None].iter().all(|party| breaker.closed_for(later, party).is_some()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_of_another_party_that_works_closes_it_and_one_for_all_that_fails_opens_it_for_all() {
        let (one, other) = (Some("hangs".into()), Some("neighbour".into()));
        let (now, breaker) = (Instant::now(), Breaker::default());
        (0..THRESHOLD).for_each(|_| breaker.failed(now, 1.0, &one));
        breaker.succeeded();
        assert_eq!(breaker.closed_for(now, &one), None);
        (0..THRESHOLD).for_each(|_| breaker.failed(now, 1.0, &one));
        breaker.failed(now, 1.0, &None);
        assert!(breaker.closed_for(now, &other).is_some());
    }
}

//! The limits of one group of clients: requests in flight, and requests per second.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::pam::endpoint::Limits;

/// Limits the requests of one group of clients: the strictest of the limits of all members holds.
#[derive(Debug, Default)]
pub(super) struct Budget {
    state: Mutex<State>,
    /// Notified when one more request may be in flight: one ended, or the limits changed.
    freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    members: BTreeMap<u64, Limits>,
    next_member: u64,
    effective: Option<Limits>,
    in_flight: u32,
    rate: Option<Rate>,
}

type Rate = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Moment>>;

impl Budget {
    /// Adds a member, whose limits count until [`Budget::leave`] with the returned number.
    pub(super) fn join(&self, limits: Limits) -> u64 {
        let mut state = self.state();
        let number = state.next_member;
        state.next_member += 1;
        state.members.insert(number, limits);
        state.recompute();
        number
    }

    /// Removes a member and its limits.
    pub(super) fn leave(&self, number: u64) {
        let mut state = self.state();
        state.members.remove(&number);
        state.recompute();
        drop(state);
        self.freed.notify_waiters();
    }

    /// Waits until one more request may be in flight, and counts it until [`Budget::release`].
    pub(super) async fn acquire(&self) {
        loop {
            let freed = self.freed.notified();
            if self.state().try_acquire() {
                return;
            }
            freed.await;
        }
    }

    /// Records that a request is not in flight any more.
    pub(super) fn release(&self) {
        let mut state = self.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        drop(state);
        self.freed.notify_one();
    }

    /// Spends one request of the rate, or returns how long to wait before the next attempt.
    pub(super) fn spend(&self) -> Option<Duration> {
        let state = self.state();
        let rate = state.rate.as_ref()?;
        rate.check().err().map(|early| early.wait_time_from(TokioClock.now()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn try_acquire(&mut self) -> bool {
        let most = self.effective.map_or(1, |limits| limits.max_concurrent_requests.max(1));
        let free = self.in_flight < most;
        self.in_flight += u32::from(free);
        free
    }

    /// Recomputes the limits. The rate limiter is replaced only if the rate changed: a member with the same limits that
    /// joins or leaves must not bring a fresh burst along.
    fn recompute(&mut self) {
        let effective = self.members.values().copied().reduce(Limits::strictest);
        if effective.map(rate_of) != self.effective.map(rate_of) {
            self.rate = effective.and_then(limiter);
        }
        self.effective = effective;
    }
}

fn rate_of(limits: Limits) -> (u32, u32) {
    (limits.requests_per_second, limits.burst.max(1))
}

fn limiter(limits: Limits) -> Option<Rate> {
    let (per_second, burst) = rate_of(limits);
    let quota = Quota::per_second(NonZeroU32::new(per_second)?).allow_burst(NonZeroU32::new(burst)?);
    Some(RateLimiter::direct_with_clock(quota, TokioClock))
}

/// tokio's clock, which tests can pause.
#[derive(Clone, Debug, Default)]
struct TokioClock;

/// A moment of [`TokioClock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Moment(Instant);

impl Clock for TokioClock {
    type Instant = Moment;

    fn now(&self) -> Moment {
        Moment(Instant::now())
    }
}

impl Reference for Moment {
    fn duration_since(&self, earlier: Self) -> governor::nanos::Nanos {
        self.0.saturating_duration_since(earlier.0).into()
    }

    fn saturating_sub(&self, duration: governor::nanos::Nanos) -> Self {
        Self(self.0.checked_sub(duration.into()).unwrap_or(self.0))
    }
}

impl std::ops::Add<governor::nanos::Nanos> for Moment {
    type Output = Self;

    fn add(self, duration: governor::nanos::Nanos) -> Self {
        Self(self.0 + Duration::from(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::time::{sleep, timeout};

    fn limits(at_once: u32, per_second: u32, burst: u32) -> Limits {
        Limits { max_concurrent_requests: at_once, requests_per_second: per_second, burst }
    }

    async fn spend_for(budget: &Budget, time: Duration) -> u32 {
        let mut spent = 0;
        let _ = timeout(time, async {
            loop {
                match budget.spend() {
                    Some(wait) => sleep(wait).await,
                    None => spent += 1,
                }
            }
        })
        .await;
        spent
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_and_then_so_many_a_second() {
        let budget = Budget::default();
        budget.join(limits(4, 10, 20));
        let spent = spend_for(&budget, Duration::from_millis(9_950)).await;
        assert!((118..=120).contains(&spent), "{spent}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_member_that_comes_and_goes_brings_no_fresh_burst() {
        let budget = Budget::default();
        budget.join(limits(4, 1, 5));
        assert_eq!(spend_for(&budget, Duration::from_millis(10)).await, 5);
        let guest = budget.join(limits(2, 1, 5));
        budget.leave(guest);
        assert!(budget.spend().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn no_rate_means_no_limit() {
        let budget = Budget::default();
        budget.join(limits(4, 0, 1));
        assert!((0..10_000).all(|_| budget.spend().is_none()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_strictest_number_of_requests_holds_and_a_free_one_wakes_the_next() {
        let budget = Arc::new(Budget::default());
        budget.join(limits(4, 0, 1));
        let strict = budget.join(limits(1, 0, 1));
        budget.acquire().await;
        let waiting = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { budget.acquire().await }
        });
        sleep(Duration::from_secs(1)).await;
        assert!(!waiting.is_finished());
        budget.release();
        waiting.await.unwrap();
        budget.leave(strict);
        for _ in 0..3 {
            timeout(Duration::from_secs(1), budget.acquire()).await.unwrap();
        }
        timeout(Duration::from_secs(1), budget.acquire()).await.unwrap_err();
    }
}

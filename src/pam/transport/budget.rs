//! The limits of one group of clients: requests in flight, and requests per second. The parties that the requests are made
//! for take turns at both.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::oneshot::{self, Sender};
use tokio::time::{Instant, sleep};

use crate::domain::{Turn, Turns};
use crate::pam::endpoint::Limits;
use crate::permits::{Permit, Permits, Room};

/// Limits the requests of one group of clients: the strictest of the limits of all members holds.
#[derive(Debug)]
pub(super) struct Budget {
    state: Mutex<State>,
    /// One for each request that may be in flight.
    permits: Arc<Permits>,
}

#[derive(Debug, Default)]
struct State {
    members: BTreeMap<u64, Limits>,
    next_member: u64,
    effective: Option<Limits>,
    rate: Option<Rate>,
    /// Those that wait for the rate. Without turns, the next one would be whichever of them wakes up first.
    waiting: Turns<Sender<()>>,
}

type Rate = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Moment>>;

impl Default for Budget {
    fn default() -> Self {
        Self { state: Mutex::default(), permits: Permits::new(Room::divided(1)) }
    }
}

impl Budget {
    /// Adds a member, whose limits count until [`Budget::leave`] with the returned number.
    pub(super) fn join(&self, limits: Limits) -> u64 {
        let mut state = self.state();
        let number = state.next_member;
        state.next_member += 1;
        state.members.insert(number, limits);
        let room = state.recompute();
        drop(state);
        self.permits.resize(room);
        number
    }

    /// Removes a member and its limits.
    pub(super) fn leave(&self, number: u64) {
        let mut state = self.state();
        state.members.remove(&number);
        let room = state.recompute();
        drop(state);
        self.permits.resize(room);
    }

    /// Waits until one more request may be in flight, which it may be as long as the permit lives.
    pub(super) async fn acquire(&self, turn: &Turn) -> Permit {
        self.permits.take(turn).await
    }

    /// Waits for the rate, and spends one request of it.
    pub(super) async fn spend(&self, turn: &Turn) {
        let (spent, mut is_spent) = oneshot::channel();
        self.state().waiting.join(turn, spent);
        while let Some(early) = self.serve() {
            tokio::select! {
                biased;
                _ = &mut is_spent => return,
                () = sleep(early) => {}
            }
        }
    }

    /// Spends what the rate has for those that wait for it. Returns how long until the next one can be served; `None` if
    /// nobody waits any longer.
    fn serve(&self) -> Option<Duration> {
        let mut state = self.state();
        while !state.waiting.is_empty() {
            if let Some(early) = state.spend() {
                return Some(early);
            }
            // A wait that was given up spends nothing.
            while state.waiting.next(|_| true).is_some_and(|(_, waiting)| waiting.send(()).is_err()) {}
        }
        None
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Spends one request of the rate, or returns how long to wait before the next attempt.
    fn spend(&self) -> Option<Duration> {
        let rate = self.rate.as_ref()?;
        rate.check().err().map(|early| early.wait_time_from(TokioClock.now()))
    }

    /// Recomputes the limits, and returns how many requests may be in flight. The rate limiter is replaced only if the rate
    /// changed: a member with the same limits that joins or leaves must not bring a fresh burst along.
    fn recompute(&mut self) -> Room {
        let effective = self.members.values().copied().reduce(Limits::strictest);
        if effective.map(rate_of) != self.effective.map(rate_of) {
            self.rate = effective.and_then(limiter);
        }
        self.effective = effective;
        let most = effective.map_or(1, |limits| limits.max_concurrent_requests);
        Room::divided(usize::try_from(most).unwrap_or(usize::MAX))
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
    use crate::domain::Urgency;
    use futures::FutureExt as _;
    use tokio::time::timeout;

    fn limits(at_once: u32, per_second: u32, burst: u32) -> Limits {
        Limits { max_concurrent_requests: at_once, requests_per_second: per_second, burst }
    }

    fn turn(party: &str) -> Turn {
        Turn::of(party, Urgency::Fresh)
    }

    async fn spend_for(budget: &Budget, time: Duration) -> u32 {
        let mut spent = 0;
        let _ = timeout(time, async {
            loop {
                budget.spend(&Turn::default()).await;
                spent += 1;
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
        assert!(budget.spend(&Turn::default()).now_or_never().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn no_rate_means_no_limit() {
        let budget = Budget::default();
        budget.join(limits(4, 0, 1));
        assert!((0..10_000).all(|_| budget.spend(&Turn::default()).now_or_never().is_some()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_strictest_number_of_requests_holds_and_a_free_one_wakes_the_next() {
        let budget = Arc::new(Budget::default());
        budget.join(limits(4, 0, 1));
        let strict = budget.join(limits(1, 0, 1));
        let held = budget.acquire(&Turn::default()).await;
        let waiting = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { budget.acquire(&Turn::default()).await }
        });
        sleep(Duration::from_secs(1)).await;
        assert!(!waiting.is_finished());
        drop(held);
        let mut held = vec![waiting.await.unwrap()];
        budget.leave(strict);
        for _ in 0..3 {
            held.push(timeout(Duration::from_secs(1), budget.acquire(&Turn::default())).await.unwrap());
        }
        timeout(Duration::from_secs(1), budget.acquire(&Turn::default())).await.unwrap_err();
    }

    /// Sixty-four requests of one party wait for a rate of one in a second.
    #[tokio::test(start_paused = true)]
    async fn a_neighbour_waits_for_one_request_of_a_flood_and_not_for_all_that_came_before() {
        let budget = Arc::new(Budget::default());
        budget.join(limits(64, 1, 1));
        let spend = |party: &'static str| {
            let budget = Arc::clone(&budget);
            tokio::spawn(async move { budget.spend(&turn(party)).await })
        };
        let flood: Vec<_> = (0..64).map(|_| spend("flood")).collect();
        sleep(Duration::from_millis(10)).await;
        for _ in 0..5 {
            let came = Instant::now();
            spend("neighbour").await.unwrap();
            assert!(came.elapsed() <= Duration::from_millis(2_010), "{:?}", came.elapsed());
        }
        let served = flood.iter().filter(|request| request.is_finished()).count();
        assert!((5..=7).contains(&served), "{served}");
        flood.iter().for_each(tokio::task::JoinHandle::abort);
        let came = Instant::now();
        spend("neighbour").await.unwrap();
        assert!(came.elapsed() <= Duration::from_millis(1_010), "a wait that was given up spends nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_that_is_lifted_lets_all_that_wait_go_on() {
        let budget = Arc::new(Budget::default());
        let slow = budget.join(limits(4, 1, 1));
        budget.join(limits(4, 0, 1));
        let waiting: Vec<_> = (0..9)
            .map(|_| {
                let budget = Arc::clone(&budget);
                tokio::spawn(async move { budget.spend(&turn("apps")).await })
            })
            .collect();
        sleep(Duration::from_millis(10)).await;
        budget.leave(slow);
        sleep(Duration::from_millis(1_010)).await;
        assert!(waiting.iter().all(tokio::task::JoinHandle::is_finished));
    }
}

//! The limits that all connections to one PAM share, so that a sick PAM is left alone however many connections lead to
//! that PAM (P10): requests in flight, their rate, the circuit breaker, a pause that the PAM asked for, and how often a token may be
//! replaced.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::breaker::Breaker;
use super::budget::Budget;
use super::report::{CallReport, Reporter};
use crate::pam::endpoint::Limits;
use crate::pam::error::{Call, PamError, Unavailable};

/// The shortest time between two replacements of a rejected token in one group.
const REFRESH_INTERVAL: Duration = Duration::from_mins(1);
/// The pause after a 429 that asks for no time.
const DEFAULT_PAUSE: Duration = Duration::from_secs(2);

/// Holds the limits and failures that the clients of one group share. A group is one PAM, or one PAM as the connections
/// of one tenant see it: see [`Endpoint::apart`](crate::pam::Endpoint::apart).
#[derive(Debug, Default)]
pub(super) struct SharedLimits {
    budget: Budget,
    breaker: Breaker,
    paused_until: Mutex<Option<Instant>>,
    refreshed: Mutex<Option<Instant>>,
}

impl SharedLimits {
    fn pause_left(&self, now: Instant) -> Option<Duration> {
        lock(&self.paused_until).and_then(|until| until.checked_duration_since(now)).filter(|left| !left.is_zero())
    }
}

/// Makes one client a member of a group; dropping the membership ends it.
///
/// A member has a circuit breaker of its own for failures that are the connection's fault and not the PAM's: a wrong CA in
/// one connection must not shut the PAM off from the other connections.
pub(in crate::pam) struct Member {
    shared: Arc<SharedLimits>,
    number: u64,
    own: Breaker,
    reporter: Reporter,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.shared.budget.leave(self.number);
    }
}

/// Says what an exchange showed about the PAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Up,
    Down,
    Misconfigured,
    /// The PAM was not reached, which is neither its fault nor the connection's: nothing was sent, or something before the
    /// PAM refused this one request.
    Unseen,
}

impl Member {
    /// Joins a group: `limits` count until the member is dropped.
    pub(super) fn new(shared: Arc<SharedLimits>, limits: Limits, reporter: Reporter) -> Self {
        let number = shared.budget.join(limits);
        Self { shared, number, own: Breaker::default(), reporter }
    }

    /// Waits until one more request may be in flight. Fails at once if nothing may be sent now.
    pub(in crate::pam) async fn enter(&self, call: Call) -> Result<Permit<'_>, PamError> {
        self.check(call)?;
        self.shared.budget.acquire().await;
        Ok(Permit { member: self })
    }

    /// Returns true if a rejected token may be replaced now; such an answer counts as a replacement.
    pub(in crate::pam) fn may_refresh(&self) -> bool {
        let now = Instant::now();
        let mut refreshed = lock(&self.shared.refreshed);
        let allowed = refreshed.is_none_or(|at| now.duration_since(at) >= REFRESH_INTERVAL);
        if allowed {
            *refreshed = Some(now);
        }
        allowed
    }

    /// Returns for how long the PAM has been left alone but for single probes; `None` if calls go through.
    pub(in crate::pam) fn open_for(&self) -> Option<Duration> {
        let now = Instant::now();
        self.shared.breaker.open_for(now).max(self.own.open_for(now))
    }

    /// Returns how long until the next probe of a PAM that does not answer; `None` if calls go through.
    pub(in crate::pam) fn next_probe(&self) -> Option<Duration> {
        self.shared.breaker.closed_for(Instant::now())
    }

    fn check(&self, call: Call) -> Result<(), PamError> {
        let now = Instant::now();
        if let Some(after) = self.shared.pause_left(now) {
            return Err(PamError::RateLimited { after: Some(after) });
        }
        match self.shared.breaker.closed_for(now).max(self.own.closed_for(now)) {
            Some(wait) => Err(circuit_open(call, wait)),
            None => Ok(()),
        }
    }
}

/// Permission to have requests in flight, one after the other.
pub(in crate::pam) struct Permit<'a> {
    member: &'a Member,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.member.shared.budget.release();
    }
}

impl<'a> Permit<'a> {
    /// Waits for the rate and asks the circuits. Returns permission to send exactly one request, now.
    pub(in crate::pam) async fn ticket(&self, call: Call) -> Result<Ticket<'a>, PamError> {
        let member = self.member;
        member.check(call)?;
        while let Some(wait) = member.shared.budget.spend() {
            sleep(wait).await;
        }
        // Check again: the state may have changed during the wait, and only from here on does a probe count as begun.
        member.check(call)?;
        let now = Instant::now();
        member.shared.breaker.admit(now).map_err(|wait| circuit_open(call, wait))?;
        // From here on the ticket's drop reports to both circuits in every case.
        member.reporter.count(1);
        let ticket = Ticket { member, call, began: now, answered: false };
        member.own.admit(now).map_err(|wait| circuit_open(call, wait))?;
        Ok(ticket)
    }
}

/// Permission to send one request. A ticket that is dropped without [`Ticket::done`] (a cancelled call) says nothing
/// about the PAM.
pub(in crate::pam) struct Ticket<'a> {
    member: &'a Member,
    call: Call,
    began: Instant,
    answered: bool,
}

impl Ticket<'_> {
    /// Tells the circuits and the observer how the exchange went, and returns the exchange's result.
    pub(in crate::pam) fn done<T>(mut self, result: Result<T, PamError>) -> Result<T, PamError> {
        self.answered = true;
        self.pause(result.as_ref().err());
        self.tell(health(result.as_ref().err()));
        let outcome = result.as_ref().err().map_or("ok", PamError::kind);
        self.member.reporter.report(CallReport { call: self.call, outcome, duration: self.began.elapsed() });
        result
    }

    fn pause(&self, error: Option<&PamError>) {
        if let Some(PamError::RateLimited { after }) = error {
            let until = Instant::now() + after.unwrap_or(DEFAULT_PAUSE);
            let mut paused = lock(&self.member.shared.paused_until);
            *paused = Some(paused.map_or(until, |before| before.max(until)));
        }
    }

    fn tell(&self, health: Health) {
        let (shared, own) = (&self.member.shared.breaker, &self.member.own);
        let now = Instant::now();
        match health {
            Health::Up => {
                shared.succeeded();
                own.succeeded();
            }
            Health::Down => {
                shared.failed(now, rand::random());
                own.abandoned();
            }
            Health::Misconfigured => {
                shared.abandoned();
                own.failed(now, rand::random());
            }
            Health::Unseen => {
                shared.abandoned();
                own.abandoned();
            }
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.member.reporter.count(-1);
        if !self.answered {
            self.member.shared.breaker.abandoned();
            self.member.own.abandoned();
        }
    }
}

fn health(error: Option<&PamError>) -> Health {
    match error {
        Some(PamError::Unavailable { why: Unavailable::Tls(_), .. }) => Health::Misconfigured,
        Some(PamError::AddressNotAllowed(_) | PamError::Intercepted { .. }) => Health::Unseen,
        Some(PamError::Unavailable { why: Unavailable::Intercepted { .. }, .. }) => Health::Unseen,
        // A 500 comes from the application: one credential that it cannot cope with must not stop the others.
        Some(PamError::Unavailable { why, .. }) if *why != Unavailable::Server => Health::Down,
        _ => Health::Up,
    }
}

fn circuit_open(call: Call, retry_after: Duration) -> PamError {
    PamError::Unavailable { call, why: Unavailable::CircuitOpen { retry_after } }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

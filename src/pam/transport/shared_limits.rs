//! The limits that all connections to one PAM share, so that a sick PAM is left alone however many connections lead to
//! that PAM (P10): requests in flight, their rate, the circuit breaker, a pause that the PAM asked for, and how often a token may be
//! replaced.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::breaker::Breaker;
use super::budget::Budget;
use super::report::{CallReport, Reporter, TokenRefresh};
use crate::domain::{Party, Turn};
use crate::pam::endpoint::Limits;
use crate::pam::error::{Call, PamError, Unavailable};
use crate::permits;

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
    /// There was no connection to the PAM, whatever the request was.
    Unreachable,
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
    pub(in crate::pam) async fn enter(&self, call: Call, turn: &Turn) -> Result<Permit<'_>, PamError> {
        self.check(call, &turn.party)?;
        let in_flight = self.shared.budget.acquire(turn).await;
        Ok(Permit { member: self, turn: turn.clone(), _in_flight: in_flight })
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

    /// Reports a new token, if it replaces one.
    pub(in crate::pam) fn refreshed(&self, why: Option<TokenRefresh>) {
        if let Some(why) = why {
            self.reporter.refreshed(why);
        }
    }

    /// Returns for how long the PAM has been left alone but for single probes; `None` if calls go through.
    pub(in crate::pam) fn open_for(&self) -> Option<Duration> {
        let now = Instant::now();
        self.shared.breaker.open_for(now).max(self.own.open_for(now))
    }

    /// Returns how long until the next probe of a PAM that does not answer; `None` if calls go through.
    pub(in crate::pam) fn next_probe(&self) -> Option<Duration> {
        self.shared.breaker.closed_for(Instant::now(), &None)
    }

    fn check(&self, call: Call, party: &Party) -> Result<(), PamError> {
        let now = Instant::now();
        if let Some(after) = self.shared.pause_left(now) {
            return Err(PamError::RateLimited { after: Some(after) });
        }
        match self.shared.breaker.closed_for(now, party).max(self.own.closed_for(now, &None)) {
            Some(wait) => Err(circuit_open(call, wait)),
            None => Ok(()),
        }
    }
}

/// Permission to have requests in flight, one after the other.
pub(in crate::pam) struct Permit<'a> {
    member: &'a Member,
    turn: Turn,
    _in_flight: permits::Permit,
}

impl<'a> Permit<'a> {
    /// Waits for the rate and asks the circuits. Returns permission to send exactly one request, now.
    pub(in crate::pam) async fn ticket(&self, call: Call) -> Result<Ticket<'a>, PamError> {
        let (member, turn) = (self.member, self.turn_of(call));
        let Turn { party, .. } = &turn;
        member.check(call, party)?;
        member.shared.budget.spend(&turn).await;
        // Check again: the state may have changed during the wait, and only from here on does a probe count as begun.
        member.check(call, party)?;
        let now = Instant::now();
        member.shared.breaker.admit(now, party).map_err(|wait| circuit_open(call, wait))?;
        // From here on the ticket's drop reports to both circuits in every case.
        member.reporter.count(1);
        let ticket = Ticket { member, call, party: turn.party, began: now, answered: false };
        member.own.admit(now, &None).map_err(|wait| circuit_open(call, wait))?;
        Ok(ticket)
    }

    /// Returns whose turn a request takes. Other parties wait for a token, too: a request for one must not wait behind the
    /// requests of the party that happens to send it.
    fn turn_of(&self, call: Call) -> Turn {
        if call == Call::Token { self.turn.for_all() } else { self.turn.clone() }
    }
}

/// Permission to send one request. A ticket that is dropped without [`Ticket::done`] (a cancelled call) says nothing
/// about the PAM.
pub(in crate::pam) struct Ticket<'a> {
    member: &'a Member,
    call: Call,
    party: Party,
    began: Instant,
    answered: bool,
}

impl Ticket<'_> {
    /// Tells the circuits and the observer how the exchange went, and returns the exchange's result.
    pub(in crate::pam) fn done<T>(mut self, result: Result<T, PamError>) -> Result<T, PamError> {
        self.answered = true;
        self.pause(result.as_ref().err());
        self.tell(health(result.as_ref().err()));
        let error = result.as_ref().err();
        let (outcome, code) = (error.map_or("ok", PamError::kind), error.and_then(PamError::code));
        self.member.reporter.report(CallReport { call: self.call, outcome, code, duration: self.began.elapsed() });
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
        let (now, party) = (Instant::now(), &self.party);
        match health {
            Health::Up => {
                shared.succeeded();
                own.succeeded();
            }
            Health::Down | Health::Unreachable => {
                let failing = if health == Health::Down { party } else { &None };
                shared.failed(now, rand::random(), failing);
                own.abandoned(&None);
            }
            Health::Misconfigured => {
                shared.abandoned(party);
                own.failed(now, rand::random(), &None);
            }
            Health::Unseen => {
                shared.abandoned(party);
                own.abandoned(&None);
            }
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.member.reporter.count(-1);
        if !self.answered {
            self.member.shared.breaker.abandoned(&self.party);
            self.member.own.abandoned(&None);
        }
    }
}

fn health(error: Option<&PamError>) -> Health {
    match error {
        // The proxy is one connection's own: others may reach the PAM without it.
        Some(PamError::Unavailable { why: Unavailable::Tls(_) | Unavailable::Proxy(_), .. }) => Health::Misconfigured,
        Some(PamError::AddressNotAllowed(_) | PamError::Intercepted { .. }) => Health::Unseen,
        Some(PamError::Unavailable { why: Unavailable::Intercepted { .. }, .. }) => Health::Unseen,
        Some(PamError::Unavailable { why: Unavailable::Connect, .. }) => Health::Unreachable,
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

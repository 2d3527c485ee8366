//! What all connections to one PAM share, so that it is left alone when sick however many lead to it (P10):
//! requests in flight, their rate, the circuit breaker, a pause that the PAM asked for, and how often a token
//! may be replaced.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::breaker::Breaker;
use super::budget::Budget;
use crate::pam::endpoint::Limits;
use crate::pam::error::{Call, PamError, Unavailable};

/// A rejected token is replaced at most this often per origin.
const REFRESH_INTERVAL: Duration = Duration::from_mins(1);
/// The pause after a 429 that names none.
const DEFAULT_PAUSE: Duration = Duration::from_secs(2);

/// One exchange with a PAM, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallReport {
    /// Which call it was.
    pub call: Call,
    /// `ok`, or [`PamError::kind`].
    pub outcome: &'static str,
    /// From the first byte sent to the last one read; waiting for the gate is not in it.
    pub duration: Duration,
}

type Observer = Arc<dyn Fn(&CallReport) + Send + Sync>;
type Gauge = Arc<dyn Fn(i64) + Send + Sync>;

/// Every PAM origin (scheme, host and port) that this process talks to. Cloning is cheap; clones share all.
#[derive(Clone, Default)]
pub struct Origins {
    gates: Arc<Mutex<HashMap<String, Weak<Gate>>>>,
    observer: Option<Observer>,
    gauge: Option<Gauge>,
}

impl Origins {
    /// No origins yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, and `observer` is called after each exchange. It must return at once.
    #[must_use]
    pub fn with_observer(observer: impl Fn(&CallReport) + Send + Sync + 'static) -> Self {
        Self { observer: Some(Arc::new(observer)), ..Self::default() }
    }

    /// The same, and `gauge` gets 1 when an exchange begins and -1 when it ended, or was given up. It must return at once.
    #[must_use]
    pub fn with_gauge(self, gauge: impl Fn(i64) + Send + Sync + 'static) -> Self {
        Self { gauge: Some(Arc::new(gauge)), ..self }
    }

    /// A seat at the gate of `origin`. As long as it lives, its limits count.
    pub(in crate::pam) fn seat(&self, origin: &str, limits: Limits) -> Seat {
        let mut gates = lock(&self.gates);
        gates.retain(|_, gate| gate.strong_count() > 0);
        let gate = gates.get(origin).and_then(Weak::upgrade).unwrap_or_default();
        gates.insert(origin.to_owned(), Arc::downgrade(&gate));
        let number = gate.budget.join(limits);
        Seat { gate, number, own: Breaker::default(), observer: self.observer.clone(), gauge: self.gauge.clone() }
    }
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origins").field("count", &lock(&self.gates).len()).finish_non_exhaustive()
    }
}

/// What the clients of one origin share.
#[derive(Debug, Default)]
struct Gate {
    budget: Budget,
    breaker: Breaker,
    paused_until: Mutex<Option<Instant>>,
    refreshed: Mutex<Option<Instant>>,
}

impl Gate {
    fn pause_left(&self, now: Instant) -> Option<Duration> {
        lock(&self.paused_until).and_then(|until| until.checked_duration_since(now)).filter(|left| !left.is_zero())
    }
}

/// A client's place at its origin's gate.
///
/// It has a circuit of its own for failures that are the connection's fault and not the PAM's: a wrong CA in one
/// connection must not shut the PAM off from the others.
pub(in crate::pam) struct Seat {
    gate: Arc<Gate>,
    number: u64,
    own: Breaker,
    observer: Option<Observer>,
    gauge: Option<Gauge>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.gate.budget.leave(self.number);
    }
}

/// Whether an exchange showed a working PAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Up,
    Down,
    Misconfigured,
    /// Nothing was sent, and nothing seen of the PAM.
    Unseen,
}

impl Seat {
    /// Waits for one of the origin's places for requests in flight. Fails at once if nothing may be sent anyway.
    pub(in crate::pam) async fn enter(&self, call: Call) -> Result<Permit<'_>, PamError> {
        self.check(call)?;
        self.gate.budget.acquire().await;
        Ok(Permit { seat: self })
    }

    /// True if a rejected token may be replaced now; the answer counts as a replacement.
    pub(in crate::pam) fn may_refresh(&self) -> bool {
        let now = Instant::now();
        let mut refreshed = lock(&self.gate.refreshed);
        let allowed = refreshed.is_none_or(|at| now.duration_since(at) >= REFRESH_INTERVAL);
        if allowed {
            *refreshed = Some(now);
        }
        allowed
    }

    fn count(&self, change: i64) {
        if let Some(gauge) = &self.gauge {
            gauge(change);
        }
    }

    fn check(&self, call: Call) -> Result<(), PamError> {
        let now = Instant::now();
        if let Some(after) = self.gate.pause_left(now) {
            return Err(PamError::RateLimited { after: Some(after) });
        }
        match self.gate.breaker.closed_for(now).max(self.own.closed_for(now)) {
            Some(wait) => Err(circuit_open(call, wait)),
            None => Ok(()),
        }
    }
}

/// Leave to have requests in flight, one after the other.
pub(in crate::pam) struct Permit<'a> {
    seat: &'a Seat,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.seat.gate.budget.release();
    }
}

impl<'a> Permit<'a> {
    /// Waits for the rate budget and asks the circuits: leave to send exactly one request, now.
    pub(in crate::pam) async fn pass(&self, call: Call) -> Result<Pass<'a>, PamError> {
        self.seat.check(call)?;
        while let Some(wait) = self.seat.gate.budget.spend() {
            sleep(wait).await;
        }
        // Asked again: much may have happened while waiting, and only now does a probe count as begun.
        self.seat.check(call)?;
        let now = Instant::now();
        self.seat.gate.breaker.admit(now).map_err(|wait| circuit_open(call, wait))?;
        // From here on the pass gives the circuits' leaves back, whatever happens.
        self.seat.count(1);
        let pass = Pass { seat: self.seat, call, began: now, told: false };
        self.seat.own.admit(now).map_err(|wait| circuit_open(call, wait))?;
        Ok(pass)
    }
}

/// Leave to send one request. Dropped without [`Pass::done`] (a cancelled call), it says nothing about the PAM.
pub(in crate::pam) struct Pass<'a> {
    seat: &'a Seat,
    call: Call,
    began: Instant,
    told: bool,
}

impl Pass<'_> {
    /// Tells the circuits and the observer how the exchange went, and hands the result on.
    pub(in crate::pam) fn done<T>(mut self, result: Result<T, PamError>) -> Result<T, PamError> {
        self.told = true;
        self.pause(result.as_ref().err());
        self.tell(health(result.as_ref().err()));
        self.report(result.as_ref().err().map_or("ok", PamError::kind));
        result
    }

    fn pause(&self, error: Option<&PamError>) {
        if let Some(PamError::RateLimited { after }) = error {
            let until = Instant::now() + after.unwrap_or(DEFAULT_PAUSE);
            let mut paused = lock(&self.seat.gate.paused_until);
            *paused = Some(paused.map_or(until, |before| before.max(until)));
        }
    }

    fn tell(&self, health: Health) {
        let (shared, own) = (&self.seat.gate.breaker, &self.seat.own);
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

    fn report(&self, outcome: &'static str) {
        let duration = self.began.elapsed();
        tracing::debug!(call = self.call.name(), outcome, ?duration, "PAM call");
        if let Some(observer) = &self.seat.observer {
            observer(&CallReport { call: self.call, outcome, duration });
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.seat.count(-1);
        if !self.told {
            self.seat.gate.breaker.abandoned();
            self.seat.own.abandoned();
        }
    }
}

fn health(error: Option<&PamError>) -> Health {
    match error {
        Some(PamError::Unavailable { why: Unavailable::Tls(_), .. }) => Health::Misconfigured,
        Some(PamError::AddressNotAllowed(_)) => Health::Unseen,
        // 500 is the application answering: one credential that it cannot cope with must not stop the others.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pam::error::TlsFault;

    const CALL: Call = Call::UpsertCredential;

    fn failure(why: Unavailable) -> Result<(), PamError> {
        Err(PamError::Unavailable { call: CALL, why })
    }

    async fn exchange(seat: &Seat, result: Result<(), PamError>) -> Result<(), PamError> {
        seat.enter(CALL).await?.pass(CALL).await?.done(result)
    }

    fn seat(origins: &Origins) -> Seat {
        origins.seat("https://pam", Limits { requests_per_second: 0, ..Limits::default() })
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_pam_closes_the_gate_for_every_connection_to_it_and_for_no_other() {
        let origins = Origins::new();
        let (one, two) = (seat(&origins), seat(&origins));
        for _ in 0..5 {
            exchange(&one, failure(Unavailable::Connect)).await.unwrap_err();
        }
        let refused = exchange(&two, Ok(())).await.unwrap_err();
        assert_eq!(refused.kind(), "unavailable_circuit_open");
        exchange(&origins.seat("https://other", Limits::default()), Ok(())).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        exchange(&two, Ok(())).await.unwrap();
        exchange(&one, Ok(())).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_ca_closes_only_its_own_connection() {
        let origins = Origins::new();
        let (wrong, right) = (seat(&origins), seat(&origins));
        for _ in 0..5 {
            exchange(&wrong, failure(Unavailable::Tls(TlsFault::UnknownAuthority))).await.unwrap_err();
        }
        assert_eq!(exchange(&wrong, Ok(())).await.unwrap_err().kind(), "unavailable_circuit_open");
        exchange(&right, Ok(())).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_application_does_not_close_it() {
        let seat = seat(&Origins::new());
        for _ in 0..20 {
            let error = exchange(&seat, failure(Unavailable::Server)).await.unwrap_err();
            assert_eq!(error.kind(), "unavailable_server");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_probe_does_not_lock_the_circuit() {
        let seat = seat(&Origins::new());
        for _ in 0..5 {
            exchange(&seat, failure(Unavailable::Timeout)).await.unwrap_err();
        }
        sleep(Duration::from_secs(1)).await;
        drop(seat.enter(CALL).await.unwrap().pass(CALL).await.unwrap());
        exchange(&seat, Ok(())).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_pams_retry_after_silences_the_whole_origin() {
        let origins = Origins::new();
        let (one, two) = (seat(&origins), seat(&origins));
        let after = Some(Duration::from_secs(7));
        exchange(&one, Err(PamError::RateLimited { after })).await.unwrap_err();
        assert_eq!(exchange(&two, Ok(())).await, Err(PamError::RateLimited { after }));
        sleep(Duration::from_secs(7)).await;
        exchange(&two, Ok(())).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_are_replaced_once_a_minute_per_origin() {
        let origins = Origins::new();
        let (one, two) = (seat(&origins), seat(&origins));
        assert!(one.may_refresh());
        assert!(!two.may_refresh());
        sleep(Duration::from_mins(1)).await;
        assert!(two.may_refresh());
    }

    #[tokio::test(start_paused = true)]
    async fn each_exchange_is_reported() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let origins = Origins::with_observer(move |report| sink.lock().unwrap().push((report.call, report.outcome)));
        let seat = seat(&origins);
        exchange(&seat, Ok(())).await.unwrap();
        exchange(&seat, Err(PamError::DeviceNotFound)).await.unwrap_err();
        assert_eq!(*seen.lock().unwrap(), [(CALL, "ok"), (CALL, "device_not_found")]);
    }

    #[tokio::test]
    async fn an_exchange_is_under_way_until_it_ended_or_was_given_up() {
        let under_way = Arc::new(Mutex::new(0));
        let sink = Arc::clone(&under_way);
        let origins = Origins::new().with_gauge(move |change| *sink.lock().unwrap() += change);
        let (seat, count) = (seat(&origins), || *under_way.lock().unwrap());
        let permit = seat.enter(CALL).await.unwrap();
        assert_eq!(count(), 0, "who waits for a place has not begun");
        let pass = permit.pass(CALL).await.unwrap();
        assert_eq!(count(), 1);
        pass.done(Ok(())).unwrap();
        assert_eq!(count(), 0);
        let given_up = permit.pass(CALL).await.unwrap();
        assert_eq!(count(), 1);
        drop(given_up);
        assert_eq!(count(), 0);
    }
}

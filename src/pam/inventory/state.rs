//! What an inventory knows, and when the next list is allowed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::budget::Room;
use crate::pam::error::{AuthFailure, PamError, Unavailable};

/// The age up to which a list may decide a first push; also the shortest time from one list to the next.
pub(super) const FRESH: Duration = Duration::from_secs(10);
/// The time from one list to the next in durations of the last one: listing takes a tenth of the time at most.
const REST: u32 = 10;
/// How long a caller waits for others and until the next list is allowed. A caller that would have to wait longer gets
/// an error with the time.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// The result of a list.
pub(super) type Outcome<S> = Result<Arc<S>, PamError>;

/// One complete list of what a PAM holds.
pub(super) trait Listed: Sized + Send + Sync {
    /// The rows of a list that arrives.
    type Rows: Send;
    /// A write of our own that a list is kept current with.
    type Written: fmt::Debug + Send;

    /// Makes the list of the rows that arrived; the list began at `started`.
    fn indexed(started: Instant, rows: Self::Rows) -> impl Future<Output = Outcome<Self>> + Send;

    /// Returns when the list began: writes that were answered before are in the list.
    fn started(&self) -> Instant;

    /// Returns how many bytes of memory the list takes.
    fn bytes(&self) -> usize;

    /// Adds a write of our own.
    fn note_written(&self, written: Self::Written);
}

/// What an inventory knows.
#[derive(Debug)]
pub(super) struct State<S: Listed> {
    pub(super) snapshot: Option<Arc<S>>,
    /// When the list of `snapshot` was complete.
    ended: Option<Instant>,
    pub(super) invalidated: Option<Instant>,
    last: Option<Attempt>,
    pub(super) running: Option<RunningList<S::Written>>,
    /// What the list takes of the tenants' budget.
    pub(super) room: Room,
}

/// A list under way.
#[derive(Debug)]
pub(super) struct RunningList<W> {
    /// When the request left. The waits before (for a login, for other requests) do not belong to the list.
    pub(super) sent: Option<Instant>,
    /// Our own writes since the list began.
    pub(super) written: Vec<W>,
}

impl<W> Default for RunningList<W> {
    fn default() -> Self {
        Self { sent: None, written: Vec::new() }
    }
}

/// A list that was asked for, or a login for one.
#[derive(Debug)]
struct Attempt {
    next_allowed: Instant,
    failure: Option<PamError>,
}

impl Attempt {
    /// Records an attempt that ends now.
    fn new(sent: Option<Instant>, failure: Option<PamError>) -> Self {
        let now = Instant::now();
        let began = sent.unwrap_or(now);
        let rest = now.duration_since(began).saturating_mul(REST).max(FRESH);
        Self { next_allowed: began + rest, failure }
    }

    /// Returns how long until the next list is allowed.
    fn rest(&self) -> Duration {
        self.next_allowed.saturating_duration_since(Instant::now())
    }
}

/// Which lists a caller of [`Inventory::fresh`](super::Inventory::fresh) accepts.
pub(super) struct Requirement {
    /// When the caller came.
    pub(super) since: Instant,
    /// If set, only a list that began then or later; else any list that is fresh.
    pub(super) not_before: Option<Instant>,
}

impl Requirement {
    fn patience(&self) -> Duration {
        PATIENCE.saturating_sub(self.since.elapsed())
    }
}

impl<S: Listed> Default for State<S> {
    fn default() -> Self {
        Self { snapshot: None, ended: None, invalidated: None, last: None, running: None, room: Room::default() }
    }
}

impl<S: Listed> State<S> {
    /// Returns the answer that needs no further list; `None` if there is no such answer.
    pub(super) fn known(&self, requirement: &Requirement) -> Option<Outcome<S>> {
        let bound = requirement.not_before.max(self.invalidated);
        let fresh = |snapshot: &&Arc<S>| {
            let started = snapshot.started();
            Some(started) >= bound && self.age_from(started) >= requirement.since.checked_sub(FRESH)
        };
        if let Some(snapshot) = self.snapshot.as_ref().filter(fresh) {
            return Some(Ok(Arc::clone(snapshot)));
        }
        let last = self.last.as_ref()?;
        let after = last.rest();
        match &last.failure {
            Some(failure) if !after.is_zero() => Some(Err(failure.clone())),
            _ if after > requirement.patience() => Some(Err(PamError::ListThrottled { after })),
            _ => None,
        }
    }

    /// Returns the time from which a list's age is counted: its start, or its end where the list took longer than a list
    /// is fresh. Counted from its start, such a list would never be fresh, and no caller that waited for it could use it.
    fn age_from(&self, started: Instant) -> Option<Instant> {
        self.ended.filter(|ended| ended.duration_since(started) >= FRESH).or(Some(started))
    }

    /// Returns how long until the next list is allowed.
    pub(super) fn until_allowed(&self) -> Duration {
        self.last.as_ref().map(Attempt::rest).unwrap_or_default()
    }

    /// Ends the list under way, without an outcome if its caller was dropped.
    pub(super) fn finish(&mut self, outcome: Option<&Outcome<S>>) {
        let Some(running) = self.running.take() else { return };
        if running.sent.is_some() || outcome.is_some_and(was_asked) {
            let failure = outcome.and_then(|outcome| outcome.as_ref().err()).cloned();
            self.last = Some(Attempt::new(running.sent, failure));
        }
        if let Some(Ok(snapshot)) = outcome {
            running.written.into_iter().for_each(|record| snapshot.note_written(record));
            self.snapshot = Some(Arc::clone(snapshot));
            self.ended = Some(Instant::now());
        }
        self.room.settle(self.snapshot.as_ref().map_or(0, |snapshot| snapshot.bytes()));
    }
}

/// Returns false if nothing was sent: such a failure costs the PAM nothing and must not put the next list off.
fn was_asked<S>(outcome: &Outcome<S>) -> bool {
    !matches!(
        outcome,
        Err(PamError::Unavailable { why: Unavailable::CircuitOpen { .. }, .. }
            | PamError::AuthenticationFailed(AuthFailure::LoginRefused))
    )
}

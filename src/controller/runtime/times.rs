//! The times of a pass.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::controller::runtime::object_states::ObjectStates;
use crate::domain::SETTLE;

/// The times of a pass.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    /// When the pass began.
    pub(crate) now: Timestamp,
    /// When the pass's call ended; until then as `now`.
    pub(crate) ended: Timestamp,
    /// When this process began.
    pub(crate) started: Timestamp,
}

impl Times {
    /// Returns the times of a pass that begins now.
    pub(crate) fn of(clock: Clock, states: &ObjectStates) -> Self {
        let now = clock.now();
        let age = SignedDuration::try_from(states.age(Instant::now())).unwrap_or_default();
        Self { now, ended: now, started: now.checked_sub(age).unwrap_or(Timestamp::MIN) }
    }

    /// Returns how long after the end of the pass a time is.
    pub(crate) fn left_until(self, time: Timestamp) -> Duration {
        Duration::try_from(time.duration_since(self.ended)).unwrap_or_default()
    }

    /// Returns whether a write of an earlier process may still be executed.
    pub(crate) fn is_recently_started(self) -> bool {
        self.now.duration_since(self.started).unsigned_abs() < SETTLE
    }
}

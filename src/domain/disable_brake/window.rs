//! The disables within the brake's window, as few numbers: a status is small.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A status remembers so many points in time.
const POINTS: u32 = 8;

/// Disables that count, as a status remembers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecentDisables {
    /// How long ago the newest of them was sent.
    pub age: Duration,
    /// How many they are.
    pub count: usize,
}

/// Disables that count, by the clock of this process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) at: Instant,
    pub(super) count: usize,
}

impl RecentDisables {
    /// The same by the clock of this process. What is older than that clock counts as of now: too long, never too short.
    pub(super) fn since(self, now: Instant) -> Counted {
        Counted { at: now.checked_sub(self.age).unwrap_or(now), count: self.count }
    }
}

/// Puts disables of about one time together under the newest of them, so that none is forgotten too early.
pub(super) fn points(counted: impl Iterator<Item = Counted>, window: Duration, now: Instant) -> Vec<RecentDisables> {
    let mut points: BTreeMap<u32, RecentDisables> = BTreeMap::new();
    for Counted { at, count } in counted {
        let age = now.saturating_duration_since(at);
        let point = points.entry(point(age, window)).or_insert(RecentDisables { age, count: 0 });
        *point = RecentDisables { age: point.age.min(age), count: point.count + count };
    }
    points.into_values().collect()
}

fn point(age: Duration, window: Duration) -> u32 {
    let nanos = window.as_nanos().max(1);
    u32::try_from(age.as_nanos() * u128::from(POINTS) / nanos).unwrap_or(POINTS).min(POINTS - 1)
}

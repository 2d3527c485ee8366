//! The disables within the brake's window, as few numbers: a status is small.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A status remembers at most so many points in time of one namespace,
const POINTS: usize = 8;
/// and of all namespaces.
const ENTRIES: usize = 64;
/// So many namespaces are told apart. The others are counted together.
const NAMED: usize = ENTRIES - 1;

/// Disables that count, as a status remembers them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentDisables {
    /// Whose they are; `None`: of the namespaces that have no number of their own.
    pub namespace: Option<String>,
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
    pub(super) fn since(&self, now: Instant) -> Counted {
        Counted { at: now.checked_sub(self.age).unwrap_or(now), count: self.count }
    }
}

/// What counts of all namespaces, for a status.
#[derive(Debug, Default)]
pub(super) struct Remembered<'a> {
    of: BTreeMap<&'a str, Vec<Counted>>,
    unnamed: Vec<Counted>,
}

impl<'a> Remembered<'a> {
    pub(super) fn add(&mut self, namespace: Option<&'a str>, counted: impl Iterator<Item = Counted>) {
        match namespace {
            None => self.unnamed.extend(counted),
            Some(_) if self.of.len() >= NAMED => self.unnamed.extend(counted),
            Some(namespace) => {
                let counted: Vec<_> = counted.collect();
                if !counted.is_empty() {
                    self.of.insert(namespace, counted);
                }
            }
        }
    }

    /// Puts disables of about one time together under the newest of them, so that none is forgotten too early. The more
    /// namespaces there are, the fewer points each of them has.
    pub(super) fn points(self, window: Duration, now: Instant) -> Vec<RecentDisables> {
        let each = (ENTRIES / (self.of.len() + usize::from(!self.unnamed.is_empty())).max(1)).clamp(1, POINTS);
        let named = self.of.into_iter().map(|(namespace, counted)| (Some(namespace), counted));
        let all = named.chain([(None, self.unnamed)]);
        all.flat_map(|(namespace, counted)| points_of(namespace, counted, &Grid { window, each }, now)).collect()
    }
}

/// How finely a window is remembered.
struct Grid {
    window: Duration,
    each: usize,
}

fn points_of(namespace: Option<&str>, counted: Vec<Counted>, grid: &Grid, now: Instant) -> Vec<RecentDisables> {
    let mut points: BTreeMap<usize, RecentDisables> = BTreeMap::new();
    for Counted { at, count } in counted {
        let age = now.saturating_duration_since(at);
        let new = || RecentDisables { namespace: namespace.map(str::to_owned), age, count: 0 };
        let point = points.entry(grid.point(age)).or_insert_with(new);
        (point.age, point.count) = (point.age.min(age), point.count + count);
    }
    points.into_values().collect()
}

impl Grid {
    fn point(&self, age: Duration) -> usize {
        let nanos = self.window.as_nanos().max(1);
        let point = age.as_nanos() * u128::try_from(self.each).unwrap_or(1) / nanos;
        usize::try_from(point).unwrap_or(self.each).min(self.each - 1)
    }
}

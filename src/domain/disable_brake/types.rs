//! What the brake is told and says.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::window::RecentDisables;

/// The disables of a connection as a whole may be so many times those of one namespace: one namespace by itself does not make
/// the others wait, and neither do two.
const CONNECTION: usize = 3;

/// From the first object that waits until the number is shown: the deletions of one command arrive together, and it is
/// their whole number that a person confirms.
pub(super) const GATHERING: Duration = Duration::from_secs(1);

/// A status names so many namespaces that are held back. The others wait with the connection as a whole.
const SHOWN: usize = 32;

/// How many disables a connection allows (`spec.disableBrake`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrakeLimit {
    /// So many of one namespace,
    pub count: usize,
    /// within any time as long as this.
    pub window: Duration,
}

impl BrakeLimit {
    /// Returns how many disables of all namespaces together are allowed within the window.
    #[must_use]
    pub fn connection(self) -> usize {
        self.count.saturating_mul(CONNECTION)
    }
}

/// Whether a disable may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may be sent.
    Go,
    /// It may be sent once the connection's status has it.
    Unwritten,
    /// It waits.
    Held(Hold),
}

/// Which brake holds a disable back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// So many objects of the same namespace wait.
    pub waiting: usize,
    /// The brake of the connection as a whole holds, not that of the namespace.
    pub by_connection: bool,
}

/// Whether the brake of a namespace, or of the connection as a whole, holds disables back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrakeState {
    /// It holds nothing back.
    #[default]
    Off,
    /// It holds back, since then; `None`: since a time that needs no gathering.
    Held(Option<Instant>),
    /// A person confirmed so many, which no status says yet.
    Confirming(usize),
    /// So many of those that were confirmed may still go on.
    Releasing(usize),
}

impl BrakeState {
    /// Whether a brake holds back what nobody confirmed.
    pub(super) fn is_held(self) -> bool {
        matches!(self, Self::Held(_))
    }

    /// Whether a person confirmed, which no status says yet.
    pub(super) fn is_confirming(self) -> bool {
        matches!(self, Self::Confirming(_))
    }

    /// Whether a brake holds, and its number is gathered.
    pub(super) fn is_shown(self, now: Instant) -> bool {
        self.is_held() && self.gathering_left(now).is_none()
    }

    pub(super) fn gathering_left(self, now: Instant) -> Option<Duration> {
        let Self::Held(Some(since)) = self else { return None };
        Some((since + GATHERING).saturating_duration_since(now)).filter(|left| !left.is_zero())
    }
}

/// What a status says once it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrakeWrite {
    /// Namespaces and uids.
    pub(super) admitted: Vec<(String, String)>,
    pub(super) confirmed: Vec<String>,
    pub(super) is_connection_confirmed: bool,
}

/// What an earlier process left in the connection's status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrakeRecord {
    /// What the brake held back.
    pub held: Option<HeldDisables>,
    /// The annotation's value that was handled.
    pub handled: Option<String>,
    /// The disables that may still count.
    pub recent: Vec<RecentDisables>,
}

/// The numbers that a status shows, for a person to confirm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShownDisables {
    /// How many objects wait, in all.
    pub total: usize,
    /// How many of a namespace, for as many namespaces as a status names.
    pub namespaces: BTreeMap<String, usize>,
}

/// What the brake holds back, as a status says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldDisables {
    /// The numbers.
    pub shown: ShownDisables,
    /// The brake of the connection as a whole is on.
    pub by_connection: bool,
    /// All of these were confirmed and go on.
    pub is_confirmed: bool,
}

impl ShownDisables {
    /// The numbers of these namespaces.
    pub(super) fn of(held: Vec<(String, usize)>) -> Self {
        let total = held.iter().map(|(_, waiting)| waiting).sum();
        Self { total, namespaces: held.into_iter().take(SHOWN).collect() }
    }
}

impl HeldDisables {
    /// Whether the brake of the connection as a whole was on, or objects waited of whose namespace a status says nothing: one
    /// of an earlier version, or one that had no room for the namespace.
    pub(super) fn is_for_all(&self) -> bool {
        let named: usize = self.shown.namespaces.values().sum();
        self.by_connection || self.shown.namespaces.is_empty() || named < self.shown.total
    }
}

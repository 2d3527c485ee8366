//! From what is known of a connection to its status.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use tokio::time::Instant;

use super::brake::{self, Latch, Noted};
use super::list_health::{Standing as Stands, number};
use super::{ConnectionHealths, Standing, message};
use crate::api::{ConditionType, PamConnectionStatus, condition, find};
use crate::controller::connection::object::{AnyConnection, ConnectionId};
use crate::controller::runtime::object_id::NamespacedName;

/// The conditions that stand beside `Ready`.
pub(crate) const STANDING: [ConditionType; 3] =
    [ConditionType::InventoryIncomplete, ConditionType::VaultRestored, ConditionType::DisablesHeld];

/// Numbers that change all the time are written no more often.
const NUMBERS: Duration = Duration::from_mins(1);
/// While it is not known yet who is leaving, it is looked at again.
const NOT_LISTED: Duration = Duration::from_secs(1);

/// A status that was filled in.
#[derive(Default)]
pub(crate) struct Filled {
    /// What it has, to be told once it is written.
    noted: Noted,
    /// When to look again, though nothing else happens.
    pub(crate) later: Option<Duration>,
}

/// Whom something lets go on.
#[derive(Default)]
pub(crate) struct Freed {
    /// Those whom the brake held back.
    pub(crate) leaving: Vec<NamespacedName>,
    /// Everyone: the list can be trusted again.
    pub(crate) all: bool,
}

impl ConnectionHealths {
    /// Fills in what is known of a connection, into a status that is to follow `before`.
    pub(crate) fn fill(
        &self,
        connection: &AnyConnection,
        (before, next): (&PamConnectionStatus, &mut PamConnectionStatus),
        (now, wall): (Instant, jiff::Timestamp),
    ) -> Filled {
        let mut inner = self.lock();
        let listed = inner.unlisted == 0;
        let Some(standing) = inner.of.get_mut(&connection.id()) else { return Filled::default() };
        standing.awaited = false;
        let (held, later) = standing.brake(connection, (before, next), (now, wall), listed);
        let found = standing.findings(next);
        if listed {
            next.credentials = Some(number(standing.credentials));
        }
        let generation = connection.metadata.generation;
        let stand = |(kind, reason, message): Stands| {
            condition(kind, "True", (reason, &message), generation, &Time(wall), &before.conditions)
        };
        next.conditions.retain(|condition| !is_standing(condition));
        next.conditions.extend(found.map(stand));
        next.conditions.extend(match held {
            Held::As(stands) => stands.map(stand),
            Held::Before => find(&before.conditions, ConditionType::DisablesHeld).cloned(),
        });
        Filled { noted: standing.brake.noted(), later }
    }

    /// A status has it now; returns whom that lets go on.
    pub(crate) fn written(&self, connection: &ConnectionId, filled: &Filled) -> Freed {
        let mut inner = self.lock();
        let Some(standing) = inner.of.get_mut(connection) else { return Freed::default() };
        let leaving = standing.brake.written(&filled.noted);
        let Some(facts) = &mut standing.facts else { return Freed::default() };
        let (before, now) = (facts.distrusted, facts.is_incomplete());
        facts.distrusted = now;
        Freed { leaving, all: before && !now }
    }

    /// Its numbers are about to be written, too.
    pub(crate) fn note_numbers(&self, connection: &ConnectionId, now: Instant) {
        if let Some(facts) = self.lock().of.get_mut(connection).and_then(|standing| standing.facts.as_mut()) {
            facts.numbers = now;
        }
    }

    /// How long a status that differs in numbers alone is not written yet.
    pub(crate) fn put_off(&self, connection: &ConnectionId, now: Instant) -> Option<Duration> {
        let mut inner = self.lock();
        let standing = inner.of.get_mut(connection)?;
        let left = (standing.facts.as_ref()?.numbers + NUMBERS).saturating_duration_since(now);
        standing.awaited |= !left.is_zero();
        Some(left).filter(|left| !left.is_zero())
    }
}

/// What a status says of the brake.
enum Held {
    As(Option<Stands>),
    /// What it said before.
    Before,
}

impl Standing {
    fn brake(
        &mut self,
        connection: &AnyConnection,
        (before, next): (&PamConnectionStatus, &mut PamConnectionStatus),
        (now, wall): (Instant, jiff::Timestamp),
        listed: bool,
    ) -> (Held, Option<Duration>) {
        self.brake.judge(shown(before));
        self.brake.settle(now, listed);
        if let Some(recent) = self.brake.recent(now, wall) {
            next.recent_disables = recent;
        }
        let (latch, waiting) = (self.brake.latch(), self.brake.waiting());
        let is_shown = find(&before.conditions, ConditionType::DisablesHeld).is_some();
        if latch == Latch::Off {
            next.held_disables = None;
            return (Held::As(None), None);
        }
        if matches!(latch, Latch::Held(_)) && is_shown && !listed {
            return (Held::Before, Some(NOT_LISTED));
        }
        if let Some(left) = self.brake.gathers(now).filter(|_| !is_shown) {
            return (Held::As(None), Some(left));
        }
        next.held_disables = Some(number(waiting));
        next.last_handled_confirm_disable = self.brake.handled().cloned();
        (Held::As(message::condition(connection, &self.brake, waiting)), None)
    }

    fn findings(&self, next: &mut PamConnectionStatus) -> Option<Stands> {
        let facts = self.facts.as_ref()?;
        let finding = facts.finding.filter(|_| facts.lists);
        next.inventory = finding.map(|finding| finding.status(facts.confirmed()));
        finding.and_then(|finding| finding.condition((facts.confirmed(), facts.stale.as_ref())))
    }
}

/// The number that a status shows to be confirmed.
fn shown(status: &PamConnectionStatus) -> Option<i64> {
    let held = find(&status.conditions, ConditionType::DisablesHeld)?;
    status.held_disables.filter(|_| held.reason == brake::TOO_MANY)
}

/// Whether a condition is one of those that stand beside `Ready`.
pub(crate) fn is_standing(condition: &Condition) -> bool {
    STANDING.iter().any(|kind| condition.type_ == kind.as_str())
}

/// Whether a condition that stands says that somebody has seen to it.
pub(crate) fn is_good(condition: &Condition) -> bool {
    condition.reason == brake::CONFIRMED
}

/// What is written at once when it changes: which conditions stand and why, what was made of a confirmation, and the
/// disables that are about to be sent.
pub(crate) fn is_urgent(before: &PamConnectionStatus, next: &PamConnectionStatus) -> bool {
    let reasons = |status: &PamConnectionStatus| {
        STANDING.map(|kind| find(&status.conditions, kind).map(|condition| condition.reason.clone()))
    };
    reasons(before) != reasons(next)
        || before.last_handled_confirm_disable != next.last_handled_confirm_disable
        || before.recent_disables != next.recent_disables
}

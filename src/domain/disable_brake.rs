//! The disable brake of one connection (P7): when more records are to be disabled within a window than the connection's limit, the
//! rest wait until a person has looked at it. Each namespace is counted by itself, so that what one namespace does holds back
//! that namespace alone; a larger limit counts all of them together.
//!
//! ```text
//!            one more than the limit              the number shown is confirmed           the confirmation is written
//!   Off ───────────────────────────────▶ Held ───────────────────────────────▶ Confirming ───────────────▶ Releasing(n)
//!    ▲                                    │ ▲                                                                │      │
//!    └─────────── nobody waits ───────────┘ └────────────── n went on, and others still wait ────────────────┘      │
//!    └───────────────────────────────────────────── nobody waits ───────────────────────────────────────────────────┘
//! ```
//!
//! Once on, a brake stays on however much time passes: what deletes a whole cluster's objects does not become right by waiting.
//! While the brake of the connection as a whole is on, nothing goes on but what is confirmed: that brake goes off once its number
//! is confirmed, or nobody waits for that brake alone.

mod earlier;
mod namespace;
mod namespaces;
mod types;
mod window;

use std::time::{Duration, Instant};

use super::confirmation::{Confirmation, UnusedValue};
use earlier::EarlierDisables;
use namespace::NamespaceBrake;
use namespaces::NamespaceBrakes;
pub use types::{Admission, BrakeLimit, BrakeRecord, BrakeState, BrakeWrite, HeldDisables, Hold, ShownDisables};
pub use window::RecentDisables;
use window::Remembered;

/// The brake of one connection.
#[derive(Clone, Debug, Default)]
pub struct DisableBrake {
    limit: BrakeLimit,
    namespaces: NamespaceBrakes,
    /// The brake of the connection as a whole.
    connection: BrakeState,
    earlier: EarlierDisables,
    /// The annotation, where it confirms the number of all.
    confirmation: Confirmation,
}

impl DisableBrake {
    // === What the cluster shows

    /// Takes up what an earlier process left in the connection's status. Which objects are leaving is known from the watches.
    pub fn restore(&mut self, record: &BrakeRecord, now: Instant) {
        // Where objects wait for the connection as a whole, it is not known which of the namespaces that are named had a
        // brake of their own that was on: that of the connection holds them all.
        let is_for_all = record.held.as_ref().is_some_and(HeldDisables::is_for_all);
        let named = record.held.iter().flat_map(|held| held.shown.namespaces.keys().map(String::as_str));
        let held: Vec<_> = named.filter(|_| !is_for_all).collect();
        self.connection = if is_for_all { BrakeState::Held(None) } else { BrakeState::Off };
        self.namespaces.restore(&held, &record.recent, now);
        self.namespaces.restore_handled(record.handled.as_deref());
        self.earlier = EarlierDisables::restored(&record.recent, now);
        self.confirmation = Confirmation::restored(record.handled.as_deref());
    }

    /// Takes in the connection's limit and the annotation that confirms.
    pub fn refresh(&mut self, limit: BrakeLimit, annotation: Option<&str>) {
        self.limit = limit;
        self.confirmation.observe(annotation);
        self.namespaces.observe(annotation);
    }

    /// Notes that an object is being deleted and its record is to be disabled; `true` if that is news.
    pub fn enter(&mut self, namespace: &str, uid: &str) -> bool {
        self.namespaces.of(namespace).enter(uid)
    }

    /// Notes that an object is gone, or its record is no longer to be disabled; `true` if that is news.
    pub fn leave(&mut self, namespace: &str, uid: &str) -> bool {
        self.namespaces.get_mut(namespace).is_some_and(|brake| brake.leave(uid))
    }

    /// Notes that an object which is leaving waits for something else; `true` if that is news. An object that the brake held
    /// back once stays counted: what comes in the way of all of them must not take the brake off.
    pub fn set_aside(&mut self, namespace: &str, uid: &str) -> bool {
        self.namespaces.get_mut(namespace).is_some_and(|brake| brake.set_aside(uid))
    }

    // === What may be sent

    /// Returns whether the record of an object that is leaving may be disabled; `None` if the object keeps its record, or the
    /// object is gone. An object that was admitted and tries again does not count twice.
    pub fn admit(&mut self, namespace: &str, uid: &str, now: Instant) -> Option<Admission> {
        self.prune(now);
        let brake = self.namespaces.get_mut(namespace).filter(|brake| brake.leaving.contains(uid))?;
        brake.note_asking(uid);
        if let Some(admission) = brake.admit_again(uid, now).or_else(|| brake.admit_confirmed(uid, now)) {
            return Some(admission);
        }
        if self.has_room(namespace, now) {
            return Some(self.namespaces.of(namespace).admit_counting(uid, now));
        }
        let brake = self.namespaces.of(namespace);
        brake.note_held(uid);
        let hold = Hold { waiting: brake.waiting(), by_connection: brake.state == BrakeState::Off };
        Some(Admission::Held(hold))
    }

    /// Whether one more of a namespace may go on; puts the brakes on that say no.
    fn has_room(&mut self, namespace: &str, now: Instant) -> bool {
        let (limit, all) = (self.limit, self.namespaces.used() + self.earlier.used());
        let own = self.namespaces.of(namespace).used() + self.earlier.used_of(namespace);
        let (is_first, connection) = (!self.is_held(), self.connection);
        let brake = self.namespaces.of(namespace);
        match connection {
            _ if brake.state != BrakeState::Off => return false,
            BrakeState::Off if own >= limit.count => brake.hold(Some(now)),
            BrakeState::Off if all < limit.connection() => return true,
            BrakeState::Off => self.connection = BrakeState::Held(Some(now)),
            // The namespace's own brake would hold this one too: a number is gathered or shown already.
            BrakeState::Held(_) if own + brake.waiting() > limit.count => brake.state = connection,
            _ => return false,
        }
        if is_first {
            self.confirmation.begin();
        }
        false
    }

    /// Turns each brake off when nobody waits for it, and on again when all that were confirmed went on. `all_known` says that
    /// every object which is leaving has been seen.
    pub fn settle(&mut self, now: Instant, all_known: bool) {
        self.prune(now);
        let was_held = self.is_held();
        let mut is_on_again = false;
        for (_, brake) in self.namespaces.all_mut() {
            is_on_again |= brake.settle(all_known);
        }
        if is_on_again && !was_held {
            self.confirmation.begin();
        }
        if self.connection.is_held() && all_known && !self.namespaces.any(NamespaceBrake::waits_for_others) {
            self.connection = BrakeState::Off;
        }
    }

    /// Compares a new value of the annotation with the numbers that the status shows.
    pub fn confirm(&mut self, shown: Option<&ShownDisables>) {
        if !self.is_held() {
            return;
        }
        self.namespaces.confirm_each(shown, self.connection);
        let is_confirmed = self.confirmation.take(shown.map(|shown| shown.total)).is_some();
        if let Some(shown) = shown.filter(|_| is_confirmed) {
            self.namespaces.confirm_all(shown, self.connection);
            if self.connection.is_held() {
                self.connection = BrakeState::Confirming(shown.total);
            }
        }
    }

    // === What the status says

    /// Returns what the status is to remember of the window; `None` if it does already.
    #[must_use]
    pub fn recent(&self, now: Instant) -> Option<Vec<RecentDisables>> {
        let all = self.connection.is_confirming();
        let is_news = |brake: &NamespaceBrake| brake.state.is_confirming() || brake.unwritten().next().is_some();
        if !all && !self.namespaces.any(is_news) {
            return None;
        }
        let remembered = if all { Remembered::default() } else { self.namespaces.remembered(&self.earlier) };
        Some(remembered.points(self.limit.window, now))
    }

    /// Returns what the status that is made now says of the brake.
    #[must_use]
    pub fn to_write(&self) -> BrakeWrite {
        let mut write =
            BrakeWrite { is_connection_confirmed: self.connection.is_confirming(), ..BrakeWrite::default() };
        for (namespace, brake) in self.namespaces.all() {
            write.admitted.extend(brake.unwritten().map(|uid| (namespace.to_owned(), uid.clone())));
            if brake.state.is_confirming() {
                write.confirmed.push(namespace.to_owned());
            }
        }
        write
    }

    /// Notes that a status was written, and returns the uids of those that its confirmation releases: all that are leaving, since
    /// which of them asks first is not known. A person has looked at them: what went on before counts no more.
    pub fn written(&mut self, write: &BrakeWrite) -> Vec<String> {
        for (namespace, uid) in &write.admitted {
            if let Some(brake) = self.namespaces.get_mut(namespace) {
                brake.note_written(uid);
            }
        }
        let all = write.is_connection_confirmed && self.connection.is_confirming();
        if all {
            self.connection = BrakeState::Off;
            self.earlier.clear();
        }
        let is_written = |namespace: &str| write.confirmed.iter().any(|confirmed| confirmed == namespace);
        let mut woken = Vec::new();
        for (namespace, brake) in self.namespaces.all_mut() {
            if all || brake.state.is_confirming() && is_written(namespace) {
                brake.release();
                self.earlier.note_known(namespace);
                woken.extend(brake.leaving.iter().cloned());
            }
        }
        woken
    }

    // === What is known

    /// Whether the brake of a namespace, and that of the connection as a whole, hold disables back.
    #[must_use]
    pub fn states(&self, namespace: &str) -> [BrakeState; 2] {
        [self.namespaces.get(namespace).map(|brake| brake.state).unwrap_or_default(), self.connection]
    }

    /// Whether disables of a namespace that a person confirmed are still to be released.
    #[must_use]
    pub fn is_releasing(&self, namespace: &str) -> bool {
        let brake = self.namespaces.get(namespace);
        brake.is_some_and(|brake| matches!(brake.state, BrakeState::Releasing(1..)) && brake.has_waiting())
    }

    /// Whether any brake is on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.connection != BrakeState::Off || self.namespaces.any(|brake| brake.state != BrakeState::Off)
    }

    /// Whether any brake is on that nobody waits for.
    #[must_use]
    pub fn may_go_off(&self) -> bool {
        let is_waited_for = self.namespaces.any(NamespaceBrake::waits_for_others);
        self.connection != BrakeState::Off && !is_waited_for || self.namespaces.any(NamespaceBrake::may_go_off)
    }

    /// Returns what is held back and shown to a person, or else what was confirmed and goes on.
    #[must_use]
    pub fn held(&self, now: Instant) -> Option<HeldDisables> {
        let by_connection = self.connection.is_shown(now);
        let is_held = |brake: &NamespaceBrake| brake.state.is_shown(now) || by_connection && brake.waits_for_others();
        let waiting = self.namespaces.waiting(is_held);
        if by_connection || !waiting.is_empty() {
            return Some(HeldDisables { shown: ShownDisables::of(waiting), by_connection, is_confirmed: false });
        }
        let goes_on =
            |brake: &NamespaceBrake| matches!(brake.state, BrakeState::Confirming(_) | BrakeState::Releasing(_));
        let confirmed = self.namespaces.waiting(goes_on);
        let is_confirmed = !confirmed.is_empty() || self.connection.is_confirming();
        is_confirmed.then(|| HeldDisables { shown: ShownDisables::of(confirmed), by_connection, is_confirmed })
    }

    /// The annotation's value that was handled.
    #[must_use]
    pub fn handled(&self) -> Option<&str> {
        self.namespaces.handled(&self.confirmation)
    }

    /// Returns why the annotation's value confirms nothing, while these numbers are shown.
    #[must_use]
    pub fn unused_value(&self, shown: &ShownDisables) -> Option<UnusedValue> {
        let same = self.namespaces.has_same_number(shown).then_some(UnusedValue::SameNumber);
        same.or_else(|| self.confirmation.unused_value(shown.total))
    }

    /// Whether no object is leaving.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        !self.namespaces.any(|brake| !brake.leaving.is_empty())
    }

    /// Returns how long a number is still gathered before it is shown.
    #[must_use]
    pub fn gathering_left(&self, now: Instant) -> Option<Duration> {
        let states = self.namespaces.all().map(|(_, brake)| brake.state).chain([self.connection]);
        states.filter_map(|state| state.gathering_left(now)).min()
    }

    /// Whether any brake holds back what nobody confirmed.
    fn is_held(&self) -> bool {
        self.connection.is_held() || self.namespaces.any(|brake| brake.state.is_held())
    }

    fn prune(&mut self, now: Instant) {
        self.namespaces.prune(self.limit, now);
        self.earlier.prune(self.limit, now);
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

//! The disable brake of one connection (P7): when more records are to be disabled within a window than the connection's limit, the
//! rest wait until a person has looked at it.
//!
//! ```text
//!            one more than the limit              the number shown is confirmed           the confirmation is written
//!   Off ───────────────────────────────▶ Held ───────────────────────────────▶ Confirming ───────────────▶ Releasing(n)
//!    ▲                                    │ ▲                                                                │      │
//!    └─────────── nobody waits ───────────┘ └────────────── n went on, and others still wait ────────────────┘      │
//!    └───────────────────────────────────────────── nobody waits ───────────────────────────────────────────────────┘
//! ```
//!
//! Once on, the brake stays on however much time passes: what deletes a whole cluster's objects does not become right by waiting.

mod types;
mod window;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::confirmation::Confirmation;
pub use types::{Admission, BrakeLimit, BrakeRecord, BrakeState};
pub use window::RecentDisables;
use window::{Counted, points};

/// From the first object that waits until the number is shown: the deletions of one command arrive together, and it is
/// their whole number that a person confirms.
const GATHERING: Duration = Duration::from_secs(1);

/// What a status says once it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrakeWrite {
    admitted: Vec<String>,
    is_confirmed: bool,
}

/// An object that was admitted.
#[derive(Clone, Copy, Debug)]
struct Admitted {
    last: Instant,
    /// It counts within the window, and is remembered for as long. One that a confirmation released does not count.
    counts: bool,
    /// The connection's status has it.
    is_written: bool,
}

/// The brake of one connection.
#[derive(Clone, Debug, Default)]
pub struct DisableBrake {
    limit: BrakeLimit,
    state: BrakeState,
    /// Uids of objects that are being deleted and whose records are to be disabled.
    leaving: HashSet<String>,
    admitted: HashMap<String, Admitted>,
    /// Those of the leaving that were held back.
    held: HashSet<String>,
    /// Those of the leaving that wait for something else than the brake. To count these would keep the brake on for ever.
    set_aside: HashSet<String>,
    /// What earlier processes disabled.
    earlier: Vec<Counted>,
    confirmation: Confirmation,
}

impl DisableBrake {
    // === What the cluster shows

    /// Takes up what an earlier process left in the connection's status. Which objects are leaving is known from the watches.
    pub fn restore(&mut self, record: &BrakeRecord, now: Instant) {
        self.state = if record.is_on { BrakeState::Held(None) } else { BrakeState::Off };
        self.confirmation = Confirmation::restored(record.handled.as_deref());
        self.admitted.clear();
        self.earlier = record.recent.iter().map(|recent| recent.since(now)).collect();
    }

    /// Takes in the connection's limit and the annotation that confirms.
    pub fn refresh(&mut self, limit: BrakeLimit, annotation: Option<&str>) {
        self.limit = limit;
        self.confirmation.observe(annotation);
    }

    /// Notes that an object is being deleted and its record is to be disabled; `true` if that is news.
    pub fn enter(&mut self, uid: &str) -> bool {
        self.leaving.insert(uid.to_owned())
    }

    /// Notes that an object is gone, or its record is no longer to be disabled; `true` if that is news.
    pub fn leave(&mut self, uid: &str) -> bool {
        self.held.remove(uid);
        self.set_aside.remove(uid);
        self.leaving.remove(uid)
    }

    /// Notes that an object which is leaving waits for something else; `true` if that is news. An object that the brake held
    /// back once stays counted: what comes in the way of all of them must not take the brake off.
    pub fn set_aside(&mut self, uid: &str) -> bool {
        self.leaving.contains(uid) && !self.held.contains(uid) && self.set_aside.insert(uid.to_owned())
    }

    // === What may be sent

    /// Returns whether the record of an object that is leaving may be disabled; `None` if the object keeps its record, or the
    /// object is gone. An object that was admitted and tries again does not count twice.
    pub fn admit(&mut self, uid: &str, now: Instant) -> Option<Admission> {
        self.prune(now);
        if !self.leaving.contains(uid) {
            return None;
        }
        self.set_aside.remove(uid);
        let admission = self.count(uid, now);
        if matches!(admission, Admission::Held(_)) {
            self.held.insert(uid.to_owned());
        }
        Some(admission)
    }

    fn count(&mut self, uid: &str, now: Instant) -> Admission {
        if let Some(admitted) = self.admitted.get_mut(uid) {
            admitted.last = now;
            return if admitted.is_written { Admission::Go } else { Admission::Unwritten };
        }
        match self.state {
            BrakeState::Off if self.used() < self.limit.count => {
                self.admitted.insert(uid.to_owned(), Admitted { last: now, counts: true, is_written: false });
                Admission::Unwritten
            }
            BrakeState::Releasing(left @ 1..) => {
                self.state = BrakeState::Releasing(left - 1);
                // The status says already that a number was confirmed: a process that takes over asks for it again.
                self.admitted.insert(uid.to_owned(), Admitted { last: now, counts: false, is_written: true });
                Admission::Go
            }
            BrakeState::Off => {
                self.state = BrakeState::Held(Some(now));
                self.confirmation.begin();
                Admission::Held(self.waiting())
            }
            _ => Admission::Held(self.waiting()),
        }
    }

    /// Turns the brake off when nobody waits, and on again when all that were confirmed went on. `all_known` says that every
    /// object which is leaving has been seen.
    pub fn settle(&mut self, now: Instant, all_known: bool) {
        self.prune(now);
        match self.state {
            BrakeState::Held(_) | BrakeState::Releasing(_) if all_known && !self.has_waiting() => {
                self.state = BrakeState::Off;
            }
            BrakeState::Releasing(0) => {
                self.state = BrakeState::Held(None);
                self.confirmation.begin();
            }
            _ => {}
        }
    }

    /// Compares a new value of the annotation with the number that the status shows.
    pub fn confirm(&mut self, shown: Option<usize>) {
        if matches!(self.state, BrakeState::Held(_))
            && let Some(count) = self.confirmation.take(shown)
        {
            self.state = BrakeState::Confirming(count);
        }
    }

    // === What the status says

    /// Returns what the status is to remember of the window; `None` if it does already.
    #[must_use]
    pub fn recent(&self, now: Instant) -> Option<Vec<RecentDisables>> {
        match self.state {
            BrakeState::Confirming(_) => Some(Vec::new()),
            _ if self.admitted.values().all(|admitted| admitted.is_written) => None,
            _ => Some(points(self.counted(), self.limit.window, now)),
        }
    }

    /// Returns what the status that is made now says of the brake.
    #[must_use]
    pub fn to_write(&self) -> BrakeWrite {
        let unwritten = self.admitted.iter().filter(|(_, admitted)| !admitted.is_written);
        BrakeWrite {
            admitted: unwritten.map(|(uid, _)| uid.clone()).collect(),
            is_confirmed: matches!(self.state, BrakeState::Confirming(_)),
        }
    }

    /// Notes that a status was written, and returns the uids of those that its confirmation releases: all that are leaving, since
    /// which of them asks first is not known. A person has looked at them: what went on before counts no more.
    pub fn written(&mut self, write: &BrakeWrite) -> Vec<String> {
        for uid in &write.admitted {
            if let Some(admitted) = self.admitted.get_mut(uid) {
                admitted.is_written = true;
            }
        }
        let BrakeState::Confirming(count) = self.state else { return Vec::new() };
        if !write.is_confirmed {
            return Vec::new();
        }
        self.state = BrakeState::Releasing(count);
        self.earlier.clear();
        self.admitted.values_mut().for_each(|admitted| admitted.counts = false);
        self.leaving.iter().cloned().collect()
    }

    // === What is known

    /// Whether the brake holds disables back.
    #[must_use]
    pub fn state(&self) -> BrakeState {
        self.state
    }

    /// The annotation's value that was handled, and why a value confirms nothing.
    #[must_use]
    pub fn confirmation(&self) -> &Confirmation {
        &self.confirmation
    }

    /// Whether no object is leaving.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.leaving.is_empty()
    }

    /// Whether any object waits for its admission.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        self.leaving.iter().any(|uid| self.waits(uid))
    }

    /// How many objects wait for their admission.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.leaving.iter().filter(|uid| self.waits(uid)).count()
    }

    /// Returns how long the number is still gathered before it is shown.
    #[must_use]
    pub fn gathering_left(&self, now: Instant) -> Option<Duration> {
        let BrakeState::Held(Some(since)) = self.state else { return None };
        Some((since + GATHERING).saturating_duration_since(now)).filter(|left| !left.is_zero())
    }

    fn waits(&self, uid: &str) -> bool {
        !self.admitted.contains_key(uid) && !self.set_aside.contains(uid)
    }

    fn used(&self) -> usize {
        self.counted().map(|counted| counted.count).sum()
    }

    /// What counts within the window.
    fn counted(&self) -> impl Iterator<Item = Counted> {
        let ours = self.admitted.values().filter(|admitted| admitted.counts);
        ours.map(|admitted| Counted { at: admitted.last, count: 1 }).chain(self.earlier.iter().copied())
    }

    fn prune(&mut self, now: Instant) {
        let (window, leaving) = (self.limit.window, &self.leaving);
        let is_recent = |at: Instant| at + window > now;
        self.admitted.retain(
            |uid, admitted| {
                if admitted.counts { is_recent(admitted.last) } else { leaving.contains(uid) }
            },
        );
        self.earlier.retain(|counted| is_recent(counted.at));
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

//! The brake of one namespace of a connection.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use super::types::{Admission, BrakeLimit, BrakeState};
use super::window::Counted;
use crate::domain::confirmation::Confirmation;

/// An object that was admitted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Admitted {
    pub(super) last: Instant,
    /// It counts within the window, and is remembered for as long. One that a confirmation released does not count.
    pub(super) counts: bool,
    /// The connection's status has it.
    pub(super) is_written: bool,
}

/// The brake of one namespace.
#[derive(Clone, Debug, Default)]
pub(super) struct NamespaceBrake {
    pub(super) state: BrakeState,
    /// Uids of objects that are being deleted and whose records have to be disabled.
    pub(super) leaving: HashSet<String>,
    pub(super) admitted: HashMap<String, Admitted>,
    /// Those of the leaving that were held back.
    held: HashSet<String>,
    /// Those of the leaving that wait for something else than the brake. To count these would keep the brake on for ever.
    set_aside: HashSet<String>,
    /// What earlier processes disabled.
    pub(super) earlier: Vec<Counted>,
    /// The annotation, where it confirms a number of this namespace.
    pub(super) confirmation: Confirmation,
}

impl NamespaceBrake {
    // === What the cluster shows

    /// Forgets all but what the cluster shows.
    pub(super) fn forget(&mut self) {
        self.state = BrakeState::Off;
        self.admitted.clear();
        self.earlier.clear();
    }

    pub(super) fn enter(&mut self, uid: &str) -> bool {
        self.leaving.insert(uid.to_owned())
    }

    pub(super) fn leave(&mut self, uid: &str) -> bool {
        self.held.remove(uid);
        self.set_aside.remove(uid);
        self.leaving.remove(uid)
    }

    pub(super) fn set_aside(&mut self, uid: &str) -> bool {
        self.leaving.contains(uid) && !self.held.contains(uid) && self.set_aside.insert(uid.to_owned())
    }

    /// Takes in that a leaving object asks, so that nothing else is in its way.
    pub(super) fn note_asking(&mut self, uid: &str) {
        self.set_aside.remove(uid);
    }

    // === What may be sent

    /// Returns the admission of an object that was admitted before: it does not count twice.
    pub(super) fn admit_again(&mut self, uid: &str, now: Instant) -> Option<Admission> {
        let admitted = self.admitted.get_mut(uid)?;
        admitted.last = now;
        Some(if admitted.is_written { Admission::Go } else { Admission::Unwritten })
    }

    /// Admits an object that counts.
    pub(super) fn admit_counting(&mut self, uid: &str, now: Instant) -> Admission {
        self.admitted.insert(uid.to_owned(), Admitted { last: now, counts: true, is_written: false });
        Admission::Unwritten
    }

    /// Admits one of those that a person confirmed, if any is left.
    pub(super) fn admit_confirmed(&mut self, uid: &str, now: Instant) -> Option<Admission> {
        let BrakeState::Releasing(left @ 1..) = self.state else { return None };
        self.state = BrakeState::Releasing(left - 1);
        // The status says already that a number was confirmed: a process that takes over asks for it again.
        self.admitted.insert(uid.to_owned(), Admitted { last: now, counts: false, is_written: true });
        Some(Admission::Go)
    }

    /// Puts the brake on.
    pub(super) fn hold(&mut self, since: Option<Instant>) {
        self.state = BrakeState::Held(since);
        self.confirmation.begin();
    }

    pub(super) fn note_held(&mut self, uid: &str) {
        self.held.insert(uid.to_owned());
    }

    /// Turns the brake off when nobody waits, and on again when all that were confirmed went on; `true` if it went on.
    pub(super) fn settle(&mut self, all_known: bool) -> bool {
        match self.state {
            BrakeState::Held(_) | BrakeState::Releasing(_) if all_known && !self.has_waiting() => {
                self.state = BrakeState::Off;
                false
            }
            BrakeState::Releasing(0) => {
                self.hold(None);
                true
            }
            _ => false,
        }
    }

    // === What the status says

    /// Notes that the status has the confirmation: a person has looked, and what went on before counts no more.
    pub(super) fn release(&mut self) {
        if let BrakeState::Confirming(count) = self.state {
            self.state = BrakeState::Releasing(count);
        }
        self.earlier.clear();
        self.admitted.values_mut().for_each(|admitted| admitted.counts = false);
    }

    pub(super) fn unwritten(&self) -> impl Iterator<Item = &String> {
        self.admitted.iter().filter(|(_, admitted)| !admitted.is_written).map(|(uid, _)| uid)
    }

    pub(super) fn note_written(&mut self, uid: &str) {
        if let Some(admitted) = self.admitted.get_mut(uid) {
            admitted.is_written = true;
        }
    }

    // === What is known

    /// Whether a number of this namespace can be confirmed: it is held, by its own brake or by that of the connection.
    pub(super) fn can_be_confirmed(&self, connection: BrakeState) -> bool {
        self.state.is_held() || connection.is_held() && self.waits_for_others()
    }

    /// Whether the brake holds nothing back, and objects wait all the same: for the connection's brake.
    pub(super) fn waits_for_others(&self) -> bool {
        self.state == BrakeState::Off && self.has_waiting()
    }

    /// Whether the brake is on though no object waits.
    pub(super) fn may_go_off(&self) -> bool {
        self.state != BrakeState::Off && !self.has_waiting()
    }

    pub(super) fn has_waiting(&self) -> bool {
        self.leaving.iter().any(|uid| self.waits(uid))
    }

    pub(super) fn waiting(&self) -> usize {
        self.leaving.iter().filter(|uid| self.waits(uid)).count()
    }

    pub(super) fn waits(&self, uid: &str) -> bool {
        !self.admitted.contains_key(uid) && !self.set_aside.contains(uid)
    }

    pub(super) fn used(&self) -> usize {
        self.counted().map(|counted| counted.count).sum()
    }

    /// What counts within the window.
    pub(super) fn counted(&self) -> impl Iterator<Item = Counted> {
        let ours = self.admitted.values().filter(|admitted| admitted.counts);
        ours.map(|admitted| Counted { at: admitted.last, count: 1 }).chain(self.earlier.iter().copied())
    }

    pub(super) fn prune(&mut self, limit: BrakeLimit, now: Instant) {
        let (window, leaving) = (limit.window, &self.leaving);
        let is_recent = |at: Instant| at + window > now;
        self.admitted.retain(
            |uid, admitted| {
                if admitted.counts { is_recent(admitted.last) } else { leaving.contains(uid) }
            },
        );
        self.earlier.retain(|counted| is_recent(counted.at));
    }

    /// Whether there is nothing to remember.
    pub(super) fn is_unused(&self) -> bool {
        let is_empty = self.leaving.is_empty() && self.admitted.is_empty() && self.earlier.is_empty();
        is_empty && self.state == BrakeState::Off
    }
}

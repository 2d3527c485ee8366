//! The brakes of all namespaces of a connection.

use std::collections::BTreeMap;
use std::time::Instant;

use super::earlier::EarlierDisables;
use super::namespace::NamespaceBrake;
use super::types::{BrakeLimit, BrakeState, ShownDisables};
use super::window::{RecentDisables, Remembered};
use crate::domain::confirmation::{Confirmation, UnusedValue, part};

/// So many characters of the annotation's value are remembered: a namespace, `=` and a number are no longer.
const REMEMBERED: usize = 96;

/// The brakes of the namespaces of which the connection remembers something.
#[derive(Clone, Debug, Default)]
pub(super) struct NamespaceBrakes {
    of: BTreeMap<String, NamespaceBrake>,
    annotation: Option<String>,
}

impl NamespaceBrakes {
    pub(super) fn get(&self, namespace: &str) -> Option<&NamespaceBrake> {
        self.of.get(namespace)
    }

    pub(super) fn get_mut(&mut self, namespace: &str) -> Option<&mut NamespaceBrake> {
        self.of.get_mut(namespace)
    }

    /// Returns the brake of a namespace, which is there from now on.
    pub(super) fn of(&mut self, namespace: &str) -> &mut NamespaceBrake {
        if !self.of.contains_key(namespace) {
            let mut brake = NamespaceBrake::default();
            brake.confirmation.observe(part(self.annotation.as_deref(), namespace));
            self.of.insert(namespace.to_owned(), brake);
        }
        self.of.entry(namespace.to_owned()).or_default()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &NamespaceBrake)> {
        self.of.iter().map(|(namespace, brake)| (namespace.as_str(), brake))
    }

    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = (&str, &mut NamespaceBrake)> {
        self.of.iter_mut().map(|(namespace, brake)| (namespace.as_str(), brake))
    }

    pub(super) fn any(&self, is_it: impl Fn(&NamespaceBrake) -> bool) -> bool {
        self.of.values().any(is_it)
    }

    // === What an earlier process left

    pub(super) fn restore(&mut self, held: &[&str], recent: &[RecentDisables], now: Instant) {
        self.of.values_mut().for_each(NamespaceBrake::forget);
        for namespace in held {
            self.of(namespace).state = BrakeState::Held(None);
        }
        for recent in recent {
            if let Some(namespace) = &recent.namespace {
                self.of(namespace).earlier.push(recent.since(now));
            }
        }
    }

    /// Takes up the annotation's value that an earlier process had handled.
    pub(super) fn restore_handled(&mut self, handled: Option<&str>) {
        self.annotation = handled.map(beginning);
        for (namespace, brake) in &mut self.of {
            brake.confirmation = Confirmation::restored(part(handled, namespace));
        }
    }

    // === The confirmation

    pub(super) fn observe(&mut self, annotation: Option<&str>) {
        self.annotation = annotation.map(beginning);
        for (namespace, brake) in &mut self.of {
            brake.confirmation.observe(part(annotation, namespace));
        }
    }

    /// Compares a new value of the annotation with the number of each namespace.
    pub(super) fn confirm_each(&mut self, shown: Option<&ShownDisables>, connection: BrakeState) {
        for (namespace, brake) in &mut self.of {
            let number = shown.and_then(|shown| shown.namespaces.get(namespace)).copied();
            if brake.can_be_confirmed(connection)
                && let Some(count) = brake.confirmation.take(number)
            {
                brake.state = BrakeState::Confirming(count);
            }
        }
    }

    /// Confirms the number of each namespace, and of those that the status does not name as many as the rest of the number.
    pub(super) fn confirm_all(&mut self, shown: &ShownDisables, connection: BrakeState) {
        let mut left = shown.total.saturating_sub(shown.namespaces.values().sum());
        for (namespace, brake) in self.of.iter_mut().filter(|(_, brake)| brake.can_be_confirmed(connection)) {
            let named = shown.namespaces.get(namespace).copied();
            let count = named.unwrap_or_else(|| brake.waiting().min(left));
            left -= if named.is_none() { count } else { 0 };
            if count > 0 || connection.is_held() {
                brake.state = BrakeState::Confirming(count);
            }
        }
    }

    /// The annotation's value, if any brake or that of the connection has handled it.
    pub(super) fn handled(&self, of_all: &Confirmation) -> Option<&str> {
        let mut all = self.of.values().map(|brake| &brake.confirmation).chain([of_all]);
        self.annotation.as_deref().filter(|_| all.any(|confirmation| confirmation.handled().is_some()))
    }

    /// Whether the annotation's value is the number of one of these namespaces, and confirms nothing.
    pub(super) fn has_same_number(&self, shown: &ShownDisables) -> bool {
        let unused = |(namespace, count): (&String, &usize)| {
            self.of.get(namespace).and_then(|brake| brake.confirmation.unused_value(*count))
        };
        shown.namespaces.iter().any(|shown| unused(shown) == Some(UnusedValue::SameNumber))
    }

    // === What is known

    /// Returns how many objects wait in each namespace whose brake is such a one.
    pub(super) fn waiting(&self, is_it: impl Fn(&NamespaceBrake) -> bool) -> Vec<(String, usize)> {
        let those = self.of.iter().filter(|(_, brake)| is_it(brake));
        those.map(|(namespace, brake)| (namespace.clone(), brake.waiting())).collect()
    }

    pub(super) fn used(&self) -> usize {
        self.of.values().map(NamespaceBrake::used).sum()
    }

    /// Returns what counts of all namespaces, for a status.
    pub(super) fn remembered<'a>(&'a self, earlier: &EarlierDisables) -> Remembered<'a> {
        let mut remembered = Remembered::default();
        for (namespace, brake) in self.all().filter(|(_, brake)| !brake.state.is_confirming()) {
            // Of a namespace with a number of its own, the next process takes that for all that counts.
            remembered.add(Some(namespace).filter(|_| earlier.is_known(namespace)), brake.counted());
        }
        remembered.add(None, earlier.counted());
        remembered
    }

    pub(super) fn prune(&mut self, limit: BrakeLimit, now: Instant) {
        self.of.values_mut().for_each(|brake| brake.prune(limit, now));
        self.of.retain(|_, brake| !brake.is_unused());
    }
}

fn beginning(value: &str) -> String {
    value.chars().take(REMEMBERED).collect()
}

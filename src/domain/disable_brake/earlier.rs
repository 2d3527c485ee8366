//! What earlier processes disabled, and of which namespace is not known any more.

use std::collections::BTreeSet;
use std::time::Instant;

use super::types::BrakeLimit;
use super::window::{Counted, RecentDisables};

/// Disables of namespaces that a status did not name. They count for each namespace, but for those of which it is known how
/// many they disabled.
#[derive(Clone, Debug, Default)]
pub(super) struct EarlierDisables {
    counted: Vec<Counted>,
    known: BTreeSet<String>,
}

impl EarlierDisables {
    pub(super) fn restored(recent: &[RecentDisables], now: Instant) -> Self {
        let unnamed = recent.iter().filter(|recent| recent.namespace.is_none());
        Self {
            counted: unnamed.map(|recent| recent.since(now)).collect(),
            known: recent.iter().filter_map(|recent| recent.namespace.clone()).collect(),
        }
    }

    /// Notes that a person looked at what a namespace disables.
    pub(super) fn note_known(&mut self, namespace: &str) {
        self.known.insert(namespace.to_owned());
    }

    pub(super) fn clear(&mut self) {
        self.counted.clear();
    }

    /// Whether all that a namespace disabled is known: none of it is among these.
    pub(super) fn is_known(&self, namespace: &str) -> bool {
        self.counted.is_empty() || self.known.contains(namespace)
    }

    pub(super) fn used_of(&self, namespace: &str) -> usize {
        if self.is_known(namespace) { 0 } else { self.used() }
    }

    pub(super) fn used(&self) -> usize {
        self.counted.iter().map(|counted| counted.count).sum()
    }

    pub(super) fn counted(&self) -> impl Iterator<Item = Counted> {
        self.counted.iter().copied()
    }

    pub(super) fn prune(&mut self, limit: BrakeLimit, now: Instant) {
        self.counted.retain(|counted| counted.at + limit.window > now);
        if self.counted.is_empty() {
            self.known.clear();
        }
    }
}

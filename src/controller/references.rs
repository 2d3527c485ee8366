//! Who refers to what, so that a change wakes those whom it concerns and nobody else.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::versions::Key;

/// Something that a credential or a connection refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target {
    Secret(Key),
    ConfigMap(Key),
    Connection(String),
}

/// A reverse index: target → those who refer to it, by namespace and name (connections have an empty namespace).
#[derive(Debug, Default)]
pub(super) struct References {
    index: Mutex<Index>,
}

#[derive(Debug, Default)]
struct Index {
    by_target: HashMap<Target, HashSet<Key>>,
    by_referrer: HashMap<Key, HashSet<Target>>,
}

impl References {
    /// Replaces what `referrer` refers to. Call it before looking at the targets: a change that comes between
    /// is then either seen or wakes the referrer.
    pub(super) fn set(&self, referrer: &Key, targets: HashSet<Target>) {
        let mut index = self.lock();
        if index.by_referrer.get(referrer) == Some(&targets) {
            return;
        }
        index.remove(referrer);
        for target in &targets {
            index.by_target.entry(target.clone()).or_default().insert(referrer.clone());
        }
        index.by_referrer.insert(referrer.clone(), targets);
    }

    /// Forgets a referrer that is gone.
    pub(super) fn forget(&self, referrer: &Key) {
        self.lock().remove(referrer);
    }

    /// Those who refer to `target`.
    pub(super) fn to(&self, target: &Target) -> Vec<Key> {
        self.lock().by_target.get(target).into_iter().flatten().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn remove(&mut self, referrer: &Key) {
        for target in self.by_referrer.remove(referrer).into_iter().flatten() {
            if let Some(referrers) = self.by_target.get_mut(&target) {
                referrers.remove(referrer);
                if referrers.is_empty() {
                    self.by_target.remove(&target);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        ("ns".into(), name.into())
    }

    #[test]
    fn a_changed_reference_leaves_nothing_behind() {
        let references = References::default();
        let (old, new) = (Target::Secret(key("old")), Target::Secret(key("new")));
        references.set(&key("a"), [old.clone()].into());
        references.set(&key("b"), [old.clone()].into());
        references.set(&key("a"), [new.clone()].into());
        assert_eq!(references.to(&old), [key("b")]);
        assert_eq!(references.to(&new), [key("a")]);
        references.forget(&key("a"));
        references.forget(&key("b"));
        assert!(references.lock().by_target.is_empty());
    }
}

//! Who refers to what, so that a change wakes those whom it concerns and nobody else.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::controller::runtime::metadata_cache::Key;
use crate::controller::runtime::object_id::ObjectId;

/// Something that a credential or a connection refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Dependency {
    Secret(Key),
    ConfigMap(Key),
    /// A connection; a cluster's has an empty namespace.
    Connection(Key),
    /// A namespace, by its labels.
    Namespace(String),
    /// A credential that has what another waits for.
    Credential(Key),
}

/// A reverse index: target → those who refer to it.
#[derive(Debug, Default)]
pub(crate) struct Dependencies {
    index: Mutex<Index>,
}

#[derive(Debug, Default)]
struct Index {
    by_target: HashMap<Dependency, HashSet<ObjectId>>,
    by_referrer: HashMap<ObjectId, HashSet<Dependency>>,
}

impl Dependencies {
    /// Replaces what `referrer` refers to, but for the credentials that it waits for. Call it before looking at the
    /// targets: a change that comes between is then either seen or wakes the referrer.
    pub(crate) fn set(&self, referrer: &ObjectId, mut targets: HashSet<Dependency>) {
        let mut index = self.lock();
        let known = index.by_referrer.get(referrer).into_iter().flatten();
        targets.extend(known.filter(|target| matches!(target, Dependency::Credential(_))).cloned());
        if index.by_referrer.get(referrer) == Some(&targets) {
            return;
        }
        index.put(referrer, targets);
    }

    /// Lets `referrer` wait for another credential, or for none.
    pub(crate) fn wait_for(&self, referrer: &ObjectId, credential: Option<Key>) {
        let mut index = self.lock();
        let mut targets = index.by_referrer.get(referrer).cloned().unwrap_or_default();
        targets.retain(|target| !matches!(target, Dependency::Credential(_)));
        targets.extend(credential.map(Dependency::Credential));
        index.put(referrer, targets);
    }

    /// Forgets a referrer that is gone.
    pub(crate) fn forget(&self, referrer: &ObjectId) {
        self.lock().remove(referrer);
    }

    /// Those who refer to `target`.
    pub(crate) fn to(&self, target: &Dependency) -> Vec<ObjectId> {
        self.lock().by_target.get(target).into_iter().flatten().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn put(&mut self, referrer: &ObjectId, targets: HashSet<Dependency>) {
        self.remove(referrer);
        for target in &targets {
            self.by_target.entry(target.clone()).or_default().insert(referrer.clone());
        }
        self.by_referrer.insert(referrer.clone(), targets);
    }

    fn remove(&mut self, referrer: &ObjectId) {
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

    fn credential(name: &str) -> ObjectId {
        ObjectId::Credential(key(name))
    }

    #[test]
    fn a_changed_reference_leaves_nothing_behind() {
        let references = Dependencies::default();
        let (old, new) = (Dependency::Secret(key("old")), Dependency::Secret(key("new")));
        references.set(&credential("a"), [old.clone()].into());
        references.set(&credential("b"), [old.clone()].into());
        references.set(&credential("a"), [new.clone()].into());
        assert_eq!(references.to(&old), [credential("b")]);
        assert_eq!(references.to(&new), [credential("a")]);
        references.forget(&credential("a"));
        references.forget(&credential("b"));
        assert!(references.lock().by_target.is_empty());
    }

    #[test]
    fn whoever_waits_for_another_is_remembered_until_it_no_longer_does() {
        let references = Dependencies::default();
        let holder = Dependency::Credential(key("holder"));
        references.wait_for(&credential("a"), Some(key("holder")));
        references.set(&credential("a"), [Dependency::Secret(key("s"))].into());
        assert_eq!(references.to(&holder), [credential("a")]);
        references.wait_for(&credential("a"), None);
        assert!(references.to(&holder).is_empty());
        assert_eq!(references.to(&Dependency::Secret(key("s"))), [credential("a")]);
    }
}

//! Records which object depends on what, so that a change wakes the objects that depend on what changed, and no others.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::controller::runtime::object_id::{NamespacedName, ObjectId};

/// Something that an object of ours depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Dependency {
    Secret(NamespacedName),
    ConfigMap(NamespacedName),
    /// Another object of ours that the spec refers to.
    Object(ObjectId),
    /// A namespace, by its labels.
    Namespace(String),
    /// An object that holds what the dependent waits for.
    Holder(ObjectId),
}

/// Finds the objects that depend on something.
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
    /// Replaces what `referrer` depends on, except the object that `referrer` waits for. Call this before reading the targets:
    /// then a change is either read or wakes the referrer.
    pub(crate) fn set(&self, referrer: &ObjectId, mut targets: HashSet<Dependency>) {
        let mut index = self.lock();
        let known = index.by_referrer.get(referrer).into_iter().flatten();
        targets.extend(known.filter(|target| matches!(target, Dependency::Holder(_))).cloned());
        if index.by_referrer.get(referrer) == Some(&targets) {
            return;
        }
        index.put(referrer, targets);
    }

    /// Records that `referrer` waits for what `holder` holds, or for no object.
    pub(crate) fn wait_for(&self, referrer: &ObjectId, holder: Option<ObjectId>) {
        let mut index = self.lock();
        let mut targets = index.by_referrer.get(referrer).cloned().unwrap_or_default();
        targets.retain(|target| !matches!(target, Dependency::Holder(_)));
        targets.extend(holder.map(Dependency::Holder));
        index.put(referrer, targets);
    }

    /// Forgets a referrer that is gone.
    pub(crate) fn forget(&self, referrer: &ObjectId) {
        self.lock().remove(referrer);
    }

    /// Returns the objects that depend on `target`.
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
    use k8s_openapi::api::core::v1::ConfigMap;

    fn key(name: &str) -> NamespacedName {
        NamespacedName::new("ns", name)
    }

    fn object(name: &str) -> ObjectId {
        ObjectId::new::<ConfigMap>(key(name))
    }

    #[test]
    fn a_changed_reference_leaves_nothing_behind() {
        let dependencies = Dependencies::default();
        let (old, new) = (Dependency::Secret(key("old")), Dependency::Secret(key("new")));
        dependencies.set(&object("a"), [old.clone()].into());
        dependencies.set(&object("b"), [old.clone()].into());
        dependencies.set(&object("a"), [new.clone()].into());
        assert_eq!(dependencies.to(&old), [object("b")]);
        assert_eq!(dependencies.to(&new), [object("a")]);
        dependencies.forget(&object("a"));
        dependencies.forget(&object("b"));
        assert!(dependencies.lock().by_target.is_empty());
    }

    #[test]
    fn whoever_waits_for_another_is_remembered_until_it_no_longer_does() {
        let dependencies = Dependencies::default();
        let holder = Dependency::Holder(object("holder"));
        dependencies.wait_for(&object("a"), Some(object("holder")));
        dependencies.set(&object("a"), [Dependency::Secret(key("s"))].into());
        assert_eq!(dependencies.to(&holder), [object("a")]);
        dependencies.wait_for(&object("a"), None);
        assert!(dependencies.to(&holder).is_empty());
        assert_eq!(dependencies.to(&Dependency::Secret(key("s"))), [object("a")]);
    }
}

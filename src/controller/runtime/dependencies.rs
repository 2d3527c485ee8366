//! Records which object depends on what, so that a change wakes the objects that depend on what changed, and no others.
//!
//! What an object depends on is kept as hashes: by name it would take four times the memory. Two things with one hash wake an
//! object for nothing, and leave out none.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    hasher: RandomState,
    by_target: BTreeSet<(u64, Arc<ObjectId>)>,
    by_referrer: HashMap<Arc<ObjectId>, Targets>,
    /// The object that is before all others in the order of `by_target`.
    first: Arc<ObjectId>,
}

/// The hashes of what one object depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Targets {
    /// What the spec refers to, in ascending order.
    of_spec: Box<[u64]>,
    /// The object that it waits for.
    holder: Option<u64>,
}

impl Dependencies {
    /// Replaces what `referrer` depends on, except the object that `referrer` waits for. Call this before reading the targets:
    /// then a change is either read or wakes the referrer.
    pub(crate) fn set(&self, referrer: &ObjectId, targets: HashSet<Dependency>) {
        let mut index = self.lock();
        let mut of_spec: Box<[u64]> = targets.into_iter().map(|target| index.hasher.hash_one(target)).collect();
        of_spec.sort_unstable();
        index.change(referrer, |targets| targets.of_spec = of_spec);
    }

    /// Records that `referrer` waits for what `holder` holds, or for no object.
    pub(crate) fn wait_for(&self, referrer: &ObjectId, holder: Option<ObjectId>) {
        let mut index = self.lock();
        let holder = holder.map(|holder| index.hasher.hash_one(Dependency::Holder(holder)));
        index.change(referrer, |targets| targets.holder = holder);
    }

    /// Forgets a referrer that is gone.
    pub(crate) fn forget(&self, referrer: &ObjectId) {
        self.lock().remove(referrer);
    }

    /// Returns the objects that depend on `target`.
    pub(crate) fn to(&self, target: &Dependency) -> Vec<ObjectId> {
        let index = self.lock();
        let hash = index.hasher.hash_one(target);
        let from_here = index.by_target.range((hash, Arc::clone(&index.first))..);
        from_here.take_while(|(of, _)| *of == hash).map(|(_, referrer)| ObjectId::clone(referrer)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn change(&mut self, referrer: &ObjectId, change: impl FnOnce(&mut Targets)) {
        let known = self.by_referrer.get(referrer);
        let mut targets = known.cloned().unwrap_or_default();
        change(&mut targets);
        if known == Some(&targets) {
            return;
        }
        self.remove(referrer);
        let referrer = Arc::new(referrer.clone());
        self.by_target.extend(targets.all().map(|target| (target, Arc::clone(&referrer))));
        self.by_referrer.insert(referrer, targets);
    }

    fn remove(&mut self, referrer: &ObjectId) {
        let Some((referrer, targets)) = self.by_referrer.remove_entry(referrer) else { return };
        for target in targets.all() {
            self.by_target.remove(&(target, Arc::clone(&referrer)));
        }
    }
}

impl Targets {
    fn all(&self) -> impl Iterator<Item = u64> {
        self.of_spec.iter().copied().chain(self.holder)
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

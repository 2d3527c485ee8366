//! The objects of one kind that the watches show.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kube::runtime::reflector::{ObjectRef, Store};

use crate::controller::runtime::managed::Managed;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::runtime::packed::Packed;

/// The objects of one kind, in every scope that is watched.
pub(crate) struct ShownObjects<K: Managed> {
    stores: Mutex<Vec<Store<Packed<K>>>>,
}

impl<K: Managed> Default for ShownObjects<K> {
    fn default() -> Self {
        Self { stores: Mutex::default() }
    }
}

impl<K: Managed> fmt::Debug for ShownObjects<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShownObjects").finish_non_exhaustive()
    }
}

impl<K: Managed> ShownObjects<K> {
    /// Takes in where the objects of one scope are kept.
    pub(crate) fn keep(&self, store: Store<Packed<K>>) {
        self.stores().push(store);
    }

    /// Calls `take` with every object that the watches show, one after the other: all at once would take several times the
    /// memory.
    pub(crate) fn each(&self, take: impl FnMut(K)) {
        let shown: Vec<_> = self.stores().iter().flat_map(Store::state).collect();
        shown.iter().filter_map(|object| object.unpack()).for_each(take);
    }

    /// Returns an object as the watches show it.
    pub(crate) fn find(&self, key: &NamespacedName) -> Option<K> {
        let reference = ObjectRef::<Packed<K>>::new(&key.name).within(&key.namespace);
        self.stores().iter().find_map(|store| store.get(&reference))?.unpack()
    }

    fn stores(&self) -> MutexGuard<'_, Vec<Store<Packed<K>>>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

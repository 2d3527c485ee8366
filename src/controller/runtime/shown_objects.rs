//! The objects of one kind that the watches show.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kube::runtime::reflector::{ObjectRef, Store};

use crate::controller::runtime::managed::Managed;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::runtime::watch::Guarded;

/// The objects of one kind, in every scope that is watched.
pub(crate) struct ShownObjects<K: Managed> {
    stores: Mutex<Vec<Store<Guarded<K>>>>,
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
    pub(crate) fn keep(&self, store: Store<Guarded<K>>) {
        self.stores().push(store);
    }

    /// Returns every object that the watches show.
    pub(crate) fn all(&self) -> Vec<Arc<Guarded<K>>> {
        self.stores().iter().flat_map(Store::state).collect()
    }

    /// Returns an object as the watches show it.
    pub(crate) fn find(&self, key: &NamespacedName) -> Option<K> {
        let reference = ObjectRef::<Guarded<K>>::new(&key.name).within(&key.namespace);
        let found = self.stores().iter().find_map(|store| store.get(&reference))?;
        found.0.as_ref().ok().cloned()
    }

    fn stores(&self) -> MutexGuard<'_, Vec<Store<Guarded<K>>>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

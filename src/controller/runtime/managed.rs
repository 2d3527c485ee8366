//! The facts of a kind of ours that the machinery of any kind needs.

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;

use kube::Resource;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::Conditioned;
use crate::controller::runtime::dependencies::Dependency;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::runtime::packed::Packed;
use crate::controller::runtime::pass_end::Action;
use crate::metrics::Kind;

/// A kind of ours. Each method returns a fact of the object, without a call and without a decision.
pub(crate) trait Managed:
    Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Serialize + Send + Sync + 'static
{
    /// The type of `status`.
    type Status: Conditioned + Default + Serialize + Send + Sync;

    /// The name of the kind in the metrics.
    const KIND: Kind;

    /// Returns the status as the object shows it.
    fn status(&self) -> Option<&Self::Status>;

    /// Returns everything whose change wakes the object. `home` is the operator's own namespace, where an object of the
    /// whole cluster has its Secrets.
    fn dependencies(&self, home: &str) -> HashSet<Dependency>;

    /// Returns whether `spec.suspend` is set.
    fn is_suspended(&self) -> bool {
        false
    }

    /// Returns the object's name among those of all kinds.
    fn object_id(&self) -> ObjectId {
        ObjectId::new::<Self>(NamespacedName::of(self))
    }
}

/// Serves the objects of one kind.
pub(crate) trait Reconciler<K: Managed>: Send + Sync + 'static {
    /// Changes an object that a watch shows, before anything else of the process sees the object.
    fn adapt(&self, _object: &mut Packed<K>) {}

    /// Takes in an object as the watch shows it, before any pass over that version.
    fn note(&self, object: &K);

    /// Notes an object that cannot be decoded.
    fn note_undecodable(&self, _key: &NamespacedName) {}

    /// Forgets an object that is gone, and not another one that was made under its name since.
    fn forget(&self, key: &NamespacedName, uid: &str);

    /// Passes over an object, and returns when to come back.
    fn reconcile(self: &Arc<Self>, object: &K) -> impl Future<Output = Result<Action, Error>> + Send;
}

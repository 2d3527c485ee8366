//! Tells that this process made a new digest key although objects have digests of a former one: the key was lost.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::{ObjectReference, Secret};
use kube::Resource as _;
use kube::runtime::events::EventType;

use crate::api::DIGEST_KEY_SECRET;
use crate::controller::runtime::cluster::Cluster;
use crate::controller::runtime::events::emit;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::secret::digest::DigestKey;
use crate::message::digest_key;

/// Collects the objects that had digests of a former key when they were first listed. A pass soon replaces these digests, so that
/// they are looked at before any pass.
#[derive(Debug)]
pub(crate) struct FormerDigests(Mutex<Option<HashSet<String>>>);

impl FormerDigests {
    /// Returns a collection that takes objects in only where this process made the key. With a key that was there, digests of
    /// another key are those of another operator, which served the objects before.
    pub(crate) fn new(key: &DigestKey) -> Self {
        Self(Mutex::new(key.is_new().then(HashSet::new)))
    }

    /// Records the object of that uid, if it has digests of a former key and it matters.
    pub(crate) fn note(&self, uid: Option<&str>, has_former: impl FnOnce() -> bool) {
        if let (Some(objects), Some(uid)) = (&mut *self.lock(), uid)
            && has_former()
        {
            objects.insert(uid.to_owned());
        }
    }

    /// Ends the collection, and tells of the objects: in the log, by a metric, and by an event of the Secret with the key.
    pub(crate) async fn tell(&self, cluster: &Cluster) {
        let objects = self.lock().take().map_or(0, |objects| objects.len());
        if objects == 0 {
            return;
        }
        tracing::warn!(
            objects,
            "the digest key was lost: a new one was made, and objects have digests of the former one"
        );
        cluster.metrics.set_digest_key_lost_objects(objects);
        emit(&secret(cluster), EventType::Warning, "DigestKeyReplaced", digest_key::replaced(objects), cluster).await;
    }

    fn lock(&self) -> MutexGuard<'_, Option<HashSet<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the Secret with the key, as events name it.
fn secret(cluster: &Cluster) -> ObjectReference {
    let key = NamespacedName::new(&cluster.namespace, DIGEST_KEY_SECRET);
    ObjectReference {
        api_version: Some(Secret::api_version(&()).into_owned()),
        kind: Some(Secret::kind(&()).into_owned()),
        uid: cluster.secret_versions.of(&key).map(|version| version.uid),
        name: Some(key.name),
        namespace: Some(key.namespace),
        ..ObjectReference::default()
    }
}

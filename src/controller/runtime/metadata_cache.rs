//! Holds the newest version of each Secret and ConfigMap, from watches of metadata only.
//!
//! Nothing is kept but namespace, name, uid and resourceVersion: `kubectl apply` puts whole Secrets into an
//! annotation, so even metadata may hold values.

use std::borrow::Cow;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use kube::Resource;
use kube::api::ObjectMeta;
use serde::{Deserialize, Deserializer};
use tokio::time::Instant;

use crate::kubernetes::{NamespacedName, Version};

/// An object reduced to namespace, name, uid and resourceVersion. The API server is asked for metadata only, and nothing but
/// these four fields is decoded.
pub(crate) struct MetadataOnly<K> {
    metadata: ObjectMeta,
    kind: PhantomData<fn() -> K>,
}

// Derived implementations would require `K` to implement the same traits.
impl<K> Clone for MetadataOnly<K> {
    fn clone(&self) -> Self {
        Self { metadata: self.metadata.clone(), kind: PhantomData }
    }
}

impl<K> std::fmt::Debug for MetadataOnly<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.metadata.fmt(f)
    }
}

#[derive(Deserialize)]
struct Envelope {
    metadata: Kept,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    namespace: Option<String>,
    name: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
}

impl<'de, K> Deserialize<'de> for MetadataOnly<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Kept { namespace, name, uid, resource_version } = Envelope::deserialize(deserializer)?.metadata;
        let metadata = ObjectMeta { namespace, name, uid, resource_version, ..ObjectMeta::default() };
        Ok(Self { metadata, kind: PhantomData })
    }
}

impl<K: Resource<DynamicType = ()>> Resource for MetadataOnly<K> {
    type DynamicType = ();
    type Scope = K::Scope;

    fn metadata_api() -> bool {
        true
    }

    fn kind((): &()) -> Cow<'_, str> {
        K::kind(&())
    }

    fn group((): &()) -> Cow<'_, str> {
        K::group(&())
    }

    fn version((): &()) -> Cow<'_, str> {
        K::version(&())
    }

    fn plural((): &()) -> Cow<'_, str> {
        K::plural(&())
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// The newest known version of every object of one kind in the watched namespaces.
#[derive(Debug, Default)]
pub(crate) struct MetadataCache {
    known: Mutex<HashMap<NamespacedName, (Version, Instant)>>,
}

impl MetadataCache {
    /// Returns the newest version, if the object exists.
    pub(crate) fn of(&self, key: &NamespacedName) -> Option<Version> {
        self.lock().get(key).map(|(version, _)| version.clone())
    }

    /// Returns when the newest version was first seen.
    pub(crate) fn seen_at(&self, key: &NamespacedName) -> Option<Instant> {
        self.lock().get(key).map(|(_, at)| *at)
    }

    /// Records the version of an object; returns `true` if that version was not known.
    pub(crate) fn put(&self, key: NamespacedName, version: Version) -> bool {
        let mut known = self.lock();
        if known.get(&key).is_some_and(|(old, _)| *old == version) {
            return false;
        }
        known.insert(key, (version, Instant::now()));
        true
    }

    /// Forgets an object; returns `true` if the object was known.
    pub(crate) fn remove(&self, key: &NamespacedName) -> bool {
        self.lock().remove(key).is_some()
    }

    /// Forgets the objects that a new complete list of `namespace` (`None`: of all namespaces) no longer has, and returns their
    /// names.
    pub(crate) fn retain(
        &self,
        namespace: Option<&str>,
        listed: &std::collections::HashSet<NamespacedName>,
    ) -> Vec<NamespacedName> {
        let mut known = self.lock();
        let in_scope = |key: &NamespacedName| namespace.is_none_or(|namespace| key.namespace == namespace);
        let gone: Vec<NamespacedName> =
            known.keys().filter(|key| in_scope(key) && !listed.contains(*key)).cloned().collect();
        for key in &gone {
            known.remove(key);
        }
        gone
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<NamespacedName, (Version, Instant)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the name and version of an object from a watch.
pub(crate) fn parts<K: Resource<DynamicType = ()>>(object: &MetadataOnly<K>) -> Option<(NamespacedName, Version)> {
    let meta = object.meta();
    let key = NamespacedName::new(meta.namespace.clone()?, meta.name.clone()?);
    let version = Version { uid: meta.uid.clone()?, resource_version: meta.resource_version.clone()? };
    Some((key, version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::Secret;

    #[test]
    fn annotations_are_not_kept() {
        let text = r#"{"kind":"PartialObjectMetadata","metadata":{"namespace":"n","name":"s","uid":"u","resourceVersion":"7",
            "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"CANARY"},"managedFields":[{"manager":"CANARY"}]}}"#;
        let glance: MetadataOnly<Secret> = serde_json::from_str(text).unwrap();
        assert!(!format!("{glance:?}").contains("CANARY"));
        let version = Version { uid: "u".into(), resource_version: "7".into() };
        assert_eq!(parts(&glance), Some((NamespacedName::new("n", "s"), version)));
    }

    #[test]
    fn a_list_of_one_namespace_forgets_nothing_of_another() {
        let versions = MetadataCache::default();
        let version = || Version { uid: "u".into(), resource_version: "1".into() };
        for (namespace, name) in [("a", "x"), ("a", "y"), ("b", "x")] {
            assert!(versions.put(NamespacedName::new(namespace, name), version()));
        }
        let listed = [NamespacedName::new("a", "x")].into();
        assert_eq!(versions.retain(Some("a"), &listed), [NamespacedName::new("a", "y")]);
        assert!(versions.of(&NamespacedName::new("b", "x")).is_some());
        assert!(!versions.put(NamespacedName::new("a", "x"), version()), "the same version is no news");
    }
}

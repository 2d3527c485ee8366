//! Holds the newest version of each Secret and ConfigMap, from watches of metadata only.
//!
//! Nothing is kept but namespace, name, uid and resourceVersion: `kubectl apply` puts whole Secrets into an
//! annotation, so even metadata may hold values.

use std::borrow::Cow;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kube::Resource;
use kube::api::ObjectMeta;
use serde::{Deserialize, Deserializer};
use tokio::time::Instant;

use crate::controller::runtime::packed_version::PackedVersion;
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
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// By namespace and name. There may be a hundred times as many as objects of ours.
    known: HashMap<Box<str>, HashMap<Box<str>, Known>>,
    lists: u32,
}

/// What is known of one object.
#[derive(Debug)]
struct Known {
    version: PackedVersion,
    seen_at: Instant,
    /// The last list that had the object.
    list: ListNumber,
    shown: Shown,
}

/// Says how a watch showed a version first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// In a list: the version may have been there for long.
    InList,
    /// When the object changed.
    OnChange,
}

/// Tells a list of one kind from the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListNumber(u32);

impl MetadataCache {
    /// Returns the newest version, if the object exists.
    pub(crate) fn of(&self, key: &NamespacedName) -> Option<Version> {
        self.lock().get(key).map(|known| known.version.unpack())
    }

    /// Returns when the newest version was first seen.
    pub(crate) fn seen_at(&self, key: &NamespacedName) -> Option<Instant> {
        self.lock().get(key).map(|known| known.seen_at)
    }

    /// Returns whether this process saw the object change to its newest version.
    pub(crate) fn is_just_changed(&self, key: &NamespacedName) -> bool {
        self.lock().get(key).is_some_and(|known| known.shown == Shown::OnChange)
    }

    /// Returns the number of a list that begins.
    pub(crate) fn begin_list(&self) -> ListNumber {
        let mut inner = self.lock();
        inner.lists = inner.lists.wrapping_add(1);
        ListNumber(inner.lists)
    }

    /// Records the version of an object, as that list or a later event of the watch shows it; returns `true` if that version
    /// was not known.
    pub(crate) fn put(&self, key: &NamespacedName, version: Version, list: ListNumber, shown: Shown) -> bool {
        let mut inner = self.lock();
        let version = PackedVersion::of(version);
        if let Some(known) = inner.get_mut(key) {
            known.list = list;
            return known.replace(version, shown);
        }
        let known = Known { version, seen_at: Instant::now(), list, shown };
        inner.known.entry(key.namespace.as_str().into()).or_default().insert(key.name.as_str().into(), known);
        true
    }

    /// Forgets an object; returns `true` if the object was known.
    pub(crate) fn remove(&self, key: &NamespacedName) -> bool {
        let mut inner = self.lock();
        let Some(names) = inner.known.get_mut(key.namespace.as_str()) else { return false };
        let was_known = names.remove(key.name.as_str()).is_some();
        if names.is_empty() {
            inner.known.remove(key.namespace.as_str());
        }
        was_known
    }

    /// Forgets the objects that a complete list of `namespace` (`None`: of all namespaces) did not have, and returns their
    /// names.
    pub(crate) fn end_list(&self, namespace: Option<&str>, list: ListNumber) -> Vec<NamespacedName> {
        let mut gone = Vec::new();
        let mut inner = self.lock();
        for (of, names) in &mut inner.known {
            if namespace.is_none_or(|namespace| namespace == &**of) {
                let unlisted = names.extract_if(|_, known| known.list != list);
                gone.extend(unlisted.map(|(name, _)| NamespacedName::new(&**of, name)));
            }
        }
        inner.known.retain(|_, names| !names.is_empty());
        gone
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Replaces the version; returns `true` if it is another.
    fn replace(&mut self, version: PackedVersion, shown: Shown) -> bool {
        let is_news = self.version != version;
        if is_news {
            (self.version, self.seen_at, self.shown) = (version, Instant::now(), shown);
        }
        is_news
    }
}

impl Inner {
    fn get(&self, key: &NamespacedName) -> Option<&Known> {
        self.known.get(key.namespace.as_str())?.get(key.name.as_str())
    }

    fn get_mut(&mut self, key: &NamespacedName) -> Option<&mut Known> {
        self.known.get_mut(key.namespace.as_str())?.get_mut(key.name.as_str())
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

    fn key(namespace: &str, name: &str) -> NamespacedName {
        NamespacedName::new(namespace, name)
    }

    fn version(number: u64) -> Version {
        Version { uid: "u".into(), resource_version: number.to_string() }
    }

    #[test]
    fn a_list_of_one_namespace_forgets_nothing_of_another() {
        let cache = MetadataCache::default();
        let list = cache.begin_list();
        for (namespace, name) in [("a", "x"), ("a", "y"), ("b", "x")] {
            assert!(cache.put(&key(namespace, name), version(1), list, Shown::InList));
        }
        let list = cache.begin_list();
        assert!(!cache.put(&key("a", "x"), version(1), list, Shown::InList), "the same version is no news");
        assert_eq!(cache.end_list(Some("a"), list), [key("a", "y")]);
        assert!(cache.of(&key("b", "x")).is_some() && cache.of(&key("a", "y")).is_none());
        let list = cache.begin_list();
        assert!(cache.put(&key("b", "x"), version(2), list, Shown::InList), "what is new in a list is news");
        assert_eq!(cache.end_list(None, list), [key("a", "x")]);
        assert_eq!(cache.of(&key("b", "x")), Some(version(2)));
    }

    #[test]
    fn nothing_is_kept_of_a_namespace_whose_objects_are_gone() {
        let cache = MetadataCache::default();
        let list = cache.begin_list();
        assert!(
            cache.put(&key("a", "x"), version(1), list, Shown::InList)
                && cache.put(&key("b", "x"), version(1), list, Shown::InList)
        );
        assert!(cache.remove(&key("a", "x")) && !cache.remove(&key("a", "x")));
        assert_eq!(cache.end_list(None, cache.begin_list()), [key("b", "x")]);
        assert!(cache.lock().known.is_empty());
    }

    #[test]
    fn a_change_that_this_process_saw_is_told_from_one_that_a_list_shows() {
        let (cache, x) = (MetadataCache::default(), key("a", "x"));
        let list = cache.begin_list();
        for (number, shown, is_news, is_just_changed) in [
            (1, Shown::InList, true, false),
            (2, Shown::OnChange, true, true),
            (2, Shown::InList, false, true),
            (3, Shown::InList, true, false),
        ] {
            assert_eq!(cache.put(&x, version(number), list, shown), is_news);
            assert_eq!(cache.is_just_changed(&x), is_just_changed);
        }
        assert!(!cache.is_just_changed(&key("a", "y")));
    }
}

//! Objects as the watches keep them: the metadata, and the rest as text.
//!
//! As a value of its type an object takes three times the memory, for as long as it exists; a pass needs the value for
//! milliseconds.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use kube::Resource;
use kube::api::ObjectMeta;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// An object that may not be decodable: one such object must not stop a watch.
pub(crate) struct Packed<K> {
    metadata: ObjectMeta,
    /// The object in JSON, with empty metadata.
    rest: Arc<str>,
    kind: PhantomData<fn() -> K>,
}

/// An object as the API server sends it, and as its text is kept.
#[derive(Deserialize, Serialize)]
struct Envelope {
    #[serde(default)]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    status: Value,
}

impl<K> Packed<K> {
    fn of(mut object: Envelope) -> serde_json::Result<Self> {
        let metadata = std::mem::take(&mut object.metadata);
        let rest = serde_json::to_string(&object)?.into();
        Ok(Self { metadata, rest, kind: PhantomData })
    }
}

impl<K> Packed<K> {
    /// Shares the text with an earlier version of the object, where the text is the same: a list after a gap shows every
    /// object a second time.
    pub(crate) fn share_with(&mut self, known: &Self) {
        if self.rest == known.rest {
            self.rest = Arc::clone(&known.rest);
        }
    }
}

impl<K: Resource + DeserializeOwned> Packed<K> {
    /// Returns the object; `None` if it cannot be decoded, as when the CRD is newer than the operator.
    pub(crate) fn unpack(&self) -> Option<K> {
        let mut object: K = serde_json::from_str(&self.rest).ok()?;
        object.meta_mut().clone_from(&self.metadata);
        Some(object)
    }
}

impl<K: Resource + DeserializeOwned + Serialize> Packed<K> {
    /// Changes the object, if it can be decoded.
    pub(crate) fn edit(&mut self, change: impl FnOnce(&mut K)) {
        let Some(mut object) = self.unpack() else { return };
        change(&mut object);
        let edited = serde_json::to_value(object).and_then(serde_json::from_value).and_then(Self::of);
        *self = edited.unwrap_or_else(|_| self.clone());
    }
}

impl<'de, K> Deserialize<'de> for Packed<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(Envelope::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

// Derived implementations would require `K` to implement the same traits.
impl<K> Clone for Packed<K> {
    fn clone(&self) -> Self {
        Self { metadata: self.metadata.clone(), rest: Arc::clone(&self.rest), kind: PhantomData }
    }
}

impl<K> fmt::Debug for Packed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packed").field("name", &self.metadata.name).finish_non_exhaustive()
    }
}

impl<K: Resource<DynamicType = ()>> Resource for Packed<K> {
    type DynamicType = ();
    type Scope = K::Scope;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::PamCredential;
    use serde_json::json;

    fn object() -> Value {
        json!({
            "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential",
            "metadata": {"name": "a", "namespace": "ns", "uid": "u", "resourceVersion": "7", "generation": 2},
            "spec": {"username": "u", "hostname": "h", "ip": "i", "tags": ["t"], "suspend": true},
            "status": {"id": "101", "identifier": "ns-a"},
        })
    }

    fn packed(object: Value) -> Packed<PamCredential> {
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn an_object_is_unpacked_as_it_came() {
        let came: PamCredential = serde_json::from_value(object()).unwrap();
        let unpacked = packed(object()).unpack().unwrap();
        assert_eq!(serde_json::to_value(unpacked).unwrap(), serde_json::to_value(came).unwrap());
    }

    #[test]
    fn an_object_that_cannot_be_decoded_has_a_name_all_the_same() {
        let mut broken = object();
        broken["spec"] = json!({"username": ["not a text"]});
        let broken = packed(broken);
        assert!(broken.unpack().is_none());
        assert_eq!(broken.meta().name.as_deref(), Some("a"));
    }

    #[test]
    fn an_edit_changes_that_alone() {
        let mut edited = packed(object());
        edited.edit(|object| object.spec.suspend = false);
        let mut expected: PamCredential = serde_json::from_value(object()).unwrap();
        expected.spec.suspend = false;
        assert_eq!(serde_json::to_value(edited.unpack().unwrap()).unwrap(), serde_json::to_value(expected).unwrap());
    }
}

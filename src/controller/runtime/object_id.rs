//! Names of objects: within one kind, and across all kinds.

use std::borrow::Cow;
use std::fmt;

use kube::{Resource, ResourceExt};

/// Namespace and name of an object; an object of the whole cluster has an empty namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NamespacedName {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl NamespacedName {
    /// Joins a namespace and a name.
    pub(crate) fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// Returns the namespace and name of an object.
    pub(crate) fn of(object: &impl ResourceExt) -> Self {
        Self::new(object.namespace().unwrap_or_default(), object.name_any())
    }
}

impl fmt::Display for NamespacedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() { f.write_str(&self.name) } else { write!(f, "{}/{}", self.namespace, self.name) }
    }
}

/// Names one object of any kind. The kind is part of it: objects of two kinds may well have the same namespace and
/// name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ObjectId {
    pub(crate) kind: Cow<'static, str>,
    pub(crate) key: NamespacedName,
}

impl ObjectId {
    /// Names an object of the kind `K`.
    pub(crate) fn new<K: Resource<DynamicType = ()>>(key: NamespacedName) -> Self {
        Self { kind: K::kind(&()), key }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::{ConfigMap, Secret};

    #[test]
    fn objects_of_two_kinds_are_told_apart_though_they_share_a_name() {
        let key = NamespacedName::new("shop", "db");
        assert_ne!(ObjectId::new::<Secret>(key.clone()), ObjectId::new::<ConfigMap>(key.clone()));
        assert_eq!(key.to_string(), "shop/db");
        assert_eq!(NamespacedName::new("", "main").to_string(), "main");
    }
}

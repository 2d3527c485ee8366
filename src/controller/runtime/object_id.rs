//! Names of objects: within one kind, and across all kinds.

use std::borrow::Cow;

use kube::Resource;

pub(crate) use crate::kubernetes::NamespacedName;

/// Names one object of any kind. The kind is part of it: objects of two kinds may well have the same namespace and
/// name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

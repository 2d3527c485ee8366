//! What resources there are.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{CustomResourceDefinition, JSONSchemaProps};

/// A resource that is served.
pub(crate) struct Kind {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) name: String,
    pub(crate) namespaced: bool,
    /// Of custom resources: their status is a subresource, and they have defaults.
    pub(crate) schema: Option<JSONSchemaProps>,
}

impl Kind {
    fn builtin(group: &str, plural: &str, kind: &str, namespaced: bool) -> Self {
        Self {
            group: group.to_owned(),
            version: "v1".to_owned(),
            plural: plural.to_owned(),
            name: kind.to_owned(),
            namespaced,
            schema: None,
        }
    }

    fn defined(crd: &CustomResourceDefinition) -> Self {
        let version = crd.spec.versions.first();
        Self {
            group: crd.spec.group.clone(),
            version: version.map(|version| version.name.clone()).unwrap_or_default(),
            plural: crd.spec.names.plural.clone(),
            name: crd.spec.names.kind.clone(),
            namespaced: crd.spec.scope == "Namespaced",
            schema: version.and_then(|version| version.schema.as_ref()?.open_api_v3_schema.clone()),
        }
    }

    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// All of them.
pub(crate) fn all(crds: &[CustomResourceDefinition]) -> Vec<Kind> {
    let builtin = [
        Kind::builtin("", "namespaces", "Namespace", false),
        Kind::builtin("", "secrets", "Secret", true),
        Kind::builtin("", "configmaps", "ConfigMap", true),
        Kind::builtin("events.k8s.io", "events", "Event", true),
    ];
    builtin.into_iter().chain(crds.iter().map(Kind::defined)).collect()
}

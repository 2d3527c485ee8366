//! The CustomResourceDefinitions, as `crds/` and the chart hold them.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray,
};
use kube::CustomResourceExt;
use serde_json::json;

use super::connection_kinds::{ClusterPamConnection, PamConnection};
use super::credential::PamCredential;
use super::my_safe_password::MySafePassword;
use super::text_rules::put_sentence;

/// Returns the definition of every kind, in the order in which a cluster needs them.
#[must_use]
pub fn all() -> Vec<CustomResourceDefinition> {
    [ClusterPamConnection::crd(), PamConnection::crd(), PamCredential::crd(), MySafePassword::crd()]
        .into_iter()
        .map(with_unseen_status)
        .collect()
}

/// Gives `status` a default that says that the operator has not looked at the object yet. Without it kstatus takes an object without
/// conditions for ready, and `helm --wait` returns at once with the operator off.
fn with_unseen_status(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        let Some(schema) = version.schema.as_mut().and_then(|s| s.open_api_v3_schema.as_mut()) else {
            continue;
        };
        tidy("", schema);
        if let Some(status) = schema.properties.as_mut().and_then(|p| p.get_mut("status")) {
            set_unseen(status);
        }
    }
    crd
}

/// Where `nullable` is not set the API server drops an explicit null, so that `username: null` means what
/// leaving it out means; with it, `has(self.username)` would be true. `uint32` is a format that it does not know
/// and warns of at every apply. `field` is the name of the field.
fn tidy(field: &str, schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    schema.format = schema.format.take().filter(|format| format != "uint32");
    put_sentence(field, schema);
    for (name, inner) in schema.properties.iter_mut().flatten() {
        tidy(name, inner);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
        tidy(field, items);
    }
}

fn set_unseen(status: &mut JSONSchemaProps) {
    status.default = Some(JSON(json!({
        "observedGeneration": -1,
        "conditions": [{
            "type": "Ready",
            "status": "Unknown",
            "reason": "Progressing",
            "message": "Waiting for the operator to look at this object",
            "lastTransitionTime": "1970-01-01T00:00:00Z",
        }],
    })));
}

//! What of an object, and of the cluster, may be in the archive: field by field. What is not named here is not in it.

use pam_operator::api::ConditionType;
use serde_json::{Value, json};

use crate::commands::doctor::facts::{Facts, Operator};
use crate::objects::PamObject;

/// The fields of a spec that are in it: words of a fixed set, and a version.
const OF_SPEC: [&str; 2] = ["product", "productVersion"];

/// Returns what is in the archive of an object.
pub fn object(object: &PamObject) -> Value {
    let meta = &object.object.metadata;
    let conditions: Vec<Value> = object
        .conditions()
        .into_iter()
        .filter(|condition| is_ours(&condition.type_))
        .map(|condition| {
            json!({
                "type": condition.type_, "status": condition.status, "reason": condition.reason,
                "message": condition.message, "lastTransitionTime": condition.last_transition_time,
                "observedGeneration": condition.observed_generation,
            })
        })
        .collect();
    let mut allowed = json!({
        "kind": object.kind.as_str(), "namespace": meta.namespace, "name": meta.name, "generation": meta.generation,
        "created": meta.creation_timestamp, "observedGeneration": object.value("/status/observedGeneration"),
        "conditions": conditions,
    });
    if object.connection().is_none() {
        for field in OF_SPEC {
            allowed[field] = json!(object.text(&format!("/spec/{field}")));
        }
    }
    allowed
}

/// Tells whether a condition is one of those that the operator writes.
fn is_ours(kind: &str) -> bool {
    use ConditionType as T;
    let known = [
        T::Ready,
        T::Reconciling,
        T::Stalled,
        T::Suspended,
        T::Drifted,
        T::SharingIncomplete,
        T::InventoryIncomplete,
        T::VaultRestored,
        T::DisablesHeld,
    ];
    known.iter().any(|known| known.as_str() == kind)
}

/// Returns the versions of all that is involved.
pub fn versions(facts: &Facts) -> Value {
    let operator = |operator: &Operator| {
        json!({"namespace": operator.namespace, "name": operator.name, "image": operator.image,
            "wanted": operator.wanted, "ready": operator.ready})
    };
    let operators: Vec<Value> = facts.operators.found().into_iter().flatten().map(operator).collect();
    let definitions = facts.cluster.definitions.iter().map(|definition| {
        let installed = definition.installed.found().and_then(Option::as_ref);
        let versions = installed.map(|installed| {
            installed
                .spec
                .versions
                .iter()
                .filter(|version| version.served)
                .map(|version| version.name.clone())
                .collect::<Vec<_>>()
        });
        json!({"name": definition.name, "served": versions})
    });
    json!({
        "plugin": env!("CARGO_PKG_VERSION"), "kubernetes": facts.cluster.version.found(), "operators": operators,
        "definitions": definitions.collect::<Vec<_>>(), "made": facts.now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::Kind;
    use kube::api::DynamicObject;

    #[test]
    fn of_an_object_only_what_is_on_the_list_is_in_it() {
        let mut dynamic = DynamicObject::new("db", &Kind::PamCredential.resource()).within("shop");
        dynamic.metadata.annotations = Some([("note".to_owned(), "CANARY".to_owned())].into());
        dynamic.metadata.labels = Some([("note".to_owned(), "CANARY".to_owned())].into());
        dynamic.data = json!({
            "spec": {"notes": "CANARY", "additional": {"x": "CANARY"}, "product": "CANARY"},
            "status": {"digests": {"notes": "CANARY"}, "id": "CANARY", "observedGeneration": 3, "conditions": [
                {"type": "Ready", "status": "False", "reason": "PamRejected", "message": "code 1010", "extra": "CANARY",
                    "lastTransitionTime": "2026-01-01T00:00:00Z"},
                {"type": "Foreign", "status": "True", "reason": "R", "message": "CANARY",
                    "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
        });
        let credential = object(&PamObject { kind: Kind::PamCredential, object: dynamic.clone() });
        assert!(!credential.to_string().contains("CANARY"), "{credential}");
        assert_eq!(credential["conditions"][0]["message"], "code 1010");
        dynamic.data["spec"] = json!({"product": "MySafe", "productVersion": "4.0", "url": "CANARY", "auth": "CANARY"});
        let connection = object(&PamObject { kind: Kind::PamConnection, object: dynamic });
        assert!(!connection.to_string().contains("CANARY"), "{connection}");
        assert_eq!((&connection["product"], &connection["productVersion"]), (&json!("MySafe"), &json!("4.0")));
    }
}

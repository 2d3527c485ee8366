//! Patches, in the three forms that the operator sends.

use serde_json::{Value, json};

use crate::store::Refusal;

/// What a patch makes of an object. The API server's own fields are not looked after here.
pub(crate) fn apply(before: &Value, content_type: &str, body: &[u8]) -> Result<Value, Refusal> {
    let name = before["metadata"]["name"].as_str().unwrap_or_default();
    let body: Value =
        serde_json::from_slice(body).map_err(|error| Refusal::new(400, "BadRequest", error.to_string()))?;
    match content_type {
        "application/json-patch+json" => by_steps(before, body),
        "application/merge-patch+json" => merged(before, &body, name),
        "application/apply-patch+yaml" => applied(before, &body, name),
        other => Err(Refusal::new(415, "UnsupportedMediaType", other.to_owned())),
    }
}

fn by_steps(before: &Value, steps: Value) -> Result<Value, Refusal> {
    let steps: json_patch::Patch =
        serde_json::from_value(steps).map_err(|error| Refusal::new(400, "BadRequest", error.to_string()))?;
    let mut after = before.clone();
    json_patch::patch(&mut after, &steps).map_err(|error| Refusal::new(422, "Invalid", error.to_string()))?;
    Ok(after)
}

fn merged(before: &Value, patch: &Value, name: &str) -> Result<Value, Refusal> {
    let expected = patch.pointer("/metadata/resourceVersion");
    if expected.is_some_and(|version| *version != before["metadata"]["resourceVersion"]) {
        return Err(Refusal::conflict(name));
    }
    let mut after = before.clone();
    json_patch::merge(&mut after, patch);
    Ok(after)
}

/// Only finalizers are ever applied by the operator; whoever applies anything else must teach this to merge it.
fn applied(before: &Value, wanted: &Value, name: &str) -> Result<Value, Refusal> {
    let known = ["apiVersion", "kind", "metadata"];
    let only_metadata = wanted.as_object().is_some_and(|object| object.keys().all(|key| known.contains(&key.as_str())));
    let known = ["name", "namespace", "uid", "finalizers"];
    let only_finalizers =
        wanted["metadata"].as_object().is_some_and(|meta| meta.keys().all(|key| known.contains(&key.as_str())));
    if !only_metadata || !only_finalizers {
        return Err(Refusal::new(400, "BadRequest", "only finalizers can be applied here"));
    }
    let uid = &wanted["metadata"]["uid"];
    if !uid.is_null() && *uid != before["metadata"]["uid"] {
        return Err(Refusal::conflict(name));
    }
    let mut after = before.clone();
    let mut all = after["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    for finalizer in wanted["metadata"]["finalizers"].as_array().into_iter().flatten() {
        if !all.contains(finalizer) {
            all.push(finalizer.clone());
        }
    }
    after["metadata"]["finalizers"] = json!(all);
    Ok(after)
}

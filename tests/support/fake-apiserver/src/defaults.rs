//! The defaults of a schema, set as an API server does: in what is there, from the outside in.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, JSONSchemaPropsOrArray};
use serde_json::Value;

pub(crate) fn set(schema: &JSONSchemaProps, value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (name, property) in schema.properties.iter().flatten() {
                if let (None, Some(default)) = (object.get(name), &property.default) {
                    object.insert(name.clone(), default.0.clone());
                }
                if let Some(inner) = object.get_mut(name) {
                    set(property, inner);
                }
            }
        }
        Value::Array(items) => {
            if let Some(JSONSchemaPropsOrArray::Schema(schema)) = &schema.items {
                for item in items {
                    set(schema, item);
                }
            }
        }
        _ => {}
    }
}

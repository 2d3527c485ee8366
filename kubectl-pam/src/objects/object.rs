//! One object, and what its status says.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::DynamicObject;
use kube::{Resource as _, ResourceExt as _};
use pam_operator::api::{ConditionType, ConnectionKind, ConnectionRef, THROWAWAY, find};
use serde_json::Value;

use super::kind::Kind;
use super::named::{ConnectionName, checked};
use crate::cluster::{Cluster, code, failed};
use crate::exit::{Exit, Failure};

/// The fields of the status of an object that only asks.
const ANSWER: [&str; 3] = ["observedGeneration", "plan", "conditions"];

/// An object of one of our kinds.
#[derive(Clone, Debug)]
pub struct PamObject {
    /// The kind.
    pub kind: Kind,
    /// The object as the API server shows it.
    pub object: DynamicObject,
}

impl PamObject {
    /// Returns the name.
    pub fn name(&self) -> String {
        self.object.name_any()
    }

    /// Returns the namespace; empty for an object of the whole cluster.
    pub fn namespace(&self) -> String {
        self.object.meta().namespace.clone().unwrap_or_default()
    }

    /// Returns a field of the object, such as `/status/id`, if it is a text.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.value(pointer)?.as_str()
    }

    /// Returns a field of the object.
    pub fn value(&self, pointer: &str) -> Option<&Value> {
        self.object.data.pointer(pointer)
    }

    /// Returns the conditions of the status.
    pub fn conditions(&self) -> Vec<Condition> {
        let conditions = self.value("/status/conditions").cloned().unwrap_or_default();
        serde_json::from_value(conditions).unwrap_or_default()
    }

    /// Returns a condition of the status, whatever it says.
    pub fn condition(&self, kind: ConditionType) -> Option<Condition> {
        find(&self.conditions(), kind).cloned()
    }

    /// Tells whether the object only asks what would be done for another one. One that has more than such an object has is served
    /// as itself, whatever its annotations say.
    pub fn is_throwaway(&self) -> bool {
        let mut status = self.value("/status").and_then(Value::as_object).into_iter().flat_map(|status| status.keys());
        let has_nothing = self.object.finalizers().is_empty() && status.all(|field| ANSWER.contains(&field.as_str()));
        has_nothing && self.object.annotations().contains_key(THROWAWAY)
    }

    /// Tells whether a condition is true.
    pub fn is(&self, kind: ConditionType) -> bool {
        self.condition(kind).is_some_and(|condition| condition.status == "True")
    }

    /// Tells whether the status speaks of the newest version of the spec.
    pub fn is_observed(&self) -> bool {
        self.value("/status/observedGeneration").and_then(Value::as_i64) == self.object.meta().generation
    }

    /// Returns the connection that the object refers to; `None` for a connection.
    pub fn connection(&self) -> Option<ConnectionName> {
        if matches!(self.kind, Kind::PamConnection | Kind::ClusterPamConnection) {
            return None;
        }
        let reference = self.value("/spec/connectionRef").cloned();
        let reference: ConnectionRef =
            reference.and_then(|reference| serde_json::from_value(reference).ok()).unwrap_or_default();
        Some(ConnectionName { kind: Some(reference.kind), name: reference.name })
    }

    /// Tells whether the object is this connection or refers to it.
    pub fn is_of(&self, wanted: &ConnectionName) -> bool {
        let own = match self.kind {
            Kind::PamConnection => ConnectionName { kind: Some(ConnectionKind::PamConnection), name: self.name() },
            Kind::ClusterPamConnection => {
                ConnectionName { kind: Some(ConnectionKind::ClusterPamConnection), name: self.name() }
            }
            _ => match self.connection() {
                Some(connection) => connection,
                None => return false,
            },
        };
        own.name == wanted.name && (wanted.kind.is_none() || wanted.kind == own.kind)
    }
}

/// Reads one object of the namespace that is meant.
pub async fn get(cluster: &Cluster, kind: Kind, name: &str) -> Result<PamObject, Failure> {
    let name = checked(name).map_err(|error| Failure::new(Exit::Usage, error))?;
    let action = format!("read {kind} {name}");
    let api = kind.api(cluster, Some(&cluster.namespace));
    match cluster.answer(&action, api.get(name)).await? {
        Ok(object) => Ok(PamObject { kind, object }),
        Err(error) if code(&error) == Some(404) => Err(missing(cluster, kind, name)),
        Err(error) => Err(failed(&action, &error)),
    }
}

fn missing(cluster: &Cluster, kind: Kind, name: &str) -> Failure {
    let place = if kind.is_namespaced() { format!(" in namespace {}", cluster.namespace) } else { String::new() };
    Failure::new(Exit::No, format!("there is no {kind} {name}{place}: correct the name, or give -n NAMESPACE"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(kind: Kind, content: &Value) -> PamObject {
        let mut object = DynamicObject::new("db", &kind.resource()).within("shop");
        object.data = content.clone();
        PamObject { kind, object }
    }

    #[test]
    fn an_object_is_of_the_connection_that_it_names_or_of_the_default() {
        let wanted = |text: &str| text.parse::<ConnectionName>().unwrap();
        let default = object(Kind::PamCredential, &json!({"spec": {}}));
        assert!(default.is_of(&wanted("default")) && !default.is_of(&wanted("pamconn/default")));
        let spec = json!({"spec": {"connectionRef": {"kind": "PamConnection", "name": "own"}}});
        assert!(object(Kind::MySafePassword, &spec).is_of(&wanted("own")));
        assert!(!object(Kind::MySafePassword, &spec).is_of(&wanted("clusterpamconn/own")));
        assert!(object(Kind::PamConnection, &json!({})).is_of(&wanted("db")));
    }

    #[test]
    fn an_object_of_another_version_is_read_as_far_as_its_fields_go() {
        let status = json!({"status": {"id": 7, "conditions": [{"type": "Ready", "status": "True", "reason": "Brandnew",
            "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}], "later": {}}});
        let object = object(Kind::PamCredential, &status);
        assert_eq!(object.text("/status/id"), None);
        assert!(object.is(ConditionType::Ready) && !object.is(ConditionType::Stalled));
    }
}

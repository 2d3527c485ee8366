//! The objects of our kinds, as far as the user may see them.

use pam_operator::api::{ConditionType, ConnectionKind};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::commands::doctor::check::key_of;
use crate::commands::doctor::facts::ObjectFact;
use crate::objects::{Kind, PamObject, Selection, short_name};

/// The objects that were found.
pub struct Seen {
    /// The objects.
    pub objects: Vec<PamObject>,
    /// What could not be read, and why.
    pub left_out: Vec<String>,
}

impl Seen {
    /// Returns the connections among the objects.
    pub fn connections(&self) -> Vec<PamObject> {
        self.objects.iter().filter(|object| is_connection(object)).cloned().collect()
    }

    /// Returns what the statuses say, also those of connections that were found by name alone.
    pub fn facts(&self, chosen: &[PamObject]) -> Vec<ObjectFact> {
        let listed = |one: &&PamObject| !self.objects.iter().any(|object| key(object) == key(one));
        self.objects.iter().chain(chosen.iter().filter(listed)).map(fact).collect()
    }
}

/// Reads all objects: in all namespaces, or in the one that is meant where the user may read no other.
pub async fn all(cluster: &Cluster) -> Seen {
    let everywhere = Selection { all_namespaces: true, ..Selection::default() };
    let refused = match everywhere.find(cluster).await {
        Ok(found) => return Seen { objects: found.objects, left_out: found.left_out },
        Err(refused) => refused.message,
    };
    let objects = Selection::default().find(cluster).await.map(|found| found.objects).unwrap_or_default();
    Seen { objects, left_out: vec![refused] }
}

const fn is_connection(object: &PamObject) -> bool {
    matches!(object.kind, Kind::PamConnection | Kind::ClusterPamConnection)
}

/// Returns the connection that an object is or refers to.
pub fn key(object: &PamObject) -> String {
    let of = key_of_connection;
    match object.connection() {
        None => of(object.kind, &object.namespace(), &object.name()),
        Some(name) => match name.kind.unwrap_or_default() {
            ConnectionKind::ClusterPamConnection => of(Kind::ClusterPamConnection, "", &name.name),
            ConnectionKind::PamConnection => of(Kind::PamConnection, &object.namespace(), &name.name),
        },
    }
}

/// Returns the key of a connection; the namespace is empty for one of the whole cluster.
pub fn key_of_connection(kind: Kind, namespace: &str, name: &str) -> String {
    format!("{kind}/{namespace}/{name}")
}

/// Returns how users name an object, with its namespace.
pub fn name(object: &PamObject) -> String {
    let name = short_name(object.kind.as_str(), &object.name());
    match object.namespace() {
        none if none.is_empty() => name,
        namespace => format!("{name} in namespace {namespace}"),
    }
}

fn fact(object: &PamObject) -> ObjectFact {
    let ready = object.condition(ConditionType::Ready);
    let text = |pointer: &str| object.text(pointer).map(str::to_owned);
    let digests = object.value("/status/digests").and_then(Value::as_object);
    let keys = digests.into_iter().flat_map(|digests| digests.values()).filter_map(|digest| key_of(digest.as_str()?));
    ObjectFact {
        name: name(object),
        connection: key(object),
        is_connection: is_connection(object),
        ready: object.is(ConditionType::Ready),
        reason: ready.as_ref().map(|ready| ready.reason.clone()).unwrap_or_default(),
        message: ready.map(|ready| ready.message).unwrap_or_default(),
        observed: object.is_observed(),
        was_written: object.text("/status/lastSyncTime").is_some(),
        tenant: text("/status/connection/tenant").filter(|_| !is_connection(object)),
        cluster_name: text("/status/clusterName").filter(|_| is_connection(object)),
        keys: keys.map(str::to_owned).collect(),
    }
}

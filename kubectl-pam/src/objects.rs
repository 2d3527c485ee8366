//! Objects of our kinds in the cluster. They are read as plain JSON, so that a plugin and an operator of different versions
//! understand each other as far as their fields go.

use std::fmt;
use std::str::FromStr;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use kube::{Resource, ResourceExt as _};
use pam_operator::api::{
    ClusterPamConnection, ConditionType, ConnectionKind, MySafePassword, PamConnection, PamCredential, find,
};
use serde_json::Value;

use crate::cluster::{Cluster, code, failed};
use crate::exit::{Exit, Failure};

/// How many objects one page of a list has.
const PAGE: u32 = 500;

/// Our kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A credential of PAM Core.
    PamCredential,
    /// An entry of MySafe.
    MySafePassword,
    /// A connection of one namespace.
    PamConnection,
    /// A connection of the whole cluster.
    ClusterPamConnection,
}

impl Kind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 4] =
        [Self::PamCredential, Self::MySafePassword, Self::PamConnection, Self::ClusterPamConnection];

    /// Returns the name of the kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PamCredential => "PamCredential",
            Self::MySafePassword => "MySafePassword",
            Self::PamConnection => "PamConnection",
            Self::ClusterPamConnection => "ClusterPamConnection",
        }
    }

    /// Returns the short name that kubectl knows.
    pub const fn short(self) -> &'static str {
        match self {
            Self::PamCredential => "pamcred",
            Self::MySafePassword => "mysafe",
            Self::PamConnection => "pamconn",
            Self::ClusterPamConnection => "clusterpamconn",
        }
    }

    /// Tells whether objects of the kind are in a namespace.
    pub const fn is_namespaced(self) -> bool {
        !matches!(self, Self::ClusterPamConnection)
    }

    /// Returns what the API server calls the kind.
    pub fn resource(self) -> ApiResource {
        match self {
            Self::PamCredential => ApiResource::erase::<PamCredential>(&()),
            Self::MySafePassword => ApiResource::erase::<MySafePassword>(&()),
            Self::PamConnection => ApiResource::erase::<PamConnection>(&()),
            Self::ClusterPamConnection => ApiResource::erase::<ClusterPamConnection>(&()),
        }
    }

    /// Returns the objects of the kind in a namespace; `None` is all namespaces.
    pub fn api(self, cluster: &Cluster, namespace: Option<&str>) -> Api<DynamicObject> {
        let resource = self.resource();
        match namespace {
            Some(namespace) if self.is_namespaced() => {
                Api::namespaced_with(cluster.client.clone(), namespace, &resource)
            }
            _ => Api::all_with(cluster.client.clone(), &resource),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads a kind as kubectl does: its name, its plural, its short name, with or without the group, in any case.
impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let word = text.to_ascii_lowercase();
        let word = word.strip_suffix(".pam-operator.io").unwrap_or(&word);
        let names = |kind: &Self| {
            let name = kind.as_str().to_ascii_lowercase();
            word == name || word.strip_suffix('s') == Some(&name) || word == kind.short()
        };
        Self::ALL.into_iter().find(names).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.into_iter().map(Self::short).collect();
            format!("{text} is no kind of the PAM operator: give one of {}", known.join(", "))
        })
    }
}

/// A kind, or one object of it: `pamcred`, `pamcred/db`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The kind.
    pub kind: Kind,
    /// The object; absent: all of the kind.
    pub name: Option<String>,
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            None => Ok(Self { kind: text.parse()?, name: None }),
            Some((_, "")) => Err(format!("{text} names no object: give KIND/NAME")),
            Some((kind, name)) => Ok(Self { kind: kind.parse()?, name: Some(name.to_owned()) }),
        }
    }
}

/// A connection as the user names it: `main`, or `pamconn/main` where both kinds have one of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionName {
    /// The kind, if the user gave one.
    pub kind: Option<ConnectionKind>,
    /// The name.
    pub name: String,
}

impl FromStr for ConnectionName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, name) = match text.split_once('/') {
            None => (None, text),
            Some((kind, name)) => match kind.parse()? {
                Kind::ClusterPamConnection => (Some(ConnectionKind::ClusterPamConnection), name),
                Kind::PamConnection => (Some(ConnectionKind::PamConnection), name),
                other => return Err(format!("{other} is no connection: give pamconn/NAME or clusterpamconn/NAME")),
            },
        };
        if name.is_empty() {
            Err("give the name of a connection".to_owned())
        } else {
            Ok(Self { kind, name: name.to_owned() })
        }
    }
}

impl fmt::Display for ConnectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Some(kind) => write!(f, "{kind:?} {}", self.name),
            None => write!(f, "connection {}", self.name),
        }
    }
}

/// Which objects are meant.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The kinds and objects that the user named; empty: all kinds.
    pub named: Vec<Named>,
    /// All namespaces.
    pub all_namespaces: bool,
    /// A label selector.
    pub selector: Option<String>,
    /// Only objects of this connection, and the connection.
    pub connection: Option<ConnectionName>,
}

/// The objects that were found, and the kinds that could not be read though nobody named them.
#[derive(Debug, Default)]
pub struct Found {
    /// The objects, by kind, namespace and name.
    pub objects: Vec<PamObject>,
    /// What could not be read, and why.
    pub left_out: Vec<String>,
}

impl Selection {
    /// Reads the objects. A kind that the user did not name, and may not read, is left out.
    pub async fn find(&self, cluster: &Cluster) -> Result<Found, Failure> {
        let mut found = Found::default();
        if self.named.is_empty() {
            self.all_kinds(cluster, &mut found).await?;
        }
        for named in &self.named {
            match &named.name {
                Some(name) => found.objects.push(get(cluster, named.kind, name).await?),
                None => found
                    .objects
                    .extend(self.list(cluster, named.kind).await?.map_err(|error| no_list(named.kind, &error))?),
            }
        }
        if let Some(connection) = &self.connection {
            found.objects.retain(|object| object.is_of(connection));
        }
        found.objects.sort_by_key(|object| (object.kind, object.namespace(), object.name()));
        found.objects.dedup_by_key(|object| (object.kind, object.namespace(), object.name()));
        Ok(found)
    }

    async fn all_kinds(&self, cluster: &Cluster, found: &mut Found) -> Result<(), Failure> {
        let mut refused = Vec::new();
        for kind in Kind::ALL {
            match self.list(cluster, kind).await? {
                Ok(objects) => found.objects.extend(objects),
                Err(error) if matches!(code(&error), Some(403 | 404)) => refused.push((kind, error)),
                Err(error) => return Err(no_list(kind, &error)),
            }
        }
        if let (true, Some((kind, error))) = (refused.len() == Kind::ALL.len(), refused.first()) {
            return Err(no_list(*kind, error));
        }
        // A kind that is not installed has no objects.
        let forbidden = refused.iter().filter(|(_, error)| code(error) == Some(403));
        found.left_out.extend(forbidden.map(|(kind, error)| no_list(*kind, error).message));
        Ok(())
    }

    async fn list(&self, cluster: &Cluster, kind: Kind) -> Result<Result<Vec<PamObject>, kube::Error>, Failure> {
        let namespace = (!self.all_namespaces).then_some(cluster.namespace.as_str());
        let api = kind.api(cluster, namespace);
        let mut page = ListParams::default().limit(PAGE);
        page.label_selector.clone_from(&self.selector);
        let mut objects = Vec::new();
        loop {
            let listed = match cluster.answer(&format!("list {kind}s"), api.list(&page)).await? {
                Ok(listed) => listed,
                Err(error) => return Ok(Err(error)),
            };
            objects.extend(listed.items.into_iter().map(|object| PamObject { kind, object }));
            match listed.metadata.continue_ {
                Some(next) if !next.is_empty() => page.continue_token = Some(next),
                _ => return Ok(Ok(objects)),
            }
        }
    }
}

/// Reads one object of the namespace that is meant.
pub async fn get(cluster: &Cluster, kind: Kind, name: &str) -> Result<PamObject, Failure> {
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

fn no_list(kind: Kind, error: &kube::Error) -> Failure {
    match code(error) {
        Some(404) => Failure::new(
            Exit::Kubernetes,
            format!(
                "this cluster does not know the kind {kind}: install the operator's CRDs, or use another --context"
            ),
        ),
        _ => failed(&format!("list {kind}s"), error),
    }
}

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

    /// Returns the name as kubectl prints it: `pamcredential.pam-operator.io/db`.
    pub fn full_name(&self) -> String {
        format!("{}.pam-operator.io/{}", self.kind.as_str().to_ascii_lowercase(), self.name())
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
        let reference: pam_operator::api::ConnectionRef =
            reference.and_then(|reference| serde_json::from_value(reference).ok()).unwrap_or_default();
        Some(ConnectionName { kind: Some(reference.kind), name: reference.name })
    }

    /// Tells whether the object is this connection or refers to it.
    fn is_of(&self, wanted: &ConnectionName) -> bool {
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
    fn a_kind_has_the_names_that_kubectl_knows() {
        for text in ["pamcred", "PamCredential", "pamcredentials", "pamcredentials.pam-operator.io", "PAMCREDENTIAL"] {
            assert_eq!(text.parse(), Ok(Kind::PamCredential), "{text}");
        }
        assert_eq!("clusterpamconn".parse(), Ok(Kind::ClusterPamConnection));
        assert_eq!("mysafe".parse(), Ok(Kind::MySafePassword));
        assert!("pods".parse::<Kind>().unwrap_err().contains("pamcred, mysafe, pamconn, clusterpamconn"));
        for kind in Kind::ALL {
            assert_eq!(kind.resource().kind, kind.as_str());
            assert_eq!(kind.resource().plural.parse(), Ok(kind));
        }
    }

    #[test]
    fn what_is_named_is_a_kind_or_one_object() {
        let db = Named { kind: Kind::PamCredential, name: Some("db".to_owned()) };
        assert_eq!("pamcred/db".parse(), Ok(db));
        assert_eq!("pamconn".parse(), Ok(Named { kind: Kind::PamConnection, name: None }));
        assert!("pamcred/".parse::<Named>().is_err() && "db".parse::<Named>().is_err());
    }

    #[test]
    fn a_connection_is_named_with_or_without_its_kind() {
        let named = |text: &str| text.parse::<ConnectionName>().map(|name| (name.kind, name.name));
        assert_eq!(named("main"), Ok((None, "main".to_owned())));
        assert_eq!(named("pamconn/main"), Ok((Some(ConnectionKind::PamConnection), "main".to_owned())));
        for text in ["", "pamconn/", "pamcred/main", "x/main"] {
            assert!(named(text).is_err(), "{text}");
        }
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
        assert_eq!(object.full_name(), "pamcredential.pam-operator.io/db");
    }
}

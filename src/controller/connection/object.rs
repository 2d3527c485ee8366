//! Treats both kinds of connections as one: only a connection of a tenant has a namespace.

use std::collections::HashSet;
use std::fmt;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::Resource;
use kube::ResourceExt as _;
use kube::api::{Api, ObjectMeta};

use crate::api::{
    AccessRule, CaBundleKind, ClusterPamConnection, ConnectionKind, ConnectionRef, ConnectionSpec, PamConnection,
    PamConnectionStatus,
};
use crate::controller::runtime::dependencies::Dependency;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::managed::Managed;
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::runtime::status_store;
use crate::metrics::Kind;

/// Names a connection of either kind: a cluster connection has no namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ConnectionId(NamespacedName);

impl ConnectionId {
    /// Joins a namespace, which is empty for a cluster connection, and a name.
    pub(crate) fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self(NamespacedName::new(namespace, name))
    }

    /// Returns the connection that an object of that namespace refers to.
    pub(crate) fn of(reference: &ConnectionRef, namespace: &str) -> Self {
        match reference.kind {
            ConnectionKind::ClusterPamConnection => Self::new("", &reference.name),
            ConnectionKind::PamConnection => Self::new(namespace, &reference.name),
        }
    }

    /// Returns the namespace and name.
    pub(crate) const fn key(&self) -> &NamespacedName {
        &self.0
    }

    /// Returns the kind of the connection: a connection with a namespace is a tenant's.
    pub(crate) const fn kind(&self) -> ConnectionKind {
        if self.0.namespace.is_empty() { ConnectionKind::ClusterPamConnection } else { ConnectionKind::PamConnection }
    }

    /// Returns the id of this connection among objects of all kinds.
    pub(crate) fn object_id(&self) -> ObjectId {
        match self.kind() {
            ConnectionKind::ClusterPamConnection => ObjectId::new::<ClusterPamConnection>(self.0.clone()),
            ConnectionKind::PamConnection => ObjectId::new::<PamConnection>(self.0.clone()),
        }
    }

    /// Returns this connection as a dependency of other objects.
    pub(crate) fn dependency(&self) -> Dependency {
        Dependency::Object(self.object_id())
    }
}

/// Kind and name, as users read them.
impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind() {
            ConnectionKind::ClusterPamConnection => "ClusterPamConnection",
            ConnectionKind::PamConnection => "PamConnection",
        };
        write!(f, "{kind} {}", self.0.name)
    }
}

/// A connection of either kind.
#[derive(Clone, Debug)]
pub(crate) struct AnyConnection {
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: ConnectionSpec,
    /// Which credentials may use the connection, and for what; a tenant's own connection has no such rules.
    pub(crate) access: Option<Vec<AccessRule>>,
    pub(crate) status: PamConnectionStatus,
}

/// A kind whose objects refer to a connection.
pub(crate) trait RefersToConnection: Managed {
    /// Returns the connection that the object is for.
    fn connection_id(&self) -> ConnectionId;

    /// Returns whether something of the object is to be disabled in the PAM, which the connection's brake may hold back.
    fn is_leaving(&self) -> bool;

    /// Returns whether the regular list of the connection may have news of the object.
    fn is_listed(&self) -> bool;
}

/// A kind of connection.
pub(crate) trait IntoAny: Managed<Status = PamConnectionStatus> {
    /// Returns the connection as one of either kind.
    fn any(&self) -> AnyConnection;
}

impl Managed for ClusterPamConnection {
    type Status = PamConnectionStatus;

    const KIND: Kind = Kind::ClusterPamConnection;

    fn status(&self) -> Option<&PamConnectionStatus> {
        self.status.as_ref()
    }

    fn dependencies(&self, home: &str) -> HashSet<Dependency> {
        dependencies_of(&self.spec.connection, home).into_iter().collect()
    }
}

impl Managed for PamConnection {
    type Status = PamConnectionStatus;

    const KIND: Kind = Kind::PamConnection;

    fn status(&self) -> Option<&PamConnectionStatus> {
        self.status.as_ref()
    }

    fn dependencies(&self, _home: &str) -> HashSet<Dependency> {
        dependencies_of(&self.spec.connection, &self.namespace().unwrap_or_default()).into_iter().collect()
    }
}

/// Returns the dependencies of an object that refers to a connection and to these Secrets of its namespace.
pub(crate) fn dependencies_on(object: &impl RefersToConnection, secrets: &[&str]) -> HashSet<Dependency> {
    let namespace = NamespacedName::of(object).namespace;
    let secrets = secrets.iter().map(|name| Dependency::Secret(NamespacedName::new(&namespace, *name)));
    let secrets: HashSet<Dependency> = secrets.collect();
    let others = [object.connection_id().dependency(), Dependency::Namespace(namespace)];
    secrets.into_iter().chain(others).collect()
}

/// Returns the dependencies of a connection, in the order in which they are read. All of them are in `namespace`.
pub(crate) fn dependencies_of(spec: &ConnectionSpec, namespace: &str) -> Vec<Dependency> {
    let there = |name: &str| NamespacedName::new(namespace, name);
    let tls = spec.tls.as_ref();
    let login = Dependency::Secret(there(&spec.auth.oauth2.client_secret_ref.name));
    let bundle = tls.and_then(|tls| tls.ca_bundle_ref.as_ref()).map(|bundle| match bundle.kind {
        CaBundleKind::ConfigMap => Dependency::ConfigMap(there(&bundle.name)),
        CaBundleKind::Secret => Dependency::Secret(there(&bundle.name)),
    });
    let certificate = tls.and_then(|tls| tls.client_certificate_secret_ref.as_ref());
    let certificate = certificate.map(|certificate| Dependency::Secret(there(&certificate.name)));
    let proxy = spec.proxy.as_ref().and_then(|proxy| proxy.basic_auth_secret_ref.as_ref());
    let proxy = proxy.map(|login| Dependency::Secret(there(&login.name)));
    [Some(login), bundle, certificate, proxy].into_iter().flatten().collect()
}

impl IntoAny for ClusterPamConnection {
    fn any(&self) -> AnyConnection {
        AnyConnection {
            metadata: self.metadata.clone(),
            spec: self.spec.connection.clone(),
            access: self.spec.access.clone(),
            status: self.status.clone().unwrap_or_default(),
        }
    }
}

impl IntoAny for PamConnection {
    fn any(&self) -> AnyConnection {
        AnyConnection {
            metadata: self.metadata.clone(),
            spec: self.spec.connection.clone(),
            access: None,
            status: self.status.clone().unwrap_or_default(),
        }
    }
}

impl AnyConnection {
    /// Returns the id of this connection among the connections of both kinds.
    pub(crate) fn id(&self) -> ConnectionId {
        let meta = &self.metadata;
        ConnectionId::new(meta.namespace.clone().unwrap_or_default(), meta.name.clone().unwrap_or_default())
    }

    pub(crate) fn uid(&self) -> &str {
        self.metadata.uid.as_deref().unwrap_or_default()
    }

    pub(crate) fn generation(&self) -> i64 {
        self.metadata.generation.unwrap_or_default()
    }

    pub(crate) fn kind(&self) -> ConnectionKind {
        self.id().kind()
    }

    /// Returns the name of the connection's kind in the metrics.
    pub(crate) fn metrics_kind(&self) -> Kind {
        match self.kind() {
            ConnectionKind::ClusterPamConnection => ClusterPamConnection::KIND,
            ConnectionKind::PamConnection => PamConnection::KIND,
        }
    }

    /// Returns the reference by which events name the connection.
    pub(crate) fn reference(&self) -> ObjectReference {
        let (api_version, kind) = match self.kind() {
            ConnectionKind::ClusterPamConnection => named::<ClusterPamConnection>(),
            ConnectionKind::PamConnection => named::<PamConnection>(),
        };
        ObjectReference {
            api_version: Some(api_version),
            kind: Some(kind),
            namespace: self.metadata.namespace.clone(),
            name: self.metadata.name.clone(),
            uid: self.metadata.uid.clone(),
            ..ObjectReference::default()
        }
    }

    /// Writes the connection's status; see [`status_store::write`].
    pub(crate) async fn write_status(
        &self,
        client: Client,
        status: &PamConnectionStatus,
    ) -> Result<Option<String>, Error> {
        match self.metadata.namespace.as_deref() {
            None => status_store::write(&Api::<ClusterPamConnection>::all(client), &self.metadata, status).await,
            Some(namespace) => {
                status_store::write(&Api::<PamConnection>::namespaced(client, namespace), &self.metadata, status).await
            }
        }
    }
}

fn named<K: Resource<DynamicType = ()>>() -> (String, String) {
    (K::api_version(&()).into_owned(), K::kind(&()).into_owned())
}

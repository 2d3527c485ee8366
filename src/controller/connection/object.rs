//! A connection of either kind, told apart by nothing but its namespace.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::Resource;
use kube::ResourceExt as _;
use kube::api::{Api, ObjectMeta};

use crate::api::{
    AccessRule, ClusterPamConnection, ConnectionKind, ConnectionSpec, PamConnection, PamConnectionStatus, PamCredential,
};
use crate::controller::runtime::error::Error;
use crate::controller::runtime::metadata_cache::Key;
use crate::controller::runtime::status_store;
use crate::metrics::Kind;

/// A connection of either kind.
#[derive(Clone, Debug)]
pub(crate) struct AnyConnection {
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: ConnectionSpec,
    /// Who may use it for what; a tenant's own connection has no such rules.
    pub(crate) access: Option<Vec<AccessRule>>,
    pub(crate) status: PamConnectionStatus,
}

/// What makes a connection one of either kind.
pub(crate) trait IntoAny {
    fn any(&self) -> AnyConnection;
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
    /// Its namespace (empty for a cluster connection) and name.
    pub(crate) fn key(&self) -> Key {
        (self.metadata.namespace.clone().unwrap_or_default(), self.metadata.name.clone().unwrap_or_default())
    }

    pub(crate) fn uid(&self) -> &str {
        self.metadata.uid.as_deref().unwrap_or_default()
    }

    pub(crate) fn generation(&self) -> i64 {
        self.metadata.generation.unwrap_or_default()
    }

    pub(crate) fn kind(&self) -> ConnectionKind {
        kind_of(&self.key())
    }

    /// How its kind is called in the metrics.
    pub(crate) fn metrics_kind(&self) -> Kind {
        match self.kind() {
            ConnectionKind::ClusterPamConnection => Kind::ClusterPamConnection,
            ConnectionKind::PamConnection => Kind::PamConnection,
        }
    }

    /// How events refer to it.
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

    /// Writes its status; see [`status_store::write`].
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

/// Which connection a credential is for.
pub(crate) fn connection_of(credential: &PamCredential) -> Key {
    let reference = &credential.spec.connection_ref;
    let namespace = match reference.kind {
        ConnectionKind::ClusterPamConnection => String::new(),
        ConnectionKind::PamConnection => credential.namespace().unwrap_or_default(),
    };
    (namespace, reference.name.clone())
}

/// The kind of the connection of that key.
pub(crate) fn kind_of((namespace, _): &Key) -> ConnectionKind {
    if namespace.is_empty() { ConnectionKind::ClusterPamConnection } else { ConnectionKind::PamConnection }
}

/// Kind and name, as users read them.
pub(crate) fn spoken(key: &Key) -> String {
    let kind = match kind_of(key) {
        ConnectionKind::ClusterPamConnection => "ClusterPamConnection",
        ConnectionKind::PamConnection => "PamConnection",
    };
    format!("{kind} {}", key.1)
}

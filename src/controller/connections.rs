//! The connections: how each stands, and the clients made of them.

use std::collections::HashMap;
use std::sync::Arc;

use kube::runtime::reflector::{ObjectRef, Store};
use tokio::sync::Mutex;
use url::Url;

use super::context::Context;
use super::error::Error;
use super::material::Material;
use super::message::Problem;
use super::versions::Version;
use super::watch::GuardedConnection;
use crate::api::{ClusterPamConnection, ClusterPamConnectionStatus, ConditionType, SourceSecret, find};
use crate::domain::{Connection, Reason};
use crate::metrics::Metrics;
use crate::pam::{Deadlines, Inventory, Origins, PamClient};

/// The connections of this process.
pub(super) struct Connections {
    store: Store<GuardedConnection>,
    origins: Origins,
    live: Mutex<HashMap<String, Arc<Live>>>,
}

/// A connection that is in use.
pub(super) struct Live {
    pub(super) client: PamClient,
    pub(super) inventory: Arc<Inventory>,
    /// Digest of all that a login depends on.
    pub(super) digest: String,
    uid: String,
    generation: i64,
    versions: Vec<SourceSecret>,
}

/// How a connection stands, for those who refer to it.
#[derive(Clone, Debug, Hash)]
pub(super) struct View {
    pub(super) ready: bool,
    pub(super) reason: Option<Reason>,
    /// Its `Ready` message.
    pub(super) message: String,
    pub(super) generation: i64,
    /// Scheme, host, port and path, without a trailing slash.
    pub(super) origin: String,
}

impl Connections {
    pub(super) fn new(store: Store<GuardedConnection>, metrics: Metrics) -> Self {
        let origins = Origins::with_observer(move |report| super::blame::count(&metrics, report));
        Self { store, origins, live: Mutex::default() }
    }

    /// The connection of that name.
    pub(super) fn get(&self, name: &str) -> Option<ClusterPamConnection> {
        self.store.get(&ObjectRef::new(name)).and_then(|guarded| guarded.0.as_ref().ok().cloned())
    }

    /// Takes what was read into use. A client stays as it is while nothing that a login depends on changed: its
    /// token stays good.
    pub(super) async fn install(
        &self,
        connection: &ClusterPamConnection,
        material: Material,
    ) -> Result<Arc<Live>, Problem> {
        let mut live = self.live.lock().await;
        let (name, uid, generation) = identity(connection);
        let Material { digest, versions, endpoint } = material;
        let as_before = |old: &&Arc<Live>| old.digest == digest && old.uid == uid && old.generation == generation;
        let (client, inventory) = if let Some(old) = live.get(&name).filter(as_before) {
            (old.client.clone(), Arc::clone(&old.inventory))
        } else {
            let client = PamClient::new(endpoint, &self.origins, Deadlines::default());
            (client.map_err(|error| Problem::unusable_connection(&error))?, Arc::default())
        };
        let made = Arc::new(Live { client, inventory, digest, uid, generation, versions });
        live.insert(name, Arc::clone(&made));
        Ok(made)
    }

    /// Drops the client of a connection that is gone.
    pub(super) fn forget(&self, name: &str) {
        if let Ok(mut live) = self.live.try_lock() {
            live.remove(name);
        }
    }

    async fn current(&self, connection: &ClusterPamConnection, versions: &[SourceSecret]) -> Option<Arc<Live>> {
        let (name, uid, generation) = identity(connection);
        let live = self.live.lock().await.get(&name).cloned()?;
        (live.uid == uid && live.generation == generation && live.versions == versions).then_some(live)
    }
}

impl Context {
    /// How the connection of that name stands; `None` if there is none.
    pub(super) fn connection(&self, name: &str) -> Option<View> {
        let connection = self.connections.get(name)?;
        let status = self.connection_status(&connection);
        let generation = connection.metadata.generation.unwrap_or_default();
        let ready = find(&status.conditions, ConditionType::Ready);
        let current = ready.filter(|c| c.observed_generation == Some(generation));
        Some(View {
            ready: current.is_some_and(|c| c.status == "True"),
            reason: current.and_then(|c| Reason::named(&c.reason)),
            message: current.map(|c| c.message.clone()).unwrap_or_default(),
            generation,
            origin: origin(&connection.spec.url),
        })
    }

    /// The newest status of a connection.
    pub(super) fn connection_status(&self, connection: &ClusterPamConnection) -> ClusterPamConnectionStatus {
        let meta = &connection.metadata;
        let shown = connection.status.clone().unwrap_or_default();
        let uid = meta.uid.as_deref().unwrap_or_default();
        self.written_connections.freshest(uid, meta.resource_version.as_deref(), shown)
    }

    /// The client and inventory of a connection, made where there is none yet.
    pub(super) async fn live(&self, name: &str) -> Result<Result<Arc<Live>, Problem>, Error> {
        let Some(connection) = self.connections.get(name) else {
            return Ok(Err(Problem::connection_gone(name)));
        };
        if let Some(versions) = self.versions_of(&connection)
            && let Some(live) = self.connections.current(&connection, &versions).await
        {
            return Ok(Ok(live));
        }
        match self.material(&connection).await? {
            Ok(material) => Ok(self.connections.install(&connection, material).await),
            Err(problem) => Ok(Err(problem)),
        }
    }
}

impl View {
    /// What a decision turns on. What ails a connection in the PAM ails its credentials too, and they say so; what
    /// it lacks in the cluster is for whoever looks after it.
    pub(super) fn state(view: Option<&Self>) -> Connection {
        let Some(view) = view else {
            return Connection::Missing;
        };
        match view.reason {
            _ if view.ready => Connection::Ready,
            Some(
                reason @ (Reason::PamAuthenticationFailed
                | Reason::PamUnavailable
                | Reason::PamRejected
                | Reason::PamPermissionDenied
                | Reason::RateLimited),
            ) => Connection::NotReady(reason),
            _ => Connection::NotReady(Reason::ConnectionNotReady),
        }
    }
}

/// Scheme, host, port and path of a PAM, without a trailing slash.
fn origin(url: &str) -> String {
    let Ok(url) = Url::parse(url) else {
        return url.to_owned();
    };
    format!("{}{}", url.origin().ascii_serialization(), url.path().trim_end_matches('/'))
}

pub(super) fn source(name: &str, version: Version) -> SourceSecret {
    SourceSecret { name: name.to_owned(), uid: version.uid, resource_version: version.resource_version }
}

pub(super) fn identity(connection: &ClusterPamConnection) -> (String, String, i64) {
    let meta = &connection.metadata;
    (meta.name.clone().unwrap_or_default(), meta.uid.clone().unwrap_or_default(), meta.generation.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_has_one_spelling() {
        for url in ["https://pam.example.com", "https://PAM.example.com:443/", "https://pam.example.com//"] {
            assert_eq!(origin(url), "https://pam.example.com");
        }
        assert_eq!(origin("https://pam.example.com:8443/vault/"), "https://pam.example.com:8443/vault");
    }
}

//! The connections that are there, and the clients made of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kube::api::Api;

use crate::api::{ClusterPamConnection, ConnectionKind, PamConnection, PamConnectionStatus, SourceSecret};
use crate::controller::connection::object::{AnyConnection, connection_of, kind_of};
use crate::controller::connection::resolve::ResolvedConnection;
use crate::controller::connection::state::ConnectionState;
use crate::controller::context::Context;
use crate::controller::credential::observe::observation::Observation;
use crate::controller::message::credential::Problem;
use crate::controller::runtime::error::{Error, bounded};
use crate::controller::runtime::metadata_cache::Key;
use crate::metrics::Metrics;
use crate::pam::{Deadlines, Inventory, Origins, PamClient, Snapshot};

/// The connections of this process.
pub(crate) struct ClientCache {
    origins: Origins,
    known: Mutex<HashMap<Key, Arc<AnyConnection>>>,
    live: Mutex<HashMap<Key, Arc<ConnectedClient>>>,
}

/// A connection that is in use.
pub(crate) struct ConnectedClient {
    pub(crate) client: PamClient,
    pub(crate) inventory: Arc<Inventory>,
    /// Digest of all that a login depends on.
    pub(crate) digest: String,
    /// Keyed digest of the OAuth client id.
    pub(crate) login: String,
    uid: String,
    generation: i64,
    versions: Vec<SourceSecret>,
}

impl ClientCache {
    pub(crate) fn new(metrics: Metrics) -> Self {
        let under_way = metrics.clone();
        let origins =
            Origins::with_observer(move |report| crate::controller::message::pam_error::count(&metrics, report))
                .with_gauge(move |change| under_way.pam_request_under_way(change));
        Self { origins, known: Mutex::default(), live: Mutex::default() }
    }

    /// Takes in a connection as the watch shows it.
    pub(crate) fn note(&self, connection: AnyConnection) {
        lock(&self.known).insert(connection.key(), Arc::new(connection));
    }

    /// The connection of that key.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<AnyConnection>> {
        lock(&self.known).get(key).cloned()
    }

    /// Takes what was read into use. A client stays as it is while nothing that a login depends on changed: its
    /// token stays good.
    pub(crate) fn install(
        &self,
        connection: &AnyConnection,
        material: ResolvedConnection,
    ) -> Result<Arc<ConnectedClient>, Problem> {
        let mut live = lock(&self.live);
        let (key, uid, generation) = (connection.key(), connection.uid().to_owned(), connection.generation());
        let ResolvedConnection { digest, login, versions, endpoint } = material;
        let as_before =
            |old: &&Arc<ConnectedClient>| old.digest == digest && old.uid == uid && old.generation == generation;
        let (client, inventory) = if let Some(old) = live.get(&key).filter(as_before) {
            (old.client.clone(), Arc::clone(&old.inventory))
        } else {
            let client = PamClient::new(endpoint, &self.origins, Deadlines::default());
            (client.map_err(|error| Problem::unusable_connection(&error))?, Arc::default())
        };
        let made = Arc::new(ConnectedClient { client, inventory, digest, login, uid, generation, versions });
        live.insert(key, Arc::clone(&made));
        Ok(made)
    }

    /// Drops a connection that is gone (and not one that was made anew under its name), with its client.
    pub(crate) fn forget(&self, key: &Key, uid: &str) {
        let mut known = lock(&self.known);
        if known.get(key).is_some_and(|connection| connection.uid() == uid) {
            known.remove(key);
        }
        lock(&self.live).remove(key);
    }

    /// The newest list of that connection, however old.
    pub(crate) fn snapshot(&self, key: &Key) -> Option<Arc<Snapshot>> {
        lock(&self.live).get(key)?.inventory.latest()
    }

    pub(crate) fn current(
        &self,
        connection: &AnyConnection,
        versions: &[SourceSecret],
    ) -> Option<Arc<ConnectedClient>> {
        let live = lock(&self.live).get(&connection.key()).cloned()?;
        let same = live.uid == connection.uid() && live.generation == connection.generation();
        (same && live.versions == versions).then_some(live)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Context {
    /// How the connection of that key stands; `None` if there is none.
    pub(crate) fn connection(&self, key: &Key) -> Option<ConnectionState> {
        let connection = self.connections.get(key)?;
        let status = self.connection_status(&connection);
        Some(ConnectionState::new(connection, &status))
    }

    /// Whether another operator serves this credential: its connection is there, but this operator does not select it.
    pub(crate) async fn is_anothers(&self, observed: &Observation<'_>) -> Result<bool, Error> {
        if observed.view.is_some() || !self.selects_connections {
            return Ok(false);
        }
        let key = connection_of(observed.object);
        let (action, client) = ("look for a connection", self.client.clone());
        let found = match kind_of(&key) {
            ConnectionKind::ClusterPamConnection => {
                bounded(action, Api::<ClusterPamConnection>::all(client).get_metadata(&key.1)).await.map(drop)
            }
            ConnectionKind::PamConnection => {
                bounded(action, Api::<PamConnection>::namespaced(client, &key.0).get_metadata(&key.1)).await.map(drop)
            }
        };
        match found {
            Ok(()) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The newest status of a connection.
    pub(crate) fn connection_status(&self, connection: &AnyConnection) -> PamConnectionStatus {
        let version = connection.metadata.resource_version.as_deref();
        self.written_connections.freshest(connection.uid(), version, connection.status.clone())
    }

    /// The client and inventory of a credential's connection as this pass saw it, made where there is none yet. A connection that
    /// was edited since is an error: what was decided by one PAM's list must not be sent to another.
    /// A problem is told as the credential is to tell it.
    pub(crate) async fn live(
        &self,
        observed: &Observation<'_>,
    ) -> Result<Result<Arc<ConnectedClient>, Problem>, Error> {
        let key = connection_of(observed.object);
        let Some(connection) = self.connections.get(&key) else {
            return Ok(Err(Problem::connection_gone(&key)));
        };
        let is_same = |view: &ConnectionState| {
            view.connection.uid() == connection.uid() && view.connection.generation() == connection.generation()
        };
        if !observed.view.as_ref().is_some_and(is_same) {
            return Err(Error::ConnectionChanged);
        }
        if !observed.is_still_permitted(&connection, self) {
            return Err(Error::ConnectionChanged);
        }
        Ok(self.live_of(&connection).await?.map_err(|problem| problem.of_connection(&key)))
    }
}

pub(crate) fn source(name: &str, version: crate::controller::runtime::metadata_cache::Version) -> SourceSecret {
    SourceSecret { name: name.to_owned(), uid: version.uid, resource_version: version.resource_version }
}

//! The connections: how each stands, and the clients made of them.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use kube::api::Api;
use kube::runtime::reflector::{ObjectRef, Store};
use std::sync::{Mutex, MutexGuard, PoisonError};
use url::Url;

use super::context::Context;
use super::error::{Error, bounded};
use super::material::Material;
use super::message::Problem;
use super::observed::Observed;
use super::versions::Version;
use super::watch::GuardedConnection;
use crate::api::{ClusterPamConnection, ClusterPamConnectionStatus, ConditionType, SourceSecret, find};
use crate::domain::{Connection, Reason};
use crate::metrics::Metrics;
use crate::pam::{Deadlines, Inventory, Origins, PamClient, Place};

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
    /// Keyed digest of the OAuth client id.
    pub(super) login: String,
    uid: String,
    generation: i64,
    versions: Vec<SourceSecret>,
}

/// How a connection stands, for those who refer to it.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    pub(super) ready: bool,
    pub(super) reason: Option<Reason>,
    /// Its `Ready` message.
    pub(super) message: String,
    pub(super) uid: String,
    pub(super) generation: i64,
    /// Scheme, host, port and path, without a trailing slash.
    pub(super) origin: String,
    /// The tenant that it asks for.
    pub(super) tenant: Option<String>,
    /// Keyed digest of the OAuth client id that its last login was tried with.
    pub(super) login: Option<String>,
    /// How many requests it allows at once.
    pub(super) at_once: u32,
}

/// What a change of it means to others. Not the message: one that alternates would wake everyone each time.
impl Hash for View {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.ready, self.reason, &self.uid, self.generation, &self.origin).hash(state);
    }
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
    pub(super) fn install(&self, connection: &ClusterPamConnection, material: Material) -> Result<Arc<Live>, Problem> {
        let mut live = self.lock();
        let (name, uid, generation) = identity(connection);
        let Material { digest, login, versions, endpoint } = material;
        let as_before = |old: &&Arc<Live>| old.digest == digest && old.uid == uid && old.generation == generation;
        let (client, inventory) = if let Some(old) = live.get(&name).filter(as_before) {
            (old.client.clone(), Arc::clone(&old.inventory))
        } else {
            let client = PamClient::new(endpoint, &self.origins, Deadlines::default());
            (client.map_err(|error| Problem::unusable_connection(&error))?, Arc::default())
        };
        let made = Arc::new(Live { client, inventory, digest, login, uid, generation, versions });
        live.insert(name, Arc::clone(&made));
        Ok(made)
    }

    /// Drops the client of a connection that is gone.
    pub(super) fn forget(&self, name: &str) {
        self.lock().remove(name);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self, connection: &ClusterPamConnection, versions: &[SourceSecret]) -> Option<Arc<Live>> {
        let (name, uid, generation) = identity(connection);
        let live = self.lock().get(&name).cloned()?;
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
            uid: connection.metadata.uid.clone().unwrap_or_default(),
            generation,
            origin: origin(&connection.spec.url),
            tenant: Place::new("", connection.spec.auth.oauth2.tenant.as_deref()).tenant,
            login: status.digests.get("client").cloned(),
            at_once: connection.spec.limits.clone().unwrap_or_default().max_concurrent_requests,
        })
    }

    /// Whether another operator serves this credential: its connection is there, but this operator does not select it.
    pub(super) async fn is_anothers(&self, observed: &Observed<'_>) -> Result<bool, Error> {
        if observed.view.is_some() || !self.selects_connections {
            return Ok(false);
        }
        let api = Api::<ClusterPamConnection>::all(self.client.clone());
        let name = &observed.object.spec.connection_ref.name;
        match bounded("look for a connection", api.get_metadata(name)).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The newest status of a connection.
    pub(super) fn connection_status(&self, connection: &ClusterPamConnection) -> ClusterPamConnectionStatus {
        let meta = &connection.metadata;
        let shown = connection.status.clone().unwrap_or_default();
        let uid = meta.uid.as_deref().unwrap_or_default();
        self.written_connections.freshest(uid, meta.resource_version.as_deref(), shown)
    }

    /// The client and inventory of a credential's connection as this pass saw it, made where there is none yet. A connection that
    /// was edited since is an error: what was decided by one PAM's list must not be sent to another.
    /// A problem is told as the credential is to tell it.
    pub(super) async fn live(&self, observed: &Observed<'_>) -> Result<Result<Arc<Live>, Problem>, Error> {
        let (name, view) = (&observed.object.spec.connection_ref.name, observed.view.as_ref());
        let Some(connection) = self.connections.get(name) else {
            return Ok(Err(Problem::connection_gone(name)));
        };
        let (_, uid, generation) = identity(&connection);
        if view.is_none_or(|view| view.uid != uid || view.generation != generation) {
            return Err(Error::ConnectionChanged);
        }
        if let Some(versions) = self.versions_of(&connection)
            && let Some(live) = self.connections.current(&connection, &versions)
        {
            return Ok(Ok(live));
        }
        match self.material(&connection).await? {
            Ok(material) => {
                Ok(self.connections.install(&connection, material).map_err(|problem| problem.of_connection(name)))
            }
            Err(problem) => Ok(Err(problem.of_connection(name))),
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

/// One spelling of where a PAM is.
fn origin(url: &str) -> String {
    Url::parse(url).map_or_else(|_| url.to_owned(), |url| Place::origin_of(&url))
}

pub(super) fn source(name: &str, version: Version) -> SourceSecret {
    SourceSecret { name: name.to_owned(), uid: version.uid, resource_version: version.resource_version }
}

pub(super) fn identity(connection: &ClusterPamConnection) -> (String, String, i64) {
    let meta = &connection.metadata;
    (meta.name.clone().unwrap_or_default(), meta.uid.clone().unwrap_or_default(), meta.generation.unwrap_or_default())
}

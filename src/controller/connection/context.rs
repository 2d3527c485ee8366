//! What passes over connections share, and what other kinds ask of connections.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::api::Api;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::api::{ClusterPamConnection, ConditionType, ConnectionKind, PamConnection, PamConnectionStatus, find};
use crate::config::Config;
use crate::controller::connection::clients::{ClientCache, ConnectedClient};
use crate::controller::connection::health::{ConnectionHealths, Moment};
use crate::controller::connection::login_gate::{self, LoginGate};
use crate::controller::connection::object::{AnyConnection, ConnectionId};
use crate::controller::connection::resolve::{ResolvedConnection, Resolver};
use crate::controller::connection::state::ConnectionState;
use crate::controller::connection::store::ConnectionStore;
use crate::controller::runtime::cluster::Cluster;
use crate::controller::runtime::error::{Error, bounded};
use crate::controller::runtime::status_store::StatusStore;
use crate::controller::secret::digest::DigestKey;
use crate::controller::secret::former_key::FormerDigests;
use crate::domain::{LoginEnd, LoginTurn};
use crate::message::problem::Problem;
use crate::pam::{AllowedHosts, PamError};

/// How often it is looked whether the login that another one waits for has ended,
const BUSY: Duration = Duration::from_secs(1);
/// and how many times, before the pass that waits ends.
const BUSY_LOOKS: usize = 30;

/// What passes over connections share, and what other kinds ask of connections.
pub(crate) struct Context {
    pub(crate) cluster: Arc<Cluster>,
    /// Everything that is remembered of single connections.
    pub(crate) store: ConnectionStore,
    clients: ClientCache,
    /// Holds logins back after refusals.
    pub(crate) logins: LoginGate,
    /// What the connections' statuses say beside the login.
    pub(crate) health: ConnectionHealths,
    /// The newest statuses of connections.
    pub(crate) statuses: StatusStore<PamConnectionStatus>,
    /// The key of the digests in statuses, of any kind.
    pub(crate) key: DigestKey,
    /// Which objects have digests of a key that is lost.
    pub(crate) former_digests: FormerDigests,
    /// Wakes the poller when a list is asked for.
    pub(crate) list_asked: Notify,
    /// The hosts that tenants' connections may lead to.
    allowed_hosts: AllowedHosts,
    /// Whether the operator serves selected connections only, so that another operator may serve a connection that exists.
    pub(crate) selects: bool,
}

impl Context {
    /// Returns the context of a process that begins now.
    pub(crate) fn new(cluster: Arc<Cluster>, key: DigestKey, config: &Config) -> Self {
        Self {
            store: ConnectionStore::default(),
            clients: ClientCache::new(cluster.metrics.clone()),
            logins: LoginGate::default(),
            health: ConnectionHealths::new(Arc::clone(&cluster.triggers)),
            statuses: StatusStore::default(),
            former_digests: FormerDigests::new(&key),
            key,
            list_asked: Notify::new(),
            allowed_hosts: config.allowed_hosts.clone(),
            selects: config.connection_selector.is_some(),
            cluster,
        }
    }

    /// Returns a resolver, which reads everything that a login depends on.
    pub(crate) fn resolver(&self) -> Resolver<'_> {
        Resolver { cluster: &self.cluster, key: &self.key, allowed_hosts: &self.allowed_hosts }
    }

    /// Returns the state of the connection of that name; `None` if there is none.
    pub(crate) fn state(&self, id: &ConnectionId) -> Option<ConnectionState> {
        let connection = self.store.get(id)?;
        let status = self.status(&connection);
        Some(ConnectionState::new(connection, &status))
    }

    /// Returns the newest status of a connection.
    pub(crate) fn status(&self, connection: &AnyConnection) -> PamConnectionStatus {
        let version = connection.metadata.resource_version.as_deref();
        self.statuses.freshest(connection.uid(), version, connection.status.clone())
    }

    /// Returns the client that was made of this very version of a connection and of its Secrets, if there is one.
    pub(crate) fn known_client(&self, connection: &AnyConnection) -> Option<Arc<ConnectedClient>> {
        let versions = self.resolver().versions_of(connection)?;
        self.store.current(connection, &versions)
    }

    /// Returns the client of a connection, and makes a client where there is none yet. A client with another login than the
    /// status proves is not made while logins are held back: its first call would log in.
    pub(crate) async fn client(
        &self,
        connection: &AnyConnection,
    ) -> Result<Result<Arc<ConnectedClient>, Problem>, Error> {
        if let Some(client) = self.known_client(connection) {
            return Ok(Ok(client));
        }
        let resolved = match self.resolver().resolve(connection).await? {
            Ok(resolved) => resolved,
            Err(problem) => return Ok(Err(problem)),
        };
        if self.is_proved(connection, &resolved) {
            return Ok(self.install(connection, resolved));
        }
        if connection.kind() == ConnectionKind::PamConnection {
            return self.proving(connection, resolved).await;
        }
        Ok(match self.logins.held_until(connection, self.cluster.clock.now()) {
            Some(until) => Err(login_gate::held(connection, until)),
            None => self.install(connection, resolved),
        })
    }

    /// Makes a client of a tenant's connection whose login nothing proves, and logs in. The tenant may have any number of
    /// connections with one login: were each pass to log in by itself, they would all be refused before the first refusal
    /// counts.
    async fn proving(
        &self,
        connection: &AnyConnection,
        resolved: ResolvedConnection,
    ) -> Result<Result<Arc<ConnectedClient>, Problem>, Error> {
        if let Err(until) = self.login_turn(connection).await? {
            return Ok(Err(login_gate::held(connection, until)));
        }
        let made = self.install(connection, resolved);
        let result = match &made {
            Ok(made) => made.client.authenticate().await,
            Err(_) => Ok(()),
        };
        let end = if made.is_ok() { login_gate::login_end(result.as_ref().err()) } else { LoginEnd::Unclear };
        self.logins.end(connection, end, self.cluster.clock.now());
        Ok(made.and_then(|made| result.map(|()| made).map_err(|error| Problem::refused_by_pam(&error))))
    }

    /// Begins a login of a connection once no other is under way; an `Err` within says until when it is held back.
    async fn login_turn(&self, connection: &AnyConnection) -> Result<Result<(), Timestamp>, Error> {
        for _ in 0..BUSY_LOOKS {
            match self.logins.begin(connection, true, self.cluster.clock.now()) {
                LoginTurn::Now => return Ok(Ok(())),
                LoginTurn::NotBefore(until) => return Ok(Err(until)),
                LoginTurn::Busy => sleep(BUSY).await,
            }
        }
        Err(Error::ConnectionChanged)
    }

    /// Returns the client of the connection that a pass began with, made where there is none yet.
    ///
    /// # Errors
    ///
    /// A connection that was edited since, or does not permit any more what it did: what was decided by one PAM's list must not
    /// be sent to another. A problem of the connection is told as an object that refers to it tells the problem.
    pub(crate) async fn client_as_decided(
        &self,
        id: &ConnectionId,
        seen: Option<&ConnectionState>,
        is_permitted: impl FnOnce(&AnyConnection) -> bool,
    ) -> Result<Result<Arc<ConnectedClient>, Problem>, Error> {
        let Some(connection) = self.store.get(id) else {
            return Ok(Err(Problem::connection_gone(&id.to_string())));
        };
        let is_same = |state: &ConnectionState| {
            state.connection.uid() == connection.uid() && state.connection.generation() == connection.generation()
        };
        if !is_permitted(&connection) || !seen.is_some_and(is_same) {
            return Err(Error::ConnectionChanged);
        }
        let connected = self.client(&connection).await?;
        Ok(connected.map_err(|problem| problem.of_connection(&id.to_string())))
    }

    /// Returns whether the status says that the PAM accepted this very login.
    fn is_proved(&self, connection: &AnyConnection, resolved: &ResolvedConnection) -> bool {
        let status = self.status(connection);
        let ready = find(&status.conditions, ConditionType::Ready).is_some_and(|ready| ready.status == "True");
        ready && status.digests.get("login") == Some(&resolved.digest)
    }

    /// Makes a connection's client of what was read, and keeps the client.
    pub(crate) fn install(
        &self,
        connection: &AnyConnection,
        resolved: ResolvedConnection,
    ) -> Result<Arc<ConnectedClient>, Problem> {
        self.store.install(&connection.id(), |before| self.clients.connect(connection, resolved, before))
    }

    /// Returns whether a connection exists that this operator does not select: then another operator may serve the objects
    /// that refer to the connection.
    pub(crate) async fn is_unselected(&self, id: &ConnectionId) -> Result<bool, Error> {
        if !self.selects {
            return Ok(false);
        }
        let (action, client, key) = ("look for a connection", self.cluster.client.clone(), id.key());
        let found = match id.kind() {
            ConnectionKind::ClusterPamConnection => {
                bounded(action, Api::<ClusterPamConnection>::all(client).get_metadata(&key.name)).await.map(drop)
            }
            ConnectionKind::PamConnection => {
                let api = Api::<PamConnection>::namespaced(client, &key.namespace);
                bounded(action, api.get_metadata(&key.name)).await.map(drop)
            }
        };
        match found {
            Ok(()) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Asks for a list that begins after now, as soon as one is allowed.
    pub(crate) fn ask_for_list(&self, id: &ConnectionId) {
        self.store.ask_for_list(id, Instant::now());
        self.list_asked.notify_one();
    }

    /// Has the connection looked at after its login was refused: that concerns the connection as a whole.
    pub(crate) fn note_refusal(&self, error: &PamError, id: &ConnectionId) {
        if matches!(error, PamError::AuthenticationFailed(_)) {
            self.recheck_login(id);
        }
    }

    /// Has the login of a connection checked again: the PAM refused a call though the connection is Ready.
    pub(crate) fn recheck_login(&self, id: &ConnectionId) {
        self.store.recheck_login(id);
        self.cluster.triggers.wake(&[id.object_id()]);
    }

    /// Records a connection as the watch shows it.
    pub(crate) fn note(&self, connection: AnyConnection) {
        let status = self.status(&connection);
        let moment = Moment { now: Instant::now(), wall: self.cluster.clock.now() };
        if self.health.note(&connection, &status, moment) {
            // The pass of each object whose record the list lacks reports that on the object itself.
            self.ask_for_list(&connection.id());
        }
        self.store.note(connection);
    }

    /// Forgets a connection that is gone, and wakes the objects that depend on the connection.
    pub(crate) fn forget(&self, id: &ConnectionId, uid: &str) {
        self.cluster.forget(&id.object_id());
        self.store.forget(id, uid);
        self.health.forget(id, uid);
        self.statuses.forget(uid);
        self.cluster.wake_dependents(&id.dependency());
    }
}

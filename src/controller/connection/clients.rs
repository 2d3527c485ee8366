//! Makes the PAM clients of connections.

use std::sync::Arc;

use crate::api::SourceSecret;
use crate::controller::connection::call_metrics;
use crate::controller::connection::object::AnyConnection;
use crate::controller::connection::resolve::ResolvedConnection;
use crate::controller::runtime::error::Error;
use crate::domain::ConnectedVault;
use crate::message::problem::Problem;
use crate::metrics::Metrics;
use crate::pam::{CallReport, Deadlines, EntrySnapshot, Inventory, ListBudget, Origins, PamClient};

/// The clients of all connections, with the limits that connections to one PAM share, and those that tenants share.
pub(crate) struct ClientCache {
    origins: Origins,
    lists: ListBudget,
}

/// The client of a connection, and what the client was made of.
pub(crate) struct ConnectedClient {
    pub(crate) client: PamClient,
    /// The list of what PAM Core keeps.
    pub(crate) inventory: Arc<Inventory>,
    /// The list of MySafe's entries.
    pub(crate) entries: Arc<Inventory<EntrySnapshot>>,
    /// Keyed digest of the OAuth client id.
    pub(crate) login: String,
    /// Digest of all that a login depends on.
    digest: String,
    uid: String,
    generation: i64,
    versions: Vec<SourceSecret>,
}

impl ClientCache {
    /// Returns a cache without clients; `metrics` count the calls of each client that the cache makes.
    pub(crate) fn new(metrics: Metrics) -> Self {
        let (under_way, refreshes) = (metrics.clone(), metrics.clone());
        let observer = move |report: &CallReport| {
            call_metrics::log(report);
            call_metrics::count(&metrics, report);
        };
        let origins = Origins::with_observer(observer)
            .with_gauge(move |change| under_way.pam_request_under_way(change))
            .with_refreshes(move |why| call_metrics::count_refresh(&refreshes, why));
        Self { origins, lists: ListBudget::default() }
    }

    /// Returns the client of a connection, made of what was read. The client of before is kept while nothing changed that a
    /// login depends on, since the token of that client stays good.
    pub(crate) fn connect(
        &self,
        connection: &AnyConnection,
        resolved: ResolvedConnection,
        before: Option<&ConnectedClient>,
    ) -> Result<ConnectedClient, Problem> {
        let (uid, generation) = (connection.uid().to_owned(), connection.generation());
        let ResolvedConnection { digest, login, versions, endpoint } = resolved;
        let as_before = |old: &&ConnectedClient| old.digest == digest && old.uid == uid && old.generation == generation;
        let (client, inventory, entries) = if let Some(old) = before.filter(as_before) {
            (old.client.clone(), Arc::clone(&old.inventory), Arc::clone(&old.entries))
        } else {
            let client = PamClient::new(endpoint, &self.origins, Deadlines::default());
            let client = client.map_err(|error| Problem::unusable_connection(&error))?;
            // What a tenant's connection lists counts in what its namespace may take.
            match connection.metadata.namespace.as_deref() {
                None => (client, Arc::default(), Arc::default()),
                Some(namespace) => {
                    let inventory = Inventory::of_tenant(&self.lists, namespace);
                    let entries = Inventory::of_tenant(&self.lists, namespace);
                    (client, Arc::new(inventory), Arc::new(entries))
                }
            }
        };
        Ok(ConnectedClient { client, inventory, entries, login, digest, uid, generation, versions })
    }
}

impl ConnectedClient {
    /// Checks that the client logs in as the login that a pass decided on: the connection itself has not looked at another one
    /// yet.
    pub(crate) fn check_same_login(&self, decided_on: Option<&ConnectedVault>) -> Result<(), Error> {
        match decided_on.and_then(|vault| vault.login.as_ref()) {
            Some(seen) if *seen != self.login => Err(Error::ConnectionChanged),
            _ => Ok(()),
        }
    }

    /// Returns whether the client was made of this very version of a connection, and of these versions of Secrets.
    pub(crate) fn is_made_of(&self, connection: &AnyConnection, versions: &[SourceSecret]) -> bool {
        let same = self.uid == connection.uid() && self.generation == connection.generation();
        same && self.versions == versions
    }
}

//! Makes the PAM clients of connections.

use std::sync::Arc;

use crate::api::SourceSecret;
use crate::controller::connection::object::AnyConnection;
use crate::controller::connection::resolve::ResolvedConnection;
use crate::controller::message::pam_error;
use crate::controller::message::problem::Problem;
use crate::metrics::Metrics;
use crate::pam::{Deadlines, Inventory, ListBudget, Origins, PamClient};

/// The clients of all connections, with the limits that connections to one PAM share, and those that tenants share.
pub(crate) struct ClientCache {
    origins: Origins,
    lists: ListBudget,
}

/// The client of a connection, and what the client was made of.
pub(crate) struct ConnectedClient {
    pub(crate) client: PamClient,
    pub(crate) inventory: Arc<Inventory>,
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
        let under_way = metrics.clone();
        let origins = Origins::with_observer(move |report| pam_error::count(&metrics, report))
            .with_gauge(move |change| under_way.pam_request_under_way(change));
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
        let (client, inventory) = if let Some(old) = before.filter(as_before) {
            (old.client.clone(), Arc::clone(&old.inventory))
        } else {
            let client = PamClient::new(endpoint, &self.origins, Deadlines::default());
            (client.map_err(|error| Problem::unusable_connection(&error))?, Arc::new(self.inventory(connection)))
        };
        Ok(ConnectedClient { client, inventory, login, digest, uid, generation, versions })
    }

    /// Returns the inventory of a connection; that of a tenant counts in what its namespace may take.
    fn inventory(&self, connection: &AnyConnection) -> Inventory {
        let tenant = connection.metadata.namespace.as_deref();
        tenant.map_or_else(Inventory::new, |namespace| Inventory::of_tenant(&self.lists, namespace))
    }
}

impl ConnectedClient {
    /// Returns whether the client was made of this very version of a connection, and of these versions of Secrets.
    pub(crate) fn is_made_of(&self, connection: &AnyConnection, versions: &[SourceSecret]) -> bool {
        let same = self.uid == connection.uid() && self.generation == connection.generation();
        same && self.versions == versions
    }
}

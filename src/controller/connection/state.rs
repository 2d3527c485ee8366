//! The state of a connection, for the objects that depend on it.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use url::Url;

use crate::api::{ConditionType, PamConnectionStatus, SettingsBlocks, find};
use crate::controller::connection::object::AnyConnection;
use crate::controller::runtime::worker_slots::Lane;
use crate::domain::{Connection, Reason, VaultId};
use crate::pam::origin_of;

/// The state of a connection, for the objects that depend on it.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionState {
    pub(crate) connection: Arc<AnyConnection>,
    pub(crate) ready: bool,
    pub(crate) reason: Option<Reason>,
    /// Its `Ready` message.
    pub(crate) message: String,
    /// Scheme, host, port and path, without a trailing slash.
    pub(crate) origin: String,
    /// The tenant that it asks for.
    pub(crate) tenant: Option<String>,
    /// Keyed digest of the OAuth client id that its last login was tried with.
    pub(crate) login: Option<String>,
    /// The lane of its passes: that of its PAM, but for tenants' connections, which share one with their namespace
    /// alone.
    pub(crate) lane: Lane,
}

/// Hashes what matters to dependents. The message is left out: one that alternates would wake all of them each time.
impl Hash for ConnectionState {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let connection = &self.connection;
        (self.ready, self.reason, connection.id(), connection.uid(), connection.generation(), &self.origin).hash(state);
    }
}

impl ConnectionState {
    /// Returns whether its PAM drops what is not sent of a settings block.
    pub(crate) fn replaces_blocks(&self) -> bool {
        let quirks = self.connection.spec.compatibility.as_ref();
        quirks.is_some_and(|quirks| quirks.settings_blocks == Some(SettingsBlocks::Replaced))
    }

    /// Returns the state of a connection that has that status.
    pub(crate) fn new(connection: Arc<AnyConnection>, status: &PamConnectionStatus) -> Self {
        let generation = Some(connection.generation());
        let ready = find(&status.conditions, ConditionType::Ready);
        let current = ready.filter(|c| c.observed_generation == generation);
        let origin = origin(&connection.spec.url);
        let at_once = connection.spec.limits.clone().unwrap_or_default().max_concurrent_requests;
        Self {
            lane: match &connection.metadata.namespace {
                Some(namespace) => Lane::Tenant(namespace.clone()),
                None => Lane::Pam(origin.clone(), at_once),
            },
            ready: current.is_some_and(|c| c.status == "True"),
            reason: current.and_then(|c| Reason::named(&c.reason)),
            message: current.map(|c| c.message.clone()).unwrap_or_default(),
            origin,
            tenant: VaultId::new("", connection.spec.auth.oauth2.tenant.as_deref()).tenant,
            login: status.digests.get("client").cloned(),
            connection,
        }
    }

    /// Returns what a decision depends on. A failure of the PAM concerns the credentials too, and they name it; what
    /// the connection lacks in the cluster is for the owner of the connection to mend.
    pub(crate) fn state(view: Option<&Self>) -> Connection {
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
                | Reason::RateLimited
                | Reason::ConnectionNotAllowed),
            ) => Connection::NotReady(reason),
            _ => Connection::NotReady(Reason::ConnectionNotReady),
        }
    }
}

/// Returns the one spelling of a PAM's address.
fn origin(url: &str) -> String {
    Url::parse(url).map_or_else(|_| url.to_owned(), |url| origin_of(&url))
}

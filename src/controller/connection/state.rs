//! What the credentials of a connection may know of it: whether it is Ready, where it leads, and its lane.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use url::Url;

use crate::api::{ConditionType, PamConnectionStatus, Product, SettingsBlocks, find};
use crate::controller::connection::object::AnyConnection;
use crate::controller::runtime::worker_slots::Lane;
use crate::domain::{Connection, Reason, VaultId};
use crate::pam::origin_of;

/// Holds the state of a connection for the objects that depend on the connection.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionState {
    pub(crate) connection: Arc<AnyConnection>,
    pub(crate) ready: bool,
    pub(crate) reason: Option<Reason>,
    /// The message of the connection's `Ready` condition.
    pub(crate) message: String,
    /// Scheme, host, port and path, without a trailing slash; with the path of the API where that is not one of the PAM's own.
    pub(crate) origin: String,
    /// The tenant that the login asks for.
    pub(crate) tenant: Option<String>,
    /// Keyed digest of the OAuth client id of the last login that was tried.
    pub(crate) login: Option<String>,
    /// The lane of the passes over the connection's credentials: the lane of the PAM; for the connection of a tenant, the
    /// lane of the tenant's namespace.
    pub(crate) lane: Lane,
}

/// Hashes what matters to dependents. The message is left out: a message that alternates would wake all dependents each
/// time.
impl Hash for ConnectionState {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let connection = &self.connection;
        (self.ready, self.reason, connection.id(), connection.uid(), connection.generation(), &self.origin).hash(state);
    }
}

impl ConnectionState {
    /// Returns whether the PAM drops those fields of a settings block that a request leaves out.
    pub(crate) fn replaces_blocks(&self) -> bool {
        let quirks = self.connection.spec.compatibility.as_ref();
        quirks.is_some_and(|quirks| quirks.settings_blocks == Some(SettingsBlocks::Replaced))
    }

    /// Returns the state of a connection that has that status.
    pub(crate) fn new(connection: Arc<AnyConnection>, status: &PamConnectionStatus) -> Self {
        let generation = Some(connection.generation());
        let ready = find(&status.conditions, ConditionType::Ready);
        let current = ready.filter(|c| c.observed_generation == generation);
        let address = origin(&connection.spec.url);
        let at_once = connection.spec.limits.clone().unwrap_or_default().max_concurrent_requests;
        Self {
            lane: match &connection.metadata.namespace {
                Some(namespace) => Lane::Tenant(namespace.as_str().into()),
                None => Lane::Pam(address.as_str().into(), at_once),
            },
            ready: current.is_some_and(|c| c.status == "True"),
            reason: current.and_then(|c| Reason::named(&c.reason)),
            message: current.map(|c| c.message.clone()).unwrap_or_default(),
            origin: at_prefix(address, connection.spec.api_prefix.as_deref()),
            tenant: VaultId::new("", connection.spec.auth.oauth2.tenant.as_deref()).tenant,
            login: status.digests.get("client").cloned(),
            connection,
        }
    }

    /// Returns whether nothing is known of the connection: no pass over it, as it is now, has ended yet.
    pub(crate) fn is_untried(&self) -> bool {
        !self.ready && matches!(self.reason, None | Some(Reason::Progressing))
    }

    /// Returns whether the connection is for this product.
    pub(crate) fn is_for(&self, product: Product) -> bool {
        self.connection.spec.product == product
    }

    /// Returns the state of a connection as a decision about an object of this product sees it; `None` is a connection that
    /// does not exist. A failure of the PAM keeps its reason, since the objects report it too. Every other reason becomes
    /// `ConnectionNotReady`, since only the owner of the connection can mend it; so does a connection for another product,
    /// however ready it is.
    pub(crate) fn state(state: Option<&Self>, product: Product) -> Connection {
        let Some(state) = state else {
            return Connection::Missing;
        };
        match state.reason {
            _ if !state.is_for(product) => Connection::NotReady(Reason::ConnectionNotReady),
            _ if state.ready => Connection::Ready,
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

/// Where every version has its API below the PAM's address.
const API_PATHS: [&str; 2] = ["/api", "/iso"];

/// Returns where the records of a connection are. What answers below another path of the same host may be something else
/// than the PAM, and may name any record: what it answers tells nothing of the PAM's records.
fn at_prefix(address: String, prefix: Option<&str>) -> String {
    let Some(prefix) = prefix.map(|prefix| prefix.trim_end_matches('/')) else { return address };
    let path = address + prefix;
    let own = API_PATHS.iter().find_map(|api| path.strip_suffix(api));
    own.map_or_else(|| path.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p4_another_path_of_a_host_is_another_vault_and_the_pams_own_paths_are_one() {
        let at = |url: &str, prefix| at_prefix(origin(url), prefix);
        for prefix in [None, Some("/api"), Some("/iso/"), Some("/")] {
            assert_eq!(at("https://pam.example.com", prefix), "https://pam.example.com", "{prefix:?}");
        }
        assert_eq!(at("https://pam.example.com", Some("/portal")), "https://pam.example.com/portal");
        for (url, prefix) in [("https://pam.example.com/x", "/api"), ("https://pam.example.com", "/x/api")] {
            assert_eq!(at(url, Some(prefix)), "https://pam.example.com/x", "one place has one spelling");
        }
    }
}

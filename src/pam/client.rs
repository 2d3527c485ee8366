//! The client: one per connection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::calls::{Caller, Disabled, Enabled, MySafe, Sent, Sink};
use super::credential::{CredentialRequest, ListedCredential, Upserted};
use super::endpoint::{Deadlines, Endpoint, EndpointError};
use super::error::PamError;
use super::transport::Origins;
use super::vault_id::origin_of;
use crate::domain::{Turn, VaultId};

/// A client of one PAM with one login. Cloning is cheap, and all clones share the token and a refusal of the login.
///
/// # Guarantees
///
/// - A call sends at most one request, but for a login where a token is missing, and for one repetition with a new
///   token where the PAM rejected the old one. Every other retry is the caller's.
/// - After a refused login no other login is sent, and calls fail at once, until [`PamClient::retry_login`].
/// - The login and the token are sent to the endpoint's own origin only (P9).
/// - No call of this type reads a credential or an entry by its id: that would hand out its value (P5). A tool of a person
///   reads through [`Reader`](super::reading::Reader).
/// - A client makes the calls of its endpoint's product alone; for others it fails and sends nothing.
#[derive(Clone)]
pub struct PamClient {
    inner: Arc<Inner>,
    /// Whose turn each write takes. Logins and lists are work for all parties.
    turn: Turn,
}

struct Inner {
    vault: VaultId,
    caller: Caller,
}

impl fmt::Debug for PamClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PamClient").field("origin", &self.inner.vault.origin).finish_non_exhaustive()
    }
}

impl PamClient {
    /// Makes a client; nothing is sent yet.
    pub fn new(endpoint: Endpoint, origins: &Origins, deadlines: Deadlines) -> Result<Self, EndpointError> {
        let vault = VaultId::new(&origin_of(&endpoint.url), endpoint.tenant.as_deref());
        let caller = Caller::new(endpoint, origins, deadlines)?;
        Ok(Self { inner: Arc::new(Inner { vault, caller }), turn: Turn::default() })
    }

    /// Returns the same client, whose writes wait for that turn.
    #[must_use]
    pub fn in_turn(&self, turn: Turn) -> Self {
        Self { inner: Arc::clone(&self.inner), turn }
    }

    /// Returns the PAM's address without a trailing slash: `https://host[:port][/path]`, the port only if it is not 443.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.inner.vault.origin
    }

    /// Returns where the client leads: its origin, and the tenant that the connection asks for.
    #[must_use]
    pub fn vault(&self) -> &VaultId {
        &self.inner.vault
    }

    /// Makes sure that there is a token: logs in unless there is a fresh one.
    pub async fn authenticate(&self) -> Result<(), PamError> {
        self.inner.caller.authenticate().await
    }

    /// Logs in although the login was refused before, as a rare check. Success lets calls through again.
    pub async fn retry_login(&self) -> Result<(), PamError> {
        self.inner.caller.retry_login().await
    }

    /// Returns for how long the PAM has been left alone but for single probes, since call after call failed; `None` if
    /// calls go through.
    #[must_use]
    pub fn left_alone_for(&self) -> Option<Duration> {
        self.inner.caller.open_for()
    }

    /// Returns how long until the next probe of a PAM that does not answer; `None` if calls go through.
    #[must_use]
    pub fn next_probe(&self) -> Option<Duration> {
        self.inner.caller.next_probe()
    }

    /// Makes calls fail as after a refused login: for a refusal that is known from before a restart.
    pub fn remember_refused_login(&self) {
        self.inner.caller.remember_refused_login();
    }

    /// Creates or updates a credential with one `POST` (API 2.6). An error may leave the outcome unknown:
    /// [`PamError::outcome_unknown`].
    pub async fn upsert_credential(&self, request: &CredentialRequest) -> Result<Upserted, PamError> {
        self.inner.caller.upsert(request, &self.turn).await
    }

    /// Lists every credential that the authorization may see (API 4.2), and returns their number. The records go to
    /// `sink` while they arrive, and count only if the result is `Ok`.
    pub async fn list_credentials(&self, sink: &mut (dyn FnMut(ListedCredential) + Send)) -> Result<usize, PamError> {
        self.list_from(&|| (), sink).await
    }

    /// Lists as [`PamClient::list_credentials`] does, and calls `sent` when the request leaves: after the login, and
    /// after the wait for other requests.
    pub(super) async fn list_from(&self, sent: Sent<'_>, sink: Sink<'_>) -> Result<usize, PamError> {
        self.inner.caller.list(sent, sink).await
    }

    /// Disables the credential with this id by a `DELETE` (API 6.1); the PAM keeps the record. `NotFound` may also mean
    /// that this authorization does not see the record. An error may leave the outcome unknown, and repeating the call
    /// is safe.
    pub async fn disable_credential(&self, id: &str) -> Result<Disabled, PamError> {
        self.inner.caller.disable(id, &self.turn).await
    }

    /// Enables the credential with this id by a `PUT` without a body (API 6.1). Errors as for disabling.
    pub async fn enable_credential(&self, id: &str) -> Result<Enabled, PamError> {
        self.inner.caller.enable(id, &self.turn).await
    }

    /// Returns what makes the calls.
    pub(super) fn caller(&self) -> &Caller {
        &self.inner.caller
    }

    /// Returns the calls to MySafe. They fail and send nothing unless the endpoint is MySafe's.
    #[must_use]
    pub fn my_safe(&self) -> MySafe<'_> {
        MySafe::of(&self.inner.caller, &self.turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pam::Inventory;

    /// Compiles only if the calls can run on any thread.
    #[allow(dead_code)]
    fn calls_can_be_spawned(client: &PamClient, inventory: &Inventory, request: &CredentialRequest) {
        fn spawnable(_: impl Send) {}
        spawnable(client.authenticate());
        spawnable(client.retry_login());
        spawnable(client.upsert_credential(request));
        spawnable(client.list_credentials(&mut |_| ()));
        spawnable(client.disable_credential("1"));
        spawnable(client.enable_credential("1"));
        spawnable(inventory.fresh(client, None));
        let safe = client.my_safe();
        spawnable(safe.list_entries(None, &mut |_| ()));
        spawnable(safe.deactivate_entry("1"));
    }
}

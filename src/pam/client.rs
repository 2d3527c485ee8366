//! The client: one per connection.

use std::sync::Arc;

use super::credential::{CredentialRequest, ListedCredential, Upserted};
use super::endpoint::{Deadlines, Endpoint, EndpointError};
use super::error::PamError;
use super::gate::Origins;

/// A client of one PAM with one login. Cloning is cheap, and all clones share the token and the latch.
#[derive(Clone)]
pub struct PamClient {
    inner: Arc<Inner>,
}

struct Inner {
    origin: String,
}

impl PamClient {
    /// Makes a client; nothing is sent yet.
    pub fn new(
        _endpoint: Endpoint,
        _origins: &Origins,
        _deadlines: Deadlines,
    ) -> Result<Self, EndpointError> {
        Err(EndpointError::Setup)
    }

    /// The PAM's address without a trailing slash: `https://host[:port][/path]`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.inner.origin
    }

    /// Makes sure that there is a token.
    #[allow(clippy::unused_async)]
    pub async fn authenticate(&self) -> Result<(), PamError> {
        Err(PamError::DeviceNotFound)
    }

    /// Tries the login again although it was refused: the slow second look.
    #[allow(clippy::unused_async)]
    pub async fn retry_login(&self) -> Result<(), PamError> {
        Err(PamError::DeviceNotFound)
    }

    /// Latches a refusal known from before a restart.
    pub fn remember_refused_login(&self) {}

    /// Creates or updates a credential with one `POST`.
    #[allow(clippy::unused_async)]
    pub async fn upsert_credential(&self, _request: &CredentialRequest) -> Result<Upserted, PamError> {
        Err(PamError::DeviceNotFound)
    }

    /// Lists every credential that the authorization may see. What `sink` was given counts only if the answer is `Ok`.
    #[allow(clippy::unused_async)]
    pub async fn list_credentials(
        &self,
        _sink: &mut (dyn FnMut(ListedCredential) + Send),
    ) -> Result<usize, PamError> {
        Err(PamError::DeviceNotFound)
    }
}

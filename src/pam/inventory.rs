//! What a PAM holds, as far as one connection may see it: one shared list instead of one per credential.

use std::sync::Arc;

use tokio::time::Instant;

use super::client::PamClient;
use super::credential::ListedCredential;
use super::error::PamError;
use super::snapshot::Snapshot;

/// The inventory of one connection.
#[derive(Debug, Default)]
pub struct Inventory {}

impl Inventory {
    /// An inventory that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A snapshot of a list that started less than 10 s ago, not before `not_before`, and after the last
    /// [`Inventory::invalidate`]; if there is none, one new list, which all that wait share.
    #[allow(clippy::unused_async)]
    pub async fn fresh(
        &self,
        _client: &PamClient,
        _not_before: Option<Instant>,
    ) -> Result<Arc<Snapshot>, PamError> {
        Err(PamError::DeviceNotFound)
    }

    /// The newest snapshot, however old.
    #[must_use]
    pub fn latest(&self) -> Option<Arc<Snapshot>> {
        None
    }

    /// What is known may be wrong (a write of unknown outcome): nothing older than now is fresh.
    pub fn invalidate(&self) {}

    /// Keeps the snapshot current with a write of our own.
    pub fn note_written(&self, _record: ListedCredential) {}
}

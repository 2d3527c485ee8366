//! A replica that takes part in the election, and its calls about the lease.

use std::sync::Arc;

use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client, api::PostParams};
use tokio::time::{Instant, timeout_at};

use super::error::LeaseError;
use super::rules::{Record, Timing};

/// The lease's name, in the operator's namespace.
pub const LEASE_NAME: &str = "pam-operator";

/// A replica that takes part in the election: its name, its waits and its access to the lease.
#[derive(Clone)]
pub(super) struct Candidate {
    api: Api<Lease>,
    pub(super) identity: Arc<str>,
    pub(super) timing: Timing,
}

/// The two ways to write the lease.
#[derive(Clone, Copy)]
pub(super) enum Write {
    /// Creates a lease that is not there.
    Create,
    /// Replaces the lease in the version that was read.
    Replace,
}

impl Candidate {
    /// Returns the candidate of that name for the lease in `namespace`.
    pub(super) fn new(client: Client, namespace: &str, identity: &str, timing: Timing) -> Self {
        Self { api: Api::namespaced(client, namespace), identity: identity.into(), timing }
    }

    /// Reads the lease.
    pub(super) async fn read(&self) -> Result<Lease, LeaseError> {
        bounded(Instant::now() + self.timing.call(), "get", self.api.get(LEASE_NAME)).await
    }

    /// Writes the lease, and gives up at `until`.
    pub(super) async fn write(&self, lease: Lease, write: Write, until: Instant) -> Result<Lease, LeaseError> {
        let params = PostParams::default();
        match write {
            Write::Create => bounded(until, "create", self.api.create(&params, &lease)).await,
            Write::Replace => bounded(until, "update", self.api.replace(LEASE_NAME, &params, &lease)).await,
        }
    }

    /// Returns what a lease says to the election.
    pub(super) fn record(&self, lease: &Lease) -> Record {
        Record::of(lease, self.timing.0)
    }
}

impl std::fmt::Debug for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidate")
            .field("identity", &self.identity)
            .field("timing", &self.timing)
            .finish_non_exhaustive()
    }
}

/// Ends a call by `until` at the latest: kube's own has no bound on a connection that went silent.
async fn bounded<T>(
    until: Instant,
    verb: &'static str,
    call: impl Future<Output = kube::Result<T>>,
) -> Result<T, LeaseError> {
    match timeout_at(until, call).await {
        Ok(answer) => answer.map_err(|error| LeaseError::of(&error, verb)),
        Err(_) => Err(LeaseError::Timeout),
    }
}

//! Leader election over a `coordination.k8s.io` Lease: at most one replica works (P3, P10).
//!
//! Every write is a `PUT` with the `resourceVersion` that was read, so that of two replicas that want the same lease the
//! API server lets one through. A leader stops after two thirds of the lease without a renewal; others take it after the
//! whole of it (`leader::rules`). There is no fencing beyond that: a request that was sent before may still be executed
//! after the hand-over (`design.md` 6, *settle*). The monotonic clock does not advance while a machine is suspended, so a
//! leader that wakes up learns of its loss with its next call only.
//!
//! The lease says nothing about what its last holder did: every leader starts alike, whatever ended the one before.

mod candidate;
mod error;
mod handle;
mod holder;
mod lead;
mod rules;
mod term;

use std::time::Duration;

use kube::Client;
use tokio::time::{Instant, sleep};

pub use candidate::LEASE_NAME;
pub use handle::LeadHandle;
pub use lead::Lead;

use crate::metrics::Metrics;
use candidate::Candidate;
use error::{Complaints, LeaseError};
use holder::HolderLog;
use rules::{Step, Timing, Watch};
use term::Term;

/// Takes part in the election, and answers with a [`Lead`] once this replica may work.
#[derive(Clone, Debug)]
pub struct Leadership {
    /// `None`: there is no election.
    candidate: Option<Candidate>,
    metrics: Option<Metrics>,
}

/// What came of one look at the lease.
enum Attempt {
    /// The lease is this replica's.
    Taken(Box<Term>),
    /// Another replica holds the lease: the one of that name.
    HeldBy(String),
}

impl Leadership {
    /// Takes part in the election in `namespace` as `identity` (unique among the replicas).
    ///
    /// # RBAC
    /// `get`, `create` and `update` of leases in `namespace`.
    #[must_use]
    pub fn elected(client: Client, namespace: &str, identity: &str, lease_duration: Duration) -> Self {
        Self { candidate: Some(Candidate::new(client, namespace, identity, Timing(lease_duration))), metrics: None }
    }

    /// Shows in `metrics` while the lease is held under a name that is no replica's.
    #[must_use]
    pub fn shown_in(mut self, metrics: Metrics) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Leads without asking anybody: for a single replica.
    #[must_use]
    pub const fn unopposed() -> Self {
        Self { candidate: None, metrics: None }
    }

    /// Waits until this replica leads. `on_standby` is called once, when the lease was read and another holds it.
    ///
    /// `None`: `shutdown` resolved first. A write under way is never dropped half-way, so the answer may also be a
    /// `Lead` although `shutdown` has resolved; release it as always.
    pub async fn acquire(&self, on_standby: impl FnOnce(), shutdown: impl Future<Output = ()>) -> Option<Lead> {
        let Some(candidate) = &self.candidate else {
            return Some(Lead::unopposed());
        };
        let (mut seen, mut log, mut on_standby) = (Watch::default(), Complaints::default(), Some(on_standby));
        let mut holders = HolderLog::new(candidate.identity.clone(), self.metrics.clone());
        tokio::pin!(shutdown);
        loop {
            match attempt(candidate, &mut seen).await {
                Ok(Attempt::Taken(term)) => {
                    holders.taken();
                    return Some(Lead::elected(*term));
                }
                Ok(Attempt::HeldBy(holder)) => {
                    log.clear();
                    holders.note(&holder);
                    if let Some(tell) = on_standby.take() {
                        tell();
                    }
                }
                Err(error) => log.note(&error, "the lease cannot be had"),
            }
            tokio::select! {
                biased;
                () = &mut shutdown => return None,
                () = sleep(candidate.timing.look_after(rand::random())) => {}
            }
        }
    }
}

/// Looks at the lease once, and writes it once if it may be taken.
async fn attempt(candidate: &Candidate, seen: &mut Watch) -> Result<Attempt, LeaseError> {
    let taken = |term| Attempt::Taken(Box::new(term));
    let lease = match candidate.read().await {
        Ok(lease) => lease,
        Err(LeaseError::NotFound) => return Term::create(candidate).await.map(taken),
        Err(error) => return Err(error),
    };
    let record = candidate.record(&lease);
    let holder = record.holder.clone().unwrap_or_default();
    match seen.step(record, &candidate.identity, Instant::now()) {
        Step::Wait => Ok(Attempt::HeldBy(holder)),
        Step::Take => Term::take(candidate, lease).await.map(taken),
    }
}

//! Leader election over a `coordination.k8s.io` Lease: at most one replica works (P3, P10).
//!
//! Every write is a `PUT` with the `resourceVersion` that was read, so that of two replicas that want the same lease the
//! API server lets one through. A leader stops after two thirds of the lease without a renewal; others take it after the
//! whole of it (`leader::rules`). There is no fencing beyond that: a request that was sent before may still be executed
//! after the hand-over (`design.md` 6, *settle*). The monotonic clock stands still while a machine is suspended, so a
//! leader that wakes up learns of its loss with its next call only.

mod lead;
mod rules;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use tokio::time::{Instant, sleep, timeout_at};

use lead::Term;
pub use lead::{Lead, LeadHandle};

use rules::{Record, Step, Timing, Watch};

/// The lease's name, in the operator's namespace.
pub const LEASE_NAME: &str = "pam-operator";

/// A wish to lead. Answers with a [`Lead`] once this replica may work.
#[derive(Clone, Debug)]
pub struct Leadership {
    /// `None`: there is no election.
    candidate: Option<Candidate>,
    /// What the one before vouched for, where nobody else is asked.
    vouched: Option<String>,
}

#[derive(Clone)]
struct Candidate {
    api: Api<Lease>,
    identity: Arc<str>,
    timing: Timing,
}

impl std::fmt::Debug for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidate")
            .field("identity", &self.identity)
            .field("timing", &self.timing)
            .finish_non_exhaustive()
    }
}

/// Why a call about the lease did not succeed; in our own words, since kube's embed whole answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum LeaseError {
    #[error("the service account may not {verb} leases here; the chart's Role `<release>` grants it")]
    Forbidden { verb: &'static str },
    #[error("the lease is not there")]
    NotFound,
    #[error("another replica wrote the lease in between")]
    Conflict,
    #[error("the Kubernetes API did not answer in time")]
    Timeout,
    #[error("the Kubernetes API answered {0}")]
    Refused(u16),
    #[error("the Kubernetes API cannot be reached")]
    Unreachable,
}

impl LeaseError {
    fn of(error: &kube::Error, verb: &'static str) -> Self {
        match error {
            kube::Error::Api(status) if status.is_forbidden() => Self::Forbidden { verb },
            kube::Error::Api(status) if status.is_not_found() => Self::NotFound,
            kube::Error::Api(status) if status.is_conflict() || status.is_already_exists() => Self::Conflict,
            kube::Error::Api(status) => Self::Refused(status.code),
            _ => Self::Unreachable,
        }
    }
}

impl Leadership {
    /// Takes part in the election in `namespace` as `identity` (unique among the replicas).
    ///
    /// # RBAC
    /// `get`, `create` and `update` of leases in `namespace`.
    #[must_use]
    pub fn elected(client: Client, namespace: &str, identity: &str, lease_duration: Duration) -> Self {
        let candidate = Candidate {
            api: Api::namespaced(client, namespace),
            identity: identity.into(),
            timing: Timing(lease_duration),
        };
        Self { candidate: Some(candidate), vouched: None }
    }

    /// Leads without asking anybody: for a single replica.
    #[must_use]
    pub fn unopposed() -> Self {
        Self { candidate: None, vouched: None }
    }

    /// The same, after one that vouched for this.
    #[must_use]
    pub fn unopposed_after(vouched: Option<String>) -> Self {
        Self { candidate: None, vouched }
    }

    /// The same, where others were elected before, and may be again: what the last of them vouched for when it gave its
    /// lease back does not hold of what this replica does, and is taken out of it. A failure is logged.
    ///
    /// # RBAC
    /// `get` and `update` of leases in `namespace`.
    pub async fn alone(client: Client, namespace: &str) -> Self {
        let timing = Timing(Duration::from_mins(1));
        let candidate = Candidate { api: Api::namespaced(client, namespace), identity: "".into(), timing };
        match candidate.strike().await {
            Ok(()) | Err(LeaseError::NotFound) => {}
            Err(error) => tracing::warn!(%error, "a lease from before may say of this replica that it ended in order"),
        }
        Self::unopposed()
    }

    /// Waits until this replica leads. `on_standby` is called once, when the lease was read and another holds it.
    ///
    /// `None`: `shutdown` resolved first. A write under way is never dropped half-way, so the answer may also be a
    /// `Lead` although `shutdown` has resolved; release it as always.
    pub async fn acquire(&self, on_standby: impl FnOnce(), shutdown: impl Future<Output = ()>) -> Option<Lead> {
        let Some(candidate) = &self.candidate else {
            return Some(Lead::unopposed(self.vouched.as_deref()));
        };
        let (mut seen, mut log, mut on_standby) = (Watch::default(), Complaints::default(), Some(on_standby));
        tokio::pin!(shutdown);
        loop {
            match candidate.attempt(&mut seen).await {
                Ok(Ok(term)) => return Some(Lead::begin(term)),
                Ok(Err(holder)) => {
                    log.clear();
                    if let Some(tell) = on_standby.take() {
                        tracing::info!(holder, "another replica leads; waiting for the lease");
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

impl Candidate {
    /// One look at the lease, and one write if it may be taken. The inner error is who holds it.
    async fn attempt(&self, seen: &mut Watch) -> Result<Result<Term, String>, LeaseError> {
        let found = match self.read().await {
            Ok(lease) => Some(lease),
            Err(LeaseError::NotFound) => None,
            Err(error) => return Err(error),
        };
        let Some(lease) = found else {
            return self.take(empty_lease(), None, Write::Create).await.map(Ok);
        };
        let record = self.record(&lease);
        let (holder, before) = (record.holder.clone().unwrap_or_default(), record.vouched.clone());
        match seen.step(record, &self.identity, Instant::now()) {
            Step::Wait => Ok(Err(holder)),
            Step::Take => self.take(lease, before, Write::Replace).await.map(Ok),
        }
    }

    async fn take(&self, lease: Lease, before: Option<String>, write: Write) -> Result<Term, LeaseError> {
        let (sent_at, stamp) = (Instant::now(), rules::stamp(Timestamp::now()));
        let wanted = rules::taken(lease, &self.identity, self.timing, stamp);
        let lease = self.write(wanted, write, sent_at + self.timing.call()).await?;
        tracing::info!(identity = %self.identity, "this replica leads");
        Ok(Term { candidate: self.clone(), lease, sent: vec![stamp], until: sent_at + self.timing.lead_for(), before })
    }

    async fn strike(&self) -> Result<(), LeaseError> {
        let found = self.read().await?;
        if self.record(&found).vouched.is_some() {
            let (struck, until) = (rules::struck(found), Instant::now() + self.timing.call());
            self.write(struck, Write::Replace, until).await?;
        }
        Ok(())
    }

    async fn read(&self) -> Result<Lease, LeaseError> {
        bounded(Instant::now() + self.timing.call(), "get", self.api.get(LEASE_NAME)).await
    }

    async fn write(&self, lease: Lease, write: Write, until: Instant) -> Result<Lease, LeaseError> {
        let params = PostParams::default();
        match write {
            Write::Create => bounded(until, "create", self.api.create(&params, &lease)).await,
            Write::Replace => bounded(until, "update", self.api.replace(LEASE_NAME, &params, &lease)).await,
        }
    }

    fn record(&self, lease: &Lease) -> Record {
        Record::of(lease, self.timing.0)
    }
}

#[derive(Clone, Copy)]
enum Write {
    Create,
    Replace,
}

fn empty_lease() -> Lease {
    let metadata = ObjectMeta { name: Some(LEASE_NAME.to_owned()), ..ObjectMeta::default() };
    Lease { metadata, ..Lease::default() }
}

/// A call that ends by `until` at the latest: kube's own has no bound on a connection that went silent.
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

/// Logs a failure when it is another one than the last, not at each try.
#[derive(Default)]
struct Complaints(Option<LeaseError>);

impl Complaints {
    fn note(&mut self, error: &LeaseError, what: &str) {
        if self.0.as_ref() == Some(error) || *error == LeaseError::Conflict {
            tracing::debug!(%error, "{what}");
        } else {
            tracing::error!(%error, "{what}");
        }
        self.0 = Some(error.clone());
    }

    fn clear(&mut self) {
        self.0 = None;
    }
}

//! Leading: the lease is renewed until it is given back or lost.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{Instant, sleep_until},
};

use super::{Candidate, Complaints, LeaseError, Write, rules};

/// Until when this replica leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Forever,
    Until(Instant),
    Lost,
}

impl Held {
    fn now(self) -> bool {
        match self {
            Self::Forever => true,
            Self::Until(deadline) => Instant::now() < deadline,
            Self::Lost => false,
        }
    }
}

/// This replica leads. The lease is renewed in the background until [`Lead::release`]; dropped without it, renewals
/// end and others take over when the lease expires.
#[derive(Debug)]
pub struct Lead {
    term: LeadHandle,
    stop: oneshot::Sender<Option<String>>,
    renewals: JoinHandle<()>,
}

/// Tells whether this replica (still) leads. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LeadHandle {
    held: watch::Receiver<Held>,
    before: Option<Arc<str>>,
}

impl LeadHandle {
    /// Whether this replica leads at this moment. It looks at the clock, so it is right also in a process that was
    /// stopped and goes on: ask before each write to the outside.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.borrow().now()
    }

    /// What the leader before vouched for when it gave the lease back; `None` if it did not, or did not give it back.
    #[must_use]
    pub fn vouched(&self) -> Option<&str> {
        self.before.as_deref()
    }

    /// Resolves when this replica no longer leads. Work must stop then: another one may begin within a third of the
    /// lease's duration.
    pub async fn lost(mut self) {
        loop {
            let held = *self.held.borrow_and_update();
            match held {
                Held::Lost => return,
                Held::Until(deadline) => tokio::select! {
                    () = sleep_until(deadline) => if !self.is_held() { return },
                    changed = self.held.changed() => if changed.is_err() { return },
                },
                Held::Forever => {
                    if self.held.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

impl Lead {
    pub(super) fn begin(term: Term) -> Self {
        let (held, handle) = watch::channel(Held::Until(term.until));
        let (stop, stopped) = oneshot::channel();
        let before = term.before.as_deref().map(Arc::from);
        let renewals = tokio::spawn(term.keep(held, stopped));
        Self { term: LeadHandle { held: handle, before }, stop, renewals }
    }

    pub(super) fn unopposed(vouched: Option<&str>) -> Self {
        let (held, handle) = watch::channel(Held::Forever);
        let (stop, stopped) = oneshot::channel();
        let renewals = tokio::spawn(async move {
            let _ = stopped.await;
            held.send_replace(Held::Lost);
        });
        Self { term: LeadHandle { held: handle, before: vouched.map(Arc::from) }, stop, renewals }
    }

    /// A handle for those who work.
    #[must_use]
    pub fn handle(&self) -> LeadHandle {
        self.term.clone()
    }

    /// See [`LeadHandle::is_held`].
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.term.is_held()
    }

    /// See [`LeadHandle::lost`].
    pub fn lost(&self) -> impl Future<Output = ()> + Send + use<> {
        self.term.clone().lost()
    }

    /// Gives the lease back, so that another replica takes over at once. Call it after the last write to the outside
    /// has ended. The next leader is told what you vouch for, if anything. A failure is logged: the lease expires then.
    pub async fn release(self, vouch: Option<String>) {
        // Either fails only if the renewals have ended by themselves: then there is nothing to give back.
        let _ = self.stop.send(vouch);
        let _ = self.renewals.await;
    }
}

/// The leader's own state: the lease as last seen, and the stamps that it may bear.
pub(super) struct Term {
    pub(super) candidate: Candidate,
    pub(super) lease: Lease,
    pub(super) sent: Vec<Timestamp>,
    pub(super) until: Instant,
    pub(super) before: Option<String>,
}

impl Term {
    async fn keep(mut self, held: watch::Sender<Held>, mut stop: oneshot::Receiver<Option<String>>) {
        let (timing, mut log) = (self.candidate.timing, Complaints::default());
        let mut pause = timing.renew_after(rand::random());
        loop {
            tokio::select! {
                biased;
                asked = &mut stop => {
                    held.send_replace(Held::Lost);
                    return if let Ok(vouch) = asked { self.give_back(vouch).await };
                }
                () = sleep_until((Instant::now() + pause).min(self.until)) => {}
            }
            match self.renew().await {
                Ok(()) => {
                    log.clear();
                    held.send_replace(Held::Until(self.until));
                    pause = timing.renew_after(rand::random());
                }
                Err(error) if self.is_over(&error) => {
                    held.send_replace(Held::Lost);
                    return tracing::error!(%error, "the lease is lost: this replica stops working");
                }
                Err(error) => {
                    log.note(&error, "the lease could not be renewed; trying again");
                    pause = timing.retry_after(rand::random());
                }
            }
        }
    }

    /// A lease that was removed or taken is lost at once: another may lead already.
    fn is_over(&self, error: &LeaseError) -> bool {
        matches!(error, LeaseError::Conflict | LeaseError::NotFound) || Instant::now() >= self.until
    }

    async fn renew(&mut self) -> Result<(), LeaseError> {
        let sent_at = self.put(rules::renewed).await?;
        self.until = sent_at + self.candidate.timing.lead_for();
        Ok(())
    }

    async fn give_back(mut self, vouch: Option<String>) {
        match self.put(|lease, now| rules::released(lease, vouch.as_deref(), now)).await {
            Ok(_) => tracing::info!(in_order = vouch.is_some(), "the lease is released"),
            Err(error) => tracing::warn!(%error, "the lease could not be released; it will expire"),
        }
    }

    /// Writes the lease, once more if it was refused although it is still ours (someone labelled it, or a write
    /// whose answer was lost got through). Tells when the write that succeeded was sent.
    async fn put(&mut self, change: impl Fn(Lease, Timestamp) -> Lease) -> Result<Instant, LeaseError> {
        match self.put_once(&change).await {
            Err(LeaseError::Conflict) => {
                self.reread().await?;
                self.put_once(&change).await
            }
            other => other,
        }
    }

    async fn put_once(&mut self, change: &impl Fn(Lease, Timestamp) -> Lease) -> Result<Instant, LeaseError> {
        let (sent_at, stamp) = (Instant::now(), rules::stamp(Timestamp::now()));
        let until = (sent_at + self.candidate.timing.call()).min(self.until);
        self.sent.push(stamp);
        self.lease = self.candidate.write(change(self.lease.clone(), stamp), Write::Replace, until).await?;
        self.sent = vec![stamp];
        Ok(sent_at)
    }

    async fn reread(&mut self) -> Result<(), LeaseError> {
        let found = self.candidate.read().await?;
        if rules::is_ours(&self.candidate.record(&found), &self.candidate.identity, &self.sent) {
            self.lease = found;
            return Ok(());
        }
        Err(LeaseError::Conflict)
    }
}

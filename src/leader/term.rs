//! One term of a leader: from taking the lease to its release or its loss.

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::ObjectMeta;
use tokio::{
    sync::{oneshot, watch},
    time::{Instant, sleep_until},
};

use super::candidate::{Candidate, LEASE_NAME, Write};
use super::error::{Complaints, LeaseError};
use super::handle::Held;
use super::rules;

/// The leader's own state: the lease as last seen, and the stamps that it may bear.
pub(super) struct Term {
    candidate: Candidate,
    lease: Lease,
    sent: Vec<Timestamp>,
    until: Instant,
}

impl Term {
    /// Creates the lease and begins a term with it.
    pub(super) async fn create(candidate: &Candidate) -> Result<Self, LeaseError> {
        let metadata = ObjectMeta { name: Some(LEASE_NAME.to_owned()), ..ObjectMeta::default() };
        Self::begin(candidate, Lease { metadata, ..Lease::default() }, Write::Create).await
    }

    /// Takes a lease that was found and begins a term with it.
    pub(super) async fn take(candidate: &Candidate, found: Lease) -> Result<Self, LeaseError> {
        Self::begin(candidate, found, Write::Replace).await
    }

    async fn begin(candidate: &Candidate, lease: Lease, write: Write) -> Result<Self, LeaseError> {
        let (timing, sent_at, stamp) = (candidate.timing, Instant::now(), rules::stamp(Timestamp::now()));
        let wanted = rules::taken(lease, &candidate.identity, timing, stamp);
        let lease = candidate.write(wanted, write, sent_at + timing.call()).await?;
        tracing::info!(identity = %candidate.identity, "this replica leads");
        Ok(Self { candidate: candidate.clone(), lease, sent: vec![stamp], until: sent_at + timing.lead_for() })
    }

    /// Returns until when this replica leads if no renewal succeeds.
    pub(super) const fn until(&self) -> Instant {
        self.until
    }

    /// Renews the lease until it is lost, or until `stop` asks for its release. Dropped without a word, `stop` ends the
    /// renewals and the lease expires.
    pub(super) async fn keep(mut self, held: watch::Sender<Held>, mut stop: oneshot::Receiver<()>) {
        let (timing, mut log) = (self.candidate.timing, Complaints::default());
        let mut pause = timing.renew_after(rand::random());
        loop {
            tokio::select! {
                biased;
                asked = &mut stop => {
                    held.send_replace(Held::Lost);
                    return if asked.is_ok() { self.give_back().await };
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

    /// A lease that was removed or taken is lost at once: another replica may lead already.
    fn is_over(&self, error: &LeaseError) -> bool {
        matches!(error, LeaseError::Conflict | LeaseError::NotFound) || Instant::now() >= self.until
    }

    async fn renew(&mut self) -> Result<(), LeaseError> {
        let sent_at = self.put(rules::renewed).await?;
        self.until = sent_at + self.candidate.timing.lead_for();
        Ok(())
    }

    async fn give_back(mut self) {
        match self.put(rules::released).await {
            Ok(_) => tracing::info!("the lease is released"),
            Err(error) => tracing::warn!(%error, "the lease could not be released; it will expire"),
        }
    }

    /// Writes the lease, and tries a second time if the write was refused although the lease is still ours (someone
    /// labelled it, or a write whose answer was lost got through). Returns when the write that succeeded was sent.
    async fn put(&mut self, change: fn(Lease, Timestamp) -> Lease) -> Result<Instant, LeaseError> {
        match self.put_once(change).await {
            Err(LeaseError::Conflict) => {
                self.reread().await?;
                self.put_once(change).await
            }
            other => other,
        }
    }

    async fn put_once(&mut self, change: fn(Lease, Timestamp) -> Lease) -> Result<Instant, LeaseError> {
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
        self.tell_of_theft(&found);
        Err(LeaseError::Conflict)
    }

    /// Logs a lease that somebody else wrote although it had not expired: a replica waits until it has.
    fn tell_of_theft(&self, found: &Lease) {
        let holder = self.candidate.record(found).holder;
        if Instant::now() < self.until {
            tracing::error!(
                ?holder,
                "the lease was taken before it had expired, which no replica does unless this machine was suspended: see who may write leases in this namespace"
            );
        }
    }
}

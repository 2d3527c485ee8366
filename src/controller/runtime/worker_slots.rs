//! Whose turn it is to work with which PAM.
//!
//! Passes wait here and not inside the client: else those of a PAM that hangs would take up every place there is, and a
//! healthy PAM's would wait behind them. Here, too, a process that is about to end turns everyone away.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::controller::runtime::error::Error;

/// Who takes turns with whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// Everyone of one PAM, of which so many may be at work at once. An edited limit has places of its own; those of the
    /// old one empty by themselves.
    Pam(String, u32),
    /// All of one namespace that go through connections of its own, wherever these lead: a tenant makes as many as it
    /// likes, and of hosts that hang too.
    Tenant(String),
}

/// The places, by queue, of all tenants, and in all.
#[derive(Debug)]
pub(crate) struct WorkerSlots {
    lanes: Mutex<HashMap<Lane, Arc<Semaphore>>>,
    tenants: Arc<Semaphore>,
    all: Arc<Semaphore>,
    closed: watch::Sender<bool>,
    /// The most that one PAM may have, and all tenants together.
    share: usize,
    /// The most that one tenant may have.
    tenants_share: usize,
}

/// A place; it is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    _lane: OwnedSemaphorePermit,
    _tenants: Option<OwnedSemaphorePermit>,
    _all: OwnedSemaphorePermit,
}

impl WorkerSlots {
    /// So many places in all.
    pub(crate) fn new(in_all: usize) -> Self {
        let (closed, share) = (watch::channel(false).0, (in_all / 2).max(1));
        Self {
            lanes: Mutex::default(),
            tenants: Arc::new(Semaphore::new(share)),
            all: Arc::new(Semaphore::new(in_all.max(1))),
            closed,
            share,
            tenants_share: (in_all / 8).max(1),
        }
    }

    /// Waits for a place in that queue.
    pub(crate) async fn take(&self, lane: &Lane) -> Result<Slot, Error> {
        // The queue's own first: whoever waits for a slow PAM holds nothing that others need.
        let of_lane = acquire(self.of(lane)).await?;
        let of_tenants = match lane {
            Lane::Tenant(_) => Some(acquire(Arc::clone(&self.tenants)).await?),
            Lane::Pam(..) => None,
        };
        let of_all = acquire(Arc::clone(&self.all)).await?;
        Ok(Slot { _lane: of_lane, _tenants: of_tenants, _all: of_all })
    }

    /// Turns away everyone who waits, and who comes from now on. Whoever has a place finishes.
    pub(crate) fn close(&self) {
        self.all.close();
        self.closed.send_replace(true);
        self.tenants.close();
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).values().for_each(|places| places.close());
    }

    /// Resolves once everyone is turned away.
    pub(crate) async fn closed(&self) {
        // The sender lives as long as this does.
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// Whether everyone is turned away.
    pub(crate) fn is_closed(&self) -> bool {
        self.all.is_closed()
    }

    fn of(&self, lane: &Lane) -> Arc<Semaphore> {
        // Never all there are: one PAM that hangs must leave some to the others.
        let places = match lane {
            Lane::Pam(_, at_once) => usize::try_from(*at_once).unwrap_or(usize::MAX).clamp(1, self.share),
            Lane::Tenant(_) => self.tenants_share,
        };
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        // One that nobody holds or waits for is as good as a new one; tenants could make any number of them.
        lanes.retain(|_, places| Arc::strong_count(places) > 1);
        let make = || Arc::new(Semaphore::new(places));
        Arc::clone(lanes.entry(lane.clone()).or_insert_with(make))
    }
}

async fn acquire(places: Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Error> {
    places.acquire_owned().await.map_err(|_| Error::Stopping)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn waits(taking: impl Future<Output = Result<Slot, Error>>) -> bool {
        tokio::time::timeout(Duration::from_millis(20), taking).await.is_err()
    }

    /// Of two places.
    fn pam(origin: &str) -> Lane {
        Lane::Pam(origin.to_owned(), 2)
    }

    #[tokio::test]
    async fn tenants_whose_hosts_hang_leave_places_to_each_other_and_to_everyone_else() {
        let places = WorkerSlots::new(16);
        let tenant = |namespace: &str| Lane::Tenant(namespace.to_owned());
        let mut held = Vec::new();
        for _ in 0..2 {
            held.push(places.take(&tenant("hostile")).await.unwrap());
        }
        assert!(waits(places.take(&tenant("hostile"))).await);
        assert!(!waits(places.take(&tenant("honest"))).await);
        for namespace in ["a", "b", "c"] {
            held.push(places.take(&tenant(namespace)).await.unwrap());
            held.push(places.take(&tenant(namespace)).await.unwrap());
        }
        assert!(waits(places.take(&tenant("one-more"))).await);
        assert!(!waits(places.take(&pam("the-clusters"))).await);
    }

    #[tokio::test]
    async fn queues_that_nobody_is_in_are_forgotten() {
        let places = WorkerSlots::new(16);
        for port in 0..100 {
            drop(places.take(&pam(&format!("https://pam:{port}"))).await.unwrap());
        }
        let _held = places.take(&pam("held")).await.unwrap();
        drop(places.take(&pam("held")).await.unwrap());
        assert!(places.lanes.lock().unwrap().len() <= 2);
    }

    #[tokio::test]
    async fn a_pam_that_hangs_takes_no_place_from_another() {
        let places = WorkerSlots::new(4);
        let _slow = (places.take(&pam("slow")).await.unwrap(), places.take(&pam("slow")).await.unwrap());
        assert!(waits(places.take(&pam("slow"))).await);
        assert!(!waits(places.take(&pam("healthy"))).await);
    }

    #[tokio::test]
    async fn nobody_begins_once_it_is_closed() {
        let places = Arc::new(WorkerSlots::new(8));
        let held = [places.take(&pam("pam")).await.unwrap(), places.take(&pam("pam")).await.unwrap()];
        let waiting = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take(&pam("pam")).await.is_err() }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        places.close();
        assert!(waiting.await.unwrap());
        assert!(places.is_closed());
        drop(held);
        assert!(places.take(&pam("other")).await.is_err());
    }
}

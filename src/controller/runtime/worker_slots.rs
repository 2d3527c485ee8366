//! Limits how many passes work at once: per PAM, per tenant namespace, and in total.
//!
//! Passes wait here and not inside the client: else the passes of a PAM that hangs would take up every slot, and the
//! passes of a healthy PAM would wait behind them. A process that is about to end refuses its waiting passes here, too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::controller::runtime::error::Error;

/// Names a lane: a queue of passes that share one limit. A pass waits in the lane of the PAM, or of the tenant namespace,
/// that it works with, and no lane holds up another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// The lane of all passes of one PAM: its origin, and how many of the passes may work at once. An edited limit makes
    /// a new lane, and the lane of the old limit empties by itself.
    Pam(String, u32),
    /// The lane of all passes of one namespace that go through the connections of that namespace, wherever these
    /// connections lead: a tenant can make any number of connections, also to hosts that hang.
    Tenant(String),
}

/// Hands out slots to passes, within the limits of each lane, of all tenants together, and in total.
#[derive(Debug)]
pub(crate) struct WorkerSlots {
    lanes: Mutex<HashMap<Lane, Arc<Semaphore>>>,
    tenants: Arc<Semaphore>,
    all: Arc<Semaphore>,
    closed: watch::Sender<bool>,
    /// The most slots that one PAM may have, and all tenants together.
    share: usize,
    /// The most slots that one tenant may have.
    tenants_share: usize,
}

/// Lets one pass work; dropping it frees the slot.
#[derive(Debug)]
pub(crate) struct Slot {
    _lane: OwnedSemaphorePermit,
    _tenants: Option<OwnedSemaphorePermit>,
    _all: OwnedSemaphorePermit,
}

/// Holds the slot of one pass. The pass gives the slot back while it waits for the work of other passes.
#[derive(Debug, Default)]
pub(crate) struct HeldSlot {
    lane: Option<Lane>,
    slot: Option<Slot>,
}

impl HeldSlot {
    /// Returns a pass's slot before the pass has one. [`Self::acquire`] waits in `lane`; a pass without a lane needs no slot.
    pub(crate) const fn in_lane(lane: Option<Lane>) -> Self {
        Self { lane, slot: None }
    }

    /// Waits for a slot.
    pub(crate) async fn acquire(&mut self, slots: &WorkerSlots) -> Result<(), Error> {
        if let Some(lane) = &self.lane {
            self.slot = Some(slots.take(lane).await?);
        }
        Ok(())
    }

    /// Gives the slot back.
    pub(crate) fn release(&mut self) {
        self.slot = None;
    }
}

impl WorkerSlots {
    /// Returns `in_all` slots in total, none of them taken.
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

    /// Waits for a slot in that lane.
    pub(crate) async fn take(&self, lane: &Lane) -> Result<Slot, Error> {
        // The slot of the lane comes first: a pass that waits for a slow PAM holds nothing that other passes need.
        let of_lane = acquire(self.of(lane)).await?;
        let of_tenants = match lane {
            Lane::Tenant(_) => Some(acquire(Arc::clone(&self.tenants)).await?),
            Lane::Pam(..) => None,
        };
        let of_all = acquire(Arc::clone(&self.all)).await?;
        Ok(Slot { _lane: of_lane, _tenants: of_tenants, _all: of_all })
    }

    /// Refuses a slot to all passes that wait or come later. Passes that have a slot finish.
    pub(crate) fn close(&self) {
        self.all.close();
        self.closed.send_replace(true);
        self.tenants.close();
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).values().for_each(|slots| slots.close());
    }

    /// Resolves once slots are refused.
    pub(crate) async fn closed(&self) {
        // The sender lives as long as these slots do.
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// Returns whether slots are refused.
    pub(crate) fn is_closed(&self) -> bool {
        self.all.is_closed()
    }

    fn of(&self, lane: &Lane) -> Arc<Semaphore> {
        // A lane never has all slots: one PAM that hangs must leave some slots to the others.
        let slots = match lane {
            Lane::Pam(_, at_once) => usize::try_from(*at_once).unwrap_or(usize::MAX).clamp(1, self.share),
            Lane::Tenant(_) => self.tenants_share,
        };
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        // A lane in which nothing works or waits is as good as a new one; tenants could make any number of them.
        lanes.retain(|_, slots| Arc::strong_count(slots) > 1);
        let make = || Arc::new(Semaphore::new(slots));
        Arc::clone(lanes.entry(lane.clone()).or_insert_with(make))
    }
}

async fn acquire(slots: Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Error> {
    slots.acquire_owned().await.map_err(|_| Error::Stopping)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn waits(taking: impl Future<Output = Result<Slot, Error>>) -> bool {
        tokio::time::timeout(Duration::from_millis(20), taking).await.is_err()
    }

    /// A lane of two slots.
    fn pam(origin: &str) -> Lane {
        Lane::Pam(origin.to_owned(), 2)
    }

    #[tokio::test]
    async fn tenants_whose_hosts_hang_leave_slots_to_each_other_and_to_everyone_else() {
        let slots = WorkerSlots::new(16);
        let tenant = |namespace: &str| Lane::Tenant(namespace.to_owned());
        let mut held = Vec::new();
        for _ in 0..2 {
            held.push(slots.take(&tenant("hostile")).await.unwrap());
        }
        assert!(waits(slots.take(&tenant("hostile"))).await);
        assert!(!waits(slots.take(&tenant("honest"))).await);
        for namespace in ["a", "b", "c"] {
            held.push(slots.take(&tenant(namespace)).await.unwrap());
            held.push(slots.take(&tenant(namespace)).await.unwrap());
        }
        assert!(waits(slots.take(&tenant("one-more"))).await);
        assert!(!waits(slots.take(&pam("the-clusters"))).await);
    }

    #[tokio::test]
    async fn queues_that_nobody_is_in_are_forgotten() {
        let slots = WorkerSlots::new(16);
        for port in 0..100 {
            drop(slots.take(&pam(&format!("https://pam:{port}"))).await.unwrap());
        }
        let _held = slots.take(&pam("held")).await.unwrap();
        drop(slots.take(&pam("held")).await.unwrap());
        assert!(slots.lanes.lock().unwrap().len() <= 2);
    }

    #[tokio::test]
    async fn a_pam_that_hangs_takes_no_slot_from_another() {
        let slots = WorkerSlots::new(4);
        let _slow = (slots.take(&pam("slow")).await.unwrap(), slots.take(&pam("slow")).await.unwrap());
        assert!(waits(slots.take(&pam("slow"))).await);
        assert!(!waits(slots.take(&pam("healthy"))).await);
    }

    #[tokio::test]
    async fn nobody_begins_once_it_is_closed() {
        let slots = Arc::new(WorkerSlots::new(8));
        let held = [slots.take(&pam("pam")).await.unwrap(), slots.take(&pam("pam")).await.unwrap()];
        let waiting = tokio::spawn({
            let slots = Arc::clone(&slots);
            async move { slots.take(&pam("pam")).await.is_err() }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        slots.close();
        assert!(waiting.await.unwrap());
        assert!(slots.is_closed());
        drop(held);
        assert!(slots.take(&pam("other")).await.is_err());
    }
}

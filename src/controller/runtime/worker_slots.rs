//! Limits how many passes work at once: per PAM, per tenant namespace, and in total. Namespaces take turns.
//!
//! Objects wait for these slots and not inside the client: else the passes of a PAM that hangs would take up every slot, and
//! the passes of a healthy PAM would wait behind them. A process that is about to end refuses slots here, too.
//!
//! A namespace with any number of passes that wait is before another namespace with one slot at most; and as its passes
//! may hang, it never has all slots of a PAM, nor all slots (see [`Room::divided`]).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{oneshot, watch};

use crate::controller::runtime::error::Error;
use crate::domain::Turn;
use crate::permits::{Permit, Permits, Room, Waits};

/// How many passes may wait for a list in place of each pass that may work.
const LISTS_FOR_EACH_REQUEST: usize = 4;

/// Names a lane: a queue of passes that share one limit. A pass waits in the lane of the PAM, or of the tenant namespace,
/// that it works with, and no lane holds up another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// The lane of all passes of one PAM: its origin, and how many of the passes may work at once. An edited limit makes
    /// a new lane, and the lane of the old limit empties by itself.
    Pam(Arc<str>, u32),
    /// The lane of all passes of one namespace that go through the connections of that namespace, wherever these
    /// connections lead: a tenant can make any number of connections, also to hosts that hang.
    Tenant(Arc<str>),
}

/// Hands out slots to passes, within the limits of each lane, of all tenants together, and in total.
#[derive(Debug)]
pub(crate) struct WorkerSlots {
    lanes: Mutex<HashMap<Lane, Arc<Permits>>>,
    tenants: Arc<Permits>,
    all: Arc<Permits>,
    closed: watch::Sender<bool>,
    in_all: usize,
    /// The most slots that one PAM may have, and all tenants together.
    share: usize,
    /// The most slots that one tenant may have.
    tenants_share: usize,
    /// How many slots a PAM has for each request that it takes at once.
    for_each_request: usize,
}

/// Lets one pass work; dropping it frees the slot.
#[derive(Debug)]
pub(crate) struct Slot {
    _lane: Option<Permit>,
    _tenants: Option<Permit>,
    _all: Permit,
}

/// Something that waits for a slot.
pub(crate) trait WaitsForSlot: Send + fmt::Debug {
    /// Returns whether the wait was given up.
    fn is_over(&self) -> bool;

    /// Takes the slot that was waited for.
    fn grant(self: Box<Self>, slot: Slot);
}

impl WaitsForSlot for oneshot::Sender<Slot> {
    fn is_over(&self) -> bool {
        self.is_closed()
    }

    fn grant(self: Box<Self>, slot: Slot) {
        // If the wait was given up just now, the drop of the slot serves the next one.
        drop(self.send(slot));
    }
}

/// What waits for a slot, and the permits that it has of those that a slot is made of.
#[derive(Debug)]
struct Request {
    slots: Arc<WorkerSlots>,
    is_tenants: bool,
    turn: Turn,
    of_lane: Option<Permit>,
    of_tenants: Option<Permit>,
    waits: Box<dyn WaitsForSlot>,
}

impl Waits for Request {
    /// Once slots are refused, every wait is over: were each refused when its turn comes, the end of one would lead to the
    /// next inside of itself, ten thousand deep.
    fn is_over(&self) -> bool {
        self.slots.is_closed() || self.waits.is_over()
    }

    /// Takes a permit: that of the lane comes first, since a pass that waits for a slow PAM holds nothing that other passes
    /// need.
    fn grant(mut self: Box<Self>, permit: Permit) {
        match (&self.of_lane, self.is_tenants, &self.of_tenants) {
            (None, ..) => self.of_lane = Some(permit),
            (Some(_), true, None) => self.of_tenants = Some(permit),
            _ => return self.end(permit),
        }
        let (slots, turn) = (Arc::clone(&self.slots), self.turn.clone());
        let next = if self.is_tenants && self.of_tenants.is_none() { &slots.tenants } else { &slots.all };
        next.ask(&turn, self);
    }
}

impl Request {
    fn end(self, of_all: Permit) {
        let Self { of_lane, of_tenants, waits, .. } = self;
        waits.grant(Slot { _lane: of_lane, _tenants: of_tenants, _all: of_all });
    }
}

impl WorkerSlots {
    /// Returns `in_all` slots in total, none of them taken.
    pub(crate) fn new(in_all: usize) -> Self {
        let (closed, share) = (watch::channel(false).0, (in_all / 2).max(1));
        Self {
            lanes: Mutex::default(),
            tenants: Permits::new(Room::undivided(share)),
            all: Permits::new(Room::divided(in_all)),
            closed,
            in_all,
            share,
            tenants_share: (in_all / 8).max(1),
            for_each_request: 1,
        }
    }

    /// Returns the slots of passes that wait for a list. Such a pass sends nothing, so that a PAM may have more of them than
    /// it takes requests at once.
    pub(crate) fn for_lists(in_all: usize) -> Self {
        Self { for_each_request: LISTS_FOR_EACH_REQUEST, ..Self::new(in_all.saturating_mul(LISTS_FOR_EACH_REQUEST)) }
    }

    /// Returns how many slots there are in total.
    pub(crate) const fn in_all(&self) -> usize {
        self.in_all
    }

    /// Waits for a slot in that lane.
    pub(crate) async fn take(self: &Arc<Self>, lane: &Lane, turn: &Turn) -> Result<Slot, Error> {
        let (slot, granted) = oneshot::channel();
        self.ask(lane, turn, Box::new(slot));
        tokio::select! {
            biased;
            () = self.closed() => Err(Error::Stopping),
            slot = granted => slot.map_err(|_| Error::Stopping),
        }
    }

    /// Has something wait for a slot in that lane, which it may be granted before this returns.
    pub(crate) fn ask(self: &Arc<Self>, lane: &Lane, turn: &Turn, waits: Box<dyn WaitsForSlot>) {
        let (slots, is_tenants) = (Arc::clone(self), matches!(lane, Lane::Tenant(_)));
        let request = Request { slots, is_tenants, turn: turn.clone(), of_lane: None, of_tenants: None, waits };
        self.of(lane).ask(turn, Box::new(request));
    }

    /// Refuses a slot to all passes that wait or come later. Passes that have a slot finish.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Resolves once slots are refused.
    pub(crate) async fn closed(&self) {
        // The sender lives as long as these slots do.
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// Returns whether slots are refused.
    pub(crate) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    fn of(&self, lane: &Lane) -> Arc<Permits> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        // A lane in which nothing works or waits is as good as a new one; tenants could make any number of them.
        lanes.retain(|_, slots| Arc::strong_count(slots) > 1);
        Arc::clone(lanes.entry(lane.clone()).or_insert_with(|| Permits::new(self.room(lane))))
    }

    fn room(&self, lane: &Lane) -> Room {
        match lane {
            // A lane never has all slots: one PAM that hangs must leave some slots to the others.
            Lane::Pam(_, at_once) => {
                let slots = usize::try_from(*at_once).unwrap_or(usize::MAX).saturating_mul(self.for_each_request);
                Room::divided(slots.clamp(1, self.share))
            }
            // All passes of such a lane are of one namespace.
            Lane::Tenant(_) => Room::undivided(self.tenants_share),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Urgency;
    use futures::FutureExt as _;

    /// A lane of two slots.
    fn pam(origin: &str) -> Lane {
        Lane::Pam(origin.into(), 2)
    }

    fn tenant(namespace: &str) -> Lane {
        Lane::Tenant(namespace.into())
    }

    /// Takes a slot if there is one.
    fn taken(slots: &Arc<WorkerSlots>, lane: &Lane, namespace: &str) -> Option<Slot> {
        slots.take(lane, &Turn::of(namespace, Urgency::Backlog)).now_or_never().map(Result::unwrap)
    }

    #[test]
    fn tenants_whose_hosts_hang_leave_slots_to_each_other_and_to_everyone_else() {
        let slots = Arc::new(WorkerSlots::new(16));
        let mut held = Vec::new();
        for _ in 0..2 {
            held.push(taken(&slots, &tenant("hostile"), "hostile").unwrap());
        }
        assert!(taken(&slots, &tenant("hostile"), "hostile").is_none());
        assert!(taken(&slots, &tenant("honest"), "honest").is_some());
        for namespace in ["a", "b", "c"] {
            held.push(taken(&slots, &tenant(namespace), namespace).unwrap());
            held.push(taken(&slots, &tenant(namespace), namespace).unwrap());
        }
        assert!(taken(&slots, &tenant("one-more"), "one-more").is_none());
        assert!(taken(&slots, &pam("the-clusters"), "one-more").is_some());
    }

    #[test]
    fn queues_that_nobody_is_in_are_forgotten() {
        let slots = Arc::new(WorkerSlots::new(16));
        for port in 0..100 {
            drop(taken(&slots, &pam(&format!("https://pam:{port}")), "apps").unwrap());
        }
        let _held = taken(&slots, &pam("held"), "apps").unwrap();
        drop(taken(&slots, &pam("held"), "other").unwrap());
        assert!(slots.lanes.lock().unwrap().len() <= 2);
    }

    #[test]
    fn a_pam_that_hangs_takes_no_slot_from_another() {
        let slots = Arc::new(WorkerSlots::new(4));
        let _slow = [taken(&slots, &pam("slow"), "a").unwrap(), taken(&slots, &pam("slow"), "b").unwrap()];
        assert!(taken(&slots, &pam("slow"), "c").is_none());
        assert!(taken(&slots, &pam("healthy"), "c").is_some());
    }

    #[test]
    fn a_namespace_whose_passes_hang_leaves_slots_to_every_other_one() {
        let slots = Arc::new(WorkerSlots::new(32));
        let lane = Lane::Pam("pam".into(), 8);
        let hanging: Vec<_> = std::iter::from_fn(|| taken(&slots, &lane, "hostile")).collect();
        assert_eq!(hanging.len(), 6);
        assert!(taken(&slots, &lane, "neighbour").is_some());
    }

    #[test]
    fn a_namespace_whose_passes_hang_at_every_pam_leaves_slots_to_every_other_one() {
        let slots = Arc::new(WorkerSlots::new(8));
        let lanes: Vec<_> = (0..9).map(|pam| Lane::Pam(format!("pam{pam}").into(), 4)).collect();
        let held: Vec<_> = lanes.iter().filter_map(|lane| taken(&slots, lane, "hostile")).collect();
        assert_eq!(held.len(), 6);
        assert!(lanes.iter().all(|lane| taken(&slots, lane, "neighbour").is_some()));
    }

    #[tokio::test]
    async fn the_next_free_slot_is_the_neighbours_however_many_of_one_namespace_wait() {
        let slots = Arc::new(WorkerSlots::new(8));
        let held = [taken(&slots, &pam("pam"), "flood").unwrap(), taken(&slots, &pam("pam"), "other").unwrap()];
        let take = |namespace: &'static str| {
            let slots = Arc::clone(&slots);
            tokio::spawn(async move {
                let slot = slots.take(&pam("pam"), &Turn::of(namespace, Urgency::Fresh)).await;
                tokio::time::sleep(std::time::Duration::from_hours(1)).await;
                slot.map(drop)
            })
        };
        let flood: Vec<_> = (0..300).map(|_| take("flood")).collect();
        tokio::task::yield_now().await;
        let (lane, turn) = (pam("pam"), Turn::of("neighbour", Urgency::Backlog));
        let mut neighbour = Box::pin(slots.take(&lane, &turn));
        assert!(neighbour.as_mut().now_or_never().is_none());
        drop(held);
        assert!(neighbour.now_or_never().is_some());
        flood.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test]
    async fn nobody_begins_once_it_is_closed() {
        let slots = Arc::new(WorkerSlots::new(8));
        let turn = |namespace: &str| Turn::of(namespace, Urgency::Fresh);
        let held = [taken(&slots, &pam("pam"), "a").unwrap(), taken(&slots, &pam("pam"), "b").unwrap()];
        let waiting = tokio::spawn({
            let (slots, turn) = (Arc::clone(&slots), turn("c"));
            async move { slots.take(&pam("pam"), &turn).await.is_err() }
        });
        tokio::task::yield_now().await;
        slots.close();
        assert!(waiting.await.unwrap());
        assert!(slots.is_closed());
        drop(held);
        assert!(slots.take(&pam("other"), &turn("a")).await.is_err());
    }
}

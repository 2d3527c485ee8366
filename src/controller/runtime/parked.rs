//! Keeps the places of objects that wait for a slot. An object that waits has a place and no pass.
//!
//! A pass is a task of ten kilobytes, so a pass that finds no free slot ends. The place that it leaves gets the slot in its turn,
//! keeps the slot, and starts another pass over the object, which takes the slot and decides from what is true by then.

mod places;

use std::sync::{Arc, Mutex};

use crate::controller::runtime::error::Error;
use crate::controller::runtime::object_id::ObjectId;
use crate::controller::runtime::trigger::Triggers;
use crate::controller::runtime::worker_slots::{Lane, Slot, WorkerSlots};
use crate::domain::Turn;
use places::{Keep, Places, Pool, Wanted, lock};

/// How many passes without a slot may have begun.
const WITHOUT_SLOT: usize = 64;

/// Hands out slots to passes, and keeps the places of the objects that wait for one.
pub(crate) struct SlotQueue {
    /// The slots of passes that work.
    work: Arc<WorkerSlots>,
    /// The slots of passes that wait for a list.
    lists: Arc<WorkerSlots>,
    places: Arc<Mutex<Places>>,
    triggers: Arc<Triggers>,
}

/// Says whether a pass goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Going {
    /// The pass has what it asked for.
    On,
    /// The pass ends, and another one begins once the object has its slot.
    Parked,
}

/// Holds the slots of one pass.
pub(crate) struct HeldSlot<'a> {
    queue: &'a SlotQueue,
    object: ObjectId,
    lane: Option<Lane>,
    turn: Turn,
    work: Option<Slot>,
    list: Option<Slot>,
    /// What the object got while it waited.
    kept: Option<(Wanted, Slot)>,
}

impl SlotQueue {
    /// Returns a queue of `in_all` slots for work, none of them taken. `triggers` start the passes of objects that waited.
    pub(crate) fn new(in_all: usize, triggers: Arc<Triggers>) -> Self {
        Self {
            work: Arc::new(WorkerSlots::new(in_all)),
            lists: Arc::new(WorkerSlots::for_lists(in_all)),
            places: Arc::default(),
            triggers,
        }
    }

    /// Returns how many passes may have begun at once: one for each slot, and some that need none, such as the passes over objects for
    /// which nothing is due.
    pub(crate) fn most_begun(&self) -> usize {
        self.work.in_all().saturating_add(self.lists.in_all()).saturating_add(WITHOUT_SLOT)
    }

    /// Returns how many objects wait for a slot.
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.places).of.values().filter(|place| place.slot.is_none()).count()
    }

    /// Returns the slots of a pass that begins: what the object got while it waited, if it did.
    pub(crate) fn of_pass(&self, object: ObjectId) -> HeldSlot<'_> {
        let kept = lock(&self.places).take_granted(&object);
        HeldSlot { queue: self, object, lane: None, turn: Turn::default(), work: None, list: None, kept }
    }

    /// Forgets an object that is gone, and gives back the slot that was kept for it.
    pub(crate) fn forget(&self, object: &ObjectId) {
        // The slot is given back after the lock is: whoever gets it next may be an object with a place here.
        let place = lock(&self.places).of.remove(object);
        drop(place);
    }

    /// Returns the place in which a slot is kept for an object, if one is.
    pub(crate) fn kept_for(&self, object: &ObjectId) -> Option<u64> {
        lock(&self.places).of.get(object).filter(|place| place.slot.is_some()).map(|place| place.number)
    }

    /// Gives back the slot that was kept in that place when a pass over the object began, if the pass did not take the slot:
    /// nothing starts another pass that would.
    pub(crate) fn give_back(&self, object: &ObjectId, kept: Option<u64>) {
        let mut places = lock(&self.places);
        let is_kept = places.of.get(object).is_some_and(|place| Some(place.number) == kept);
        let place = is_kept.then(|| places.of.remove(object));
        drop(places);
        drop(place);
    }

    /// Refuses a slot to all that wait or come later. Passes that have a slot finish.
    pub(crate) fn close(&self) {
        self.work.close();
        self.lists.close();
    }

    /// Resolves once slots are refused.
    pub(crate) async fn closed(&self) {
        self.work.closed().await;
    }

    /// Returns whether slots are refused.
    pub(crate) fn is_closed(&self) -> bool {
        self.work.is_closed()
    }

    const fn pool(&self, pool: Pool) -> &Arc<WorkerSlots> {
        match pool {
            Pool::Work => &self.work,
            Pool::List => &self.lists,
        }
    }

    /// Returns a slot if one is free for the object now, and gives the object a place where none is.
    fn take_or_park(&self, object: &ObjectId, wanted: Wanted) -> Result<Option<Slot>, Error> {
        {
            let mut places = lock(&self.places);
            if places.has(object, &wanted) {
                return Ok(places.take_granted(object).map(|(_, slot)| slot));
            }
        }
        let (slots, wanted) = (self.pool(wanted.pool), Arc::new(wanted));
        if slots.is_closed() {
            return Err(Error::Stopping);
        }
        let keep = Keep::make_place(object, &wanted, &self.places, &self.triggers);
        let number = keep.number;
        slots.ask(&wanted.lane, &wanted.turn, Box::new(keep));
        Ok(lock(&self.places).park(object, number))
    }
}

impl HeldSlot<'_> {
    /// Says in which lane and in which turn the pass waits; without a lane the pass needs no slot. A slot of another lane
    /// that was kept for the object is given back.
    pub(crate) fn in_lane(&mut self, lane: Option<Lane>, turn: Turn) {
        (self.lane, self.turn) = (lane, turn);
        let Some((wanted, slot)) = self.kept.take() else { return };
        if self.lane.as_ref() == Some(&wanted.lane) {
            match wanted.pool {
                Pool::Work => self.work = Some(slot),
                Pool::List => self.list = Some(slot),
            }
        }
    }

    /// Takes a slot to work with.
    pub(crate) async fn acquire(&mut self) -> Result<Going, Error> {
        let Some(lane) = self.lane.clone().filter(|_| self.work.is_none()) else { return Ok(Going::On) };
        self.work = if self.list.is_some() {
            // There are few such passes, and what they read would have to be read again.
            Some(self.queue.work.take(&lane, &self.turn).await?)
        } else {
            self.take_or_park(Pool::Work, lane)?
        };
        Ok(if self.work.is_some() { Going::On } else { Going::Parked })
    }

    /// Waits for a list with a slot of those for that: the pass takes none from the passes that have something to send. `None`
    /// where none is free: the pass ends as with [`Going::Parked`]. A list that is known keeps nobody waiting: else each of
    /// ten thousand passes would read its Secret a second time.
    pub(crate) async fn wait_for_list<T>(
        &mut self,
        known: Option<T>,
        list: impl Future<Output = T>,
    ) -> Result<Option<T>, Error> {
        if known.is_some() {
            let going = self.acquire().await?;
            self.list = None;
            return Ok(known.filter(|_| going == Going::On));
        }
        if self.reserve_list()? == Going::Parked {
            return Ok(None);
        }
        let list = tokio::select! {
            list = list => list,
            () = self.queue.closed() => return Err(Error::Stopping),
        };
        let going = self.acquire().await?;
        self.list = None;
        Ok((going == Going::On).then_some(list))
    }

    /// Takes a slot of those for passes that wait for a list, in place of one to work with. A pass that finds none once it has
    /// read everything else would have to read all of it a second time.
    pub(crate) fn reserve_list(&mut self) -> Result<Going, Error> {
        self.work = None;
        let Some(lane) = self.lane.clone().filter(|_| self.list.is_none()) else { return Ok(Going::On) };
        self.list = self.take_or_park(Pool::List, lane)?;
        Ok(if self.list.is_some() { Going::On } else { Going::Parked })
    }

    fn take_or_park(&self, pool: Pool, lane: Lane) -> Result<Option<Slot>, Error> {
        self.queue.take_or_park(&self.object, Wanted { pool, lane, turn: self.turn.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::runtime::object_id::NamespacedName;
    use crate::controller::runtime::pass_queue::Woken;
    use crate::domain::Urgency;
    use futures::FutureExt as _;
    use k8s_openapi::api::core::v1::ConfigMap;
    use std::collections::{BTreeMap, BTreeSet};
    use tokio::sync::mpsc::UnboundedReceiver;

    /// Receives the objects over which a pass was started.
    struct Started(UnboundedReceiver<Woken>);

    impl Started {
        async fn next(&mut self) -> String {
            self.0.recv().await.unwrap().key.name
        }

        /// Lets the tasks that wait run, and returns whether they started no pass.
        async fn is_nothing(&mut self) -> bool {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            self.0.try_recv().is_err()
        }
    }

    /// Returns a queue of two slots for work, of which one PAM may have one, and the passes that the queue starts.
    fn queue() -> (SlotQueue, Started) {
        let mut triggers = Triggers::default();
        let started = Started(triggers.add::<ConfigMap>(None));
        (SlotQueue::new(2, Arc::new(triggers)), started)
    }

    fn lane() -> Lane {
        Lane::Pam("pam".into(), 1)
    }

    fn pass<'a>(queue: &'a SlotQueue, name: &str, urgency: Urgency) -> HeldSlot<'a> {
        let mut slot = queue.of_pass(object(name));
        slot.in_lane(Some(lane()), Turn::of("ns", urgency));
        slot
    }

    fn object(name: &str) -> ObjectId {
        ObjectId::new::<ConfigMap>(NamespacedName::new("ns", name))
    }

    async fn works(slot: &mut HeldSlot<'_>) -> bool {
        slot.acquire().await.unwrap() == Going::On
    }

    #[tokio::test]
    async fn an_object_that_waits_has_no_pass_and_a_new_pass_has_its_slot() {
        let (queue, mut started) = queue();
        let mut first = pass(&queue, "first", Urgency::Backlog);
        assert!(works(&mut first).await && works(&mut first).await);
        for _ in 0..3 {
            assert!(!works(&mut pass(&queue, "waits", Urgency::Backlog)).await);
        }
        assert_eq!(lock(&queue.places).of.len(), 1);
        drop(first);
        assert_eq!(started.next().await, "waits");
        assert!(!works(&mut pass(&queue, "late", Urgency::Backlog)).await, "the slot is kept for the one that waited");
        let mut second = pass(&queue, "waits", Urgency::Backlog);
        assert!(works(&mut second).await);
        drop(second);
        assert_eq!(started.next().await, "late");
        assert!(works(&mut pass(&queue, "late", Urgency::Backlog)).await);
        assert!(lock(&queue.places).of.is_empty() && started.is_nothing().await);
    }

    #[tokio::test]
    async fn an_edit_of_an_object_that_waits_comes_before_the_backlog() {
        let (queue, mut started) = queue();
        let held = queue.work.take(&lane(), &Turn::default()).await.unwrap();
        for (name, urgency) in
            ["a", "b", "c"].map(|name| (name, Urgency::Backlog)).into_iter().chain([("c", Urgency::Fresh)])
        {
            assert!(!works(&mut pass(&queue, name, urgency)).await);
        }
        drop(held);
        for name in ["c", "a", "b"] {
            assert_eq!(started.next().await, name);
            assert!(works(&mut pass(&queue, name, Urgency::Backlog)).await);
        }
        assert!(started.is_nothing().await);
    }

    #[tokio::test]
    async fn the_slot_of_an_object_that_went_is_given_to_the_next() {
        let (queue, mut started) = queue();
        let held = queue.work.take(&lane(), &Turn::default()).await.unwrap();
        for name in ["goes", "goes-after-its-turn", "stays"] {
            assert!(!works(&mut pass(&queue, name, Urgency::Backlog)).await);
        }
        queue.forget(&object("goes"));
        drop(held);
        assert_eq!(started.next().await, "goes-after-its-turn");
        queue.forget(&object("goes-after-its-turn"));
        assert_eq!(started.next().await, "stays");
        assert!(works(&mut pass(&queue, "stays", Urgency::Backlog)).await);
    }

    #[tokio::test]
    async fn a_slot_that_is_not_needed_any_more_is_given_back() {
        let (queue, mut started) = queue();
        let held = queue.work.take(&lane(), &Turn::default()).await.unwrap();
        for name in ["suspended", "moved", "stays"] {
            assert!(!works(&mut pass(&queue, name, Urgency::Backlog)).await);
        }
        drop(held);
        assert_eq!(started.next().await, "suspended");
        drop(pass(&queue, "suspended", Urgency::Backlog));
        assert_eq!(started.next().await, "moved");
        let mut moved = queue.of_pass(object("moved"));
        moved.in_lane(Some(Lane::Pam("other".into(), 1)), Turn::default());
        assert_eq!(started.next().await, "stays");
    }

    #[tokio::test]
    async fn passes_that_wait_for_a_list_take_no_slot_from_those_that_work_and_further_objects_wait_without_a_pass() {
        let (queue, mut started) = queue();
        let mut lists = vec![];
        for name in ["a", "b", "c", "d"] {
            let mut slot = queue.of_pass(object(name));
            slot.in_lane(Some(lane()), Turn::of(name, Urgency::Backlog));
            assert!(works(&mut slot).await);
            if slot.reserve_list().unwrap() == Going::On {
                lists.push(slot);
            }
        }
        assert_eq!(lists.len(), 4);
        let mut late = pass(&queue, "late", Urgency::Backlog);
        assert!(works(&mut late).await);
        assert_eq!(
            late.wait_for_list(Some(()), std::future::pending()).await.unwrap(),
            Some(()),
            "a list that is known"
        );
        assert!(late.work.is_some());
        assert_eq!(late.wait_for_list(None, async {}).await.unwrap(), None);
        drop(late);
        let mut first = lists.remove(0);
        assert_eq!(first.wait_for_list(None, async { "list" }).await.unwrap(), Some("list"));
        assert!(first.work.is_some() && first.list.is_none());
        assert_eq!(started.next().await, "late");
        let mut late = pass(&queue, "late", Urgency::Backlog);
        assert!(late.list.is_some() && late.work.is_none());
        drop(first);
        assert!(works(&mut late).await);
        assert_eq!(late.reserve_list().unwrap(), Going::On);
    }

    #[tokio::test]
    async fn a_process_ends_however_many_wait() {
        let (queue, mut started) = queue();
        let held = queue.work.take(&lane(), &Turn::default()).await.unwrap();
        for number in 0..100_000 {
            assert!(!works(&mut pass(&queue, &number.to_string(), Urgency::Backlog)).await);
        }
        queue.close();
        drop(held);
        assert!(started.is_nothing().await);
    }

    #[tokio::test]
    async fn nobody_waits_in_a_process_that_ends() {
        let (queue, mut started) = queue();
        let held = queue.work.take(&lane(), &Turn::default()).await.unwrap();
        assert!(!works(&mut pass(&queue, "waits", Urgency::Backlog)).await);
        queue.close();
        drop(held);
        assert!(started.is_nothing().await && queue.is_closed());
        assert!(pass(&queue, "late", Urgency::Backlog).acquire().await.is_err());
    }

    /// Draws numbers that the same seed repeats.
    struct Draws(u64);

    impl Draws {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap() % limit
        }
    }

    /// A controller that runs the passes that were started, one at a time for each object, and objects that change in between.
    struct Controller<'a> {
        queue: &'a SlotQueue,
        started: Started,
        draws: Draws,
        due: BTreeSet<usize>,
        working: BTreeMap<usize, HeldSlot<'a>>,
        /// The objects whose last pass ended without the slot that it asked for.
        parked: BTreeSet<usize>,
    }

    impl Controller<'_> {
        const OBJECTS: usize = 12;

        fn hear(&mut self) {
            while let Ok(object) = self.started.0.try_recv() {
                self.due.insert(object.key.name.parse().unwrap());
            }
        }

        /// Begins the pass over one of the objects that are due. Passes that are `willing` ask for a slot, others now and then.
        fn begin(&mut self, willing: bool) {
            let free: Vec<usize> =
                self.due.iter().copied().filter(|object| !self.working.contains_key(object)).collect();
            if free.is_empty() {
                return;
            }
            let number = free[self.draws.below(free.len())];
            self.due.remove(&number);
            self.parked.remove(&number);
            let mut slot = self.queue.of_pass(object(&number.to_string()));
            if !willing && self.draws.below(6) == 0 {
                return;
            }
            let urgency = [Urgency::Fresh, Urgency::Backlog][self.draws.below(2)];
            let lane = Lane::Pam(format!("pam{}", if willing { number } else { self.draws.below(3) } % 3).into(), 2);
            slot.in_lane(Some(lane), Turn::of(&format!("ns{}", number % 4), urgency));
            // A pass that has the slot of a list waits in it for one to work with.
            let Some(going) = slot.acquire().now_or_never() else { return };
            let mut going = going.unwrap();
            if going == Going::On && self.draws.below(3) == 0 {
                going = slot.reserve_list().unwrap();
            }
            match going {
                Going::On => _ = self.working.insert(number, slot),
                Going::Parked => _ = self.parked.insert(number),
            }
        }

        fn end_one(&mut self) {
            let working: Vec<usize> = self.working.keys().copied().collect();
            if !working.is_empty() {
                let number = working[self.draws.below(working.len())];
                self.working.remove(&number);
            }
        }

        async fn step(&mut self) {
            match self.draws.below(8) {
                0 | 1 => _ = self.due.insert(self.draws.below(Self::OBJECTS)),
                2..5 => self.begin(false),
                5 | 6 => self.end_one(),
                _ => {
                    let gone = self.draws.below(Self::OBJECTS);
                    if !self.working.contains_key(&gone) {
                        self.queue.forget(&object(&gone.to_string()));
                        self.due.remove(&gone);
                        self.parked.remove(&gone);
                    }
                }
            }
            tokio::task::yield_now().await;
            self.hear();
        }
    }

    #[tokio::test]
    async fn whatever_happens_in_whatever_order_each_object_that_waits_gets_a_pass_and_no_slot_is_lost() {
        for seed in 0..300 {
            let mut triggers = Triggers::default();
            let started = Started(triggers.add::<ConfigMap>(None));
            let queue = SlotQueue::new(4, Arc::new(triggers));
            let (due, working, parked) = Default::default();
            let mut controller = Controller { queue: &queue, started, draws: Draws(seed), due, working, parked };
            for _ in 0..200 {
                controller.step().await;
                let with =
                    |slot: fn(&HeldSlot<'_>) -> bool| controller.working.values().filter(|held| slot(held)).count();
                assert!(with(|held| held.work.is_some()) <= 4 && with(|held| held.list.is_some()) <= 16, "seed {seed}");
            }
            for _ in 0..1000 {
                controller.end_one();
                controller.begin(true);
                for _ in 0..4 {
                    tokio::task::yield_now().await;
                }
                controller.hear();
            }
            let Controller { due, working, parked, .. } = controller;
            assert!(due.is_empty() && working.is_empty() && parked.is_empty(), "seed {seed}: {due:?} {parked:?}");
            assert!(lock(&queue.places).of.is_empty(), "seed {seed}");
            for (pool, all) in [(&queue.work, 4), (&queue.lists, 16)] {
                let take =
                    |pam: usize| pool.take(&Lane::Pam(format!("pam{pam}").into(), 9), &Turn::default()).now_or_never();
                let free: Vec<_> = (0..all).map_while(|number| take(number % 4)).collect();
                assert_eq!(free.len(), all, "seed {seed}");
            }
        }
    }
}

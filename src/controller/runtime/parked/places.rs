//! The places of objects that wait for a slot: names, and no passes.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::controller::runtime::object_id::ObjectId;
use crate::controller::runtime::trigger::Triggers;
use crate::controller::runtime::worker_slots::{Lane, Slot, WaitsForSlot};
use crate::domain::Turn;

/// The places of all objects that wait.
#[derive(Default)]
pub(super) struct Places {
    pub(super) of: HashMap<ObjectId, Place>,
    /// Tells a place from an earlier one of the same object.
    made: u64,
}

/// Where an object waits, or what it got there.
pub(super) struct Place {
    pub(super) number: u64,
    /// What the object waits for. The request for it is over when the place is gone.
    wanted: Arc<Wanted>,
    pub(super) slot: Option<Slot>,
    /// The pass that made the place has ended: once the object has its slot, another one has to be started.
    is_parked: bool,
}

/// Says which slot an object waits for, and in which turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) pool: Pool,
    pub(super) lane: Lane,
    pub(super) turn: Turn,
}

/// Says what a slot is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pool {
    /// Work with the PAM.
    Work,
    /// Waiting for a list.
    List,
}

/// Puts a slot into the place that waits for it.
pub(super) struct Keep {
    pub(super) object: ObjectId,
    pub(super) number: u64,
    place: Weak<Wanted>,
    places: Arc<Mutex<Places>>,
    triggers: Arc<Triggers>,
}

impl Keep {
    /// Gives an object a place, and returns what puts a slot there.
    pub(super) fn make_place(
        object: &ObjectId,
        wanted: &Arc<Wanted>,
        places: &Arc<Mutex<Places>>,
        triggers: &Arc<Triggers>,
    ) -> Self {
        let mut locked = lock(places);
        locked.made += 1;
        let number = locked.made;
        let place = Place { number, wanted: Arc::clone(wanted), slot: None, is_parked: false };
        let former = locked.of.insert(object.clone(), place);
        drop(locked);
        // The slot of a former place is given back after the lock is.
        drop(former);
        let (places, triggers) = (Arc::clone(places), Arc::clone(triggers));
        Self { object: object.clone(), number, place: Arc::downgrade(wanted), places, triggers }
    }
}

impl fmt::Debug for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keep").field("object", &self.object).finish_non_exhaustive()
    }
}

impl WaitsForSlot for Keep {
    fn is_over(&self) -> bool {
        self.place.strong_count() == 0
    }

    /// Keeps the slot for the object and starts a pass over it. Where the object waits no longer, the slot is given back.
    fn grant(self: Box<Self>, slot: Slot) {
        let mut places = lock(&self.places);
        let place = places.of.get_mut(&self.object).filter(|place| place.number == self.number);
        let Some(place) = place else {
            // The drop gives the slot to the next object, which may have a place here: the lock has to be free.
            drop(places);
            drop(slot);
            return;
        };
        place.slot = Some(slot);
        let is_parked = place.is_parked;
        drop(places);
        if is_parked {
            self.triggers.wake_fresh(std::slice::from_ref(&self.object));
        }
    }
}

impl Places {
    /// Takes the slot that an object got; the object has no place then.
    pub(super) fn take_granted(&mut self, object: &ObjectId) -> Option<(Wanted, Slot)> {
        let slot = self.of.get_mut(object)?.slot.take()?;
        let place = self.of.remove(object)?;
        Some((Wanted::clone(&place.wanted), slot))
    }

    /// Returns whether the object has a place where it waits for that, or got it.
    pub(super) fn has(&self, object: &ObjectId, wanted: &Wanted) -> bool {
        self.of.get(object).is_some_and(|place| *place.wanted == *wanted)
    }

    /// Takes the slot that the object got at once, or leaves the object in its place without a pass.
    pub(super) fn park(&mut self, object: &ObjectId, number: u64) -> Option<Slot> {
        let place = self.of.get_mut(object).filter(|place| place.number == number)?;
        place.is_parked = true;
        self.take_granted(object).map(|(_, slot)| slot)
    }
}

/// Locks the places.
pub(super) fn lock(places: &Mutex<Places>) -> MutexGuard<'_, Places> {
    places.lock().unwrap_or_else(PoisonError::into_inner)
}

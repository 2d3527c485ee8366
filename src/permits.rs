//! A number of permits for which parties wait by turns, and of which one party never holds all.
//!
//! Permits cannot be taken back from work that hangs. So that one party cannot stop the others, some permits are never
//! given to it, also while nobody else waits: see [`Room::divided`].

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot::{self, Sender};

use crate::domain::{Party, Turn, Turns};

/// The fewest permits that one party leaves to the others, where there are enough.
const LEFT: usize = 2;

/// Says how many permits there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// All permits.
    pub(crate) most: usize,
    /// The most permits that one party may hold. Work that is done for all parties may hold all.
    pub(crate) of_one: usize,
}

impl Room {
    /// Returns room of which one party may hold all but a quarter, but one permit at least. Of four or more, at least two are
    /// left: one for the list that all share and one for the next party.
    pub(crate) fn divided(most: usize) -> Self {
        Self { most: most.max(1), of_one: most.saturating_sub((most / 4).max(LEFT)).max(1) }
    }

    /// Returns room of which one party may hold all.
    pub(crate) fn undivided(most: usize) -> Self {
        Self { most: most.max(1), of_one: most.max(1) }
    }
}

/// Something that waits for a permit.
pub(crate) trait Waits: Send + fmt::Debug {
    /// Returns whether the wait was given up.
    fn is_over(&self) -> bool;

    /// Takes the permit that was waited for.
    fn grant(self: Box<Self>, permit: Permit);
}

impl Waits for Sender<Permit> {
    fn is_over(&self) -> bool {
        self.is_closed()
    }

    fn grant(self: Box<Self>, permit: Permit) {
        // If the wait was given up just now, the drop of the permit serves the next one.
        drop(self.send(permit));
    }
}

/// Hands out permits by turns.
#[derive(Debug)]
pub(crate) struct Permits {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    room: Room,
    in_use: usize,
    held: HashMap<Arc<str>, usize>,
    waiting: Turns<Box<dyn Waits>>,
}

/// What is taken out of the queue.
struct Next {
    party: Party,
    waiting: Box<dyn Waits>,
    is_granted: bool,
}

/// Permission of one party; dropping it lets the next one have it.
#[derive(Debug)]
pub(crate) struct Permit {
    of: Arc<Permits>,
    party: Party,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.of.state().give_back(&self.party);
        self.of.serve();
    }
}

impl Permits {
    /// Returns permits of which none is held.
    pub(crate) fn new(room: Room) -> Arc<Self> {
        let state = State { room, in_use: 0, held: HashMap::new(), waiting: Turns::default() };
        Arc::new(Self { state: Mutex::new(state) })
    }

    /// Waits for a permit.
    pub(crate) async fn take(self: &Arc<Self>, turn: &Turn) -> Permit {
        loop {
            let (permit, granted) = oneshot::channel();
            self.ask(turn, Box::new(permit));
            // No sender is dropped while something waits for its permit.
            if let Ok(permit) = granted.await {
                return permit;
            }
        }
    }

    /// Has something wait for a permit, which it may be granted before this returns.
    pub(crate) fn ask(self: &Arc<Self>, turn: &Turn, waits: Box<dyn Waits>) {
        self.state().waiting.join(turn, waits);
        self.serve();
    }

    /// Changes how many permits there are. Permits that are held stay so.
    pub(crate) fn resize(self: &Arc<Self>, room: Room) {
        self.state().room = room;
        self.serve();
    }

    /// Hands out all permits that are free, but for those that nobody who waits may have.
    fn serve(self: &Arc<Self>) {
        loop {
            // Whatever follows, no lock is held: what waits may hold or give back permits of others.
            let Some(Next { party, waiting, is_granted }) = self.state().next() else { return };
            if is_granted {
                waiting.grant(Permit { of: Arc::clone(self), party });
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns the next one that may have a permit, which counts as held from now on unless the wait was given up.
    fn next(&mut self) -> Option<Next> {
        if self.in_use >= self.room.most {
            return None;
        }
        let (held, most) = (&self.held, self.room.of_one);
        let has_room = |party: &Party| party.as_ref().and_then(|party| held.get(party)).is_none_or(|n| *n < most);
        let (party, waiting) = self.waiting.next(has_room)?;
        let is_granted = !waiting.is_over();
        if is_granted {
            self.note_held(&party);
        }
        Some(Next { party, waiting, is_granted })
    }

    fn note_held(&mut self, party: &Party) {
        self.in_use += 1;
        if let Some(party) = party {
            *self.held.entry(Arc::clone(party)).or_default() += 1;
        }
    }

    fn give_back(&mut self, party: &Party) {
        self.in_use = self.in_use.saturating_sub(1);
        let Some(party) = party else { return };
        if let Some(held) = self.held.get_mut(party) {
            *held = held.saturating_sub(1);
        }
        // A party that holds nothing is as good as a new one; there may be any number of them.
        self.held.retain(|_, held| *held > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Urgency;
    use futures::FutureExt as _;
    use std::collections::BTreeMap;

    fn turn(party: &str) -> Turn {
        Turn::of(party, Urgency::Backlog)
    }

    fn taken(permits: &Arc<Permits>, party: &str) -> Option<Permit> {
        permits.take(&turn(party)).now_or_never()
    }

    #[test]
    fn one_party_never_holds_all_and_gets_more_when_it_gives_some_back() {
        for (most, of_one) in [(1, 1), (2, 1), (3, 1), (4, 2), (8, 6), (64, 48)] {
            let permits = Permits::new(Room::divided(most));
            let mut held: Vec<_> = (0..of_one).map(|_| taken(&permits, "hangs").unwrap()).collect();
            assert!(taken(&permits, "hangs").is_none(), "{most}");
            held.pop();
            assert!(taken(&permits, "hangs").is_some(), "{most}");
        }
    }

    #[test]
    fn however_much_hangs_in_one_party_a_list_and_another_party_find_a_permit() {
        let permits = Permits::new(Room::divided(4));
        let _hanging: Vec<_> = std::iter::from_fn(|| taken(&permits, "hangs")).collect();
        let _list = permits.take(&Turn::default()).now_or_never().expect("one for the list");
        assert!(taken(&permits, "neighbour").is_some());
    }

    #[test]
    fn work_for_all_and_undivided_room_may_have_everything() {
        let permits = Permits::new(Room::divided(4));
        let held: Vec<_> = (0..4).filter_map(|_| permits.take(&Turn::default()).now_or_never()).collect();
        assert_eq!(held.len(), 4);
        let permits = Permits::new(Room::undivided(4));
        assert_eq!(std::iter::from_fn(|| taken(&permits, "tenant")).take(9).collect::<Vec<_>>().len(), 4);
    }

    #[test]
    fn waits_that_were_given_up_keep_no_permit_and_nothing_is_kept_of_parties_that_hold_none() {
        let permits = Permits::new(Room::divided(2));
        let held = [taken(&permits, "a").unwrap(), taken(&permits, "b").unwrap()];
        for party in 0..10_000 {
            assert!(taken(&permits, &party.to_string()).is_none());
        }
        drop(held);
        assert!(taken(&permits, "c").is_some());
        let state = permits.state();
        assert!(state.held.is_empty() && state.waiting.is_empty() && state.in_use == 0);
    }

    #[test]
    fn fewer_permits_hold_once_enough_are_given_back() {
        let permits = Permits::new(Room::divided(4));
        let mut held = vec![taken(&permits, "a").unwrap(), taken(&permits, "b").unwrap()];
        permits.resize(Room::divided(1));
        held.pop();
        assert!(taken(&permits, "c").is_none());
        held.pop();
        assert!(taken(&permits, "c").is_some());
    }

    /// Parties that take, wait and give back in any order.
    #[derive(Default)]
    struct Parties {
        held: BTreeMap<u8, Vec<Permit>>,
        waiting: Vec<Waiting>,
    }

    struct Waiting {
        party: u8,
        granted: std::pin::Pin<Box<dyn Future<Output = Permit>>>,
        /// How many permits each other party got since.
        passed_by: BTreeMap<u8, usize>,
    }

    impl Parties {
        fn ask(&mut self, permits: &Arc<Permits>, party: u8) {
            let permits = Arc::clone(permits);
            let granted = Box::pin(async move { permits.take(&turn(&party.to_string())).await });
            self.waiting.push(Waiting { party, granted, passed_by: BTreeMap::new() });
        }

        fn give_back(&mut self, party: u8) {
            self.held.get_mut(&party).and_then(Vec::pop);
        }

        /// Takes in what was granted, one by one, and checks what each grant did to those that still wait.
        fn settle(&mut self, room: Room) {
            while let Some((at, permit)) = self.granted() {
                let party = self.waiting.remove(at).party;
                self.held.entry(party).or_default().push(permit);
                let held = |party: &u8| self.held.get(party).map_or(0, Vec::len);
                assert!(held(&party) <= room.of_one);
                for waiting in self.waiting.iter_mut().filter(|other| other.party != party) {
                    let passed_by = waiting.passed_by.entry(party).or_default();
                    *passed_by += 1;
                    let first = *passed_by <= 1 || held(&waiting.party) >= room.of_one;
                    assert!(first, "party {party} got two permits while party {} waited", waiting.party);
                }
                for own in self.waiting.iter_mut().filter(|own| own.party == party) {
                    own.passed_by.clear();
                }
            }
        }

        fn granted(&mut self) -> Option<(usize, Permit)> {
            let mut waiting = self.waiting.iter_mut().enumerate();
            waiting.find_map(|(at, waiting)| Some((at, waiting.granted.as_mut().now_or_never()?)))
        }
    }

    /// With any sequence of takes and drops: a party that waits, and may hold more, sees each other party get one at most
    /// before its own turn; and no permit is left unused that somebody may have.
    #[test]
    fn no_party_waits_while_another_gets_two() {
        for seed in 0..300_u64 {
            let mut chance = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut roll = |sides: u64| {
                chance ^= chance << 13;
                chance ^= chance >> 7;
                chance ^= chance << 17;
                chance % sides
            };
            let room = Room::divided(usize::try_from(1 + roll(8)).unwrap());
            let (permits, mut parties) = (Permits::new(room), Parties::default());
            for _ in 0..200 {
                let party = u8::try_from(roll(4)).unwrap();
                if roll(5) < 3 {
                    parties.ask(&permits, party);
                } else {
                    parties.give_back(party);
                }
                parties.settle(room);
                let in_use: usize = parties.held.values().map(Vec::len).sum();
                let held = |party: &u8| parties.held.get(party).map_or(0, Vec::len);
                let idle = in_use < room.most && parties.waiting.iter().any(|w| held(&w.party) < room.of_one);
                assert!(!idle, "a permit is free, and somebody waits who may have it");
            }
        }
    }
}

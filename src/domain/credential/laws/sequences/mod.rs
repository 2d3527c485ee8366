//! The promises over sequences of up to three passes: everything that can happen between two passes, and to the write of
//! each, with the production functions on both ways (`decide`, `judge`, `transition`).

mod carry;
mod corrections;
mod key;
mod lost;
mod ownership;
mod pam;
mod pass;
mod retries;
mod vaults;
mod world;

use std::collections::HashMap;

use key::Key;
use pam::Record;
use world::{Event, Fault, Settings, World};

use crate::domain::{AdoptionPolicy, Decision};

/// So many passes are explored; then faults stop.
const PASSES: usize = 3;

const FAULTS: [Fault; 6] =
    [Fault::LostBefore, Fault::LostAfter, Fault::LostLate, Fault::Refused, Fault::Killed, Fault::KilledLate];

/// Follows every sequence of [`PASSES`] from `world` on, and hands each end to `law`. Returns how many sequences there are.
fn explore(world: &World, events: &[Event], law: impl Fn(&World)) -> usize {
    let mut tree = Tree { events, law, seen: HashMap::new() };
    let started = std::time::Instant::now();
    let sequences = tree.follow(world, PASSES);
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    eprintln!("{name}: {sequences} sequences, {} states, {:?}", tree.seen.len(), started.elapsed());
    sequences
}

/// All sequences; those that lead to the same state are followed once from there.
struct Tree<'a, L> {
    events: &'a [Event],
    law: L,
    seen: HashMap<(Key, usize), usize>,
}

impl<L: Fn(&World)> Tree<'_, L> {
    fn follow(&mut self, world: &World, left: usize) -> usize {
        let state = (world.key(), left);
        if let Some(sequences) = self.seen.get(&state) {
            return *sequences;
        }
        let sequences = if left == 0 {
            (self.law)(world);
            1
        } else {
            self.events.iter().map(|event| self.after(world, *event, left)).sum()
        };
        self.seen.insert(state, sequences);
        sequences
    }

    fn after(&mut self, world: &World, event: Event, left: usize) -> usize {
        let mut before = world.clone();
        before.happen(event);
        let mut then = before.clone();
        then.pass(Fault::None);
        let sequences = self.follow(&then, left - 1);
        // A fault is one of a write.
        let faults = if then.writes > before.writes { FAULTS.as_slice() } else { &[] };
        let with_faults = faults.iter().map(|fault| {
            let mut then = before.clone();
            then.pass(*fault);
            self.follow(&then, left - 1)
        });
        sequences + with_faults.sum::<usize>()
    }
}

/// Lets time pass until nothing is open any more.
fn settled(world: &World) -> World {
    let mut world = world.clone();
    for _ in 0..8 {
        world.pass_time(100);
        world.pass(Fault::None);
    }
    world.happen(Event::Listed);
    world.pass(Fault::None);
    world
}

/// P1 after faults stopped: one record with the newest fields and the newest value that was due, and no further write.
fn converges(world: &World) {
    let end = settled(world);
    let ours: Vec<&Record> = end.pam().records.iter().filter(|record| !record.foreign).collect();
    let [record] = ours.as_slice() else { panic!("P1, P3: {} records: {end:#?}", ours.len()) };
    if end.untold {
        return;
    }
    assert_eq!(record.notes, end.notes, "P1: {end:#?}");
    assert_eq!(record.username, end.username, "P1: {end:#?}");
    if !record.rotates {
        assert!(record.value == end.value || record.value == 9, "P1, P3: {end:#?}");
    }
    assert!(end.status.in_flight.is_none(), "{end:#?}");
    rests(&end);
}

/// P1: nothing is due, and nothing is sent.
fn rests(end: &World) {
    let mut again = end.clone();
    again.pass_time(100);
    again.pass(Fault::None);
    assert_eq!((again.writes, &again.status), (end.writes, &end.status), "P1: nothing is due");
    assert_eq!(again.last, Some(Decision::Settled));
}

/// An object that has its record.
fn synced(settings: Settings) -> World {
    settled(&World::new(settings))
}

const fn adopting(adoption: AdoptionPolicy) -> Settings {
    Settings { adoption, disable: false, correct: false, ensure_enabled: false, rotates: false }
}

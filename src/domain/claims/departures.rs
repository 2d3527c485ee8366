//! What an object leaves behind counts while the PAM may still execute a write of it, and no longer (P3, P4): over every
//! sequence of a few events of an object that may go at any time.

use std::time::Duration;

use super::*;
use crate::domain::{SETTLE, VaultId};

/// The object that goes.
const GOING: &str = "g";
/// An object of another namespace.
const OTHER: &str = "o";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// A pass of the object begins, and claims.
    Claim,
    /// The pass ends: its write has no answer.
    Lose,
    /// The pass ends: the PAM refused the write.
    GiveBack,
    /// The pass ends: the PAM executed the write.
    Keep,
    /// The watch shows a status that tells of a write of now without an answer.
    Tell,
    /// The object goes.
    Go,
    /// So much time passes.
    Wait(u64),
}

const EVENTS: [Event; 8] = [
    Event::Claim,
    Event::Lose,
    Event::GiveBack,
    Event::Keep,
    Event::Tell,
    Event::Go,
    Event::Wait(60),
    Event::Wait(SETTLE.as_secs()),
];

#[derive(Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each says something of its own of the object")]
struct World {
    book: ClaimBook,
    now: Timestamp,
    is_passing: bool,
    is_gone: bool,
    /// It has what it claimed.
    has: bool,
    /// The PAM executed a write of it.
    is_confirmed: bool,
    /// From when on the PAM executes none of its writes that have no answer.
    settles: Option<Timestamp>,
}

fn name(uid: &str) -> ObjectName {
    ObjectName { namespace: uid.to_owned(), name: uid.to_owned() }
}

fn noted(in_flight: Option<Timestamp>) -> NotedClaims {
    NotedClaims { name: name(GOING), in_flight, ..NotedClaims::default() }
}

impl World {
    fn new() -> Self {
        let mut book = ClaimBook::default();
        book.note(GOING, noted(None));
        book.note(OTHER, NotedClaims { name: name(OTHER), ..NotedClaims::default() });
        let now = Timestamp::UNIX_EPOCH;
        Self { book, now, is_passing: false, is_gone: false, has: false, is_confirmed: false, settles: None }
    }

    fn request(&self) -> ClaimRequest {
        ClaimRequest {
            vault: VaultId::new("https://pam", None),
            identifier: "i".to_owned(),
            account: "x".to_owned(),
            device: None,
            record: None,
            by_tenant: false,
            now: self.now,
        }
    }

    fn apply(&mut self, event: Event) {
        let is_end = matches!(event, Event::Lose | Event::GiveBack | Event::Keep);
        if is_end != (self.is_passing && is_end) || (self.is_gone && matches!(event, Event::Tell | Event::Go)) {
            return;
        }
        let before = self.known();
        let is_told = match event {
            Event::Claim => self.claim(),
            Event::Tell => {
                self.settles = self.settles.max(Some(self.end()));
                self.book.note(GOING, noted(Some(self.now)))
            }
            Event::Go => {
                self.is_gone = true;
                // The one that goes always wakes those that wait.
                self.book.forget(GOING);
                true
            }
            Event::Wait(seconds) => {
                self.now = self.now.checked_add(Duration::from_secs(seconds)).unwrap();
                true
            }
            Event::Lose | Event::GiveBack | Event::Keep => self.end_pass(event),
        };
        assert!(is_told || before == self.known(), "those who wait are told what changed: {event:?}");
        self.check();
    }

    fn claim(&mut self) -> bool {
        let is_too_late = self.is_gone && !self.is_passing;
        self.book.begin_pass(GOING);
        self.book.claim(GOING, &name(GOING), &self.request()).unwrap();
        self.has |= !self.is_gone;
        self.is_passing = !is_too_late;
        if is_too_late {
            self.book.close_pass(GOING);
        }
        // Nobody waits for what nobody had.
        true
    }

    fn end_pass(&mut self, event: Event) -> bool {
        match event {
            Event::Lose => {
                self.settles = self.settles.max(Some(self.end()));
                self.book.note_lost(GOING, self.now);
                self.book.lose(GOING, self.now);
            }
            Event::Keep => {
                self.is_confirmed |= self.has;
                self.book.keep(GOING, None);
            }
            _ => {
                self.has = self.is_confirmed;
                self.book.give_back(GOING, false);
            }
        }
        self.is_passing = false;
        self.book.close_pass(GOING) || event == Event::GiveBack
    }

    fn end(&self) -> Timestamp {
        self.now.checked_add(SETTLE).unwrap()
    }

    /// Whether the object is in the way of another one, and when that is known to end.
    fn known(&self) -> (bool, Option<Timestamp>) {
        let is_in_the_way = self.book.holder(OTHER, &name(OTHER), &self.request()).is_some();
        (is_in_the_way, self.book.counts_until(OTHER, &self.request()))
    }

    fn check(&self) {
        let is_left = self.is_gone && !self.is_passing;
        let due = self.settles.filter(|settles| is_left && self.has && self.now < *settles);
        assert_eq!(self.known(), (if is_left { due.is_some() } else { self.has }, due));
        let mut later = self.book.clone();
        let claimed = later.claim(OTHER, &name(OTHER), &self.request());
        assert_eq!(claimed.is_err(), self.known().0, "to ask is to learn what a claim would meet");
        let is_over = is_left && self.settles.is_none_or(|settles| settles <= self.now);
        assert!(!is_over || later.index.get(GOING).is_none(), "nothing is kept of it for ever");
    }
}

fn explore(world: &World, depth: u32) {
    for event in EVENTS.into_iter().filter(|_| depth > 0) {
        let mut next = world.clone();
        next.apply(event);
        explore(&next, depth - 1);
    }
}

#[test]
fn p3_what_an_object_leaves_behind_counts_until_its_last_write_without_an_answer_can_no_longer_arrive() {
    explore(&World::new(), 5);
}

/// A tenant's doubt counts outside of its namespace for its pass alone, also once its object is gone.
#[test]
fn p9_what_a_tenants_object_leaves_behind_counts_in_its_namespace_alone() {
    let mut world = World::new();
    let by_tenant = ClaimRequest { by_tenant: true, ..world.request() };
    world.book.begin_pass(GOING);
    world.book.claim(GOING, &name(GOING), &by_tenant).unwrap();
    world.book.forget(GOING);
    assert!(world.known().0, "its write may be under way");
    world.book.note_lost(GOING, world.now);
    world.book.lose(GOING, world.now);
    assert!(world.book.close_pass(GOING));
    assert!(!world.known().0);
    let neighbour = ObjectName { namespace: GOING.to_owned(), name: "n".to_owned() };
    assert!(world.book.holder("n", &neighbour, &world.request()).is_some());
    world.now = world.end();
    assert!(world.book.holder("n", &neighbour, &world.request()).is_none());
}

#[test]
fn an_object_that_was_lost_from_sight_and_comes_back_has_what_its_status_says() {
    let mut world = World::new();
    for event in [Event::Claim, Event::Lose, Event::Go] {
        world.apply(event);
    }
    world.book.note(GOING, noted(None));
    world.now = world.end();
    assert!(world.known().0, "it has what it claimed, for nothing came of that yet");
}

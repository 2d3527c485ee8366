//! For how long, and for whom, counts what a tenant's object claims (P4, P9): over every sequence of a few events. Path and
//! rights of a tenant's connection are the tenant's choice, so that a claim alone proves none of them.

use std::time::Duration;

use super::*;
use crate::domain::{SETTLE, VaultId};

/// The tenant's object.
const TENANT: &str = "t";
/// Another object of the tenant's namespace.
const NEIGHBOUR: &str = "n";
/// An object of another namespace.
const VICTIM: &str = "v";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// A pass of the tenant's object begins, and claims.
    Claim,
    /// The pass ends: its write has no answer.
    Lose,
    /// The pass ends without a write.
    EndPass,
    /// The pass ends: the PAM refused the write.
    GiveBack,
    /// The pass ends: the PAM executed the write.
    Keep,
    /// So much time passes.
    Wait(u64),
}

const EVENTS: [Event; 7] = [
    Event::Claim,
    Event::Lose,
    Event::EndPass,
    Event::GiveBack,
    Event::Keep,
    Event::Wait(60),
    Event::Wait(SETTLE.as_secs()),
];

/// For whom something of the tenant's object counts, as a careful person knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    ForNobody,
    /// It was claimed, and nothing came of that yet.
    Until {
        end: Timestamp,
        in_every_namespace: bool,
    },
    /// The PAM confirmed it.
    ForAll,
}

#[derive(Clone)]
struct World {
    book: ClaimBook,
    now: Timestamp,
    by_tenant: bool,
    counts: Counts,
    /// The PAM confirmed it before the last claim.
    confirmed: bool,
}

fn object(namespace: &str, uid: &str) -> ObjectName {
    ObjectName { namespace: namespace.to_owned(), name: uid.to_owned() }
}

fn name(uid: &str) -> ObjectName {
    object(if uid == VICTIM { "victims" } else { "tenants" }, uid)
}

impl World {
    fn new(by_tenant: bool) -> Self {
        let mut book = ClaimBook::default();
        for uid in [TENANT, NEIGHBOUR, VICTIM] {
            book.note(uid, NotedClaims { name: name(uid), ..NotedClaims::default() });
        }
        let now = Timestamp::UNIX_EPOCH;
        Self { book, now, by_tenant, counts: Counts::ForNobody, confirmed: false }
    }

    fn request(&self) -> ClaimRequest {
        ClaimRequest {
            vault: VaultId::new("https://pam", None),
            identifier: "i".to_owned(),
            account: "x".to_owned(),
            device: Some(DeviceClaim { device: "d".to_owned(), block: "theirs".to_owned() }),
            record: None,
            by_tenant: self.by_tenant,
            now: self.now,
        }
    }

    /// Requests of another object, each for one thing that the tenant's object has.
    fn requests(&self) -> [ClaimRequest; 3] {
        let other = |identifier: &str, account: &str, block: Option<&str>| ClaimRequest {
            identifier: identifier.to_owned(),
            account: account.to_owned(),
            device: block.map(|block| DeviceClaim { device: "d".to_owned(), block: block.to_owned() }),
            by_tenant: false,
            ..self.request()
        };
        [other("i", "y", None), other("j", "x", None), other("j", "y", Some("ours"))]
    }

    fn end(&self) -> Timestamp {
        self.now.checked_add(SETTLE).unwrap()
    }

    fn is_pending(&self) -> bool {
        matches!(self.counts, Counts::Until { .. })
    }

    fn apply(&mut self, event: Event) {
        let before = self.blocked(VICTIM);
        let frees = match event {
            Event::Claim => {
                self.confirmed |= self.counts == Counts::ForAll;
                self.counts = Counts::Until { end: self.end(), in_every_namespace: true };
                self.book.claim(TENANT, &name(TENANT), &self.request()).unwrap()
            }
            Event::Lose => {
                if let Counts::Until { .. } = self.counts {
                    self.counts = Counts::Until { end: self.end(), in_every_namespace: false };
                }
                self.book.lose(TENANT, self.now)
            }
            Event::EndPass => {
                if let Counts::Until { end, .. } = self.counts {
                    self.counts = Counts::Until { end, in_every_namespace: false };
                }
                self.book.end_pass(TENANT)
            }
            Event::GiveBack => {
                if self.is_pending() {
                    self.counts = if self.confirmed { Counts::ForAll } else { Counts::ForNobody };
                }
                self.book.give_back(TENANT, false)
            }
            Event::Keep => {
                if self.is_pending() {
                    self.counts = Counts::ForAll;
                }
                self.book.keep(TENANT, Some("theirs".to_owned()))
            }
            Event::Wait(seconds) => {
                self.now = self.now.checked_add(Duration::from_secs(seconds)).unwrap();
                true
            }
        };
        let is_free_now = before && !self.blocked(VICTIM);
        assert!(frees || !is_free_now, "those who wait are told what is free: {event:?}");
        self.check();
    }

    /// Whether the tenant's object is in the way of another one, whichever of its things that one asks for.
    fn blocked(&self, uid: &str) -> bool {
        let blocks = self.requests().map(|request| self.book.holder(uid, &name(uid), &request).is_some());
        assert!(blocks == [blocks[0]; 3], "identifier, account and device count alike: {blocks:?}");
        blocks[0]
    }

    fn check(&self) {
        let expected = |at_home: bool| match self.counts {
            Counts::ForNobody => false,
            Counts::Until { .. } if !self.by_tenant || self.confirmed => true,
            Counts::Until { end, in_every_namespace } => self.now < end && (in_every_namespace || at_home),
            Counts::ForAll => true,
        };
        assert_eq!(self.blocked(VICTIM), expected(false), "{:?}", self.counts);
        assert_eq!(self.blocked(NEIGHBOUR), expected(true), "{:?}", self.counts);
        let ends = self.requests().map(|request| self.book.counts_until(NEIGHBOUR, &request));
        let due = match self.counts {
            Counts::Until { end, .. } if self.by_tenant && self.now < end => Some(end),
            _ => None,
        };
        assert_eq!(ends, [due; 3], "those who wait know when to come back");
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
fn p9_a_tenants_doubt_ends_with_its_settle_window_and_counts_in_its_namespace_alone() {
    explore(&World::new(true), 5);
}

#[test]
fn p4_what_is_claimed_through_a_clusters_connection_counts_for_all_until_something_came_of_it() {
    explore(&World::new(false), 5);
}

#[test]
fn p4_what_a_status_says_is_its_objects_whatever_a_tenant_claimed() {
    for event in [None, Some(Event::Lose), Some(Event::EndPass)] {
        let mut world = World::new(true);
        world.apply(Event::Claim);
        if let Some(event) = event {
            world.apply(event);
        }
        let text = |text: &str| Some(text.to_owned());
        let (vault, record) = (VaultId::new("https://pam", None), "7".to_owned());
        let held = HeldClaims { vault, record, identifier: text("i"), account: text("x"), ..HeldClaims::default() };
        world.book.note(VICTIM, NotedClaims { name: name(VICTIM), held: Some(held), ..NotedClaims::default() });
        for request in &world.requests()[..2] {
            assert!(world.book.holder(NEIGHBOUR, &name(NEIGHBOUR), request).is_some(), "{event:?}");
            assert!(world.book.holder(TENANT, &name(TENANT), request).is_some(), "the tenant's object waits now");
        }
    }
}

#[test]
fn p3_only_a_write_without_an_answer_is_in_doubt_and_a_tenants_for_its_window() {
    for by_tenant in [false, true] {
        let mut world = World::new(by_tenant);
        assert!(!world.book.is_in_doubt(TENANT, world.now));
        world.apply(Event::Claim);
        assert!(!world.book.is_in_doubt(TENANT, world.now));
        world.apply(Event::Lose);
        world.apply(Event::Claim);
        assert!(world.book.is_in_doubt(TENANT, world.now), "the earlier write is still open");
        world.apply(Event::Wait(SETTLE.as_secs()));
        assert_eq!(world.book.is_in_doubt(TENANT, world.now), !by_tenant);
        for end in [Event::Keep, Event::GiveBack] {
            let mut world = world.clone();
            world.apply(end);
            assert!(!world.book.is_in_doubt(TENANT, world.now));
        }
    }
}

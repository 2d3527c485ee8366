//! No two objects have one thing (P4), over every sequence of a few events, beside a list that knows of no index; and the record by
//! its id, over the whole space of what a status and a request can say.

use std::sync::LazyLock;

use super::*;
use crate::domain::VaultId;

const OBJECTS: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Copy, Debug)]
enum Event {
    /// An object asks for one of [`REQUESTS`].
    Claim(usize),
    /// What it claimed was written.
    Keep,
    /// Nothing came of its claim.
    GiveBack,
    /// It is being deleted.
    Release,
}

const EVENTS: [Event; 7] =
    [Event::Claim(0), Event::Claim(1), Event::Claim(2), Event::Claim(3), Event::Keep, Event::GiveBack, Event::Release];

fn request(tenant: Option<&str>, identifier: &str, account: &str) -> ClaimRequest {
    ClaimRequest {
        vault: VaultId::new("https://pam", tenant),
        identifier: identifier.to_owned(),
        account: account.to_owned(),
        device: None,
        record: None,
        by_tenant: false,
        now: Timestamp::UNIX_EPOCH,
    }
}

static REQUESTS: LazyLock<[ClaimRequest; 4]> = LazyLock::new(|| {
    [
        request(Some("acme"), "i", "x"),
        request(None, "j", "x"),
        request(Some("umbrella"), "i", "y"),
        request(Some("acme"), "i", "y"),
    ]
});

fn name(uid: &str) -> ObjectName {
    ObjectName { namespace: "ns".to_owned(), name: uid.to_owned() }
}

/// What an object had, of [`REQUESTS`].
#[derive(Clone, Copy)]
struct Before(Option<usize>);

/// What an object has, as a careful person knows it.
#[derive(Clone, Default)]
struct Known {
    has: Option<usize>,
    /// What it had before a claim of which nothing came yet.
    before: Option<Before>,
    /// It got back what it had before: another object may have claimed that since.
    got_back: bool,
}

#[derive(Clone)]
struct World {
    book: ClaimBook,
    known: [Known; 3],
}

impl World {
    fn new() -> Self {
        let mut book = ClaimBook::default();
        for uid in OBJECTS {
            book.note(uid, NotedClaims::default());
        }
        Self { book, known: [const { Known { has: None, before: None, got_back: false } }; 3] }
    }

    fn apply(&mut self, object: usize, event: Event) {
        let had = self.known[object].has;
        let frees = match event {
            Event::Claim(wanted) => self.claim(object, wanted),
            Event::Keep => {
                let said = self.book.keep(OBJECTS[object], None);
                let before = self.known[object].before.take();
                assert_eq!(
                    said,
                    before.is_some_and(|Before(before)| before.is_some() && before != had),
                    "its record left something"
                );
                false
            }
            Event::GiveBack => {
                let known = &mut self.known[object];
                if let Some(Before(before)) = known.before.take() {
                    (known.has, known.got_back) = (before, true);
                }
                self.book.give_back(OBJECTS[object], false)
            }
            Event::Release => {
                self.known[object] = Known::default();
                let had = self.book.forget(OBJECTS[object]);
                self.book.note(OBJECTS[object], NotedClaims::default());
                had
            }
        };
        let has_less = had.is_some() && had != self.known[object].has;
        assert!(frees || !has_less || matches!(event, Event::Keep), "those who wait are told what is free");
        self.check();
    }

    /// Asks for that; `true` if something is free.
    fn claim(&mut self, object: usize, wanted: usize) -> bool {
        let (uid, request) = (OBJECTS[object], &REQUESTS[wanted]);
        let in_the_way: Vec<_> = (0..3).filter(|other| *other != object && self.overlaps(*other, wanted)).collect();
        let holder = self.book.holder(uid, &name(uid), request);
        let claimed = self.book.claim(uid, &name(uid), request);
        assert_eq!(claimed.clone().err(), holder, "to ask is to learn what a claim would meet");
        match claimed {
            Ok(frees) => {
                assert!(in_the_way.is_empty(), "{in_the_way:?} has it");
                let known = &mut self.known[object];
                known.before.get_or_insert(Before(known.has));
                (known.has, known.got_back) = (Some(wanted), false);
                frees
            }
            Err(Taken::Identifier(holder) | Taken::Account(holder) | Taken::Device(holder)) => {
                assert!(in_the_way.iter().any(|other| holder == name(OBJECTS[*other])), "{holder:?} does not have it");
                false
            }
        }
    }

    /// Whether an object has the identifier or the account of that request, in a vault that may be the same.
    fn overlaps(&self, object: usize, wanted: usize) -> bool {
        let has = self.known[object].has;
        has.map(|has| (&REQUESTS[has], &REQUESTS[wanted])).is_some_and(|(has, wanted)| {
            let same = has.identifier == wanted.identifier || has.account == wanted.account;
            same && has.vault.may_be(&wanted.vault)
        })
    }

    fn check(&self) {
        for (one, known) in self.known.iter().enumerate() {
            let Some(has) = known.has else { continue };
            for other in (0..3).filter(|other| *other != one && self.overlaps(*other, has)) {
                assert!(known.got_back || self.known[other].got_back, "{one} and {other} have one thing");
            }
        }
        let kept = self.book.index.holders.iter().all(|(_, uid)| self.book.index.get(uid).is_some());
        assert!(kept, "nothing of objects that have nothing is left in the index");
    }
}

/// Carries out every sequence of up to so many events of the first so many objects, and returns how many there are.
fn explore(world: &World, objects: usize, depth: usize) -> usize {
    if depth == 0 {
        return 1;
    }
    let next = |object, event| {
        let mut next = world.clone();
        next.apply(object, event);
        explore(&next, objects, depth - 1)
    };
    1 + (0..objects).map(|object| EVENTS.iter().map(|event| next(object, *event)).sum::<usize>()).sum::<usize>()
}

#[test]
fn two_objects_never_have_one_identifier_or_account_where_the_vault_may_be_one() {
    assert_eq!(explore(&World::new(), 2, 5), (0..=5).map(|depth| 14_usize.pow(depth)).sum::<usize>());
}

#[test]
fn nor_do_three() {
    assert_eq!(explore(&World::new(), 3, 4), (0..=4).map(|depth| 21_usize.pow(depth)).sum::<usize>());
}

fn vaults() -> [VaultId; 4] {
    let other = VaultId::new("https://other", Some("acme"));
    [
        VaultId::new("https://pam", Some("acme")),
        VaultId::new("https://pam", Some("umbrella")),
        VaultId::new("https://pam", None),
        other,
    ]
}

/// Every status that an object with a record can have, of two identifiers and two accounts.
fn statuses() -> Vec<HeldClaims> {
    let texts = |texts: [Option<&str>; 3]| texts.map(|text| text.map(str::to_owned));
    let mut all = Vec::new();
    for vault in vaults() {
        for identifier in texts([None, Some("i"), Some("j")]) {
            for account in texts([None, Some("x"), Some("y")]) {
                let (vault, identifier) = (vault.clone(), identifier.clone());
                all.push(HeldClaims { vault, record: "7".to_owned(), identifier, account, device: None, block: None });
            }
        }
    }
    all
}

/// Every request, of two identifiers, two accounts and two records.
fn every_request() -> Vec<ClaimRequest> {
    let mut all = Vec::new();
    for vault in vaults() {
        for (identifier, account) in [("i", "x"), ("i", "y"), ("j", "x"), ("j", "y")] {
            for record in [None, Some("7"), Some("8")] {
                let record = record.map(str::to_owned);
                all.push(ClaimRequest { vault: vault.clone(), record, ..request(None, identifier, account) });
            }
        }
    }
    all
}

fn noted(uid: &str, held: &HeldClaims) -> NotedClaims {
    NotedClaims { name: name(uid), held: Some(held.clone()), ..NotedClaims::default() }
}

#[test]
fn what_a_status_says_is_its_objects_until_that_object_goes() {
    for held in statuses() {
        for request in every_request() {
            let mut book = ClaimBook::default();
            book.note("b", NotedClaims::default());
            book.note("a", noted("a", &held));
            let same = held.vault.may_be(&request.vault);
            let is_taken = same
                && (held.identifier.as_ref() == Some(&request.identifier)
                    || held.account.as_ref() == Some(&request.account)
                    || request.record.as_ref() == Some(&held.record));
            assert_eq!(book.claim("b", &name("b"), &request).is_err(), is_taken, "{held:?}, {request:?}");
            assert!(book.claim("a", &name("a"), &request).is_ok() || !is_taken, "it is the object's own");
            if is_taken {
                let mut gone = book.clone();
                gone.forget("a");
                assert!(gone.claim("b", &name("b"), &request).is_ok());
                assert!(book.forget("a"));
                assert!(book.claim("b", &name("b"), &request).is_ok());
            }
        }
    }
}

#[test]
fn the_object_whose_status_has_the_records_id_has_it_whatever_was_claimed_before() {
    for held in statuses() {
        for request in every_request() {
            let mut book = ClaimBook::default();
            book.note("b", NotedClaims::default());
            assert_eq!(book.claim("b", &name("b"), &request), Ok(false));
            book.note("a", noted("a", &held));
            let onto = ClaimRequest { record: Some("7".to_owned()), ..request.clone() };
            let same = held.vault.may_be(&request.vault);
            assert_eq!(book.holder("b", &name("b"), &onto).is_some(), same, "{held:?}, {request:?}");
            let record = VaultRecord { vault: &held.vault, id: "7" };
            assert!(book.is_shared("b", record) && !book.is_shared("a", record));
            let unaffected = ClaimRequest { record: None, ..request.clone() };
            assert_eq!(book.holder("b", &name("b"), &unaffected), None, "what was claimed stays claimed");
            let meets = held.identifier.as_ref() == Some(&request.identifier)
                || held.account.as_ref() == Some(&request.account);
            assert!(
                !(same && meets) || book.holder("a", &name("a"), &unaffected).is_some(),
                "and is not the other's, too"
            );
        }
    }
}

#[test]
fn a_device_is_shared_by_those_who_write_the_same_or_would_and_by_no_others() {
    for number in 0..27 {
        let [wrote, wants, other] = [number % 3, number / 3 % 3, number / 9].map(|block| block.to_string());
        let mut book = ClaimBook::default();
        book.note("b", NotedClaims::default());
        let held = HeldClaims {
            vault: VaultId::new("https://pam", None),
            record: "7".to_owned(),
            device: Some("d".to_owned()),
            block: Some(wrote.clone()),
            ..HeldClaims::default()
        };
        let noted = NotedClaims {
            name: name("a"),
            wanted_block: Some(wants.clone()),
            held: Some(held),
            ..NotedClaims::default()
        };
        book.note("a", noted);
        let device = Some(DeviceClaim { device: "d".to_owned(), block: other.clone() });
        let claimed = book.claim("b", &name("b"), &ClaimRequest { device, ..request(None, "i", "x") });
        assert_eq!(claimed.is_ok(), other == wrote || other == wants, "{wrote}, {wants}, {other}");
        assert!(claimed.is_ok() || claimed == Err(Taken::Device(name("a"))));
    }
}

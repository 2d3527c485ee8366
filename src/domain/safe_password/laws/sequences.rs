//! P1, P3, P6 and P7 over sequences of up to three passes: whatever is lost, late, refused or killed, the newest state ends in
//! one entry.

use std::collections::HashMap;

use super::pam::Pam;
use super::world::{Event, Fault, World, at, told_active};
use crate::domain::backoff::{self, NextPass};
use crate::domain::safe_password::{Connection, Decision, Ended, Reason, Status, next_pass};

/// So many passes are explored; then faults stop.
const PASSES: usize = 3;

const FAULTS: [Fault; 7] = [
    Fault::LostBefore,
    Fault::LostAfter,
    Fault::LostLate,
    Fault::Refused,
    Fault::KilledBefore,
    Fault::KilledAfter,
    Fault::KilledLate,
];

/// Follows every sequence of [`PASSES`] from `world` on, and hands each end to `law`. Returns how many sequences there are.
pub(super) fn explore(world: &World, events: &[Event], law: impl Fn(&World)) -> usize {
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
    seen: HashMap<(World, usize), usize>,
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

fn converges(world: &World) {
    world.settled().check_converged();
}

/// An object that has its entry.
pub(super) fn synced() -> World {
    World::new().settled()
}

fn shared() -> World {
    let mut world = synced();
    world.happen(Event::Shares(1));
    world.settled()
}

const LIVE_EVENTS: [Event; 7] =
    [Event::None, Event::Value(2), Event::Value(1), Event::Notes(2), Event::Notes(1), Event::Restart, Event::Wait];

#[test]
fn p1_p3_whatever_is_lost_the_newest_state_ends_in_one_entry() {
    for world in [World::new(), synced()] {
        let sequences = explore(&world, &LIVE_EVENTS, converges);
        assert!(sequences > 5_000, "{sequences}");
    }
}

#[test]
fn p1_p3_whatever_is_lost_of_shares_and_switches_the_newest_ends_in_one_entry() {
    let events = [
        Event::None,
        Event::Shares(1),
        Event::Shares(2),
        Event::Active(false),
        Event::Active(true),
        Event::Name("b"),
        Event::Wait,
    ];
    for world in [World::new(), shared()] {
        let sequences = explore(&world, &events, converges);
        assert!(sequences > 5_000, "{sequences}");
    }
}

#[test]
fn p1_p3_a_second_lost_write_hides_no_earlier_one() {
    let events = [Event::None, Event::Notes(1), Event::Value(1), Event::Shares(1), Event::Active(true), Event::Ask];
    for (event, fault) in [
        (Event::Notes(2), Fault::LostLate),
        (Event::Value(2), Fault::KilledLate),
        (Event::Shares(2), Fault::LostLate),
        (Event::Active(false), Fault::KilledLate),
    ] {
        let mut world = shared();
        world.happen(event);
        world.pass(fault);
        let sequences = explore(&world, &events, converges);
        assert!(sequences > 5_000, "{sequences}");
    }
}

/// What a write without an answer may have changed is not taken for what it was before.
#[test]
fn p1_p2_a_change_that_is_taken_back_after_a_lost_answer_is_sent_at_once() {
    let cases = [
        (Event::Notes(2), Event::Notes(1)),
        (Event::Value(2), Event::Value(1)),
        (Event::Shares(2), Event::Shares(1)),
        (Event::Active(false), Event::Active(true)),
    ];
    for (change, back) in cases {
        for fault in [Fault::LostAfter, Fault::KilledAfter] {
            let mut world = shared();
            world.happen(Event::Active(true));
            world = world.settled();
            let before = world.pam.records[0].clone();
            world.happen(change);
            world.pass(fault);
            world.happen(back);
            world.pass(Fault::None);
            let after = &world.pam.records[0];
            assert_eq!((after.content, after.active), (before.content, before.active), "P1: {change:?}: {world:#?}");
        }
    }
}

#[test]
fn p3_a_post_is_never_repeated_while_it_may_be_executed() {
    explore(&World::new(), &LIVE_EVENTS, |world| {
        let mut world = world.clone();
        for _ in 0..4 {
            world.pass_time(20);
            world.pass(Fault::LostLate);
            assert!(world.pam.records.len() + posts_to_come(&world) <= 1, "P3: {world:#?}");
        }
    });
}

fn posts_to_come(world: &World) -> usize {
    world.pam.late.iter().filter(|(_, call)| matches!(call, super::pam::Call::Post { .. })).count()
}

#[test]
fn p3_the_same_vault_by_another_name_gets_no_second_entry() {
    let events = [Event::None, Event::Alias, Event::Value(2), Event::Restart, Event::Wait];
    for world in [World::new(), synced()] {
        let sequences = explore(&world, &events, converges);
        assert!(sequences > 500, "{sequences}");
    }
}

#[test]
fn p6_nothing_is_sent_where_nothing_changed() {
    let quiet = [Event::None, Event::Touch, Event::Restart, Event::Wait, Event::Alias];
    for world in [synced(), shared()] {
        let writes = world.writes;
        explore(&world, &quiet, |world| assert_eq!(world.settled().writes, writes, "P6: {world:#?}"));
    }
}

#[test]
fn p6_e_mails_are_sent_once_for_each_change_of_shares() {
    let events = [Event::None, Event::Value(2), Event::Notes(2), Event::Ask, Event::Restart, Event::Active(false)];
    explore(&shared(), &events, |world| {
        let mails: usize = world.settled().pam.records.iter().map(|record| record.mails).sum();
        assert_eq!(mails, 1, "P6: {world:#?}");
    });
    for fault in FAULTS {
        let mut world = synced();
        world.happen(Event::Shares(1));
        world.pass(fault);
        let mails: usize = world.settled().pam.records.iter().map(|record| record.mails).sum();
        assert!((1..=2).contains(&mails), "P6: an answer that is lost costs one more at most: {fault:?}, {mails}");
    }
}

#[test]
fn p7_a_deleted_object_deactivates_its_entry_and_leaves_no_active_one() {
    let events = [Event::None, Event::Value(2), Event::Active(true), Event::Restart, Event::Wait, Event::Delete];
    for (hides_inactive, deactivates) in [(false, true), (true, true), (false, false)] {
        let mut world = World::new();
        world.deactivates = deactivates;
        world.pam = Pam { hides_inactive, ..Pam::default() };
        let sequences = explore(&world, &events, |world| {
            let mut world = world.clone();
            world.happen(Event::Delete);
            let end = world.settled();
            assert!(end.gone && !end.finalizer, "P7: {end:#?}");
            assert!(end.pam.own().all(|record| record.active != deactivates), "P7: {end:#?}");
        });
        assert!(sequences > 1_000, "{sequences}");
    }
}

#[test]
fn p7_the_finalizer_is_there_while_an_entry_may_be() {
    let mut world = World::new();
    world.deactivates = true;
    explore(&world, &LIVE_EVENTS, |world| {
        let may_be = !world.pam.records.is_empty() || !world.pam.late.is_empty();
        assert!(world.finalizer || !may_be, "P7: {world:#?}");
    });
}

#[test]
fn p10_a_second_refusal_changes_nothing_in_the_status() {
    for world in [World::new(), shared()] {
        explore(&world, &LIVE_EVENTS, |world| {
            let mut world = world.clone();
            world.happen(Event::Notes(3));
            let before = world.status.clone();
            world.pass(Fault::Refused);
            let (status, decision) = (world.status.clone(), world.last);
            if matches!(decision, Some(Decision::Send(_))) {
                let before = Status { observed_generation: status.observed_generation, ..before };
                assert_eq!(status, before, "P3: what is surely not executed is not in flight: {world:#?}");
            }
            world.pass(Fault::Refused);
            assert_eq!((&world.status, world.last), (&status, decision), "P10: {world:#?}");
        });
    }
}

/// Lets passes run for an hour as soon as each is allowed, with the same fault for each write. Returns the number of writes.
fn writes_within_an_hour(world: &World, fault: Fault, reason: Reason) -> usize {
    let mut world = world.clone();
    let (end, before) = (world.now + 3_600, world.writes);
    let mut failures = 0;
    while world.now < end {
        let writes = world.writes;
        world.pass(fault);
        let decision = world.last.unwrap();
        let reason = match decision {
            Decision::Wait(reason) => reason,
            _ if world.writes > writes => reason,
            _ => break,
        };
        failures += u32::from(world.writes > writes);
        // The shortest wait that chance can give.
        let wait = match next_pass(&ended(&world, decision, reason)) {
            NextPass::In(wait) => wait,
            NextPass::After(retry) => backoff::wait(retry, failures, None, 0.0).unwrap(),
            NextPass::OnChange => break,
        };
        world.pass_time(i64::try_from(wait.as_secs()).unwrap().max(1));
    }
    world.writes - before
}

fn ended(world: &World, decision: Decision, reason: Reason) -> Ended {
    let window_left = world.status.in_flight.as_ref().and_then(|write| write.left(at(world.started), at(world.now)));
    Ended {
        decision,
        reason,
        deleting: world.deleting,
        connection: Connection::Ready,
        written: false,
        bounded: false,
        claim_left: None,
        window_left,
    }
}

#[test]
fn p10_a_write_without_an_answer_or_a_refused_one_is_sent_again_every_few_minutes_at_most() {
    let mut changed = shared();
    changed.happen(Event::Value(2));
    for world in [World::new(), changed] {
        let lost = writes_within_an_hour(&world, Fault::LostBefore, Reason::PamUnavailable);
        assert!((2..=35).contains(&lost), "P10: {lost} writes: {world:#?}");
        let refused = writes_within_an_hour(&world, Fault::Refused, Reason::PamRejected);
        assert!((2..=20).contains(&refused), "P10: {refused} writes: {world:#?}");
    }
}

#[test]
fn what_is_not_asked_for_is_neither_activated_nor_deactivated() {
    explore(&synced(), &LIVE_EVENTS, |world| assert_eq!(told_active(&world.settled().status), None));
}

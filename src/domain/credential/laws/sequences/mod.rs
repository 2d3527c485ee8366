//! The promises over sequences of up to three passes: everything that can happen between two passes, and to the write of
//! each, with the production functions on both ways (`decide`, `judge`, `transition`).

mod pam;
mod world;

use pam::Record;
use world::{Event, Fault, World};

use crate::domain::{Adoption, Decision};

/// So many passes are explored; then faults stop.
const PASSES: usize = 3;

const FAULTS: [Fault; 6] =
    [Fault::LostBefore, Fault::LostAfter, Fault::LostLate, Fault::Refused, Fault::Killed, Fault::KilledLate];

/// Follows every sequence from `world` on, and hands each end to `law`. Returns how many ends there are.
fn explore(world: &World, events: &[Event], left: usize, law: &impl Fn(&World)) -> usize {
    if left == 0 {
        law(world);
        return 1;
    }
    let mut ends = 0;
    for event in events {
        let mut then = world.clone();
        then.happen(*event);
        let before = then.clone();
        then.pass(Fault::None);
        ends += explore(&then, events, left - 1, law);
        // A fault is one of a write.
        if then.writes > before.writes {
            for fault in FAULTS {
                let mut then = before.clone();
                then.pass(fault);
                ends += explore(&then, events, left - 1, law);
            }
        }
    }
    ends
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
    let ours: Vec<&Record> = end.pam.records.iter().filter(|record| !record.foreign).collect();
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
    let mut again = end.clone();
    again.pass_time(100);
    again.pass(Fault::None);
    assert_eq!((again.writes, &again.status), (end.writes, &end.status), "P1: nothing is due");
    assert_eq!(again.last, Some(Decision::Settled));
}

const LIVE: [Event; 7] =
    [Event::None, Event::Value(2), Event::Value(1), Event::Notes(2), Event::Notes(1), Event::Restart, Event::Wait];

#[test]
fn p1_p3_whatever_is_lost_the_newest_value_ends_in_one_record() {
    let mut ends = 0;
    for adoption in [Adoption::ByIdentifier, Adoption::Never] {
        ends += explore(&World::new(adoption, false, false), &LIVE, PASSES, &converges);
        // A record that is there already.
        let synced = settled(&World::new(adoption, false, false));
        ends += explore(&synced, &LIVE, PASSES, &converges);
    }
    eprintln!("{ends} sequences");
    assert!(ends > 10_000, "{ends}");
}

#[test]
fn p6_a_value_that_the_vault_rotated_stays_unless_ours_changed() {
    let events = [Event::None, Event::Value(2), Event::Notes(2), Event::Restart, Event::ChangedInVault, Event::Wait];
    let synced = settled(&World::new(Adoption::ByIdentifier, false, true));
    let ends = explore(&synced, &events, PASSES, &|world| _ = settled(world));
    assert!(ends > 300, "{ends}");
}

#[test]
fn p3_p4_a_rename_without_an_answer_ends_in_one_record() {
    let events = [Event::None, Event::Username("other"), Event::Username("svc"), Event::Value(2), Event::Restart];
    let mut ends = 0;
    for adoption in [Adoption::ByIdentifier, Adoption::Never] {
        let synced = settled(&World::new(adoption, false, false));
        ends += explore(&synced, &events, PASSES, &converges);
    }
    assert!(ends > 1_000, "{ends}");
}

#[test]
fn p7_a_deleted_object_disables_its_record_and_no_other() {
    let events = [Event::None, Event::Value(2), Event::Restart, Event::Wait, Event::Delete];
    let mut ends = 0;
    for adoption in [Adoption::ByIdentifier, Adoption::Never] {
        ends += explore(&World::new(adoption, true, false), &events, PASSES, &|world| {
            let mut world = world.clone();
            world.happen(Event::Delete);
            let end = settled(&world);
            assert!(end.gone, "P7: {end:#?}");
            assert!(end.pam.records.iter().all(|record| !record.enabled), "P7: {end:#?}");
        });
    }
    assert!(ends > 1_000, "{ends}");
}

#[test]
fn p4_a_record_that_somebody_else_made_is_never_written_under_never() {
    let mut world = World::new(Adoption::Never, true, false);
    world.pam.post(&pam::Post { identifier: "theirs".into(), username: "svc".into(), value: Some(7), notes: Some(7) });
    world.pam.records[0].foreign = true;
    let before = world.pam.records[0].clone();
    let events = [Event::None, Event::Value(2), Event::Notes(2), Event::Restart, Event::Wait, Event::Delete];
    let ends = explore(&world, &events, PASSES, &|world| {
        assert_eq!(settled(world).pam.records, std::slice::from_ref(&before));
    });
    assert!(ends >= 216, "{ends}");
}

//! P10: a PAM that refuses or fails is left alone.

use super::*;
use crate::domain::{Reason, backoff};

const EVENTS: [Event; 5] = [Event::None, Event::Value(2), Event::Notes(2), Event::Restart, Event::Wait];
const HOUR: i64 = 3_600;

/// Lets passes run for so many seconds as soon as each is allowed, with the same fault for each write. Returns the number
/// of writes.
fn writes_within(seconds: i64, world: &World, fault: Fault, reason: Reason) -> usize {
    let mut world = world.clone();
    let (end, before) = (world.now + seconds, world.writes);
    for failures in 1.. {
        let writes = world.writes;
        world.pass(fault);
        if world.writes == writes || world.now >= end {
            break;
        }
        // The shortest wait that chance can give.
        let wait = backoff::wait(reason.retry(), failures, None, 0.0).unwrap();
        world.pass_time(i64::try_from(wait.as_secs()).unwrap().max(1));
    }
    world.writes - before
}

#[test]
fn p10_a_refused_write_is_sent_again_a_few_times_an_hour_at_most() {
    for world in [World::new(adopting(AdoptionPolicy::Never)), synced(adopting(AdoptionPolicy::Never))] {
        explore(&world, &EVENTS, |world| {
            let writes = writes_within(6 * HOUR, world, Fault::Refused, Reason::PamRejected);
            assert!(writes <= 32, "P10: {writes} writes: {world:#?}");
        });
    }
}

#[test]
fn p10_a_write_without_an_answer_is_sent_again_every_few_minutes_at_most() {
    for world in [World::new(adopting(AdoptionPolicy::Never)), synced(adopting(AdoptionPolicy::Never))] {
        explore(&world, &EVENTS[..3], |world| {
            let writes = writes_within(HOUR, world, Fault::LostBefore, Reason::PamUnavailable);
            assert!(writes <= 35, "P10: {writes} writes: {world:#?}");
        });
    }
}

/// A status that changed would be news, and news cut the wait for a retry short.
#[test]
fn p10_a_second_refusal_changes_nothing_in_the_status() {
    for adoption in [AdoptionPolicy::ByIdentifier, AdoptionPolicy::Never] {
        for world in [World::new(adopting(adoption)), synced(adopting(adoption))] {
            explore(&world, &EVENTS, |world| {
                let mut world = world.clone();
                world.pass(Fault::Refused);
                let (status, decision) = (world.status.clone(), world.last);
                world.pass(Fault::Refused);
                assert_eq!((&world.status, world.last), (&status, decision), "P10: {world:#?}");
            });
        }
    }
}

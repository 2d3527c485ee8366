//! `driftPolicy: Correct`: what somebody else does to a record is undone, three times at most.

use super::*;
use crate::domain::credential::MOST_CORRECTIONS;

const CORRECTING: Settings = Settings { correct: true, ..adopting(AdoptionPolicy::ByIdentifier) };

const EVENTS: [Event; 6] =
    [Event::None, Event::Value(2), Event::Notes(2), Event::Restart, Event::ChangedInVault, Event::RenamedInVault];

/// Somebody changes the record before each list.
fn changed_again_and_again(world: &World, event: Event, rounds: usize) -> World {
    let mut world = settled(world);
    for _ in 0..rounds {
        // The first list after a write is what later lists are compared with.
        world.happen(Event::Listed);
        world.pass(Fault::None);
        world.happen(event);
        world.pass_time(3_600);
        world.happen(Event::Listed);
        world.pass(Fault::None);
        assert!(world.corrections <= MOST_CORRECTIONS && world.status.corrections.len() <= MOST_CORRECTIONS);
    }
    world
}

#[test]
fn a_record_is_corrected_three_times_and_then_left_alone() {
    for event in [Event::ChangedInVault, Event::RenamedInVault] {
        let sequences = explore(&synced(CORRECTING), &EVENTS, |world| {
            let end = changed_again_and_again(world, event, 5);
            assert_eq!(end.corrections, MOST_CORRECTIONS, "{end:#?}");
            assert!(end.pam().records.len() == 1 && end.status.corrections_exhausted(), "{end:#?}");
            rests(&end);
        });
        assert!(sequences > 1_000, "{sequences}");
    }
}

#[test]
fn a_correction_restores_what_was_written_and_is_the_last_write() {
    let sequences = explore(&synced(CORRECTING), &EVENTS, |world| {
        let end = changed_again_and_again(world, Event::ChangedInVault, 1);
        let [record] = end.pam().records.as_slice() else { panic!("P3: {end:#?}") };
        if !end.untold {
            assert_eq!((record.value, record.notes), (end.value, end.notes), "{end:#?}");
            assert_eq!(record.username, end.username, "{end:#?}");
        }
        rests(&end);
    });
    assert!(sequences > 1_000, "{sequences}");
}

#[test]
fn p6_no_correction_sends_a_value_that_the_vault_rotates() {
    let rotating = Settings { rotates: true, ..CORRECTING };
    let sequences =
        explore(&synced(rotating), &EVENTS, |world| _ = changed_again_and_again(world, Event::ChangedInVault, 2));
    assert!(sequences > 300, "{sequences}");
}

#[test]
fn what_is_only_reported_is_never_corrected() {
    let sequences = explore(&synced(adopting(AdoptionPolicy::ByIdentifier)), &EVENTS, |world| {
        assert_eq!(changed_again_and_again(world, Event::ChangedInVault, 2).corrections, 0);
    });
    assert!(sequences > 1_000, "{sequences}");
}

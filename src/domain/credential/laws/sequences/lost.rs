//! P1, P3 and P6: whatever is lost, the newest state ends in one record.

use super::*;

const LIVE: [Event; 7] =
    [Event::None, Event::Value(2), Event::Value(1), Event::Notes(2), Event::Notes(1), Event::Restart, Event::Wait];

#[test]
fn p1_p3_whatever_is_lost_the_newest_value_ends_in_one_record() {
    for adoption in [AdoptionPolicy::ByIdentifier, AdoptionPolicy::Never] {
        let sequences = explore(&World::new(adopting(adoption)), &LIVE, converges);
        assert!(sequences > 10_000, "{sequences}");
    }
}

#[test]
fn p1_p3_whatever_is_lost_of_an_update_the_newest_value_ends_in_one_record() {
    for adoption in [AdoptionPolicy::ByIdentifier, AdoptionPolicy::Never] {
        let sequences = explore(&synced(adopting(adoption)), &LIVE, converges);
        assert!(sequences > 10_000, "{sequences}");
    }
}

/// A refused write brings the generation of the spec into the status: the generation then says nothing of a later try.
#[test]
fn p1_p3_whatever_is_lost_after_a_refused_update_the_newest_value_ends_in_one_record() {
    for event in [Event::Notes(2), Event::Username("other"), Event::Value(2)] {
        for adoption in [AdoptionPolicy::ByIdentifier, AdoptionPolicy::Never] {
            let mut world = synced(adopting(adoption));
            world.happen(event);
            world.pass(Fault::Refused);
            let sequences = explore(&world, &LIVE, converges);
            assert!(sequences > 10_000, "{sequences}");
        }
    }
}

#[test]
fn p6_a_value_that_the_vault_rotated_stays_unless_ours_changed() {
    let events = [Event::None, Event::Value(2), Event::Notes(2), Event::Restart, Event::ChangedInVault, Event::Wait];
    let settings = Settings { rotates: true, ..adopting(AdoptionPolicy::ByIdentifier) };
    let sequences = explore(&synced(settings), &events, |world| _ = settled(world));
    assert!(sequences > 300, "{sequences}");
}

#[test]
fn p3_p4_a_rename_without_an_answer_ends_in_one_record() {
    let events = [Event::None, Event::Username("other"), Event::Username("svc"), Event::Value(2), Event::Restart];
    for adoption in [AdoptionPolicy::ByIdentifier, AdoptionPolicy::Never] {
        let sequences = explore(&synced(adopting(adoption)), &events, converges);
        assert!(sequences > 1_000, "{sequences}");
    }
}

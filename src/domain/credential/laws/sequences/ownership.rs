//! P4 and P7: whose record is written, taken over, enabled and disabled.

use super::pam::Post;
use super::*;

/// A vault that holds somebody else's record of the account.
fn occupied(settings: Settings) -> World {
    let mut world = World::new(settings);
    let (identifier, username) = ("theirs".to_owned(), "svc".to_owned());
    world.pam_mut().post(&Post { identifier, username, value: Some(7), notes: Some(7) });
    let record = &mut world.pam_mut().records[0];
    (record.foreign, record.enabled) = (true, false);
    world
}

#[test]
fn p7_a_deleted_object_disables_its_record_and_no_other() {
    let events = [Event::None, Event::Value(2), Event::Restart, Event::Wait, Event::Delete];
    for adoption in [AdoptionPolicy::ByIdentifier, AdoptionPolicy::Never] {
        let settings = Settings { disable: true, ..adopting(adoption) };
        let sequences = explore(&World::new(settings), &events, |world| {
            let mut world = world.clone();
            world.happen(Event::Delete);
            let end = settled(&world);
            assert!(end.gone, "P7: {end:#?}");
            assert!(end.pam().records.iter().all(|record| !record.enabled), "P7: {end:#?}");
        });
        assert!(sequences > 1_000, "{sequences}");
    }
}

#[test]
fn p4_a_record_that_somebody_else_made_is_never_written_under_never() {
    let world = occupied(Settings { disable: true, ..adopting(AdoptionPolicy::Never) });
    let before = world.pam().records[0].clone();
    let events = [Event::None, Event::Value(2), Event::Notes(2), Event::Restart, Event::Wait, Event::Delete];
    let sequences = explore(&world, &events, |world| {
        assert_eq!(settled(world).pam().records, std::slice::from_ref(&before));
    });
    assert!(sequences >= 216, "{sequences}");
}

#[test]
fn p3_p4_a_record_that_is_taken_over_keeps_its_former_identifier_in_the_status() {
    let events = [Event::None, Event::Value(2), Event::Notes(2), Event::Restart, Event::Wait];
    let world = occupied(adopting(AdoptionPolicy::TakeOver));
    let sequences = explore(&world, &events, |world| {
        let end = settled(world);
        let [record] = end.pam().records.as_slice() else { panic!("P3: {end:#?}") };
        assert_eq!(record.identifier, end.status.identifier, "{end:#?}");
        if !end.untold {
            assert_eq!(end.status.former_identifier.as_deref(), Some("theirs"), "P4: {end:#?}");
            assert_eq!((record.value, record.notes), (end.value, end.notes), "P1: {end:#?}");
            rests(&end);
        }
    });
    assert!(sequences > 1_000, "{sequences}");
}

#[test]
fn a_record_that_was_there_before_is_enabled_once_and_in_the_end() {
    let events = [Event::None, Event::Value(2), Event::Notes(2), Event::Restart, Event::Wait];
    let settings = Settings { ensure_enabled: true, ..adopting(AdoptionPolicy::TakeOver) };
    let sequences = explore(&occupied(settings), &events, |world| {
        let end = settled(world);
        assert!(end.pam().records.iter().all(|record| record.enabled), "{end:#?}");
        assert!(end.status.ensured_enabled && end.status.in_flight.is_none(), "{end:#?}");
        rests(&end);
    });
    assert!(sequences > 1_000, "{sequences}");
}

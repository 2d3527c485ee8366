//! P4: entries of others, and what is taken over.

use super::pam::{Content, Pam};
use super::sequences::{explore, synced};
use super::world::{Event, Fault, World};
use super::*;

const PLANTS: [Event; 6] = [Event::None, Event::Plant, Event::Value(2), Event::Name("b"), Event::Restart, Event::Wait];

/// The PAM of the laws fails where an entry of somebody else is written.
#[test]
fn p4_an_entry_of_a_stranger_that_looks_like_ours_is_never_written() {
    for world in [World::new(), synced()] {
        let sequences = explore(&world, &PLANTS, |world| {
            let end = world.settled();
            assert!(end.pam.own().count() <= 1, "P3: {end:#?}");
        });
        assert!(sequences > 1_000, "{sequences}");
    }
}

/// A PAM that drops tags tells nothing of a POST without an answer: what may be its entry is never written, and no second
/// one is made.
#[test]
fn p3_p4_without_tags_a_person_has_to_say_which_entry_is_ours() {
    for stranger in [false, true] {
        let mut world = World::new();
        world.pam.drops_tags = true;
        world.pass(Fault::LostAfter);
        if stranger {
            world.happen(Event::Plant);
        }
        let end = world.settled();
        assert_eq!(end.last, Some(Decision::Wait(Reason::RecordConflict)), "{end:#?}");
        assert_eq!((end.pam.own().count(), end.writes), (1, 1), "P3: {end:#?}");
        let mut told = end.clone();
        told.identifier = Some(101);
        told.happen(Event::Value(2));
        told.settled().check_converged();
    }
    let mut world = World::new();
    world.pam.drops_tags = true;
    explore(&world, &[Event::None, Event::Name("b"), Event::Restart, Event::Wait], |world| {
        assert!(world.settled().pam.own().count() <= 1, "P3: {world:#?}");
    });
}

/// `spec.identifier` names an entry that was there before: it becomes ours and gets everything.
#[test]
fn p4_an_entry_that_the_user_names_is_taken_over_and_no_other_is_made() {
    let mut world = World::new();
    let before = Content { name: Some("old"), value: Some(9), notes: Some(9), shares: None };
    world.pam.plant(before, "old");
    world.pam.records[0].foreign = false;
    world.identifier = Some(101);
    let events = [Event::None, Event::Value(2), Event::Notes(2), Event::Restart, Event::Wait, Event::Plant];
    let sequences = explore(&world, &events, |world| world.settled().check_converged());
    assert!(sequences > 1_000, "{sequences}");
}

#[test]
fn p4_an_entry_that_the_user_names_and_the_list_does_not_show_is_not_made() {
    let mut world = World::new();
    world.identifier = Some(999);
    let end = world.settled();
    assert_eq!((end.last, end.writes), (Some(Decision::Wait(Reason::RecordConflict)), 0));
}

/// After a restore of the PAM, our identifier may be somebody else's: deleting the object leaves that entry as it is.
#[test]
fn p7_an_entry_that_has_our_identifier_and_nothing_else_of_ours_is_not_deactivated() {
    let mut world = World::new();
    world.deactivates = true;
    let mut world = world.settled();
    let content = Content { name: Some("theirs"), ..world.spec };
    world.pam = Pam::default();
    world.pam.plant(content, "theirs");
    world.happen(Event::Delete);
    let end = world.settled();
    assert_eq!((end.last, end.gone), (Some(Decision::Wait(Reason::DeletionBlocked)), false));
    // The way out.
    let mut retained = end;
    retained.deactivates = false;
    assert!(retained.settled().gone);
}

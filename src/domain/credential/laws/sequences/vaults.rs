//! A connection that leads to another vault, and back.

use super::world::Address;
use super::*;

const FIRST: Event = Event::Connect(Address::First);
const ALIAS: Event = Event::Connect(Address::Alias);
const OTHER: Event = Event::Connect(Address::Other);

/// No vault has two records, and the one where the connection leads has the newest.
fn each_vault_has_one(world: &World) {
    let end = settled(world);
    for pam in &end.vaults {
        assert!(pam.records.len() <= 1, "P3: {end:#?}");
    }
    converges(&end);
}

#[test]
fn p3_a_connection_that_leads_elsewhere_and_back_makes_no_second_record() {
    let events = [Event::None, FIRST, OTHER, Event::Value(2), Event::Restart];
    let sequences = explore(&synced(adopting(AdoptionPolicy::ByIdentifier)), &events, each_vault_has_one);
    assert!(sequences > 1_000, "{sequences}");
}

#[test]
fn p3_a_first_push_to_two_vaults_makes_one_record_in_each() {
    let events = [Event::None, FIRST, OTHER, Event::Value(2), Event::Wait];
    let sequences = explore(&World::new(adopting(AdoptionPolicy::ByIdentifier)), &events, each_vault_has_one);
    assert!(sequences > 1_000, "{sequences}");
}

#[test]
fn p3_the_same_vault_by_another_address_has_one_record_and_the_newest_value() {
    let events = [Event::None, FIRST, ALIAS, Event::Value(2), Event::Notes(2), Event::Restart];
    for adoption in [AdoptionPolicy::ByIdentifier, AdoptionPolicy::Never] {
        let sequences = explore(&synced(adopting(adoption)), &events, each_vault_has_one);
        assert!(sequences > 1_000, "{sequences}");
    }
}

#[test]
fn p4_the_same_record_by_another_address_is_recorded_without_a_write() {
    let mut world = synced(adopting(AdoptionPolicy::Never));
    let writes = world.writes;
    world.happen(ALIAS);
    world.pass(Fault::None);
    assert_eq!((world.last, world.writes), (Some(Decision::Rebind), writes));
    assert_eq!(world.status.vault.as_ref().unwrap().used.origin, Address::Alias.origin());
    world.pass(Fault::None);
    assert_eq!(world.last, Some(Decision::Settled));
}

//! P1, P4: an address is compared by what it means, whether the vault does so or compares texts: another spelling is no
//! drift, and no second object makes a second record by it.

use pam_simulator::{Addresses, VaultEdit};
use serde_json::{Value, json};

use crate::support::steps::A_MOMENT;
use crate::support::vault::{drifted, living, status_of};
use crate::support::{CANARY, World, assert_no_canary, ready};

const SHORT: &str = "2001:db8::7";
const LONG: &str = "2001:0DB8:0:0::7";

/// A vault that is listed often, and that knows the device in the spellings that it tells apart.
async fn world(addresses: Addresses) -> World {
    let world = living().await;
    world.sim.change_behaviour(|behaviour| behaviour.addresses = addresses);
    world.sim.add_device("v6", SHORT);
    if addresses == Addresses::Text {
        world.sim.add_device("v6", LONG);
    }
    world
}

fn at(ip: &str) -> Value {
    json!({"username": "svc", "hostname": "v6", "ip": ip})
}

async fn put(world: &World, name: &str, ip: &str) {
    world.put_secret(name, json!({"password": format!("{CANARY}-{name}")})).await;
    world.put_credential(name, at(ip)).await;
}

async fn ends(world: &World) {
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn two_objects_with_two_spellings_of_one_address_make_one_record() {
    for addresses in [Addresses::Text, Addresses::Meaning] {
        let world = world(addresses).await;
        put(&world, "one", SHORT).await;
        world.becomes("one", "Synced").await;
        put(&world, "two", LONG).await;
        world.becomes("two", "AccountConflict").await;
        world.next_list().await;
        let records = world.sim.records();
        assert_eq!(records.len(), 1, "{addresses:?}: {records:?}");
        let one = world.get("one").await;
        assert!(ready(&one).1 == "Synced" && drifted(&one).is_none(), "{addresses:?}: {one:?}");
        ends(&world).await;
    }
}

#[tokio::test]
async fn a_record_that_the_list_shows_in_another_spelling_is_where_it_was_written() {
    for addresses in [Addresses::Text, Addresses::Meaning] {
        let world = world(addresses).await;
        let [known, sent] = if addresses == Addresses::Text { [LONG, SHORT] } else { [SHORT, LONG] };
        put(&world, "one", sent).await;
        world.becomes("one", "Synced").await;
        world.have_baselines(&["one"]).await;
        if addresses == Addresses::Text {
            world.edit("one", VaultEdit::Device { hostname: "V6".into(), ip: known.into() }).await;
        }
        assert_eq!(world.sim.records()[0].ip, known, "{addresses:?}");
        let count = world.count().await;
        world.next_list().await;
        world.next_list().await;
        let one = world.get("one").await;
        // An edit in the vault is one, whatever it changed; but it is no move.
        let is_moved = drifted(&one).is_some_and(|drifted| drifted.reason != "ChangedInVault");
        assert!(!is_moved && ready(&one).1 == "Synced", "{addresses:?}: {:?}", one.status);
        assert!(world.values_sent(&count, "one").is_empty(), "{addresses:?}");
        ends(&world).await;
    }
}

#[tokio::test]
async fn an_address_that_is_spelled_anew_is_sent_once_at_most_and_is_no_conflict() {
    for addresses in [Addresses::Text, Addresses::Meaning] {
        let world = world(addresses).await;
        put(&world, "one", SHORT).await;
        let id = status_of(&world.synced("one").await).id;
        let count = world.count().await;
        world.put_credential("one", at(LONG)).await;
        let is_current = |found: &pam_operator::api::PamCredential| {
            status_of(found).observed_generation == found.metadata.generation && ready(found).1 == "Synced"
        };
        let one = world.until("one", "synced as edited", is_current).await;
        world.next_list().await;
        tokio::time::sleep(A_MOMENT).await;
        assert_eq!((status_of(&one).id, world.sim.records().len()), (id, 1), "{addresses:?}");
        assert!(world.values_sent(&count, "one").len() <= 1, "{addresses:?}");
        assert!(drifted(&world.get("one").await).is_none(), "{addresses:?}");
        ends(&world).await;
    }
}

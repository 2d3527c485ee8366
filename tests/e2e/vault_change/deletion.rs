//! P7: a deletion in another vault disables no record that is not proven to be the credential's.

use pam_simulator::Seed;
use serde_json::json;

use super::{all_are_in, ids, many, writes};
use crate::support::steps::{A_MOMENT, another_pam, leading_to};
use crate::support::vault::status_of;
use crate::support::{CANARY, SETTLED, World, assert_no_canary};

#[tokio::test]
async fn a_deletion_in_another_vault_disables_nothing_that_is_not_proven_to_be_the_record() {
    let mut world = World::start().await;
    many(&world, 2, &json!({"deletionPolicy": "Disable"})).await;
    // Its Secret is not read for a deletion.
    world.put_secret("unread", json!({"username": "unread", "password": CANARY})).await;
    let from_secret = json!({"username": null, "usernameSecretRef": {"name": "unread"}, "deletionPolicy": "Disable"});
    world.put_credential("unread", from_secret).await;
    world.becomes("unread", "Synced").await;
    let before = ids(&all_are_in(&world, &world.sim.url()).await);
    let other = another_pam(&world).await;
    // The ids of ours, on others' records; two of them even under our identifier.
    let mut in_order: Vec<_> = before.iter().collect();
    in_order.sort_by_key(|(_, id)| id.parse::<u64>().unwrap());
    for (name, id) in in_order {
        let identifier = (name != "svc-01").then(|| format!("c1_{}_{name}", world.namespace));
        let seed = Seed { identifier, ..Seed::new(&format!("other-{name}"), "web01", "10.0.0.8") };
        assert_eq!(&other.seed(seed), id, "the test rests on that");
    }
    world.stop_operator().await;
    for name in before.keys() {
        world.delete(name).await;
    }
    world.put_connection(leading_to(&other)).await;
    world.start_operator().await;
    for name in before.keys() {
        // What the earlier process may have sent has to be over first.
        world.becomes_within(name, "DeletionBlocked", SETTLED).await;
    }
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(writes(&other.journal()), [0, 0, 0]);

    // Where they were written they are proven, and disabled.
    world.put_connection(json!({})).await;
    for (name, id) in &before {
        world.is_gone_within(name, SETTLED).await;
        assert!(!world.sim.record(id).unwrap().active);
    }
    assert_eq!(writes(&world.sim.journal()), [3, 0, 3]);
    assert!(other.records().iter().all(|record| record.active));
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_record_that_is_left_behind_in_another_vault_is_told_once() {
    let mut world = World::start().await;
    for (name, policy) in [("svc", "Disable"), ("kept", "Retain")] {
        world.put_secret(name, json!({"password": format!("{CANARY}-{name}")})).await;
        world.put_credential(name, json!({"deletionPolicy": policy})).await;
        world.becomes(name, "Synced").await;
    }
    let former = world.id_of("svc").await;
    let other = another_pam(&world).await;
    world.put_connection(leading_to(&other)).await;
    for name in ["svc", "kept"] {
        world
            .until(name, "in the other PAM", |found| {
                status_of(found).connection.is_some_and(|known| known.origin == other.url())
            })
            .await;
    }
    world.event_of("svc", "LeftEnabled").await;
    let note = world.events().await.into_iter().find(|event| event.reason.as_deref() == Some("LeftEnabled"));
    let note = note.and_then(|event| event.note).unwrap();
    assert!(note.contains(&format!("Record {former}")) && note.contains(&world.sim.url()), "{note}");
    let counted = async |world: &World| {
        let metrics = world.operator.as_ref().unwrap().metrics().await.unwrap();
        let line = metrics.lines().find(|line| line.starts_with("pam_operator_records_left_enabled_total"));
        line.unwrap().rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(counted(&world).await, "1", "Retain leaves nothing behind that was to be disabled");
    world.stop_operator().await;
    world.start_operator().await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!((world.events_of("svc", "LeftEnabled").await, counted(&world).await.as_str()), (1, "0"));
    assert_eq!(world.events_of("kept", "LeftEnabled").await, 0);
    assert!(world.sim.record(&former).unwrap().active);
    assert_no_canary(&world.everything_said().await);
}

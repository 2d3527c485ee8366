//! P1, P4: a rename or move is preceded by a list, and followed by one that shows whether one record remains.

use std::time::Duration;

use crate::support::vault::{drifted, status_of};
use crate::support::{CANARY, World, assert_no_canary, ready};
use pam_operator::api::RECONCILE_REQUESTED_AT;
use pam_simulator::{Kind, Move, Seed, VaultEdit};
use serde_json::{Value, json};

/// Long enough for the next list to be allowed.
const REST: Duration = Duration::from_secs(11);

/// What is edited, and the account that the record is to have then.
fn edits() -> [(&'static str, Value, [&'static str; 3]); 4] {
    [
        ("user", json!({"username": "renamed"}), ["renamed", "db01", "10.0.0.7"]),
        ("host", json!({"hostname": "db02"}), ["host", "db02", "10.0.0.7"]),
        ("address", json!({"ip": "10.0.0.9"}), ["address", "db01", "10.0.0.9"]),
        ("both", json!({"hostname": "web01", "ip": "10.0.0.8"}), ["both", "web01", "10.0.0.8"]),
    ]
}

/// Two devices more: one of another name, one of another address.
async fn world() -> World {
    let world = World::start().await;
    world.sim.add_device("db02", "10.0.0.7");
    world.sim.add_device("db01", "10.0.0.9");
    world
}

async fn ends(world: &World) {
    assert!(world.sim.journal().secrets_handed_out().is_empty(), "P5");
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_rename_or_move_is_looked_at_before_and_soon_after() {
    let world = world().await;
    let names = edits().map(|(name, ..)| name);
    world.all_synced(&names, json!({})).await;
    tokio::time::sleep(REST).await;
    let count = world.count().await;
    for (name, edit, _) in edits() {
        world.put_credential(name, edit).await;
    }
    for name in names {
        world.becomes(name, "Synced").await;
    }
    // The list after is the first that tells when the records were written.
    world.have_baselines(&names).await;
    let journal = world.journal(&count);
    let calls: Vec<Kind> =
        journal.entries().iter().map(|entry| entry.kind).filter(|kind| *kind != Kind::Token).collect();
    let [first, .., last] = calls.as_slice() else { panic!("{journal:?}") };
    assert_eq!((first, last), (&Kind::ListCredentials, &Kind::ListCredentials), "{calls:?}");
    assert!(journal.count(Kind::ListCredentials) <= 3, "{calls:?}");
    for (name, _, account) in edits() {
        let found = world.get(name).await;
        assert_eq!(world.values_sent(&count, name), [false], "{name}: the value did not change");
        let record = world.sim.record(&status_of(&found).id.unwrap()).unwrap();
        assert_eq!([record.username.as_str(), &record.hostname, &record.ip], account);
        assert_eq!(ready(&found).1, "Synced");
        assert!(drifted(&found).is_none(), "{:?}", drifted(&found));
    }
    assert_eq!(world.sim.records().len(), names.len());
    ends(&world).await;
}

#[tokio::test]
async fn a_pam_that_does_not_move_records_is_told_of_with_what_to_do() {
    let world = world().await;
    world.all_synced(&["reported"], json!({})).await;
    world.sim.change_behaviour(|behaviour| behaviour.moves = Move::Stay);
    tokio::time::sleep(REST).await;
    let count = world.count().await;
    let moved = json!({"hostname": "web01", "ip": "10.0.0.8"});
    world.put_credential("reported", moved).await;
    let message = drifted(&world.drifts("reported", "Moved").await).unwrap().message;
    assert!(message.contains("ove it there in the PAM"), "{message}");
    assert_eq!(world.values_sent(&count, "reported"), [false]);
    assert_eq!(ready(&world.get("reported").await).1, "Synced");
    // Somebody does what is said. What else was changed by that hand no list tells, until it is written again.
    world.edit("reported", VaultEdit::Device { hostname: "web01".into(), ip: "10.0.0.8".into() }).await;
    world.put_connection(crate::support::vault::listed_often()).await;
    world.drifts("reported", "ChangedInVault").await;
    world.annotate("reported", RECONCILE_REQUESTED_AT, "now").await;
    let record = world.sim.record(&status_of(&world.is_as_written("reported").await).id.unwrap()).unwrap();
    assert_eq!((record.hostname.as_str(), record.ip.as_str()), ("web01", "10.0.0.8"));
    ends(&world).await;
}

#[tokio::test]
async fn what_would_meet_another_record_is_not_written_and_a_second_one_is_told_of() {
    let world = world().await;
    world.all_synced(&["blocked", "second"], json!({})).await;
    world.sim.seed(Seed::new("taken", "db01", "10.0.0.7").value("canary-7f3a-theirs"));
    tokio::time::sleep(REST).await;
    let count = world.count().await;
    world.put_credential("blocked", json!({"username": "taken"})).await;
    let message = ready(&world.becomes("blocked", "RecordConflict").await).2;
    assert!(message.contains("Nothing was written"), "{message}");
    assert!(world.values_sent(&count, "blocked").is_empty());
    // Back again: nothing is due.
    world.put_credential("blocked", json!({})).await;
    world.becomes("blocked", "Synced").await;
    assert!(world.values_sent(&count, "blocked").is_empty());

    // The record is renamed, and one with the new account comes into being beside it before the list after.
    world.put_credential("second", json!({"username": "new-name"})).await;
    world.becomes("second", "Synced").await;
    world.sim.seed(Seed::new("new-name", "db01", "10.0.0.7").identifier("made-by-the-pam"));
    let message = drifted(&world.drifts("second", "SecondRecord").await).unwrap().message;
    assert!(message.contains("Remove or rename the other one"), "{message}");
    world.put_secret("second", json!({"password": format!("{CANARY}-2")})).await;
    world.pam_holds("second", &format!("{CANARY}-2")).await;
    ends(&world).await;
}

/// Where the record is disabled, some PAM may not see it, and make another.
#[tokio::test]
async fn a_pam_that_makes_a_second_record_is_written_to_no_more() {
    let world = World::start().await;
    world.all_synced(&["svc"], json!({})).await;
    world.sim.change_behaviour(|behaviour| behaviour.inactive = pam_simulator::Inactive::Duplicate);
    world.edit("svc", VaultEdit::Active(false)).await;
    tokio::time::sleep(REST).await;
    let (count, known) = (world.count().await, world.id_of("svc").await);
    world.put_credential("svc", json!({"username": "renamed"})).await;
    let message = ready(&world.becomes("svc", "RecordConflict").await).2;
    let made = world.sim.records().into_iter().find(|record| record.username == "renamed").unwrap().id;
    for word in [&known, &made] {
        assert!(message.contains(word.as_str()), "{word} is missing: {message}");
    }
    world.put_secret("svc", json!({"password": format!("{CANARY}-2")})).await;
    tokio::time::sleep(REST).await;
    assert_eq!(world.values_sent(&count, "svc"), [false]);
    ends(&world).await;
}

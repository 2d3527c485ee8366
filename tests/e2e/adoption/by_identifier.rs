//! P4: `ByIdentifier` updates a record that has our identifier and account, and reports a conflict for every other one.

use std::time::Duration;

use pam_simulator::{Kind, Seed, VaultEdit};
use serde_json::json;

use crate::support::{self, CANARY, World, assert_no_canary, ready};

const THEIRS: &str = "their-value";

/// The credential `svc` is applied over what is there, and comes to that reason.
async fn meets(world: &World, reason: &str) -> String {
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({"identifier": "ours"})).await;
    let message = ready(&world.becomes("svc", reason).await).2;
    assert_no_canary(&world.everything_said().await);
    message
}

fn seed() -> Seed {
    Seed::new("svc", "db01", "10.0.0.7").value(THEIRS)
}

/// Nothing was written, and nothing is, however long one waits.
async fn untouched(world: &World, id: &str) {
    let before = world.sim.record(id).unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.sim.count(Kind::PostCredential), 0);
    assert_eq!(world.sim.record(id).unwrap(), before);
    assert_eq!(world.sim.value_of(id).as_deref(), Some(THEIRS));
}

#[tokio::test]
async fn nothing_there_is_created() {
    let world = World::start().await;
    meets(&world, "Synced").await;
    assert_eq!(world.sim.records().len(), 1);
}

#[tokio::test]
async fn our_identifier_on_our_account_is_updated() {
    let world = World::start().await;
    let id = world.sim.seed(seed().identifier("ours"));
    let message = meets(&world, "Synced").await;
    assert!(message.contains("existed before"), "{message}");
    assert_eq!(world.get("svc").await.status.unwrap().id, Some(id.clone()));
    assert_eq!(world.sim.value_of(&id).as_deref(), Some(CANARY));
    assert_eq!(world.sim.records().len(), 1);
}

#[tokio::test]
async fn our_account_without_an_identifier_is_updated_and_gets_ours() {
    let world = World::start().await;
    let id = world.sim.seed(Seed::new("SVC", "DB01", "10.0.0.7").value(THEIRS));
    meets(&world, "Synced").await;
    assert_eq!(world.sim.record(&id).unwrap().identifier.as_deref(), Some("ours"));
    assert_eq!(world.sim.records().len(), 1);
}

#[tokio::test]
async fn a_record_that_the_vault_rotates_keeps_its_value() {
    let world = World::start().await;
    let id = world.sim.seed(seed().identifier("ours").automatic_change());
    let message = meets(&world, "Adopted").await;
    assert!(message.contains("push-value-requested-at"), "{message}");
    assert_eq!(world.sim.value_of(&id).as_deref(), Some(THEIRS));
    assert_eq!(ready(&world.get("svc").await).0, "True");

    // What changes in Kubernetes from now on is sent (P6).
    world.put_secret("svc", json!({"password": "changed-in-kubernetes"})).await;
    world.pam_holds("svc", "changed-in-kubernetes").await;
}

#[tokio::test]
async fn our_identifier_on_another_account_is_a_conflict() {
    let world = World::start().await;
    let id = world.sim.seed(Seed::new("other", "db01", "10.0.0.7").identifier("ours").value(THEIRS));
    let message = meets(&world, "RecordConflict").await;
    assert!(message.contains(&format!("record {id}")), "{message}");
    untouched(&world, &id).await;
}

#[tokio::test]
async fn our_account_under_another_identifier_is_a_conflict_until_it_is_gone() {
    let world = World::start().await;
    let id = world.sim.seed(seed().identifier("theirs"));
    meets(&world, "RecordConflict").await;
    untouched(&world, &id).await;
    // Out of the way: the second look finds that by itself.
    world.sim.edit(&id, VaultEdit::Username("somebody-else".into()));
    world.becomes("svc", "Synced").await;
    assert_eq!(world.sim.value_of(&id).as_deref(), Some(THEIRS));
}

#[tokio::test]
async fn identifier_and_account_on_two_records_are_a_conflict() {
    let world = World::start().await;
    let id = world.sim.seed(seed());
    world.sim.seed(Seed::new("other", "db01", "10.0.0.7").identifier("ours"));
    meets(&world, "RecordConflict").await;
    untouched(&world, &id).await;
}

#[tokio::test]
async fn an_ssh_keys_row_is_a_conflict() {
    let world = World::start().await;
    let id = world.sim.seed(seed().identifier("ours").ssh_key());
    meets(&world, "RecordConflict").await;
    untouched(&world, &id).await;
}

#[tokio::test]
async fn two_credentials_for_one_account_do_not_take_it_from_each_other() {
    let world = World::start().await;
    meets(&world, "Synced").await;
    world.put_secret("twin", json!({"password": "twin-value"})).await;
    world.put_credential("twin", json!({"username": "svc", "identifier": "twins"})).await;
    world.becomes("twin", "AccountConflict").await;
    let record = world.sim.find("ours").unwrap();
    assert_eq!(world.sim.value_of(&record.id).as_deref(), Some(CANARY));
    assert_eq!(world.sim.records().len(), 1);
}

#[tokio::test]
async fn a_record_outside_the_authorization_stops_it_after_the_one_write_that_tells() {
    let world = World::start().await;
    let id = world.sim.seed(seed().identifier("ours").visible_to(&["somebody-else"]));
    let message = meets(&world, "RecordConflict").await;
    assert!(message.contains(&format!("record {id}")), "both ids are named: {message}");
    assert_eq!(world.sim.count(Kind::PostCredential), 1, "it cannot be known before");

    // A changed Secret, an unrelated edit, a restart, time: nothing is written any more.
    let mut world = world;
    let count = world.count().await;
    world.put_secret("svc", json!({"password": "another-value"})).await;
    world.put_credential("svc", json!({"identifier": "ours", "tags": ["x"]})).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.stop_operator().await;
    world.start_operator().await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(world.journal(&count).count(Kind::PostCredential), 0);
    assert_eq!(ready(&world.get("svc").await).1, "RecordConflict");

    // That the list shows it now proves nothing: our own stray write may have put our identifier there.
    world.sim.edit(&id, VaultEdit::ShowTo(world.sim.client_id()));
    world.put_credential("svc", json!({"identifier": "ours", "tags": ["y"]})).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.journal(&count).count(Kind::PostCredential), 0);
    assert_eq!(ready(&world.get("svc").await).1, "RecordConflict");
    // The user's word does.
    world.annotate("svc", "pam-operator.io/reconcile-requested-at", "it is ours").await;
    world.becomes("svc", "Synced").await;
    assert_eq!(world.get("svc").await.status.unwrap().id, Some(id));
    assert!(world.sim.journal().secrets_handed_out().is_empty(), "P5");
}

#[tokio::test]
async fn two_credentials_applied_together_for_one_account_make_one_record() {
    let world = World::start().await;
    for round in 0..3 {
        let (one, two) = (format!("one-{round}"), format!("two-{round}"));
        let account = format!("shared-{round}");
        let mut yaml = String::new();
        for name in [&one, &two] {
            world.put_secret(name, json!({"password": format!("{CANARY}-{name}")})).await;
            let credential = world.credential_json(name, json!({"username": account}));
            yaml = format!("{yaml}---\n{credential}\n");
        }
        let count = world.count().await;
        world.cluster.apply(&yaml).await.unwrap();
        local_cluster::wait_until("both to be decided", support::PATIENCE, async || {
            let reasons = [ready(&world.get(&one).await).1, ready(&world.get(&two).await).1];
            let synced = reasons.iter().filter(|reason| *reason == "Synced").count();
            let told = reasons.iter().any(|reason| reason == "AccountConflict" || reason == "RecordConflict");
            anyhow::ensure!(synced == 1 && told, "{reasons:?}");
            Ok(())
        })
        .await
        .unwrap();
        let records = world.sim.records().into_iter().filter(|record| record.username == account).count();
        assert_eq!((records, world.journal(&count).posts().len()), (1, 1));
    }
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn the_second_owner_of_an_identifier_waits_and_goes_on_when_the_first_is_gone() {
    let world = World::start().await;
    meets(&world, "Synced").await;
    let id = world.get("svc").await.status.unwrap().id;
    world.put_secret("heir", json!({"password": "heirs-value"})).await;
    world.put_credential("heir", json!({"username": "svc", "identifier": "ours"})).await;
    let message = ready(&world.becomes("heir", "IdentifierConflict").await).2;
    assert!(message.contains("another owner") && !message.contains("svc"), "nobody is named: {message}");
    assert_eq!(world.sim.value_of(id.as_deref().unwrap()).as_deref(), Some(CANARY));

    world.credentials().delete("svc", &kube::api::DeleteParams::default()).await.unwrap();
    let heir = world.becomes("heir", "Synced").await;
    assert_eq!(heir.status.unwrap().id, id, "the same record");
    world.pam_holds("heir", "heirs-value").await;
    assert_eq!(world.sim.records().len(), 1);
}

//! P7: deleting an object never disables more than was asked, and a finalizer never holds an object for ever.

use std::time::{Duration, Instant};

use crate::support::{CANARY, PATIENCE, SETTLED, World, assert_no_canary, ready};
use kube::api::DeleteParams;
use local_cluster::wait_until;
use pam_operator::api::FINALIZER;
use pam_simulator::{Effect, Fault, Kind, VaultEdit};
use serde_json::json;

/// A synced credential that takes its record with it; returns the record's id.
async fn with_record(world: &World, name: &str) -> String {
    world.put_secret(name, json!({"password": format!("{CANARY}-{name}")})).await;
    world.put_credential(name, json!({"deletionPolicy": "Disable"})).await;
    world.becomes(name, "Synced").await.status.unwrap().id.unwrap()
}

async fn delete(world: &World, name: &str) {
    world.credentials().delete(name, &DeleteParams::default()).await.unwrap();
}

async fn is_gone(world: &World, name: &str) {
    is_gone_within(PATIENCE, world, name).await;
}

async fn is_gone_within(patience: Duration, world: &World, name: &str) {
    wait_until(&format!("{name} to be gone"), patience, async || {
        let found = world.credentials().get_opt(name).await?;
        anyhow::ensure!(found.is_none(), "{:?}", found.map(|found| ready(&found)));
        Ok(())
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()));
}

/// `svc` is deleted, and its record, edited in the vault, is not touched for that.
async fn is_left_alone(world: &World, id: &str) {
    // The list that showed it as it was is seconds old.
    tokio::time::sleep(Duration::from_secs(11)).await;
    delete(world, "svc").await;
    world.becomes("svc", "DeletionBlocked").await;
    assert_eq!(world.sim.count(Kind::DeleteCredential), 0);
    assert!(world.sim.record(id).unwrap().active);
}

/// The event comes after the finalizer is off, so the object may be gone before it.
async fn says(world: &World, reason: &str) {
    wait_until(&format!("the event {reason}"), PATIENCE, async || {
        let events = world.events().await;
        anyhow::ensure!(events.iter().any(|event| event.reason.as_deref() == Some(reason)), "{} others", events.len());
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn retain_is_the_default_and_asks_nothing_of_the_pam() {
    let world = World::start().await;
    let id = world.synced("svc").await.status.unwrap().id.unwrap();
    let count = world.count().await;
    delete(&world, "svc").await;
    is_gone(&world, "svc").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.journal(&count).len(), 0);
    assert!(world.sim.record(&id).unwrap().active);
}

#[tokio::test]
async fn disable_disables_exactly_its_record_and_the_finalizer_comes_before_the_first_push() {
    let world = World::start().await;
    world.synced("other").await;
    let count = world.count().await;
    let id = with_record(&world, "svc").await;
    let requests = world.requests(&count).await.named("svc");
    assert_eq!(requests.resource("pamcredentials").writes().len(), 1, "one write of the finalizer: {requests}");
    assert_eq!(requests.resource("secrets").verb("get").len(), 1, "{requests}");
    let finalized = requests.resource("pamcredentials").writes().only().unwrap().time;
    assert!(finalized < world.journal(&count).posts()[0].at, "before the POST");
    assert!(world.get("svc").await.metadata.finalizers.unwrap().contains(&FINALIZER.to_owned()));

    let count = world.count().await;
    delete(&world, "svc").await;
    is_gone(&world, "svc").await;
    let journal = world.journal(&count);
    assert_eq!(journal.count(Kind::DeleteCredential), 1, "{journal:?}");
    assert_eq!(journal.count(Kind::GetCredential), 0, "P5");
    assert!(!world.sim.record(&id).unwrap().active);
    assert_eq!(world.sim.records().iter().filter(|record| record.active).count(), 1, "the other one stays");
    says(&world, "Disabled").await;
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn each_answer_of_the_pam_has_its_consequence() {
    let world = World::start().await;
    world.synced("other").await;
    // Disabled by somebody else already (1008).
    let id = with_record(&world, "before").await;
    world.sim.edit(&id, VaultEdit::Active(false));
    delete(&world, "before").await;
    is_gone(&world, "before").await;
    // Gone, while the list still shows others of ours (1007).
    let id = with_record(&world, "purged").await;
    world.sim.remove_record(&id);
    delete(&world, "purged").await;
    is_gone(&world, "purged").await;
    // No access (1009): blocked, and Retain is the way out.
    with_record(&world, "closed").await;
    world.sim.inject(Fault::on(Kind::DeleteCredential, Effect::Code(1009)).always());
    delete(&world, "closed").await;
    let message = ready(&world.becomes("closed", "DeletionBlocked").await).2;
    assert!(message.contains("1009") && message.contains("deletionPolicy"), "{message}");
    world.put_credential("closed", json!({"deletionPolicy": "Retain"})).await;
    is_gone(&world, "closed").await;
    says(&world, "Retained").await;
    world.sim.clear_faults();
    // The PAM is down, and comes back.
    let id = with_record(&world, "patient").await;
    world.sim.set_down(true);
    delete(&world, "patient").await;
    world.becomes("patient", "Deleting").await;
    world.sim.set_down(false);
    is_gone(&world, "patient").await;
    assert!(!world.sim.record(&id).unwrap().active);
}

#[tokio::test]
async fn a_record_that_is_no_longer_as_we_know_it_is_not_touched() {
    let world = World::start().await;
    let id = with_record(&world, "svc").await;
    world.sim.edit(&id, VaultEdit::Identifier(Some("somebody-elses".into())));
    world.sim.edit(&id, VaultEdit::Username("somebody-else".into()));
    is_left_alone(&world, &id).await;
}

#[tokio::test]
async fn a_lost_answer_or_a_restart_leaves_nothing_behind() {
    let mut world = World::start().await;
    let id = with_record(&world, "svc").await;
    world.sim.inject(Fault::on(Kind::DeleteCredential, Effect::Reset).after_commit());
    delete(&world, "svc").await;
    // What was not answered may be executed for 90 s, and would disable the record of the next object of that name.
    is_gone_within(SETTLED, &world, "svc").await;
    assert!(!world.sim.record(&id).unwrap().active);

    let id = with_record(&world, "later").await;
    world.stop_operator().await;
    delete(&world, "later").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(world.credentials().get_opt("later").await.unwrap().is_some(), "the finalizer holds it");
    world.start_operator().await;
    // A process before this one may have sent a DELETE that nothing tells of.
    is_gone_within(SETTLED, &world, "later").await;
    assert!(!world.sim.record(&id).unwrap().active);
}

#[tokio::test]
async fn a_suspended_object_waits_and_one_that_wrote_nothing_goes_at_once() {
    let world = World::start().await;
    let id = with_record(&world, "svc").await;
    world.put_credential("svc", json!({"deletionPolicy": "Disable", "suspend": true})).await;
    delete(&world, "svc").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.sim.count(Kind::DeleteCredential), 0);
    world.put_credential("svc", json!({"deletionPolicy": "Disable", "suspend": false})).await;
    is_gone(&world, "svc").await;
    assert!(!world.sim.record(&id).unwrap().active);

    world.put_secret("never", json!({"password": CANARY})).await;
    world.put_credential("never", json!({"deletionPolicy": "Disable", "hostname": "unknown", "ip": "10.1.1.1"})).await;
    world.becomes("never", "DeviceNotFound").await;
    delete(&world, "never").await;
    is_gone(&world, "never").await;
}

#[tokio::test]
async fn an_object_that_moves_to_another_one_leaves_the_record_enabled() {
    let world = World::start().await;
    world.put_secret("old", json!({"password": CANARY})).await;
    world.put_credential("old", json!({"username": "svc", "identifier": "ours", "deletionPolicy": "Disable"})).await;
    let id = world.becomes("old", "Synced").await.status.unwrap().id.unwrap();
    world.put_secret("new", json!({"password": CANARY})).await;
    world.put_credential("new", json!({"username": "svc", "identifier": "ours", "deletionPolicy": "Disable"})).await;
    world.becomes("new", "IdentifierConflict").await;
    delete(&world, "old").await;
    is_gone(&world, "old").await;
    assert_eq!(world.becomes("new", "Synced").await.status.unwrap().id.as_deref(), Some(id.as_str()));
    assert!(world.sim.record(&id).unwrap().active);
    assert_eq!(world.sim.count(Kind::DeleteCredential), 0);
    says(&world, "HandedOver").await;
}

#[tokio::test]
async fn a_policy_that_changes_its_mind_moves_the_finalizer() {
    let world = World::start().await;
    world.synced("svc").await;
    let count = world.count().await;
    for (policy, expected) in [("Disable", true), ("Retain", false)] {
        world.put_credential("svc", json!({"deletionPolicy": policy})).await;
        wait_until("the finalizer to follow", PATIENCE, async || {
            let on = world.get("svc").await.metadata.finalizers.is_some_and(|all| all.contains(&FINALIZER.to_owned()));
            anyhow::ensure!(on == expected, "{on}");
            Ok(())
        })
        .await
        .unwrap();
    }
    assert_eq!(world.journal(&count).len(), 0);
}

#[tokio::test]
async fn a_namespace_that_goes_away_is_not_held_up() {
    let world = World::start().await;
    let id = with_record(&world, "svc").await;
    world.connections().delete(&world.connection, &DeleteParams::default()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let started = Instant::now();
    world.cluster.kubectl(&["delete", "namespace", &world.namespace, "--timeout=180s"]).await.unwrap();
    eprintln!("the namespace was gone after {:?}", started.elapsed());
    assert!(world.sim.record(&id).unwrap().active, "without its connection nothing can be done");
    let metrics = world.operator.as_ref().unwrap().metrics().await.unwrap();
    assert!(metrics.contains("pam_operator_records_left_enabled_total 1"), "it is counted");
    assert!(world.logs().contains("stays enabled"), "and said");
}

#[tokio::test]
async fn a_username_from_a_secret_that_went_first_holds_nothing_up() {
    let world = World::start().await;
    for (name, gone) in [("there", false), ("gone", true)] {
        world.put_secret(name, json!({"username": format!("user-{name}"), "password": CANARY})).await;
        let from_secret = json!({"username": null, "usernameSecretRef": {"name": name}, "deletionPolicy": "Disable"});
        world.put_credential(name, from_secret).await;
        let id = world.becomes(name, "Synced").await.status.unwrap().id.unwrap();
        if gone {
            world.secrets().delete(name, &DeleteParams::default()).await.unwrap();
        }
        delete(&world, name).await;
        is_gone(&world, name).await;
        assert!(!world.sim.record(&id).unwrap().active);
    }
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_record_under_another_identifier_is_not_touched() {
    let world = World::start().await;
    let id = with_record(&world, "svc").await;
    world.sim.edit(&id, VaultEdit::Identifier(Some("somebody-elses".into())));
    is_left_alone(&world, &id).await;
}

#[tokio::test]
async fn a_record_whose_making_was_never_answered_is_disabled_too() {
    let world = World::start().await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::gateway(504)).after_commit());
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({"deletionPolicy": "Disable"})).await;
    world.becomes("svc", "PamUnavailable").await;
    delete(&world, "svc").await;
    // It might still have been on its way.
    is_gone_within(SETTLED, &world, "svc").await;
    assert_eq!(world.sim.records().len(), 1);
    assert!(!world.sim.records()[0].active, "it was made, and is disabled");
}

#[tokio::test]
async fn a_namespace_that_goes_away_later_is_not_held_up_either() {
    let world = World::start().await;
    world.put_credential("svc", json!({"contentSecretRef": null, "deletionPolicy": "Disable"})).await;
    world.becomes("svc", "Synced").await;
    world.connections().delete(&world.connection, &DeleteParams::default()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    delete(&world, "svc").await;
    world.becomes("svc", "Deleting").await;
    world.cluster.kubectl(&["delete", "namespace", &world.namespace, "--timeout=60s"]).await.unwrap();
}

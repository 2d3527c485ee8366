//! P3, P4: under `Never` a record of our own is recognised by the write in flight that status keeps, and by nothing
//! else.

use std::time::Duration;

use kube::api::{Api, Patch, PatchParams};
use local_cluster::wait_until;
use pam_operator::api::{DIGEST_KEY_FIELD, DIGEST_KEY_SECRET, InFlightAction};
use pam_simulator::{Effect, Fault, Kind, VaultEdit};
use serde_json::json;

use super::{answer_is_lost_and_the_operator_goes, apply, ends, in_flight, message, seed, status};
use crate::support::{CANARY, PATIENCE, SETTLED, World, base64, ready};

fn never() -> serde_json::Value {
    json!({"adoptionPolicy": "Never"})
}

#[tokio::test]
async fn what_is_about_to_be_made_is_in_status_before_it_is_sent() {
    let world = World::start().await;
    world.put_secret("svc", json!({"username": "canary-7f3a-user", "password": CANARY})).await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Delay(Duration::from_secs(2))));
    let count = world.count().await;
    let from_secret = json!({"adoptionPolicy": "Never", "username": null, "usernameSecretRef": {"name": "svc"}});
    world.put_credential("svc", from_secret).await;
    let early = in_flight(&world, "svc").await;
    assert_eq!(early.id, None);
    let noted = early.in_flight.unwrap();
    assert_eq!((noted.action, noted.former.as_ref()), (InFlightAction::Create, None));
    assert_eq!(noted.identifier, format!("c1_{}_svc", world.namespace));
    assert!(
        noted.account.as_ref().unwrap().starts_with("v1:") && world.sim.url().starts_with(&noted.origin),
        "{noted:?}"
    );

    let late = status(&world.becomes("svc", "Synced").await);
    assert_eq!((late.in_flight, late.ensured_enabled), (None, true));
    let requests = world.requests(&count).await.named("svc");
    let writes = requests.resource("pamcredentials/status").writes();
    assert_eq!(writes.len(), 2, "one before the POST, one after: {requests}");
    let (journal, first) = (world.journal(&count), writes.iter().next().unwrap());
    assert_eq!(journal.posts().len(), 1);
    assert!(first.time < journal.posts()[0].at, "{first:?}");
    assert!(!message(&world.get("svc").await).contains("existed before"));

    // From here on it is a credential like any other.
    let count = world.count().await;
    world.put_secret("svc", json!({"username": "canary-7f3a-user", "password": "rotated"})).await;
    world.pam_holds("svc", "rotated").await;
    assert_eq!(world.journal(&count).posts().len(), 1);
    ends(&world).await;
}

#[tokio::test]
async fn its_own_record_is_known_again_after_a_lost_answer_and_a_restart() {
    let mut world = World::start().await;
    let lost = answer_is_lost_and_the_operator_goes(&mut world, never()).await;
    assert!(lost.in_flight.is_some() && lost.id.is_none(), "{lost:?}");
    assert_eq!(world.sim.records().len(), 1, "the PAM had done it");
    let count = world.count().await;
    world.start_operator().await;
    let found = status(&world.becomes("svc", "Synced").await);
    let records = world.sim.records();
    assert_eq!(records.len(), 1, "no second one");
    assert_eq!(found.id.as_deref(), Some(records[0].id.as_str()));
    assert!(found.in_flight.is_some(), "the lost try may still arrive within its settle window");
    assert_eq!((found.former_identifier, found.ensured_enabled), (None, true));
    let journal = world.journal(&count);
    assert_eq!(journal.posts().len(), 1);
    assert!(!journal.posts()[0].commit.as_ref().unwrap().created);
    assert_eq!(world.requests(&count).await.resource("pamcredentials/status").writes().len(), 1, "it was noted before");
    ends(&world).await;
}

#[tokio::test]
async fn what_was_noted_and_never_executed_is_made_then() {
    let mut world = World::start().await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::gateway(504)));
    apply(&world, never()).await;
    world.becomes("svc", "PamUnavailable").await;
    world.stop_operator().await;
    world.start_operator().await;
    let found = status(&world.becomes("svc", "Synced").await);
    assert!(found.in_flight.is_some(), "the lost try may still arrive within its settle window");
    assert_eq!(world.sim.records().len(), 1);
    assert_eq!(world.sim.count(Kind::PostCredential), 2);
    ends(&world).await;
}

#[tokio::test]
async fn a_record_that_shows_late_is_told_from_the_answer() {
    let mut world = World::start().await;
    // Executed only after the next process has seen a list without it.
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::gateway(504)).after_commit());
    apply(&world, never()).await;
    world.becomes("svc", "PamUnavailable").await;
    world.stop_operator().await;
    let id = world.sim.find("ours").unwrap().id;
    world.sim.edit(&id, VaultEdit::HideFrom(world.sim.client_id()));
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Delay(Duration::from_secs(3))).after_commit());
    let count = world.count().await;
    world.start_operator().await;
    assert!(world.sim.wait_for(PATIENCE, |journal| journal.posts().len() == 2).await);
    world.sim.edit(&id, VaultEdit::ShowTo(world.sim.client_id()));
    let found = status(&world.becomes("svc", "Synced").await);
    assert_eq!((found.id, found.mismatch), (Some(id), None));
    assert_eq!((world.journal(&count).posts().len(), world.sim.records().len()), (1, 1));
    ends(&world).await;
}

#[tokio::test]
async fn a_record_out_of_sight_stays_somebody_elses_although_a_write_is_in_flight() {
    let mut world = World::start().await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::gateway(504)));
    apply(&world, never()).await;
    world.becomes("svc", "PamUnavailable").await;
    world.stop_operator().await;
    let id = world.sim.seed(seed().identifier("ours").visible_to(&["somebody-else"]));
    let count = world.count().await;
    world.start_operator().await;
    let found = world.becomes("svc", "RecordConflict").await;
    assert!(status(&found).mismatch.is_some(), "{:?}", found.status);
    world.sim.edit(&id, VaultEdit::ShowTo(world.sim.client_id()));
    // Even the user's word does not make Never write onto it; another policy and that word do.
    world.annotate("svc", "pam-operator.io/reconcile-requested-at", "1").await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    let found = world.becomes("svc", "RecordConflict").await;
    assert!(message(&found).contains("adoptionPolicy to ByIdentifier"), "{}", message(&found));
    assert_eq!(world.journal(&count).posts().len(), 1, "it cannot be known before");
    apply(&world, json!({"adoptionPolicy": "ByIdentifier"})).await;
    assert_eq!(status(&world.becomes("svc", "Synced").await).id, Some(id));
    ends(&world).await;
}

#[tokio::test]
async fn after_a_definite_refusal_nothing_is_in_flight_and_what_comes_then_is_not_ours() {
    let world = World::start().await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Code(1011)).always());
    apply(&world, never()).await;
    let refused = status(&world.becomes("svc", "DeviceNotFound").await);
    assert_eq!(refused.in_flight, None);
    let id = world.sim.seed(seed().identifier("ours"));
    let before = world.sim.record(&id);
    // The list that a first push goes by is seconds old.
    tokio::time::sleep(Duration::from_secs(11)).await;
    let found = world.becomes("svc", "RecordConflict").await;
    assert!(status(&found).mismatch.is_none() && message(&found).contains("adoptionPolicy"), "{}", message(&found));
    world.sim.clear_faults();
    assert_eq!(world.sim.record(&id), before);
    // The word of the user is the policy.
    apply(&world, json!({"adoptionPolicy": "ByIdentifier"})).await;
    assert_eq!(status(&world.becomes("svc", "Synced").await).id, Some(id));
    ends(&world).await;
}

#[tokio::test]
async fn with_a_lost_digest_key_what_is_in_flight_proves_nothing() {
    let mut world = World::start().await;
    answer_is_lost_and_the_operator_goes(&mut world, never()).await;
    let id = world.sim.find("ours").unwrap().id;
    let secrets =
        Api::<k8s_openapi::api::core::v1::Secret>::namespaced(world.client.clone(), world.install.namespace());
    let other = Patch::Merge(json!({"data": {DIGEST_KEY_FIELD: base64(&[7; 32])}}));
    secrets.patch(DIGEST_KEY_SECRET, &PatchParams::default(), &other).await.unwrap();
    let count = world.count().await;
    world.start_operator().await;
    world.becomes("svc", "RecordConflict").await;
    assert_eq!(world.journal(&count).posts().len(), 0);
    apply(&world, json!({"adoptionPolicy": "ByIdentifier"})).await;
    assert_eq!(status(&world.becomes("svc", "Synced").await).id, Some(id));
    ends(&world).await;
}

#[tokio::test]
async fn an_edited_account_is_another_target_than_the_one_in_flight() {
    let mut world = World::start().await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::gateway(504)));
    apply(&world, never()).await;
    world.becomes("svc", "PamUnavailable").await;
    world.stop_operator().await;
    // Somebody's, on the account that the object asks for now.
    let theirs = world.sim.seed(pam_simulator::Seed::new("svc", "web01", "10.0.0.8").value("their-value"));
    apply(&world, json!({"adoptionPolicy": "Never", "hostname": "web01", "ip": "10.0.0.8"})).await;
    let before = world.sim.record(&theirs);
    world.start_operator().await;
    world.becomes("svc", "RecordConflict").await;
    assert_eq!((world.sim.record(&theirs), world.sim.count(Kind::PostCredential)), (before, 1));
    ends(&world).await;
}

#[tokio::test]
async fn what_is_in_flight_is_disabled_when_the_object_goes() {
    let mut world = World::start().await;
    let policy = json!({"adoptionPolicy": "Never", "deletionPolicy": "Disable"});
    answer_is_lost_and_the_operator_goes(&mut world, policy).await;
    world.credentials().delete("svc", &kube::api::DeleteParams::default()).await.unwrap();
    world.start_operator().await;
    // It might still have been on its way.
    wait_until("svc to be gone", SETTLED, async || {
        let found = world.credentials().get_opt("svc").await?;
        anyhow::ensure!(found.is_none(), "{:?}", found.map(|found| ready(&found)));
        Ok(())
    })
    .await
    .unwrap();
    let records = world.sim.records();
    assert!(records.len() == 1 && !records[0].active, "it was made, and is disabled: {records:?}");
    ends(&world).await;
}

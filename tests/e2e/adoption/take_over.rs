//! P3, P4: a take-over keeps the former identifier across lost answers and crashes, and never takes another object's
//! record.

use std::time::Duration;

use pam_operator::api::InFlightAction;
use pam_simulator::{Effect, Fault, Kind, VaultEdit};
use serde_json::json;

use super::{THEIRS, answer_is_lost_and_the_operator_goes, apply, ends, in_flight, message, seed, status};
use crate::support::{CANARY, PATIENCE, World, ready};

fn take_over() -> serde_json::Value {
    json!({"adoptionPolicy": "TakeOver"})
}

#[tokio::test]
async fn what_is_about_to_be_taken_over_is_in_status_before_it_is_sent() {
    let world = World::start().await;
    let id = world.sim.seed(seed().identifier("theirs"));
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Delay(Duration::from_secs(2))));
    let count = world.count().await;
    apply(&world, take_over()).await;
    let noted = in_flight(&world, "svc").await.in_flight.unwrap();
    assert_eq!((noted.action, noted.former.as_deref()), (InFlightAction::TakeOver, Some("theirs")));
    assert_eq!(world.sim.record(&id).unwrap().identifier.as_deref(), Some("theirs"), "not done yet");

    let found = status(&world.becomes("svc", "Synced").await);
    assert_eq!((found.former_identifier.as_deref(), found.in_flight), (Some("theirs"), None));
    let writes = world.requests(&count).await.named("svc").resource("pamcredentials/status").writes();
    assert_eq!(writes.len(), 2, "{writes}");
    assert!(writes.iter().next().unwrap().time < world.journal(&count).posts()[0].at);
    let events = world.events().await;
    let said = events.iter().any(|event| event.note.as_deref().unwrap_or_default().contains("theirs"));
    assert!(said, "whoever looks for the old identifier finds what became of it");

    // It is kept: by what follows, and by a restart.
    world.put_secret("svc", json!({"password": "rotated"})).await;
    world.pam_holds("svc", "rotated").await;
    apply(&world, json!({"adoptionPolicy": "ByIdentifier", "tags": ["a"]})).await;
    let found = status(&world.becomes("svc", "Synced").await);
    assert_eq!(found.former_identifier.as_deref(), Some("theirs"));
    ends(&world).await;
}

#[tokio::test]
async fn a_lost_answer_and_a_restart_do_not_lose_the_former_identifier() {
    let mut world = World::start().await;
    let id = world.sim.seed(seed().identifier("theirs"));
    answer_is_lost_and_the_operator_goes(&mut world, take_over()).await;
    assert_eq!(world.sim.record(&id).unwrap().identifier.as_deref(), Some("ours"), "the list no longer tells");
    world.start_operator().await;
    let found = status(&world.becomes("svc", "Synced").await);
    assert_eq!((found.id, found.former_identifier.as_deref()), (Some(id), Some("theirs")));
    assert!(found.in_flight.is_some(), "the lost try may still arrive within its settle window");
    assert_eq!(world.sim.records().len(), 1);
    ends(&world).await;
}

#[tokio::test]
async fn a_kill_in_the_middle_of_a_take_over_leaves_one_record_and_its_history() {
    let mut world = World::start().await;
    let id = world.sim.seed(seed().identifier("theirs"));
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Hang(Duration::from_mins(1))).after_commit());
    apply(&world, take_over()).await;
    assert!(world.sim.wait_for(PATIENCE, |journal| !journal.commits().is_empty()).await);
    world.operator.as_mut().unwrap().kill().await.unwrap();
    world.start_operator().await;
    // The lease of a killed leader runs out first.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let found = status(&world.becomes("svc", "Synced").await);
    assert_eq!((found.id, found.former_identifier.as_deref()), (Some(id), Some("theirs")));
    assert!(found.in_flight.is_some(), "the lost try may still arrive within its settle window");
    assert_eq!(world.sim.records().len(), 1);
    ends(&world).await;
}

#[tokio::test]
async fn an_identifier_that_changed_meanwhile_is_the_one_that_is_kept() {
    let mut world = World::start().await;
    let id = world.sim.seed(seed().identifier("theirs"));
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::gateway(504)));
    apply(&world, take_over()).await;
    world.becomes("svc", "PamUnavailable").await;
    world.stop_operator().await;
    world.sim.edit(&id, VaultEdit::Identifier(Some("theirs-anew".into())));
    world.start_operator().await;
    let found = status(&world.becomes("svc", "Synced").await);
    assert_eq!(found.former_identifier.as_deref(), Some("theirs-anew"));
    ends(&world).await;
}

#[tokio::test]
async fn a_refused_take_over_leaves_nothing_in_flight() {
    let world = World::start().await;
    let id = world.sim.seed(seed().identifier("theirs"));
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Code(1009)));
    apply(&world, take_over()).await;
    let found = status(&world.becomes("svc", "PamPermissionDenied").await);
    assert_eq!((found.in_flight, found.former_identifier, found.id), (None, None, None));
    assert_eq!(world.sim.value_of(&id).as_deref(), Some(THEIRS));
    ends(&world).await;
}

#[tokio::test]
async fn a_conflict_is_ended_by_the_policy_and_the_record_is_moved_or_renamed() {
    let world = World::start().await;
    let id = world.sim.seed(pam_simulator::Seed::new("old-name", "web01", "10.0.0.8").identifier("ours").value(THEIRS));
    apply(&world, json!({})).await;
    let found = world.becomes("svc", "RecordConflict").await;
    assert!(message(&found).contains("adoptionPolicy to TakeOver"), "{}", message(&found));
    apply(&world, take_over()).await;
    let found = status(&world.becomes("svc", "Synced").await);
    assert_eq!((found.id.as_deref(), found.former_identifier), (Some(id.as_str()), None));
    let record = world.sim.record(&id).unwrap();
    assert_eq!((record.username.as_str(), record.hostname.as_str()), ("svc", "db01"));
    assert_eq!(world.sim.value_of(&id).as_deref(), Some(CANARY));
    assert_eq!((world.sim.records().len(), world.sim.count(Kind::PostCredential)), (1, 1));
    ends(&world).await;
}

#[tokio::test]
async fn what_another_object_of_the_cluster_has_is_not_taken_over() {
    let world = World::start().await;
    let id = status(&world.synced("svc").await).id.unwrap();
    world.put_secret("thief", json!({"password": format!("{CANARY}-thief")})).await;
    let theft = json!({"username": "svc", "identifier": "thief", "adoptionPolicy": "TakeOver"});
    world.put_credential("thief", theft).await;
    let found = world.becomes("thief", "AccountConflict").await;
    assert!(status(&found).in_flight.is_none() && !ready(&found).2.contains("svc"), "{}", ready(&found).2);
    assert_eq!(world.sim.value_of(&id), Some(format!("{CANARY}-svc")));
    assert_eq!(world.sim.count(Kind::PostCredential), 1);
    ends(&world).await;
}

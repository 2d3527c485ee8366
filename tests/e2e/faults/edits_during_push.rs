//! P1, P3, P4: edits and deletions during a pass neither reach the wrong PAM nor make the object unusable.

use std::time::Duration;

use kube::api::{DeleteParams, Patch, PatchParams};
use pam_simulator::{Effect, Fault, Kind, Seed};
use serde_json::json;

use super::{A_MOMENT, another_pam, apply, ends, leading_to, poke, poke_thrice, rotate, value, wait_for_call};
use crate::support::World;

#[tokio::test]
async fn what_one_pams_list_permits_is_not_written_to_another_pam() {
    let world = World::start().await;
    let other = another_pam(&world).await;
    let theirs = other.seed(Seed::new("svc", "db01", "10.0.0.7").identifier("theirs").value("canary-7f3a-theirs"));
    let before = other.record(&theirs);
    world.sim.inject(Fault::on(Kind::ListCredentials, Effect::Delay(Duration::from_secs(4))));
    apply(&world, json!({"identifier": "ours"})).await;
    wait_for_call(&world.sim, |journal| journal.count(Kind::ListCredentials) == 1).await;

    world.put_connection(leading_to(&other)).await;
    world.becomes("svc", "RecordConflict").await;
    tokio::time::sleep(A_MOMENT).await;
    let posts = (world.sim.count(Kind::PostCredential), other.count(Kind::PostCredential));
    assert_eq!(posts, (0, 0));
    assert!(other.count(Kind::ListCredentials) > 0);
    assert_eq!(other.record(&theirs), before);
    ends(&world).await;
}

#[tokio::test]
async fn an_identifier_edited_during_the_first_push_leaves_the_object_usable() {
    let world = World::start().await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Delay(Duration::from_secs(3))));
    apply(&world, json!({"identifier": "typo"})).await;
    wait_for_call(&world.sim, |journal| journal.posts().len() == 1).await;
    world.put_credential("svc", json!({"identifier": "right"})).await;
    let status = world.becomes("svc", "Synced").await.status.unwrap();
    assert_eq!(status.identifier.as_deref(), Some("typo"), "as it was sent");

    poke(&world.credentials(), "svc").await;
    let count = world.count().await;
    rotate(&world, 2).await;
    world.pam_holds("svc", &value(2)).await;
    poke_thrice(&world.credentials(), "svc").await;
    assert_eq!(world.journal(&count).posts().len(), 1, "{}", world.logs());
    assert!(!world.logs().contains("a pass failed"), "{}", world.logs());
    let records = world.sim.records();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].identifier.as_deref(), Some("typo"), "what status shows holds");

    // Back to what was sent, and to no third one.
    let third = Patch::Merge(json!({"spec": {"identifier": "third"}}));
    let refused = world.credentials().patch("svc", &PatchParams::default(), &third).await.unwrap_err();
    assert!(refused.to_string().contains("spec.identifier cannot change"), "{refused}");
    world.put_credential("svc", json!({"identifier": "typo"})).await;
    world.becomes("svc", "Synced").await;
    ends(&world).await;
}

#[tokio::test]
async fn a_credential_deleted_during_its_push_is_counted_no_more() {
    let world = World::start().await;
    world.synced("other").await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Delay(Duration::from_secs(3))));
    apply(&world, json!({})).await;
    wait_for_call(&world.sim, |journal| journal.posts().len() == 2).await;
    world.credentials().delete("svc", &DeleteParams::default()).await.unwrap();
    wait_for_call(&world.sim, |journal| journal.posts().iter().all(|post| post.done_at.is_some())).await;
    tokio::time::sleep(A_MOMENT).await;
    let metrics = world.operator.as_ref().unwrap().metrics().await.unwrap();
    let counts = metrics.lines().filter(|line| line.starts_with("pam_operator_credentials{") && !line.ends_with(" 0"));
    assert_eq!(counts.collect::<Vec<_>>(), [r#"pam_operator_credentials{reason="Synced"} 1"#], "the other one");
    ends(&world).await;
}

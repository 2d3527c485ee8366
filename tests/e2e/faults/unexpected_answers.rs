//! P3, P4: an answer that is lost, or that names another record, makes no record this credential's.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use pam_simulator::{Effect, Fault, Kind, VaultEdit};
use serde_json::json;

use super::{A_MOMENT, RECONCILE, apply, ends, hidden, in_conflict, rotate, value};
use crate::support::{World, ready};

#[tokio::test]
async fn after_a_stray_answer_only_the_users_word_makes_the_record_ours() {
    let world = World::start().await;
    let id = world.sim.seed(hidden("theirs"));
    apply(&world, json!({"identifier": "ours"})).await;
    in_conflict(&world).await;
    // That one write put our identifier there (API 2.6, row 2), so that it proves nothing once the list shows it.
    assert_eq!(world.sim.record(&id).unwrap().identifier.as_deref(), Some("ours"));
    world.sim.edit(&id, VaultEdit::ShowTo(world.sim.client_id()));
    let count = world.count().await;
    world.put_credential("svc", json!({"identifier": "ours", "tags": ["looked", "at"]})).await;
    in_conflict(&world).await;
    rotate(&world, 2).await;
    tokio::time::sleep(A_MOMENT).await;
    in_conflict(&world).await;
    assert!(world.journal(&count).count(Kind::ListCredentials) > 0, "it was looked at");
    assert_eq!(world.journal(&count).count(Kind::PostCredential), 0);

    world.annotate("svc", RECONCILE, "it is ours").await;
    let status = world.becomes("svc", "Synced").await.status.unwrap();
    assert_eq!((status.id, status.mismatch), (Some(id), None));
    world.pam_holds("svc", &value(2)).await;
    assert_eq!(world.sim.records().len(), 1);
    ends(&world).await;
}

/// What the one write did to the record of somebody else is for its owner to mend: for as long as the conflict lasts, it is said.
#[tokio::test]
async fn the_conflict_names_what_was_overwritten_and_when() {
    let world = World::start().await;
    world.sim.seed(hidden("theirs"));
    let before = Timestamp::now();
    apply(&world, json!({"tags": ["mine"]})).await;
    let said = ready(&in_conflict(&world).await).2;
    let (_, overwritten) = said.split_once("Overwritten at ").expect(&said);
    let (time, what) = overwritten.split_once(": ").unwrap();
    let time: Timestamp = time.parse().unwrap();
    // It is rounded up to a second.
    assert!(time >= before && time.as_second() <= Timestamp::now().as_second() + 1, "{said}");
    assert_eq!(what, "identifier, username, hostname, ip, tags and the value");
    rotate(&world, 2).await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(ready(&in_conflict(&world).await).2, said);
    ends(&world).await;
}

#[tokio::test]
async fn a_lost_first_answer_does_not_make_a_hidden_record_ours() {
    let world = World::start().await;
    let id = world.sim.seed(hidden("ours"));
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::gateway(502)));
    apply(&world, json!({"identifier": "ours"})).await;
    in_conflict(&world).await;
    assert_eq!(world.sim.count(Kind::PostCredential), 2, "it cannot be known before");
    rotate(&world, 2).await;
    world.annotate("svc", RECONCILE, "a list that does not show it still proves nothing").await;
    tokio::time::sleep(A_MOMENT).await;
    in_conflict(&world).await;
    assert_eq!(world.sim.count(Kind::PostCredential), 2);
    assert_eq!(world.sim.value_of(&id), Some(value(1)));
    ends(&world).await;
}

#[tokio::test]
async fn a_field_edit_that_was_lost_and_taken_back_is_taken_back_in_the_pam_too() {
    let world = World::start().await;
    apply(&world, json!({"tags": ["old"]})).await;
    let id = world.becomes("svc", "Synced").await.status.unwrap().id.unwrap();
    let tags = || world.sim.record(&id).unwrap().fields["tags"].clone();
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Reset).after_commit());
    // Time to take it back before it is tried again.
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::gateway(504)).times(2));
    world.put_credential("svc", json!({"tags": ["new"]})).await;
    world.becomes("svc", "PamUnavailable").await;
    assert_eq!(tags(), "new");
    world.put_credential("svc", json!({"tags": ["old"]})).await;
    world.becomes("svc", "Synced").await;
    assert_eq!(tags(), "old");
    assert_eq!(world.sim.value_of(&id), Some(value(1)));
    ends(&world).await;
}

#[tokio::test]
async fn without_a_secret_too_another_identifier_ends_a_conflict_and_nothing_else_does() {
    let world = World::start().await;
    let id = world.sim.seed(hidden("theirs"));
    world.put_credential("svc", json!({"contentSecretRef": null})).await;
    in_conflict(&world).await;
    // Its owner mends what the one write did to it.
    world.sim.edit(&id, VaultEdit::Identifier(Some("theirs".into())));
    let before = world.sim.record(&id);
    let mut elsewhere = json!({"contentSecretRef": null, "username": "another", "hostname": "web01", "ip": "10.0.0.8"});
    world.put_credential("svc", elsewhere.clone()).await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(ready(&world.get("svc").await).1, "RecordConflict", "their record may still carry our identifier");
    elsewhere["identifier"] = json!("another");
    world.put_credential("svc", elsewhere).await;
    let status = world.becomes("svc", "Synced").await.status.unwrap();
    assert_eq!(status.mismatch, None);
    assert_ne!(status.id.as_ref(), Some(&id));
    assert_eq!(world.sim.record(&id), before);
    ends(&world).await;
}

#[tokio::test]
async fn nothing_is_ready_while_an_answer_is_unexplained() {
    let world = World::start().await;
    apply(&world, json!({})).await;
    let id = world.becomes("svc", "Synced").await.status.unwrap().id.unwrap();
    world.sim.remove_record(&id);
    rotate(&world, 2).await;
    in_conflict(&world).await;
    // As the status says it was sent: but not to the record that the PAM holds now.
    rotate(&world, 1).await;
    let until = Instant::now() + A_MOMENT * 2;
    while Instant::now() < until {
        let found = world.get("svc").await;
        let unexplained = found.status.as_ref().unwrap().mismatch.is_some();
        assert!(!unexplained || ready(&found).0 != "True", "{:?}", found.status);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    in_conflict(&world).await;
    ends(&world).await;
}

//! P6: a record that was just set to rotate gets no value by request, although the list does not show the rotation yet.

use crate::support::{CANARY, PATIENCE, World, assert_no_canary};
use local_cluster::wait_until;
use pam_operator::api::RECONCILE_REQUESTED_AT;
use pam_simulator::{Seed, VaultEdit};
use serde_json::json;

/// The list that is at hand is from before the spec had the vault rotate.
#[tokio::test]
async fn a_request_sends_no_value_to_a_record_that_was_just_set_to_rotate() {
    let world = World::start().await;
    // Of one that was there before, the list has said that it is not rotated.
    let id = world.sim.seed(Seed::new("svc", "db01", "10.0.0.7").identifier("ours").value("of-old"));
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({"identifier": "ours"})).await;
    world.becomes("svc", "Synced").await;
    let rotated = json!({"identifier": "ours", "executionSettings": {"useOwnCredentialToConnect": true, "automaticChange": true}});
    world.put_credential("svc", rotated).await;
    world.becomes("svc", "Synced").await;
    assert!(world.sim.edit(&id, VaultEdit::Rotate("by-the-vault".into())));
    world.annotate("svc", RECONCILE_REQUESTED_AT, "now").await;
    wait_until("the request to be acknowledged", PATIENCE, async || {
        let status = world.get("svc").await.status.unwrap();
        anyhow::ensure!(status.last_handled_reconcile_at.as_deref() == Some("now"), "not yet");
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(world.sim.value_of(&id).as_deref(), Some("by-the-vault"));
    assert_no_canary(&world.everything_said().await);
}

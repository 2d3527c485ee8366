//! P1: a field that left the spec and that the PAM keeps is reported once, on the right record, even if the answer is
//! lost.

use crate::support::steps::{A_MOMENT, another_pam, leading_to};
use crate::support::{CANARY, PATIENCE, World, assert_no_canary, ready};
use kube::api::DeleteParams;
use local_cluster::wait_until;
use pam_simulator::{Effect, Fault, Kind, Seed};
use serde_json::json;

async fn told(world: &World) -> usize {
    let kept = world.events().await.into_iter().filter(|event| event.reason.as_deref() == Some("FieldKept"));
    let counts = kept.map(|event| event.series.map_or(1, |series| usize::try_from(series.count).unwrap()));
    counts.sum()
}

#[tokio::test]
async fn a_field_that_is_kept_is_told_of_once_whatever_goes_wrong_later() {
    let world = World::start().await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({"tags": ["t"]})).await;
    world.becomes("svc", "Synced").await;
    world.put_credential("svc", json!({})).await;
    world.becomes("svc", "Synced").await;
    world.event_of("svc", "FieldKept").await;
    for number in 0..2 {
        world.secrets().delete("svc", &DeleteParams::default()).await.unwrap();
        world.becomes("svc", "SecretNotFound").await;
        world.put_secret("svc", json!({"password": format!("{CANARY}-{number}")})).await;
        assert!(ready(&world.becomes("svc", "Synced").await).2.ends_with(": tags"));
    }
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(told(&world).await, 1);
    // Taken up again, and left again.
    world.put_credential("svc", json!({"tags": ["t"]})).await;
    world.becomes("svc", "Synced").await;
    world.put_credential("svc", json!({})).await;
    world.becomes("svc", "Synced").await;
    wait_until("to be told again", PATIENCE, async || {
        anyhow::ensure!(told(&world).await == 2, "not yet");
        Ok(())
    })
    .await
    .unwrap();
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_field_that_may_have_been_written_by_a_lost_answer_is_told_of() {
    let world = World::start().await;
    world.synced("svc").await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::gateway(504)).after_commit());
    world.put_credential("svc", json!({"tags": ["t"]})).await;
    world.becomes("svc", "PamUnavailable").await;
    world.put_credential("svc", json!({})).await;
    let message = ready(&world.becomes("svc", "Synced").await).2;
    assert_eq!(world.sim.records()[0].fields["tags"], "t");
    assert!(message.ends_with(": tags"), "{message}");
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn what_a_former_pam_keeps_is_not_named() {
    let world = World::start().await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({"tags": ["t"]})).await;
    world.becomes("svc", "Synced").await;
    let origin = async |url: String| {
        wait_until("svc to be there", PATIENCE, async || {
            let found = world.get("svc").await;
            let vault = found.status.as_ref().and_then(|status| status.connection.clone()).unwrap_or_default();
            anyhow::ensure!(vault.origin == url.trim_end_matches('/') && ready(&found).0 == "True", "{vault:?}");
            Ok(ready(&found).2)
        })
        .await
        .unwrap()
    };
    let other = another_pam(&world).await;
    // Ids are others there.
    other.seed(Seed::new("another", "db01", "10.0.0.7").value(CANARY));
    // What is written there has no tags.
    world.put_credential("svc", json!({"suspend": true, "notes": "n"})).await;
    world.becomes("svc", "Synced").await;
    world.put_connection(leading_to(&other)).await;
    world.put_credential("svc", json!({"notes": "n"})).await;
    let there = origin(other.url()).await;
    assert!(!there.contains("tags"), "{there}");
    world.put_credential("svc", json!({"suspend": true})).await;
    world.becomes("svc", "Synced").await;
    world.put_connection(json!({})).await;
    world.put_credential("svc", json!({})).await;
    let back = origin(world.sim.url()).await;
    assert!(!back.contains("removed from spec"), "nothing is remembered of a vault that was left: {back}");
    assert_no_canary(&world.everything_said().await);
}

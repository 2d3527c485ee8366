//! P7: while a CRD that the operator serves is gone, the operator is not ready and names the CRD; it serves again once the CRD is back.

use local_cluster::wait_until;
use serde_json::json;

use crate::support::{CANARY, PATIENCE, Plan, World, assert_no_canary};

async fn readyz_says(world: &World, status: u16, text: &str) {
    let operator = world.operator.as_ref().unwrap();
    // A failed watch is tried again after up to a minute.
    wait_until(text, PATIENCE * 4, async || {
        let seen = operator.readyz().await?;
        anyhow::ensure!(seen == (status, format!("{text}\n")), "{seen:?}");
        Ok(())
    })
    .await
    .unwrap();
}

/// On a control plane of its own: all others need the CRDs.
#[tokio::test]
async fn a_crd_that_goes_and_comes_back_is_told_by_readiness_and_its_objects_are_served_again() {
    let world = Plan::default().on_its_own().await.start().await;
    world.synced("svc").await;
    for crd in ["pamcredentials", "clusterpamconnections"] {
        let crd = format!("{crd}.pam-operator.io");
        world.cluster.kubectl(&["delete", "crd", &crd]).await.unwrap();
        readyz_says(&world, 503, &format!("waiting for: the CRD {crd}")).await;
        world.cluster.apply_crds().await.unwrap();
        readyz_says(&world, 200, "ok").await;
    }
    world.put_connection(json!({})).await;
    world.connection_becomes("Authenticated").await;
    let value = format!("{CANARY}-2");
    world.put_secret("svc", json!({"password": value})).await;
    world.put_credential("svc", json!({})).await;
    world.becomes("svc", "Synced").await;
    world.pam_holds("svc", &value).await;
    assert_eq!(world.sim.records().len(), 1);
    assert_no_canary(&world.everything_said().await);
}

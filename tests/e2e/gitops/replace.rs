//! P1, P3, P7: `kubectl replace`, as Argo CD's `Replace=true` runs it, puts an object of Git, without status and finalizer, in the
//! place of the one that the operator serves: the record keeps its id, and nothing is sent twice.

use local_cluster::wait_until;
use pam_operator::api::FINALIZER;
use pam_simulator::Kind;
use serde_json::{Value, json};

use crate::support::steps::A_MOMENT;
use crate::support::vault::status_of;
use crate::support::{CANARY, PATIENCE, World, assert_no_canary};

/// A world with the object as Git has it, synced.
async fn synced(policy: &str) -> (World, Value, String) {
    let world = World::start().await;
    let object = world.credential_json("svc", json!({"deletionPolicy": policy}));
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.cluster.kubectl_with(&["create", "-f", "-"], &object.to_string()).await.unwrap();
    let id = status_of(&world.becomes("svc", "Synced").await).id.unwrap();
    (world, object, id)
}

async fn replaces(world: &World, how: &[&str], object: &Value) {
    let args = [&["replace", "-f", "-"], how].concat();
    world.cluster.kubectl_with(&args, &object.to_string()).await.unwrap();
}

async fn is_held(world: &World) {
    wait_until("the finalizer to be back", PATIENCE, async || {
        let held = world.get("svc").await.metadata.finalizers.unwrap_or_default();
        anyhow::ensure!(held == [FINALIZER], "{held:?}");
        Ok(())
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()));
}

#[tokio::test]
async fn an_object_that_is_replaced_from_git_is_served_as_before() {
    let (world, object, id) = synced("Disable").await;
    is_held(&world).await;
    let mark = world.sim.mark();
    for _ in 0..3 {
        replaces(&world, &[], &object).await;
        is_held(&world).await;
    }
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(status_of(&world.becomes("svc", "Synced").await).id, Some(id.clone()));
    assert!(world.sim.since(mark).is_empty(), "{:?}", world.sim.since(mark));

    // A change of Git's is one write.
    let mut changed = object.clone();
    changed["spec"]["notes"] = json!("from Git");
    replaces(&world, &[], &changed).await;
    world.becomes("svc", "Synced").await;
    is_held(&world).await;
    assert_eq!(world.sim.since(mark).count(Kind::PostCredential), 1);
    assert_eq!(world.sim.records().len(), 1);

    // The finalizer that is back does what it is for.
    world.delete("svc").await;
    world.is_gone("svc").await;
    assert!(!world.sim.record(&id).unwrap().active);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn an_object_that_is_deleted_and_made_again_keeps_its_record() {
    let (world, object, id) = synced("Retain").await;
    let mark = world.sim.mark();
    replaces(&world, &["--force"], &object).await;
    assert_eq!(status_of(&world.becomes("svc", "Synced").await).id, Some(id.clone()));
    tokio::time::sleep(A_MOMENT).await;
    let journal = world.sim.since(mark);
    let calls = [Kind::PostCredential, Kind::PutCredential, Kind::DeleteCredential].map(|kind| journal.count(kind));
    assert_eq!(calls, [1, 0, 0], "{journal:?}");
    assert_eq!(world.sim.records().len(), 1);
    assert!(world.sim.record(&id).unwrap().active);
    assert_no_canary(&world.everything_said().await);
}

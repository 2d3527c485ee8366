//! P1: an object whose connection leaves the operator reports `NotServed`, whatever keeps the status from being written at once.

use std::time::Duration;

use fake_apiserver::{Effect, Fault};
use serde_json::{Value, json};

use crate::support::{Keeper, NAMESPACE, OperatedCluster, World, assert_no_canary, value, world};

const LABEL: &str = "team";
const PATIENCE: Duration = Duration::from_mins(2);
const A_WHILE: Duration = Duration::from_secs(2);

/// One object that is synced, of a connection that the operator serves by its label.
async fn synced(keeper: Keeper, world: &World) -> OperatedCluster {
    let mut cluster = keeper.cluster(world, &json!({}));
    cluster.select_connections(LABEL, "ours");
    cluster.label_connection(LABEL, "ours");
    cluster.put_value("svc", &value("svc", 1));
    keeper.put(&cluster, "svc", &json!({}));
    cluster.start().await;
    becomes(keeper, world, &cluster, "Synced").await;
    tokio::time::sleep(Duration::from_hours(1)).await;
    cluster
}

async fn becomes(keeper: Keeper, world: &World, cluster: &OperatedCluster, reason: &str) {
    world.until(reason, PATIENCE, || keeper.reason(cluster, "svc") == reason).await;
}

/// A change of the object that is no input of a pass.
fn touch(keeper: Keeper, cluster: &OperatedCluster) {
    let set = |object: &mut Value| object["metadata"]["labels"] = json!({"touched": "yes"});
    assert!(cluster.api.edit(keeper.plural(), NAMESPACE, "svc", set));
}

/// It is told once, and served again when the label is back.
async fn is_told_and_comes_back(keeper: Keeper, world: &World, cluster: &OperatedCluster) {
    becomes(keeper, world, cluster, "NotServed").await;
    assert!(keeper.message(cluster, "svc").contains("connectionSelector"), "{}", keeper.message(cluster, "svc"));
    let mark = cluster.api.mark();
    tokio::time::sleep(Duration::from_hours(1)).await;
    let since = cluster.api.since(mark).resource(keeper.status());
    assert!(since.is_empty(), "{since:?}");
    cluster.label_connection(LABEL, "ours");
    becomes(keeper, world, cluster, "Synced").await;
    assert_eq!(keeper.kept(world).0, 1);
    assert_no_canary(&(cluster.said() + &world.logs()));
}

#[test]
fn it_is_told_though_the_watch_is_behind_when_the_connection_leaves() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), async |world| {
            let cluster = synced(keeper, &world).await;
            cluster.api.hold_watches_of(keeper.plural(), true);
            touch(keeper, &cluster);
            cluster.label_connection(LABEL, "another's");
            tokio::time::sleep(A_WHILE).await;
            assert_eq!(keeper.reason(&cluster, "svc"), "Synced", "an object that changed is not written to");
            cluster.api.hold_watches_of(keeper.plural(), false);
            is_told_and_comes_back(keeper, &world, &cluster).await;
        });
    }
}

#[test]
fn it_is_told_though_the_api_server_fails_when_the_connection_leaves() {
    for keeper in Keeper::ALL {
        for effect in [Effect::Refused(500), Effect::Lost, Effect::DoneAndLost] {
            world(keeper.pam(), async |world| {
                let cluster = synced(keeper, &world).await;
                cluster.api.inject(Fault::on("patch", keeper.status(), effect));
                cluster.label_connection(LABEL, "another's");
                is_told_and_comes_back(keeper, &world, &cluster).await;
            });
        }
    }
}

//! P8: a digest key that was lost is told of where people look: by a Warning event of its Secret, and by a metric.

use std::time::Duration;

use pam_operator::api::DIGEST_KEY_SECRET;
use serde_json::{Value, json};

use crate::support::{Keeper, OperatedCluster, World, assert_no_canary, value, world};

const PATIENCE: Duration = Duration::from_mins(2);
const A_WHILE: Duration = Duration::from_mins(5);
const METRIC: &str = "pam_operator_digest_key_lost_objects";

fn told(cluster: &OperatedCluster) -> Vec<Value> {
    cluster.api.list("events").into_iter().filter(|event| event["reason"] == "DigestKeyReplaced").collect()
}

/// Two objects that are synced, by an operator that has ended since.
async fn served_once(keeper: Keeper, world: &World) -> OperatedCluster {
    let mut cluster = keeper.cluster(world, &json!({}));
    cluster.start().await;
    for name in ["a", "b"] {
        cluster.put_value(name, &value(name, 1));
        keeper.put(&cluster, name, &json!({"username": name}));
        world.until("synced", PATIENCE, || keeper.reason(&cluster, name) == "Synced").await;
    }
    assert_eq!((told(&cluster).len(), &*cluster.metric(METRIC)), (0, "0"), "the first key of a new cluster");
    cluster.end().await;
    cluster
}

#[test]
fn a_key_that_is_made_again_is_told_once_with_the_number_of_objects() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), async |world| {
            let mut cluster = served_once(keeper, &world).await;
            cluster.lose_key();
            cluster.start().await;
            tokio::time::sleep(A_WHILE).await;
            let [event] = &told(&cluster)[..] else { panic!("{:?}", told(&cluster)) };
            let about = &event["regarding"];
            assert_eq!((&about["kind"], &about["name"]), (&json!("Secret"), &json!(DIGEST_KEY_SECRET)), "{event}");
            assert_eq!(about["namespace"], event["metadata"]["namespace"]);
            assert!(about["uid"].is_string(), "kubectl events --for finds it");
            assert_eq!(event["type"], "Warning");
            assert!(event["note"].as_str().unwrap().contains("digests of the former key: 2"), "{event}");
            assert_eq!(cluster.metric(METRIC), "2");
            cluster.restart(Duration::from_secs(1)).await;
            tokio::time::sleep(A_WHILE).await;
            assert_eq!(told(&cluster).len(), 1, "the next start has a key");
            assert_no_canary(&(cluster.said() + &world.logs()));
        });
    }
}

#[test]
fn a_key_that_is_kept_and_a_key_of_a_cluster_without_digests_are_not_told() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), async |world| {
            let mut cluster = served_once(keeper, &world).await;
            cluster.start().await;
            tokio::time::sleep(A_WHILE).await;
            assert_eq!((told(&cluster).len(), &*cluster.metric(METRIC)), (0, "0"), "the key is there");
            cluster.end().await;
            cluster.select_connections("team", "ours");
            cluster.lose_key();
            cluster.start().await;
            tokio::time::sleep(A_WHILE).await;
            assert_eq!((told(&cluster).len(), &*cluster.metric(METRIC)), (0, "0"), "another operator's objects");
        });
    }
}

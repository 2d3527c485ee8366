//! Each alert of the chart fires on its fault, and not before: what the operator's metrics show of a fault is recorded and given to
//! promtool.

mod files;
mod of_the_operator;
mod of_the_pam;
mod pages;
mod promtool;
mod recording;

use std::time::Duration;

use crate::support::{OperatedCluster, World, assert_no_canary, value};
use recording::Recording;
use serde_json::{Value, json};
use tokio::time::sleep;

const SCRAPES: Duration = Duration::from_secs(30);
const A_WHILE: Duration = Duration::from_mins(15);

/// A cluster whose credentials have been synced for so long that nothing of the start can still come; `change` is merged into the
/// specs.
async fn synced(world: &World, count: usize, change: &Value) -> OperatedCluster {
    let mut cluster = world.cluster_with("c1", &json!({"inventory": {"interval": "10m"}}));
    for name in names(count) {
        cluster.put_value(&name, &value(&name, 1));
        cluster.put_credential(&name, change);
    }
    cluster.start().await;
    let all_synced = || names(count).iter().all(|name| cluster.reason(name) == "Synced");
    world.until("all to be synced", Duration::from_mins(10), all_synced).await;
    sleep(Duration::from_hours(1)).await;
    cluster
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("svc{number}")).collect()
}

/// The recording of a cluster to which nothing has happened yet.
async fn healthy(cluster: &OperatedCluster) -> Recording {
    let mut recording = Recording::every(SCRAPES);
    recording.go_on(A_WHILE, &[Some(cluster)]).await;
    recording.fault();
    recording
}

/// Gives all credentials of a cluster another value.
fn change_all(cluster: &OperatedCluster, count: usize, number: u32) {
    for name in names(count) {
        cluster.put_value(&name, &value(&name, number));
    }
}

fn ends(world: &World, cluster: &OperatedCluster) {
    assert_no_canary(&(cluster.said() + &world.logs() + &cluster.metrics()));
}

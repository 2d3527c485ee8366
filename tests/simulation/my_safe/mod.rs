//! Entries of MySafe, from the object to the entry: P1 to P8 and P10 for `MySafePassword`.

mod gone;
mod hostile;
mod life;
mod lost_answers;
mod neighbours;
mod strangers;
mod tenants;
mod throwaway;

use std::time::Duration;

use pam_simulator::Kind;
use serde_json::json;

use crate::support::{ACCESS_KEY as SECRET, Keeper, OperatedCluster, World, assert_no_canary, my_safe as config};

const PATIENCE: Duration = Duration::from_mins(30);
/// A cluster with a connection to MySafe, and an operator that runs in it.
async fn cluster(world: &World) -> OperatedCluster {
    let mut cluster = Keeper::Entry.cluster(world, &json!({}));
    cluster.start().await;
    cluster
}

async fn becomes(world: &World, cluster: &OperatedCluster, name: &str, reason: &str) {
    let what = format!("{name} to become {reason}");
    world.until(&what, PATIENCE, || cluster.entry_reason(name) == reason).await;
}

/// What holds at the end of each test: nothing was read back, and no secret was said.
fn assert_secret(world: &World, cluster: &OperatedCluster) {
    let journal = world.sim.journal();
    assert_eq!(journal.count(Kind::GetSafePassword), 0, "{journal:?}");
    assert!(journal.entries().iter().all(|entry| !entry.path.contains("/pam/")), "{journal:?}");
    let said = cluster.said() + &world.logs() + &cluster.metrics();
    assert!(!said.contains(SECRET), "the login was shown");
    assert_no_canary(&said);
}

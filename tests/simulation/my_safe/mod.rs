//! Entries of MySafe, from the object to the entry: P1 to P8 and P10 for `MySafePassword`.

mod life;
mod lost_answers;
mod strangers;
mod throwaway;

use std::time::Duration;

use pam_simulator::{Authorization, Config, Kind, ProductVersion, SafeRules};
use serde_json::json;

use crate::support::{OperatedCluster, World, assert_no_canary};

const PATIENCE: Duration = Duration::from_mins(30);
/// The access key of the user `svc`.
const SECRET: &str = "CANARY-access-key";

/// A PAM with an access key, and users to share with.
fn config(version: ProductVersion) -> Config {
    let mut config = Config::of(version).authorization(Authorization::access_key("key", SECRET, "svc"));
    let users = ["ana", "rui"].map(str::to_owned).into();
    config.behaviour.my_safe =
        SafeRules { users, groups: [("NOC".to_owned(), ["rui".to_owned()].into())].into(), ..SafeRules::default() };
    config
}

/// A cluster with a connection to MySafe, and an operator that runs in it.
async fn cluster(world: &World) -> OperatedCluster {
    let mut cluster =
        world.cluster_with("c1", &json!({"product": "MySafe", "access": [{"allow": ["MySafe", "TakeOver"]}]}));
    cluster.put_login("key", SECRET);
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

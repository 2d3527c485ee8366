//! An object with a record, which another one gets when the object is deleted.

use std::time::Duration;

use pam_simulator::Config;
use serde_json::{Value, json};

use super::{OperatedCluster, World, merge, value};

const A_WHILE: Duration = Duration::from_mins(5);

/// A PAM with the device of the record.
pub fn pam() -> Config {
    Config::default().device("db01", "10.0.0.7")
}

/// Makes an object of the account `account`, whose record is disabled when the object goes.
pub fn put(cluster: &OperatedCluster, name: &str, change: &Value) {
    cluster.put_value(name, &value(name, 1));
    let mut spec = json!({"username": "account", "deletionPolicy": "Disable"});
    merge(&mut spec, change);
    cluster.put_credential(name, &spec);
}

/// Starts an operator that serves the object `old`; returns the id of its record, too.
pub async fn with_record(world: &World) -> (OperatedCluster, String) {
    let mut cluster = world.cluster("c1");
    put(&cluster, "old", &json!({}));
    cluster.start().await;
    world.until("synced", A_WHILE, || cluster.reason("old") == "Synced").await;
    let id = cluster.status("old").id.unwrap();
    (cluster, id)
}

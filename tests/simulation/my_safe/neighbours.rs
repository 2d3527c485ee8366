//! P2, P10: whatever one namespace does in MySafe, a rotation of its neighbour takes a second at most.

use std::time::Duration;

use pam_simulator::{Kind, ProductVersion};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{assert_secret, becomes, cluster, config};
use crate::support::{OperatedCluster, value, world};

/// The namespace that does whatever it likes, and how many objects it has.
const NOISY: &str = "noisy";
const MANY: usize = 100;
const BOUND: Duration = Duration::from_secs(1);

fn put_shared(cluster: &OperatedCluster, value: &str, touched: usize) {
    let meta = json!({"name": "shared", "namespace": NOISY, "labels": {"touched": touched.to_string()}});
    cluster.api.put("secrets", &json!({"metadata": meta, "stringData": {"password": value}}));
}

fn put_noisy(cluster: &OperatedCluster) {
    cluster.api.put("namespaces", &json!({"metadata": {"name": NOISY}}));
    put_shared(cluster, &value("shared", 0), 0);
    for number in 0..MANY {
        let name = format!("noisy{number}");
        let spec =
            json!({"username": name, "contentSecretRef": {"name": "shared"}, "connectionRef": {"name": "default"}});
        cluster.api.put("mysafepasswords", &json!({"metadata": {"name": name, "namespace": NOISY}, "spec": spec}));
    }
}

/// Patches the Secret of all noisy objects each second: with another value, or with the same.
fn noise(touches: bool, latencies: [(Kind, Duration); 2]) {
    world(config(ProductVersion::V4_2), async |world| {
        let cluster = cluster(&world).await;
        cluster.put_connection(
            &json!({"product": "MySafe", "access": [{"allow": ["MySafe"]}], "inventory": {"interval": "1m"}}),
        );
        put_noisy(&cluster);
        cluster.put_value("svc1", &value("svc1", 0));
        cluster.put_entry("svc1", &json!({}));
        becomes(&world, &cluster, "svc1", "Synced").await;
        sleep(Duration::from_mins(3)).await;
        world.take_time(latencies);
        let id = cluster.entry_id("svc1");
        let mut longest = Duration::ZERO;
        for number in 1..120 {
            put_shared(&cluster, &value("shared", if touches { 0 } else { number }), number as usize);
            sleep(Duration::from_millis(500)).await;
            let began = Instant::now();
            cluster.put_value("svc1", &value("svc1", number));
            let rotated = || world.sim.value_of_entry(&id) == Some(value("svc1", number));
            world.until("the rotation", Duration::from_mins(5), rotated).await;
            longest = longest.max(began.elapsed());
            sleep(Duration::from_millis(500).saturating_sub(began.elapsed())).await;
        }
        assert!(longest <= BOUND, "{longest:?}");
        assert_secret(&world, &cluster);
    });
}

#[test]
fn a_namespace_that_pushes_without_end_delays_its_neighbour_little() {
    noise(
        false,
        [(Kind::PutSafePassword, Duration::from_millis(100)), (Kind::ListSafePasswords, Duration::from_secs(3))],
    );
}

#[test]
fn a_namespace_that_waits_for_a_slow_list_delays_its_neighbour_little() {
    noise(
        true,
        [(Kind::PutSafePassword, Duration::from_millis(100)), (Kind::ListSafePasswords, Duration::from_mins(1))],
    );
}

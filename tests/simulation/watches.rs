//! P10: an API server that refuses lists is left alone, longer after each refusal, and as long as it asks.

use std::time::Duration;

use crate::support::{OperatedCluster, World, assert_no_canary, value, world};
use fake_apiserver::{Effect, Fault};
use pam_simulator::Config;
use serde_json::json;
use tokio::time::sleep;

/// What the operator watches, each with a list and a watch. Of `ClusterPamConnection`s, one is listed every 45 s beside the watch, so
/// that they have a test of their own.
const WATCHED: [&str; 6] =
    ["secrets", "configmaps", "namespaces", "pamconnections", "pamcredentials", "mysafepasswords"];

fn with_credential(world: &World) -> OperatedCluster {
    let cluster = world.cluster("c1");
    cluster.put_value("a", &value("a", 1));
    cluster.put_credential("a", &json!({}));
    cluster
}

/// The seconds between the lists of a resource.
fn gaps(cluster: &OperatedCluster, resource: &str) -> Vec<i64> {
    let requests = cluster.api.requests().verb("list");
    let lists: Vec<_> = requests.resource(resource).iter().map(|request| request.at).collect();
    lists.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs()).collect()
}

#[test]
fn a_list_that_is_refused_is_asked_for_less_and_less_often() {
    for code in [403, 429, 500, 503] {
        for resource in WATCHED {
            world(Config::default().device("db01", "10.0.0.7"), async |world| {
                let mut cluster = with_credential(&world);
                cluster.api.inject(Fault::on("list", resource, Effect::Refused(code)).always());
                cluster.start().await;
                sleep(Duration::from_mins(10)).await;
                let gaps = gaps(&cluster, resource);
                assert!((6..=30).contains(&gaps.len()), "{code} {resource}: {gaps:?}");
                assert!(gaps[5..].iter().all(|gap| (15..=121).contains(gap)), "{code} {resource}: {gaps:?}");
                let last = &gaps[5..];
                assert!(last.iter().any(|gap| *gap != last[0]), "{code} {resource}: no jitter: {gaps:?}");
                cluster.api.clear_faults();
                let synced = || cluster.reason("a") == "Synced";
                world.until("synced", Duration::from_mins(3), synced).await;
                assert_no_canary(&(cluster.said() + &world.logs()));
            });
        }
    }
}

#[test]
fn an_api_server_that_asks_to_wait_is_left_alone_as_long() {
    for resource in WATCHED {
        world(Config::default().device("db01", "10.0.0.7"), async |world| {
            let mut cluster = with_credential(&world);
            cluster.api.inject(Fault::on("list", resource, Effect::Throttled(100)).times(4));
            cluster.start().await;
            sleep(Duration::from_mins(15)).await;
            let gaps = gaps(&cluster, resource);
            assert!(gaps.len() >= 4 && gaps[..4].iter().all(|gap| (100..=105).contains(gap)), "{resource}: {gaps:?}");
            assert_eq!(cluster.reason("a"), "Synced", "{resource}");
        });
    }
}

#[test]
fn a_refused_list_of_connections_is_asked_for_less_and_less_often() {
    for effect in [Effect::Refused(403), Effect::Refused(503), Effect::Throttled(100)] {
        world(Config::default().device("db01", "10.0.0.7"), async |world| {
            let mut cluster = with_credential(&world);
            cluster.api.inject(Fault::on("list", "clusterpamconnections", effect).always());
            cluster.start().await;
            sleep(Duration::from_mins(5)).await;
            let mark = cluster.api.mark();
            sleep(Duration::from_mins(10)).await;
            let lists = cluster.api.since(mark).resource("clusterpamconnections");
            // Ten minutes of 45 s, and of 30 to 60 s.
            assert!(lists.len() <= 14 + 20, "{effect:?}: {lists}");
            cluster.api.clear_faults();
            world.until("synced", Duration::from_mins(3), || cluster.reason("a") == "Synced").await;
        });
    }
}

//! P10: a connection says that its PAM does not answer, and that it works again, at the cost of a few probes and statuses.

use std::time::Duration;

use crate::support::{Keeper, OperatedCluster, World, assert_no_canary, value, world};
use pam_operator::api::{ConditionType, PamConnectionStatus, find};
use pam_simulator::{Kind, Outage};
use serde_json::json;
use tokio::time::sleep;

const OBJECTS: usize = 20;

fn names() -> Vec<String> {
    (0..OBJECTS).map(|number| format!("svc{number}")).collect()
}

async fn synced(keeper: Keeper, world: &World) -> OperatedCluster {
    let mut cluster = keeper.cluster(world, &json!({"inventory": {"interval": "1h"}}));
    for name in names() {
        cluster.put_value(&name, &value(&name, 1));
        keeper.put(&cluster, &name, &json!({}));
    }
    cluster.start().await;
    let all_synced = || names().iter().all(|name| keeper.reason(&cluster, name) == "Synced");
    world.until("all to be synced", Duration::from_mins(10), all_synced).await;
    // The first list and its baselines are written.
    sleep(Duration::from_hours(2)).await;
    cluster
}

/// Status, reason and message of the connection.
fn ready(cluster: &OperatedCluster) -> (String, String, String) {
    let object = cluster.api.get("clusterpamconnections", "", "default").unwrap();
    let status: PamConnectionStatus = serde_json::from_value(object["status"].clone()).unwrap();
    let ready = find(&status.conditions, ConditionType::Ready).unwrap();
    (ready.status.clone(), ready.reason.clone(), ready.message.clone())
}

fn is_ready(cluster: &OperatedCluster) -> bool {
    ready(cluster).0 == "True"
}

#[test]
fn a_connection_says_that_its_pam_does_not_answer_and_that_it_works_again() {
    for (outage, keeper) in
        [Outage::Refused, Outage::Reset].into_iter().flat_map(|outage| Keeper::ALL.map(|keeper| (outage, keeper)))
    {
        world(keeper.pam(), async |world| {
            let cluster = synced(keeper, &world).await;
            let asked = cluster.api.mark();
            world.sim.set_outage(outage);
            cluster.put_value("svc0", &value("svc0", 2));
            cluster.put_value("svc1", &value("svc1", 2));
            let speaks = || !is_ready(&cluster);
            world.until("the connection to say so", Duration::from_mins(10), speaks).await;
            let said = cluster.api.mark();
            sleep(Duration::from_mins(15)).await;

            let (status, reason, message) = ready(&cluster);
            assert_eq!((status.as_str(), reason.as_str()), ("False", "PamUnavailable"), "{message}");
            assert_eq!(keeper.reason(&cluster, "svc0"), "PamUnavailable");
            assert!(
                names()[2..].iter().all(|name| keeper.reason(&cluster, name) == "Synced"),
                "nothing is due for them"
            );
            let writes = cluster.api.since(asked).writes();
            let of_connection = writes.resource("clusterpamconnections/status").len();
            assert!((1..=5).contains(&of_connection), "{writes}");
            let writes = cluster.api.since(said).writes();
            assert!(writes.resource(keeper.status()).len() <= 4, "each of both says so once: {writes}");

            let (asked, mark) = (cluster.api.mark(), world.sim.mark());
            world.sim.set_down(false);
            world.until("the connection to be ready", Duration::from_secs(45), || is_ready(&cluster)).await;
            let done = || keeper.reason(&cluster, "svc0") == "Synced" && keeper.reason(&cluster, "svc1") == "Synced";
            world.until("both to be synced", Duration::from_secs(30), done).await;
            sleep(Duration::from_mins(5)).await;
            let (journal, writes) = (world.journal(mark), cluster.api.since(asked).writes());
            assert!(journal.count(Kind::Token) <= 2, "{journal:?}");
            assert_eq!(journal.count(keeper.calls().update), 2, "one for each value: {journal:?}");
            assert!(writes.resource("clusterpamconnections/status").len() <= 2, "{writes}");
            assert!(writes.resource(keeper.status()).len() <= 4, "{writes}");
            assert_no_canary(&(cluster.said() + &world.logs()));
        });
    }
}

#[test]
fn a_short_outage_is_nothing_that_a_connection_speaks_of() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), async |world| {
            let cluster = synced(keeper, &world).await;
            for number in 2..6 {
                let asked = cluster.api.mark();
                world.sim.set_down(true);
                cluster.put_value("svc0", &value("svc0", number));
                for _ in 0..40 {
                    sleep(Duration::from_secs(1)).await;
                    assert!(is_ready(&cluster), "{:?}", ready(&cluster));
                }
                world.sim.set_down(false);
                sleep(Duration::from_mins(10)).await;
                assert_eq!((is_ready(&cluster), keeper.reason(&cluster, "svc0").as_str()), (true, "Synced"));
                let writes = cluster.api.since(asked).writes();
                assert_eq!(writes.resource("clusterpamconnections/status").len(), 0, "{writes}");
            }
            assert_no_canary(&(cluster.said() + &world.logs()));
        });
    }
}

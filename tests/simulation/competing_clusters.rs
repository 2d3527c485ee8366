//! P4, P10: two clusters that correct one record against each other stop by themselves.

use std::time::Duration;

use crate::support::{OperatedCluster, World, assert_no_canary, merge, value, world};
use jiff::Timestamp;
use pam_simulator::Config;
use serde_json::{Value, json};
use tokio::time::sleep;

/// Both apply once, and both correct three times.
const MOST: usize = 8;

/// Applies the same account in both clusters, one after the other, and lets them fight for twelve intervals.
async fn fight(world: &World, interval: Duration, change: &Value) -> [OperatedCluster; 2] {
    let mut spec = json!({"adoptionPolicy": "TakeOver", "driftPolicy": "Correct"});
    merge(&mut spec, change);
    let lists = json!({"inventory": {"interval": format!("{}s", interval.as_secs())}});
    let mut clusters = ["c1", "c2"].map(|name| world.cluster_with(name, &lists));
    for (number, cluster) in clusters.iter_mut().enumerate() {
        cluster.put_value("svc", &value("svc", u32::try_from(number).unwrap()));
        cluster.put_credential("svc", &spec);
        cluster.start().await;
        // The other one comes when this one has seen its own write in a list: else it would take it for that.
        sleep(interval + Duration::from_mins(7)).await;
        assert_eq!(cluster.reason("svc"), "Synced", "{}", cluster.name);
    }
    sleep(interval * 12).await;
    clusters
}

async fn assert_they_stopped(world: &World, clusters: &[OperatedCluster; 2], interval: Duration) {
    assert_no_canary(&(clusters.iter().map(OperatedCluster::said).collect::<String>() + &world.logs()));
    let posts: Vec<Timestamp> = world.sim.journal().posts().iter().map(|post| post.at).collect();
    assert!(posts.len() > 2, "nobody put anything right: {posts:?}");
    assert!(posts.len() <= MOST, "{} writes: {posts:?}", posts.len());
    assert_eq!(world.sim.records().len(), 1);

    let mark = world.sim.mark();
    let asked = clusters.each_ref().map(|cluster| cluster.api.mark());
    sleep(interval * 6).await;
    let since = world.journal(mark);
    assert!(since.posts().is_empty(), "it began again: {since:?}");
    for (cluster, asked) in clusters.iter().zip(asked) {
        let writes = cluster.api.since(asked).writes();
        assert!(writes.is_empty(), "{}: {writes}", cluster.name);
    }
}

/// The record is one cluster's in the end; the other leaves it alone, and says so.
fn assert_the_loser_says_so(clusters: &[OperatedCluster; 2]) {
    let drifted = |cluster: &&OperatedCluster| {
        cluster.status("svc").conditions.iter().any(|condition| condition.type_ == "Drifted")
    };
    let losers: Vec<&OperatedCluster> = clusters.iter().filter(drifted).collect();
    let [loser] = losers.as_slice() else { panic!("{} of them say that it is not theirs", losers.len()) };
    let status = loser.status("svc");
    let condition = status.conditions.iter().find(|condition| condition.type_ == "Drifted").unwrap();
    assert!(condition.message.contains("It was corrected three times"), "{}", condition.message);
    assert_eq!(status.corrections.len(), 3);
}

/// Runs a fight about whose record it is, with lists so often.
fn run(interval: Duration) {
    world(Config::default().device("db01", "10.0.0.7"), async |world| {
        let mut clusters = fight(&world, interval, &json!({})).await;
        assert_they_stopped(&world, &clusters, interval).await;
        assert_the_loser_says_so(&clusters);
        for cluster in &mut clusters {
            cluster.restart(Duration::from_mins(1)).await;
        }
        assert_they_stopped(&world, &clusters, interval).await;
        assert_the_loser_says_so(&clusters);
    });
}

#[test]
fn each_takes_the_record_over_from_the_other() {
    run(Duration::from_mins(10));
}

/// A fight is seen by the lists: where they are rare, it must not be endless.
#[test]
fn with_a_list_an_hour() {
    run(Duration::from_hours(1));
}

#[test]
fn with_a_list_in_two_hours() {
    run(Duration::from_hours(2));
}

/// Then the values alone are what they fight about. Who writes over the other's before the other has seen a list with its
/// own is not noticed: the one that writes last may win without a word.
#[test]
fn both_call_it_by_the_same_identifier() {
    for interval in [Duration::from_mins(10), Duration::from_hours(1)] {
        world(Config::default().device("db01", "10.0.0.7"), async |world| {
            let clusters = fight(&world, interval, &json!({"identifier": "shared"})).await;
            assert_they_stopped(&world, &clusters, interval).await;
        });
    }
}

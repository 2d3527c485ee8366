//! P4, P10: two clusters that correct one record against each other stop by themselves.

use std::time::Duration;

use crate::support::{Site, World, assert_no_canary, merge, value, world};
use jiff::Timestamp;
use pam_simulator::Config;
use serde_json::{Value, json};
use tokio::time::sleep;

/// Both apply once, and both correct three times.
const MOST: usize = 8;

/// Applies the same account in both clusters, one after the other, and lets them fight for twelve intervals.
async fn fight(world: &World, interval: Duration, change: &Value) -> [Site; 2] {
    let mut spec = json!({"adoptionPolicy": "TakeOver", "driftPolicy": "Correct"});
    merge(&mut spec, change);
    let lists = json!({"inventory": {"interval": format!("{}s", interval.as_secs())}});
    let mut sites = ["c1", "c2"].map(|name| world.site_with(name, &lists));
    for (number, site) in sites.iter_mut().enumerate() {
        site.put_value("svc", &value("svc", u32::try_from(number).unwrap()));
        site.put_credential("svc", &spec);
        site.start().await;
        // The other one comes when this one has seen its own write in a list: else it would take it for that.
        sleep(interval + Duration::from_mins(7)).await;
        assert_eq!(site.reason("svc"), "Synced", "{}", site.name);
    }
    sleep(interval * 12).await;
    sites
}

async fn assert_they_stopped(world: &World, sites: &[Site; 2], interval: Duration) {
    assert_no_canary(&(sites.iter().map(Site::said).collect::<String>() + &world.logs()));
    let posts: Vec<Timestamp> = world.sim.journal().posts().iter().map(|post| post.at).collect();
    assert!(posts.len() > 2, "nobody put anything right: {posts:?}");
    assert!(posts.len() <= MOST, "{} writes: {posts:?}", posts.len());
    assert_eq!(world.sim.records().len(), 1);

    let mark = world.sim.mark();
    let asked = sites.each_ref().map(|site| site.cluster.mark());
    sleep(interval * 6).await;
    let since = world.journal(mark);
    assert!(since.posts().is_empty(), "it began again: {since:?}");
    for (site, asked) in sites.iter().zip(asked) {
        let writes = site.cluster.since(asked).writes();
        assert!(writes.is_empty(), "{}: {writes}", site.name);
    }
}

/// The record is one cluster's in the end; the other leaves it alone, and says so.
fn assert_the_loser_says_so(sites: &[Site; 2]) {
    let drifted = |site: &&Site| site.status("svc").conditions.iter().any(|condition| condition.type_ == "Drifted");
    let losers: Vec<&Site> = sites.iter().filter(drifted).collect();
    let [loser] = losers.as_slice() else { panic!("{} of them say that it is not theirs", losers.len()) };
    let status = loser.status("svc");
    let condition = status.conditions.iter().find(|condition| condition.type_ == "Drifted").unwrap();
    assert!(condition.message.contains("It was corrected three times"), "{}", condition.message);
    assert_eq!(status.corrections.len(), 3);
}

/// Runs a fight about whose record it is, with lists so often.
fn run(interval: Duration) {
    world(Config::default().device("db01", "10.0.0.7"), async |world| {
        let mut sites = fight(&world, interval, &json!({})).await;
        assert_they_stopped(&world, &sites, interval).await;
        assert_the_loser_says_so(&sites);
        for site in &mut sites {
            site.restart(Duration::from_mins(1)).await;
        }
        assert_they_stopped(&world, &sites, interval).await;
        assert_the_loser_says_so(&sites);
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
            let sites = fight(&world, interval, &json!({"identifier": "shared"})).await;
            assert_they_stopped(&world, &sites, interval).await;
        });
    }
}

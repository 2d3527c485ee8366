//! P1, P10: a thousand objects of a kind to which nothing happens cost the PAM one list per interval.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::{Keeper, OperatedCluster, World, assert_no_canary, value, world};
use jiff::{SignedDuration, Timestamp};
use pam_simulator::{Journal, Kind};
use serde_json::json;

const OBJECTS: usize = 1_000;
/// How long it takes at most until a connection is noticed: its first interval begins then.
const NOTICED: Duration = Duration::from_secs(10);
const INTERVAL: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// A cluster whose objects are all synced.
async fn synced(keeper: Keeper, world: &World, objects: usize) -> OperatedCluster {
    let mut cluster = keeper.cluster(world, &json!({"inventory": {"interval": "1h"}}));
    let names: Vec<String> = (0..objects).map(|number| format!("svc{number}")).collect();
    for name in &names {
        cluster.put_value(name, &value(name, 1));
        keeper.put(&cluster, name, &json!({}));
    }
    cluster.start().await;
    let all_synced = || names.iter().all(|name| keeper.reason(&cluster, name) == "Synced");
    world.until("all to be synced", Duration::from_mins(10), all_synced).await;
    assert_eq!(keeper.kept(world).0, objects);
    cluster
}

fn lists(keeper: Keeper, journal: &Journal) -> Vec<Timestamp> {
    journal.of(keeper.calls().list).map(|list| list.at).collect()
}

fn are_idle_for_a_day(keeper: Keeper) {
    world(keeper.pam(), async |world| {
        let cluster = synced(keeper, &world, OBJECTS).await;
        // The baselines of `change` come with the first list, and are written once.
        tokio::time::sleep(2 * INTERVAL).await;
        let (asked, mark, events) = (cluster.api.mark(), world.sim.mark(), cluster.api.list("events").len());
        tokio::time::sleep(DAY).await;

        let journal = world.journal(mark);
        let lists = lists(keeper, &journal);
        assert_once_per_interval(&lists);
        let tokens = journal.count(Kind::Token);
        assert!(tokens <= 25, "{tokens} tokens");
        let others = journal.len() - lists.len() - tokens;
        assert_eq!(others, 0, "{journal:?}");
        let requests = cluster.api.since(asked);
        assert!(requests.writes().is_empty(), "{}", requests.writes());
        assert!(requests.verb("get").is_empty(), "{}", requests.verb("get"));
        assert_eq!(cluster.api.list("events").len(), events);
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

#[test]
fn a_thousand_credentials_are_idle_for_a_day() {
    are_idle_for_a_day(Keeper::Credential);
}

#[test]
fn a_thousand_entries_are_idle_for_a_day() {
    are_idle_for_a_day(Keeper::Entry);
}

fn assert_once_per_interval(lists: &[Timestamp]) {
    assert!((23..=24).contains(&lists.len()), "{lists:?}");
    let gaps = lists.windows(2).map(|pair| pair[1].duration_since(pair[0]));
    let least = SignedDuration::try_from(INTERVAL).unwrap();
    let most = least + SignedDuration::from_mins(1);
    assert!(gaps.clone().all(|gap| least <= gap && gap <= most), "{:?}", gaps.collect::<Vec<_>>());
}

/// Many operators that start together must not ask together for ever after.
#[test]
fn after_a_start_the_first_list_comes_at_any_time_of_the_first_interval() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), async |world| {
            let mut cluster = synced(keeper, &world, 1).await;
            let mut firsts = BTreeSet::new();
            for _ in 0..8 {
                cluster.restart(Duration::from_mins(1)).await;
                let (began, mark) = (world.time.now(), world.sim.mark());
                tokio::time::sleep(INTERVAL).await;
                if lists(keeper, &world.journal(mark)).is_empty() {
                    tokio::time::sleep(NOTICED).await;
                }
                let lists = lists(keeper, &world.journal(mark));
                assert_eq!(lists.len(), 1, "{keeper:?}: {lists:?}");
                firsts.insert(lists[0].duration_since(began).as_secs() / 60);
            }
            assert!(firsts.len() >= 4, "{keeper:?}: always at about the same minute: {firsts:?}");
        });
    }
}

#[test]
fn without_inventory_there_is_no_list_at_all() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), async |world| {
            let cluster = synced(keeper, &world, 5).await;
            cluster.edit_connection(&json!({"inventory": {"enabled": false}}));
            tokio::time::sleep(INTERVAL).await;
            let mark = world.sim.mark();
            tokio::time::sleep(DAY).await;
            let journal = world.journal(mark);
            assert!(journal.is_empty(), "{keeper:?}: {journal:?}");
        });
    }
}

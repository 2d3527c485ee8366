//! P10: one new object a second, for half an hour, costs one write each, and no more lists than the PAM can bear.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{Keeper, OperatedCluster, assert_no_canary, value, world};
use jiff::SignedDuration;
use pam_simulator::Journal;
use serde_json::json;
use tokio::time::sleep;

/// Half an hour of seconds.
const OBJECTS: usize = 1_800;
/// How long lists are apart at least. They take no time here; that slow ones are apart ten times as long as they take is
/// tested where lists are kept.
const REST: SignedDuration = SignedDuration::from_secs(10);

fn one_a_second(keeper: Keeper) {
    world(keeper.pam(), async |world| {
        let mut cluster = keeper.cluster(&world, &json!({}));
        cluster.start().await;
        for number in 0..OBJECTS {
            let name = format!("svc{number}");
            cluster.put_value(&name, &value(&name, 1));
            keeper.put(&cluster, &name, &json!({}));
            sleep(Duration::from_secs(1)).await;
        }
        // The last ones' list; the baselines come with the interval's.
        sleep(Duration::from_secs(15)).await;
        assert_all_synced(keeper, &cluster);
        sleep(Duration::from_hours(2)).await;

        let journal = world.sim.journal();
        assert_lists_are_apart(keeper, &journal);
        assert_eq!(journal.count(keeper.calls().create), OBJECTS);
        assert_eq!(keeper.kept(&world), (OBJECTS, OBJECTS));
        let values = keeper.values(&world);
        let names = (0..OBJECTS).map(|number| format!("svc{number}"));
        names.for_each(|name| assert_eq!(values.get(&name), Some(&value(&name, 1))));
        assert_two_status_writes_each(keeper, &cluster);
        assert!(journal.secrets_handed_out().is_empty());
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

#[test]
fn one_new_credential_a_second_for_half_an_hour() {
    one_a_second(Keeper::Credential);
}

#[test]
fn one_new_entry_a_second_for_half_an_hour() {
    one_a_second(Keeper::Entry);
}

fn assert_all_synced(keeper: Keeper, cluster: &OperatedCluster) {
    let names = (0..OBJECTS).map(|number| format!("svc{number}"));
    let others: Vec<_> = names.filter(|name| keeper.reason(cluster, name) != "Synced").collect();
    assert!(others.is_empty(), "{others:?}");
}

fn assert_lists_are_apart(keeper: Keeper, journal: &Journal) {
    let lists: Vec<_> = journal.of(keeper.calls().list).map(|list| list.at).collect();
    let gaps: Vec<_> = lists.windows(2).map(|pair| pair[1].duration_since(pair[0])).collect();
    assert!(gaps.iter().all(|gap| *gap >= REST), "{gaps:?}");
    // Each that comes waits for the next one, and none waits for the one after that.
    assert!(lists.len() >= OBJECTS / 11, "{} lists: who waits for what?", lists.len());
}

/// Of a credential one after the push, and one that remembers what the first list shows of it; of an entry one before the
/// POST, and one after.
fn assert_two_status_writes_each(keeper: Keeper, cluster: &OperatedCluster) {
    let mut writes: BTreeMap<String, usize> = BTreeMap::new();
    for request in &cluster.api.requests().verb("patch").resource(keeper.status()) {
        *writes.entry(request.name.clone()).or_default() += 1;
    }
    assert_eq!(writes.len(), OBJECTS);
    let others: Vec<_> = writes.iter().filter(|(_, count)| **count != 2).collect();
    assert!(others.is_empty(), "{others:?}");
}

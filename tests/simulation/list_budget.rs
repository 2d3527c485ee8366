//! P10: one new credential a second, for half an hour, costs one write each, and no more lists than the PAM can bear.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{OperatedCluster, assert_no_canary, value, world};
use jiff::SignedDuration;
use pam_simulator::{Config, Journal, Kind};
use serde_json::json;
use tokio::time::sleep;

/// Half an hour of seconds.
const CREDENTIALS: usize = 1_800;
/// How long lists are apart at least. They take no time here; that slow ones are apart ten times as long as they take is
/// tested where lists are kept.
const REST: SignedDuration = SignedDuration::from_secs(10);

#[test]
fn one_new_credential_a_second_for_half_an_hour() {
    world(Config::default().device("db01", "10.0.0.7"), async |world| {
        let mut cluster = world.cluster("c1");
        cluster.start().await;
        for number in 0..CREDENTIALS {
            let name = format!("svc{number}");
            cluster.put_value(&name, &value(&name, 1));
            cluster.put_credential(&name, &json!({}));
            sleep(Duration::from_secs(1)).await;
        }
        // The last ones' list; the baselines come with the interval's.
        sleep(Duration::from_secs(15)).await;
        assert_all_synced(&cluster);
        sleep(Duration::from_hours(2)).await;

        let journal = world.sim.journal();
        assert_lists_are_apart(&journal);
        assert_eq!(journal.posts().len(), CREDENTIALS);
        for number in 0..CREDENTIALS {
            let identifier = cluster.identifier(&format!("svc{number}"));
            assert_eq!(journal.posts_for(&identifier).len(), 1, "{identifier}");
        }
        assert_eq!(world.sim.records().len(), CREDENTIALS);
        assert_two_status_writes_each(&cluster);
        assert!(journal.secrets_handed_out().is_empty());
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

fn assert_all_synced(cluster: &OperatedCluster) {
    let names = (0..CREDENTIALS).map(|number| format!("svc{number}"));
    let others: Vec<_> = names.filter(|name| cluster.reason(name) != "Synced").collect();
    assert!(others.is_empty(), "{others:?}");
}

fn assert_lists_are_apart(journal: &Journal) {
    let lists: Vec<_> = journal.of(Kind::ListCredentials).map(|list| list.at).collect();
    let gaps: Vec<_> = lists.windows(2).map(|pair| pair[1].duration_since(pair[0])).collect();
    assert!(gaps.iter().all(|gap| *gap >= REST), "{gaps:?}");
    // Each that comes waits for the next one, and none waits for the one after that.
    assert!(lists.len() >= CREDENTIALS / 11, "{} lists: who waits for what?", lists.len());
}

/// One after the push, and one that remembers what the first list shows of it.
fn assert_two_status_writes_each(cluster: &OperatedCluster) {
    let mut writes: BTreeMap<String, usize> = BTreeMap::new();
    for request in &cluster.api.requests().verb("patch").resource("pamcredentials/status") {
        *writes.entry(request.name.clone()).or_default() += 1;
    }
    assert_eq!(writes.len(), CREDENTIALS);
    let others: Vec<_> = writes.iter().filter(|(_, count)| **count != 2).collect();
    assert!(others.is_empty(), "{others:?}");
}

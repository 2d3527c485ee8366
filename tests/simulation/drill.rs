//! P1, P4, P7: a copy of a cluster whose operator makes plans only leaves the records to the cluster that works.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::{Keeper, NAMESPACE, OperatedCluster, World, assert_no_canary, value, world};
use pam_operator::api::FINALIZER;
use pam_simulator::{Config, Journal, Kind};
use serde_json::{Value, json};
use tokio::time::sleep;

const A_WHILE: Duration = Duration::from_mins(2);
const NAMES: [&str; 3] = ["one", "two", "three"];

fn spec() -> Value {
    json!({"deletionPolicy": "Disable", "driftPolicy": "Correct"})
}

/// A cluster whose objects are all synced, and take what the PAM keeps for them along.
async fn production(keeper: Keeper, world: &World) -> OperatedCluster {
    let mut cluster = keeper.cluster(world, &json!({}));
    let spec = if keeper == Keeper::Credential { spec() } else { json!({"deletionPolicy": keeper.policy()}) };
    for name in NAMES {
        cluster.put_value(name, &value(name, 1));
        keeper.put(&cluster, name, &spec);
    }
    cluster.start().await;
    for name in NAMES {
        world.until(name, A_WHILE, || keeper.reason(&cluster, name) == "Synced").await;
        cluster.put_value(name, &value(name, 2));
    }
    sleep(Duration::from_hours(3)).await;
    cluster
}

/// The same objects in another cluster of that name: older, without status, and held as they were at the time of the backup.
async fn copy(world: &World) -> OperatedCluster {
    let mut cluster = world.cluster("c1");
    cluster.plan_only(true);
    for name in NAMES {
        cluster.put_value(name, &value(name, 1));
        cluster.put_credential(name, &spec());
        cluster.api.edit("pamcredentials", NAMESPACE, name, |object| {
            object["metadata"]["finalizers"] = json!([FINALIZER]);
        });
    }
    cluster.put_value("new", &value("new", 1));
    cluster.put_credential("new", &spec());
    cluster.start().await;
    for name in NAMES {
        world.until(name, A_WHILE, || cluster.reason(name) == "Planned").await;
    }
    cluster
}

fn writes(keeper: Keeper, journal: &Journal) -> usize {
    let calls = keeper.calls();
    let kinds: BTreeSet<Kind> = [calls.create, calls.update, calls.enable, calls.disable].into();
    kinds.into_iter().map(|kind| journal.count(kind)).sum()
}

#[test]
fn a_copy_that_makes_plans_only_writes_nothing_and_can_be_torn_down() {
    world(Config::default().device("db01", "10.0.0.7"), |world| async move {
        let mut production = production(Keeper::Credential, &world).await;
        let mark = world.sim.mark();
        let mut copy = copy(&world).await;
        copy.api.delete("pamcredentials", NAMESPACE, "one");
        copy.api.delete("pamcredentials", NAMESPACE, "new");
        copy.restart(A_WHILE).await;
        copy.put_credential("two", &json!({"deletionPolicy": "Disable", "notes": "an edit"}));
        sleep(Duration::from_hours(6)).await;
        assert_eq!(writes(Keeper::Credential, &world.journal(mark)), 0);
        assert!(copy.credential("new").is_none(), "nothing was written for it");
        // By its finalizer, a record may have been made for it.
        assert_eq!(copy.reason("one"), "DeletionBlocked");
        copy.put_credential("one", &json!({"deletionPolicy": "Retain"}));
        world.until("gone", A_WHILE, || copy.credential("one").is_none()).await;

        production.put_value("two", &value("two", 3));
        sleep(Duration::from_hours(6)).await;
        assert_eq!(
            writes(Keeper::Credential, &world.journal(mark)),
            1,
            "production goes on, and nobody writes over it"
        );
        let id = production.status("two").id.unwrap();
        assert_eq!(world.sim.value_of(&id), Some(value("two", 3)));
        assert!(world.sim.records().iter().all(|record| record.active));

        // Production is lost, and the copy takes its place.
        production.end().await;
        copy.end().await;
        copy.plan_only(false);
        copy.put_value("two", &value("two", 4));
        copy.start().await;
        sleep(Duration::from_hours(3)).await;
        for name in ["two", "three"] {
            assert_eq!(copy.reason(name), "Synced", "{name}");
            assert_eq!(copy.status(name).id, production.status(name).id, "{name}");
        }
        assert_eq!(world.sim.value_of(&id), Some(value("two", 4)));
        assert_eq!(world.sim.records().len(), NAMES.len());
        assert_no_canary(&(production.said() + &copy.said() + &world.logs()));
    });
}

/// An object that has a record or an entry, by the status that came back with it, waits for an ordinary edit.
#[test]
fn an_object_with_a_record_is_not_disabled_and_goes_by_an_edit() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), |world| async move {
            let mut cluster = production(keeper, &world).await;
            cluster.end().await;
            cluster.plan_only(true);
            cluster.start().await;
            let mark = world.sim.mark();
            keeper.delete(&cluster, "one");
            cluster.put_value("two", &value("two", 3));
            sleep(Duration::from_hours(3)).await;
            assert_eq!(keeper.reason(&cluster, "one"), "DeletionBlocked");
            keeper.put(&cluster, "one", &json!({"deletionPolicy": "Retain"}));
            world.until("gone", A_WHILE, || keeper.is_gone(&cluster, "one")).await;
            sleep(Duration::from_hours(3)).await;
            assert_eq!(writes(keeper, &world.journal(mark)), 0);
            assert_eq!(keeper.kept(&world), (NAMES.len(), NAMES.len()));
            assert_no_canary(&(cluster.said() + &world.logs()));
        });
    }
}

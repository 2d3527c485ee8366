//! P3, P4, P7: a record goes from an object that is deleted to another one, whatever ends in the middle and whenever.

use std::time::Duration;

use crate::support::{NAMESPACE, OperatedCluster, World, assert_no_canary, value, world};
use pam_operator::api::HAND_OVER_TO;
use pam_simulator::{Config, Effect, Fault, Kind};
use serde_json::{Value, json};
use tokio::time::sleep;

const A_WHILE: Duration = Duration::from_mins(5);
/// How long after the deletion the operator is killed, in milliseconds.
const MOMENTS: [u64; 12] = [0, 1, 2, 3, 5, 8, 13, 21, 50, 200, 1_000, 5_000];

/// How the new object is to get the record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Consent {
    /// The annotation of the old object names the new one.
    Named,
    /// Both are in one namespace.
    Neighbours,
}

fn spec(change: &Value) -> Value {
    let mut spec = json!({"username": "account", "deletionPolicy": "Disable"});
    crate::support::merge(&mut spec, change);
    spec
}

fn put(cluster: &OperatedCluster, name: &str) {
    cluster.put_value(name, &value(name, 1));
    cluster.put_credential(name, &spec(&json!({})));
}

fn names(cluster: &OperatedCluster, to: &str) {
    cluster.api.edit("pamcredentials", NAMESPACE, "old", |object| {
        object["metadata"]["annotations"][HAND_OVER_TO] = to.into();
    });
}

/// An object with a record.
async fn with_record(world: &World) -> (OperatedCluster, String) {
    let mut cluster = world.cluster("c1");
    put(&cluster, "old");
    cluster.start().await;
    world.until("synced", A_WHILE, || cluster.reason("old") == "Synced").await;
    let id = cluster.status("old").id.unwrap();
    (cluster, id)
}

/// The new object has the record under its own identifier and with its own value, and the old one is gone.
async fn is_handed_over(world: &World, cluster: &OperatedCluster, id: &str) {
    world.until("the old one to go", A_WHILE, || cluster.credential("old").is_none()).await;
    world.until("the new one to be well", A_WHILE, || cluster.reason("new") == "Synced").await;
    sleep(Duration::from_hours(1)).await;
    assert_eq!((cluster.reason("new").as_str(), cluster.status("new").id.as_deref()), ("Synced", Some(id)));
    let record = world.sim.record(id).unwrap();
    assert_eq!(record.identifier, Some(cluster.identifier("new")));
    assert!(record.active && world.sim.records().len() == 1, "{:?}", world.sim.records());
    assert_eq!(world.sim.value_of(id), Some(value("new", 1)));
    assert_eq!(world.sim.count(Kind::DeleteCredential), 0, "it was never disabled");
    assert_no_canary(&(cluster.said() + &world.logs()));
}

async fn moves(world: World, consent: Consent, killed_after: u64) {
    let (mut cluster, id) = with_record(&world).await;
    if consent == Consent::Named {
        names(&cluster, &format!("{NAMESPACE}/new"));
    }
    put(&cluster, "new");
    world.until("the conflict", A_WHILE, || cluster.reason("new") == "AccountConflict").await;
    cluster.api.delete("pamcredentials", NAMESPACE, "old");
    sleep(Duration::from_millis(killed_after)).await;
    cluster.restart(Duration::from_secs(3)).await;
    is_handed_over(&world, &cluster, &id).await;
}

#[test]
fn a_restart_at_any_moment_of_a_hand_over_loses_nothing() {
    for moment in MOMENTS {
        for consent in [Consent::Named, Consent::Neighbours] {
            world(Config::default().device("db01", "10.0.0.7"), |world| moves(world, consent, moment));
        }
    }
}

#[test]
fn nothing_is_lost_where_all_is_done_while_the_operator_is_away() {
    for consent in [Consent::Named, Consent::Neighbours] {
        world(Config::default().device("db01", "10.0.0.7"), |world| async move {
            let (mut cluster, id) = with_record(&world).await;
            cluster.kill().await;
            if consent == Consent::Named {
                names(&cluster, &format!("{NAMESPACE}/new"));
            }
            put(&cluster, "new");
            cluster.api.delete("pamcredentials", NAMESPACE, "old");
            cluster.start().await;
            is_handed_over(&world, &cluster, &id).await;
        });
    }
}

#[test]
fn a_write_of_the_new_object_that_is_lost_or_late_changes_nothing() {
    for (effect, after_commit) in [(Effect::Reset, true), (Effect::Reset, false), (Effect::Silence, true)] {
        for killed in [false, true] {
            let effect = effect.clone();
            world(Config::default().device("db01", "10.0.0.7"), |world| async move {
                let (mut cluster, id) = with_record(&world).await;
                put(&cluster, "new");
                world.until("the conflict", A_WHILE, || cluster.reason("new") == "AccountConflict").await;
                let fault = Fault::on(Kind::PostCredential, effect).only(&cluster.identifier("new")).times(1);
                world.sim.inject(if after_commit { fault.after_commit() } else { fault });
                cluster.api.delete("pamcredentials", NAMESPACE, "old");
                if killed {
                    sleep(Duration::from_millis(500)).await;
                    cluster.restart(Duration::from_secs(1)).await;
                }
                is_handed_over(&world, &cluster, &id).await;
            });
        }
    }
}

#[test]
fn a_write_of_the_old_object_that_may_still_come_is_waited_for() {
    world(Config::default().device("db01", "10.0.0.7"), |world| async move {
        let (cluster, id) = with_record(&world).await;
        put(&cluster, "new");
        world.until("the conflict", A_WHILE, || cluster.reason("new") == "AccountConflict").await;
        world.sim.inject(Fault::on(Kind::PostCredential, Effect::HeldCommit).only(&cluster.identifier("old")).times(1));
        cluster.put_value("old", &value("old", 2));
        sleep(Duration::from_secs(80)).await;
        cluster.api.delete("pamcredentials", NAMESPACE, "old");
        sleep(Duration::from_secs(2)).await;
        for seq in world.sim.held() {
            world.sim.commit_held(seq);
        }
        is_handed_over(&world, &cluster, &id).await;
    });
}

#[test]
fn an_object_that_is_named_and_never_comes_keeps_the_record_until_the_annotation_goes() {
    world(Config::default().device("db01", "10.0.0.7"), |world| async move {
        let (mut cluster, id) = with_record(&world).await;
        names(&cluster, &format!("{NAMESPACE}/new"));
        put(&cluster, "neighbour");
        cluster.put_value("new", &value("new", 1));
        cluster.put_credential("new", &spec(&json!({"adoptionPolicy": "Never"})));
        cluster.api.delete("pamcredentials", NAMESPACE, "old");
        world.until("it to wait", A_WHILE, || cluster.reason("old") == "DeletionBlocked").await;
        sleep(Duration::from_hours(2)).await;
        cluster.restart(Duration::from_secs(1)).await;
        sleep(Duration::from_hours(2)).await;
        assert!(world.sim.record(&id).unwrap().active && cluster.reason("old") == "DeletionBlocked");
        assert_eq!(
            (cluster.reason("new").as_str(), cluster.reason("neighbour").as_str()),
            ("RecordConflict", "AccountConflict")
        );
        // Another word lets the neighbour have it.
        names(&cluster, &format!("{NAMESPACE}/neighbour"));
        world.until("the neighbour", A_WHILE, || cluster.reason("neighbour") == "Synced").await;
        world.until("the old one to go", A_WHILE, || cluster.credential("old").is_none()).await;
        assert_eq!(cluster.status("neighbour").id.as_deref(), Some(id.as_str()));
        assert!(world.sim.record(&id).unwrap().active);
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

#[test]
fn an_object_that_cannot_write_the_record_keeps_it_from_nothing() {
    for change in [
        json!({"mode": "Plan"}),
        json!({"suspend": true}),
        json!({"adoptionPolicy": "Never"}),
        json!({"contentSecretRef": {"name": "nobody"}}),
        json!({"connectionRef": {"name": "nobody"}}),
        json!({"username": "another"}),
    ] {
        world(Config::default().device("db01", "10.0.0.7"), |world| async move {
            let (cluster, id) = with_record(&world).await;
            cluster.put_value("new", &value("new", 1));
            cluster.put_credential("new", &spec(&change));
            sleep(A_WHILE).await;
            cluster.api.delete("pamcredentials", NAMESPACE, "old");
            world.until("the old one to go", A_WHILE, || cluster.credential("old").is_none()).await;
            assert!(!world.sim.record(&id).unwrap().active);
            assert_no_canary(&(cluster.said() + &world.logs()));
        });
    }
}

#[test]
fn an_object_that_is_replaced_again_and_again_has_an_enabled_record() {
    world(Config::default().device("db01", "10.0.0.7"), |world| async move {
        let (mut cluster, id) = with_record(&world).await;
        for round in 0..6_u64 {
            cluster.api.delete("pamcredentials", NAMESPACE, "old");
            sleep(Duration::from_millis(round * 7)).await;
            if round % 2 == 1 {
                cluster.restart(Duration::from_secs(round)).await;
            }
            world.until("it to go", A_WHILE, || cluster.credential("old").is_none()).await;
            assert!(!world.sim.record(&id).unwrap().active);
            put(&cluster, "old");
            world.until("synced", A_WHILE, || cluster.reason("old") == "Synced").await;
            assert!(world.sim.record(&id).unwrap().active, "Synced is said of an enabled record");
            sleep(A_WHILE).await;
        }
        assert_eq!(world.sim.records().len(), 1);
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

/// More than the brake lets a connection disable.
#[test]
fn what_is_handed_over_does_not_put_the_brake_on() {
    const MANY: usize = 25;
    world(Config::default().device("db01", "10.0.0.7"), |world| async move {
        let mut cluster = world.cluster("c1");
        let of = |number: usize| json!({"username": format!("account-{number}"), "deletionPolicy": "Disable"});
        let put = |cluster: &OperatedCluster, name: &str, spec: &Value| {
            cluster.put_value(name, &value(name, 1));
            cluster.put_credential(name, spec);
        };
        (0..=MANY).for_each(|number| put(&cluster, &format!("old-{number}"), &of(number)));
        cluster.start().await;
        world.until("synced", A_WHILE, || (0..=MANY).all(|n| cluster.reason(&format!("old-{n}")) == "Synced")).await;
        // They are named, and come later; the last one is named by nobody.
        let stuck = json!({"suspend": true});
        for number in 0..MANY {
            let mut spec = of(number);
            crate::support::merge(&mut spec, &stuck);
            put(&cluster, &format!("new-{number}"), &spec);
            let to = format!("{NAMESPACE}/new-{number}");
            cluster.api.edit("pamcredentials", NAMESPACE, &format!("old-{number}"), |object| {
                object["metadata"]["annotations"][HAND_OVER_TO] = to.clone().into();
            });
        }
        for number in 0..MANY {
            cluster.api.delete("pamcredentials", NAMESPACE, &format!("old-{number}"));
        }
        world
            .until("them to wait", A_WHILE, || {
                (0..MANY).all(|n| cluster.reason(&format!("old-{n}")) == "DeletionBlocked")
            })
            .await;
        let last = cluster.status(&format!("old-{MANY}")).id.unwrap();
        cluster.api.delete("pamcredentials", NAMESPACE, &format!("old-{MANY}"));
        world.until("the last one to go", A_WHILE, || cluster.credential(&format!("old-{MANY}")).is_none()).await;
        assert!(!world.sim.record(&last).unwrap().active);
        (0..MANY).for_each(|number| put(&cluster, &format!("new-{number}"), &of(number)));
        world
            .until("the new ones", A_WHILE, || (0..MANY).all(|n| cluster.reason(&format!("new-{n}")) == "Synced"))
            .await;
        world
            .until("the old ones to go", A_WHILE, || {
                (0..MANY).all(|n| cluster.credential(&format!("old-{n}")).is_none())
            })
            .await;
        assert_eq!((world.sim.count(Kind::DeleteCredential), world.sim.records().len()), (1, MANY + 1));
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

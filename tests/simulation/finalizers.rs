//! P7: the finalizer of an object is taken off once, and what that means is done and told once, however late the API server's
//! answers and watches are.

use std::time::Duration;

use crate::support::{NAMESPACE, OperatedCluster, World, assert_no_canary, value, world};
use fake_apiserver::{Effect, Fault};
use pam_operator::api::FINALIZER;
use pam_simulator::{Config, Kind, Seed};
use serde_json::json;
use tokio::time::sleep;

const A_WHILE: Duration = Duration::from_mins(2);
const LEFT_ENABLED: &str = "pam_operator_records_left_enabled_total";

/// One object that takes its record with it, synced for so long that no write of its can still be executed.
async fn synced(world: &World) -> OperatedCluster {
    let mut cluster = world.cluster("c1");
    cluster.put_value("svc", &value("svc", 1));
    cluster.put_credential("svc", &json!({"deletionPolicy": "Disable"}));
    cluster.start().await;
    world.until("synced", A_WHILE, || cluster.reason("svc") == "Synced").await;
    sleep(Duration::from_hours(1)).await;
    cluster
}

/// As a namespace goes away: the object is marked, while its connection and the namespace itself are not seen any more.
fn strand(cluster: &OperatedCluster) {
    cluster.api.delete("clusterpamconnections", "", "default");
    cluster.api.delete("namespaces", "", NAMESPACE);
    cluster.api.delete("pamcredentials", NAMESPACE, "svc");
}

/// Something that wakes the object: its Secret goes, too.
async fn wake(cluster: &OperatedCluster) {
    world_moves_on().await;
    cluster.api.delete("secrets", NAMESPACE, "svc");
    world_moves_on().await;
}

async fn world_moves_on() {
    sleep(Duration::from_millis(10)).await;
}

async fn is_gone(world: &World, cluster: &OperatedCluster) {
    world.until("gone", A_WHILE, || cluster.credential("svc").is_none()).await;
}

fn said(cluster: &OperatedCluster, reason: &str) -> u64 {
    let events = cluster.api.list("events");
    let of = events.iter().filter(|event| event["reason"] == reason);
    of.map(|event| event["series"]["count"].as_u64().unwrap_or(1)).sum()
}

fn ends(world: &World, cluster: &OperatedCluster) {
    assert_no_canary(&(cluster.said() + &world.logs()));
}

#[test]
fn a_record_that_stays_enabled_is_counted_once_though_the_watch_is_late() {
    world(Config::default().device("db01", "10.0.0.7"), |world| async move {
        let cluster = synced(&world).await;
        strand(&cluster);
        cluster.api.hold_watches_of("pamcredentials", true);
        is_gone(&world, &cluster).await;
        wake(&cluster).await;
        cluster.api.hold_watches_of("pamcredentials", false);
        sleep(A_WHILE).await;
        assert_eq!(cluster.metric(LEFT_ENABLED), "1");
        assert_eq!(world.logs().matches("stays enabled").count(), 1);
        assert!(world.sim.records()[0].active, "without its connection nothing can be done");
        ends(&world, &cluster);
    });
}

#[test]
fn a_record_that_stays_enabled_is_counted_once_whatever_becomes_of_the_answer() {
    let effects = [
        Effect::DoneAndLost,
        Effect::DoneAndSilent,
        Effect::DoneAndRefused(500),
        Effect::Lost,
        Effect::Refused(500),
        Effect::Refused(409),
    ];
    for effect in effects {
        for held in [false, true] {
            world(Config::default().device("db01", "10.0.0.7"), |world| async move {
                let cluster = synced(&world).await;
                cluster.api.inject(Fault::on("patch", "pamcredentials", effect));
                strand(&cluster);
                cluster.api.hold_watches_of("pamcredentials", held);
                wake(&cluster).await;
                is_gone(&world, &cluster).await;
                sleep(A_WHILE).await;
                cluster.api.hold_watches_of("pamcredentials", false);
                sleep(A_WHILE).await;
                assert_eq!(cluster.metric(LEFT_ENABLED), "1", "{effect:?}, watches held: {held}");
                assert_eq!(world.logs().matches("stays enabled").count(), 1, "{effect:?}, watches held: {held}");
                ends(&world, &cluster);
            });
        }
    }
}

/// Somebody else took the finalizer off first: this operator left nothing behind.
#[test]
fn a_finalizer_that_somebody_else_took_off_is_not_counted() {
    world(Config::default().device("db01", "10.0.0.7"), |world| async move {
        let cluster = synced(&world).await;
        strand(&cluster);
        cluster.api.hold_watches_of("pamcredentials", true);
        cluster.api.edit("pamcredentials", NAMESPACE, "svc", |object| object["metadata"]["finalizers"] = json!([]));
        wake(&cluster).await;
        cluster.api.hold_watches_of("pamcredentials", false);
        sleep(A_WHILE).await;
        assert_eq!(cluster.metric(LEFT_ENABLED), "0");
        ends(&world, &cluster);
    });
}

/// The same of a record that is disabled, and of one that is kept: nothing is sent and nothing told a second time.
#[test]
fn an_object_that_was_let_go_is_not_passed_over_again_before_the_watch_shows_it_gone() {
    for (policy, reason, disables) in [("Disable", "Disabled", 1), ("Retain", "Retained", 0)] {
        world(Config::default().device("db01", "10.0.0.7"), |world| async move {
            let cluster = synced(&world).await;
            assert!(cluster.credential("svc").unwrap().metadata.finalizers.unwrap().contains(&FINALIZER.to_owned()));
            cluster.api.delete("pamcredentials", NAMESPACE, "svc");
            if policy == "Retain" {
                cluster.put_credential("svc", &json!({"deletionPolicy": "Retain"}));
            }
            cluster.api.hold_watches_of("pamcredentials", true);
            is_gone(&world, &cluster).await;
            wake(&cluster).await;
            cluster.api.hold_watches_of("pamcredentials", false);
            sleep(A_WHILE).await;
            assert_eq!(world.sim.count(Kind::DeleteCredential), disables, "{policy}");
            assert_eq!(said(&cluster, reason), 1, "{policy}");
            assert_eq!(cluster.metric(LEFT_ENABLED), "0", "{policy}");
            ends(&world, &cluster);
        });
    }
}

const HOLD: &str = "example.com/hold";

fn set_finalizers(cluster: &OperatedCluster, finalizers: &[&str]) {
    cluster.api.edit("pamcredentials", NAMESPACE, "svc", |object| object["metadata"]["finalizers"] = json!(finalizers));
}

fn message(cluster: &OperatedCluster) -> String {
    let conditions = cluster.status("svc").conditions;
    conditions.into_iter().find(|condition| condition.type_ == "Ready").unwrap().message
}

/// An object that another controller keeps: what its status said of the record would soon be untrue.
#[test]
fn an_object_that_others_keep_says_once_what_it_waits_for() {
    for policy in ["Disable", "Retain"] {
        world(Config::default().device("db01", "10.0.0.7"), |world| async move {
            let cluster = synced(&world).await;
            cluster.put_credential("svc", &json!({"deletionPolicy": policy}));
            sleep(A_WHILE).await;
            let ours: &[&str] = if policy == "Disable" { &[FINALIZER] } else { &[] };
            set_finalizers(&cluster, &[ours, &[HOLD]].concat());
            let mark = cluster.api.mark();
            cluster.api.delete("pamcredentials", NAMESPACE, "svc");
            sleep(A_WHILE).await;
            assert_eq!(cluster.reason("svc"), "Deleting", "{policy}");
            assert!(message(&cluster).contains(HOLD), "{}", message(&cluster));
            assert_eq!(world.sim.records()[0].active, policy == "Retain");
            cluster.put_value("svc", &value("svc", 2));
            sleep(Duration::from_hours(2)).await;
            assert_eq!(cluster.reason("svc"), "Deleting");
            let writes = || cluster.api.since(mark).resource("pamcredentials/status").writes().len();
            assert_eq!(writes(), 1, "{policy}: {:?}", cluster.api.since(mark).writes().tally());
            set_finalizers(&cluster, &["example.com/last"]);
            sleep(A_WHILE).await;
            assert!(message(&cluster).contains("example.com/last"), "{}", message(&cluster));
            set_finalizers(&cluster, &[]);
            sleep(A_WHILE).await;
            assert!(cluster.credential("svc").is_none() && writes() == 2, "{policy}");
            ends(&world, &cluster);
        });
    }
}

#[test]
fn an_object_without_any_finalizer_goes_without_a_status_write() {
    world(Config::default().device("db01", "10.0.0.7"), |world| async move {
        let cluster = synced(&world).await;
        cluster.put_credential("svc", &json!({"deletionPolicy": "Retain"}));
        sleep(A_WHILE).await;
        let mark = cluster.api.mark();
        cluster.api.delete("pamcredentials", NAMESPACE, "svc");
        sleep(A_WHILE).await;
        assert!(cluster.credential("svc").is_none());
        assert_eq!(cluster.api.since(mark).resource("pamcredentials/status").len(), 0);
        ends(&world, &cluster);
    });
}
/// The way out needs no status: whatever the API server says to a status of the object, the finalizer goes.
#[test]
fn p7_an_object_goes_though_its_status_cannot_be_written() {
    for refused in [413, 422, 500] {
        for (policy, disables) in [("Disable", 1), ("Retain", 0)] {
            world(Config::default().device("db01", "10.0.0.7"), |world| async move {
                let cluster = synced(&world).await;
                cluster.api.inject(Fault::on("patch", "pamcredentials/status", Effect::Refused(refused)).always());
                // From here on the status of this push is owed.
                cluster.put_value("svc", &value("svc", 2));
                world.until("pushed", A_WHILE, || world.sim.count(Kind::PostCredential) == 2).await;
                sleep(A_WHILE).await;
                assert_eq!(world.sim.count(Kind::PostCredential), 2, "what cannot be recorded is not sent again");
                cluster.api.delete("pamcredentials", NAMESPACE, "svc");
                if policy == "Retain" {
                    cluster.put_credential("svc", &json!({"deletionPolicy": "Retain"}));
                }
                sleep(Duration::from_hours(1)).await;
                assert!(cluster.credential("svc").is_none(), "{policy}, {refused}");
                assert_eq!(world.sim.count(Kind::DeleteCredential), disables, "{policy}, {refused}");
                assert_eq!(world.sim.records()[0].active, policy == "Retain", "{policy}, {refused}");
                ends(&world, &cluster);
            });
        }
    }
}

/// With `Disable` a record is enabled while its object exists: also one that the object found disabled under `Retain`.
#[test]
fn setting_disable_later_enables_a_record_that_was_there_before() {
    for ensure_enabled in [None, Some(false)] {
        world(Config::default().device("db01", "10.0.0.7"), async |world| {
            let mut cluster = world.cluster("c1");
            let record = Seed::new("svc", "db01", "10.0.0.7").identifier(&cluster.identifier("svc")).disabled();
            world.sim.seed(record);
            cluster.put_value("svc", &value("svc", 1));
            cluster.put_credential("svc", &json!({"ensureEnabled": ensure_enabled}));
            cluster.start().await;
            world.until("adopted", A_WHILE, || cluster.reason("svc") == "Synced").await;
            sleep(Duration::from_hours(1)).await;
            assert!(!world.sim.records()[0].active, "Retain leaves it as it is");
            cluster.put_credential("svc", &json!({"deletionPolicy": "Disable", "ensureEnabled": ensure_enabled}));
            world_moves_on().await;
            assert_eq!(world.sim.records()[0].active, ensure_enabled.is_none());
            assert_eq!(cluster.reason("svc"), "Synced");
            assert_no_canary(&(cluster.said() + &world.logs()));
        });
    }
}

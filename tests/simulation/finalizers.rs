//! P7: the finalizer of an object is taken off once, and what that means is done and told once, however late the API server's
//! answers and watches are.

use std::time::Duration;

use crate::support::{Keeper, NAMESPACE, OperatedCluster, World, assert_no_canary, value, world};
use fake_apiserver::{Effect, Fault};
use pam_operator::api::FINALIZER;
use pam_simulator::{Config, Seed};
use serde_json::json;
use tokio::time::sleep;

const A_WHILE: Duration = Duration::from_mins(2);
const LEFT_ENABLED: &str = "pam_operator_records_left_enabled_total";

/// One object that takes what the PAM keeps for it along, synced for so long that no write of its can still be executed.
async fn synced(keeper: Keeper, world: &World) -> OperatedCluster {
    let mut cluster = keeper.cluster(world, &json!({}));
    cluster.put_value("svc", &value("svc", 1));
    keeper.put(&cluster, "svc", &json!({"deletionPolicy": keeper.policy()}));
    cluster.start().await;
    world.until("synced", A_WHILE, || keeper.reason(&cluster, "svc") == "Synced").await;
    sleep(Duration::from_hours(1)).await;
    cluster
}

/// As a namespace goes away: the object is marked, while its connection and the namespace itself are not seen any more.
fn strand(keeper: Keeper, cluster: &OperatedCluster) {
    cluster.api.delete("clusterpamconnections", "", "default");
    cluster.api.delete("namespaces", "", NAMESPACE);
    keeper.delete(cluster, "svc");
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

async fn is_gone(keeper: Keeper, world: &World, cluster: &OperatedCluster) {
    world.until("gone", A_WHILE, || keeper.is_gone(cluster, "svc")).await;
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
fn what_stays_on_is_counted_once_though_the_watch_is_late() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), |world| async move {
            let cluster = synced(keeper, &world).await;
            strand(keeper, &cluster);
            cluster.api.hold_watches_of(keeper.plural(), true);
            is_gone(keeper, &world, &cluster).await;
            wake(&cluster).await;
            cluster.api.hold_watches_of(keeper.plural(), false);
            sleep(A_WHILE).await;
            assert_eq!(cluster.metric(LEFT_ENABLED), "1");
            assert_eq!(world.logs().matches(keeper.stays()).count(), 1);
            assert_eq!(keeper.kept(&world), (1, 1), "without its connection nothing can be done");
            ends(&world, &cluster);
        });
    }
}

#[test]
fn what_stays_on_is_counted_once_whatever_becomes_of_the_answer() {
    let effects = [
        Effect::DoneAndLost,
        Effect::DoneAndSilent,
        Effect::DoneAndRefused(500),
        Effect::Lost,
        Effect::Refused(500),
        Effect::Refused(409),
    ];
    for (effect, keeper) in effects.into_iter().flat_map(|effect| Keeper::ALL.map(|keeper| (effect, keeper))) {
        for held in [false, true] {
            world(keeper.pam(), |world| async move {
                let cluster = synced(keeper, &world).await;
                cluster.api.inject(Fault::on("patch", keeper.plural(), effect));
                strand(keeper, &cluster);
                cluster.api.hold_watches_of(keeper.plural(), held);
                wake(&cluster).await;
                is_gone(keeper, &world, &cluster).await;
                sleep(A_WHILE).await;
                cluster.api.hold_watches_of(keeper.plural(), false);
                sleep(A_WHILE).await;
                let what = format!("{keeper:?}, {effect:?}, watches held: {held}");
                assert_eq!(cluster.metric(LEFT_ENABLED), "1", "{what}");
                assert_eq!(world.logs().matches(keeper.stays()).count(), 1, "{what}");
                ends(&world, &cluster);
            });
        }
    }
}

/// Somebody else took the finalizer off first: this operator left nothing behind.
#[test]
fn a_finalizer_that_somebody_else_took_off_is_not_counted() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), |world| async move {
            let cluster = synced(keeper, &world).await;
            strand(keeper, &cluster);
            cluster.api.hold_watches_of(keeper.plural(), true);
            set_finalizers(keeper, &cluster, &[]);
            wake(&cluster).await;
            cluster.api.hold_watches_of(keeper.plural(), false);
            sleep(A_WHILE).await;
            assert_eq!(cluster.metric(LEFT_ENABLED), "0");
            ends(&world, &cluster);
        });
    }
}

/// The same of what is switched off, and of what is kept: nothing is sent and nothing told a second time.
#[test]
fn an_object_that_was_let_go_is_not_passed_over_again_before_the_watch_shows_it_gone() {
    for (keeper, retained) in Keeper::ALL.into_iter().flat_map(|keeper| [(keeper, false), (keeper, true)]) {
        world(keeper.pam(), |world| async move {
            let cluster = synced(keeper, &world).await;
            let finalizers = keeper.get(&cluster, "svc").unwrap()["metadata"]["finalizers"].clone();
            assert!(finalizers.as_array().unwrap().contains(&json!(FINALIZER)), "{finalizers}");
            keeper.delete(&cluster, "svc");
            if retained {
                keeper.put(&cluster, "svc", &json!({"deletionPolicy": "Retain"}));
            }
            cluster.api.hold_watches_of(keeper.plural(), true);
            is_gone(keeper, &world, &cluster).await;
            wake(&cluster).await;
            cluster.api.hold_watches_of(keeper.plural(), false);
            sleep(A_WHILE).await;
            let what = format!("{keeper:?}, retained: {retained}");
            assert_eq!(world.sim.count(keeper.calls().disable), usize::from(!retained), "{what}");
            assert_eq!(said(&cluster, if retained { "Retained" } else { keeper.switched_off() }), 1, "{what}");
            assert_eq!(cluster.metric(LEFT_ENABLED), "0", "{what}");
            ends(&world, &cluster);
        });
    }
}

const HOLD: &str = "example.com/hold";

fn set_finalizers(keeper: Keeper, cluster: &OperatedCluster, finalizers: &[&str]) {
    cluster.api.edit(keeper.plural(), NAMESPACE, "svc", |object| object["metadata"]["finalizers"] = json!(finalizers));
}

/// An object that another controller keeps: what its status said of the record would soon be untrue.
#[test]
fn an_object_that_others_keep_says_once_what_it_waits_for() {
    for (keeper, retained) in Keeper::ALL.into_iter().flat_map(|keeper| [(keeper, false), (keeper, true)]) {
        world(keeper.pam(), |world| async move {
            let cluster = synced(keeper, &world).await;
            let policy = if retained { "Retain" } else { keeper.policy() };
            keeper.put(&cluster, "svc", &json!({"deletionPolicy": policy}));
            sleep(A_WHILE).await;
            let ours: &[&str] = if retained { &[] } else { &[FINALIZER] };
            set_finalizers(keeper, &cluster, &[ours, &[HOLD]].concat());
            let mark = cluster.api.mark();
            keeper.delete(&cluster, "svc");
            sleep(A_WHILE).await;
            let message = || keeper.message(&cluster, "svc");
            assert_eq!(keeper.reason(&cluster, "svc"), "Deleting", "{keeper:?}, {policy}");
            assert!(message().contains(HOLD), "{}", message());
            assert_eq!(keeper.kept(&world), (1, usize::from(retained)));
            cluster.put_value("svc", &value("svc", 2));
            sleep(Duration::from_hours(2)).await;
            assert_eq!(keeper.reason(&cluster, "svc"), "Deleting");
            let writes = || cluster.api.since(mark).resource(keeper.status()).writes().len();
            // A write to MySafe is announced.
            let announced = usize::from(keeper == Keeper::Entry && !retained);
            let tally = cluster.api.since(mark).writes().tally();
            assert_eq!(writes(), 1 + announced, "{keeper:?}, {policy}: {tally:?}");
            set_finalizers(keeper, &cluster, &["example.com/last"]);
            sleep(A_WHILE).await;
            assert!(message().contains("example.com/last"), "{}", message());
            set_finalizers(keeper, &cluster, &[]);
            sleep(A_WHILE).await;
            assert!(keeper.is_gone(&cluster, "svc") && writes() == 2 + announced, "{keeper:?}, {policy}");
            ends(&world, &cluster);
        });
    }
}

#[test]
fn an_object_without_any_finalizer_goes_without_a_status_write() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), |world| async move {
            let cluster = synced(keeper, &world).await;
            keeper.put(&cluster, "svc", &json!({"deletionPolicy": "Retain"}));
            sleep(A_WHILE).await;
            let mark = cluster.api.mark();
            keeper.delete(&cluster, "svc");
            sleep(A_WHILE).await;
            assert!(keeper.is_gone(&cluster, "svc"));
            assert_eq!(cluster.api.since(mark).resource(keeper.status()).len(), 0);
            ends(&world, &cluster);
        });
    }
}

/// The way out needs no status: whatever the API server says to a status of the object, the finalizer goes.
#[test]
fn p7_an_object_goes_though_its_status_cannot_be_written() {
    let cases = Keeper::ALL.into_iter().flat_map(|keeper| [413, 422, 500].map(|refused| (keeper, refused)));
    for ((keeper, refused), retained) in cases.flat_map(|case| [(case, false), (case, true)]) {
        world(keeper.pam(), |world| async move {
            let cluster = synced(keeper, &world).await;
            cluster.api.inject(Fault::on("patch", keeper.status(), Effect::Refused(refused)).always());
            let before = world.sim.mark();
            cluster.put_value("svc", &value("svc", 2));
            sleep(A_WHILE).await;
            // A credential's write is sent, and its status is owed from here on. An entry's has to be announced first.
            let sent = usize::from(keeper == Keeper::Credential);
            let journal = world.journal(before);
            assert_eq!(journal.count(keeper.calls().update), sent, "what cannot be recorded is not sent again");
            assert!(journal.len() <= 4, "{keeper:?}, {refused}: {journal:?}");
            keeper.delete(&cluster, "svc");
            if retained {
                keeper.put(&cluster, "svc", &json!({"deletionPolicy": "Retain"}));
            }
            sleep(Duration::from_hours(1)).await;
            let what = format!("{keeper:?}, retained: {retained}, {refused}");
            assert!(keeper.is_gone(&cluster, "svc"), "{what}");
            assert_eq!(world.sim.count(keeper.calls().disable), usize::from(!retained), "{what}");
            assert_eq!(keeper.kept(&world), (1, usize::from(retained)), "{what}");
            ends(&world, &cluster);
        });
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

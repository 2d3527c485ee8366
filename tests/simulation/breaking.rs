//! Sequences of events that end in a state which a promise forbids.

use std::time::Duration;

use crate::support::{NAMESPACE, OperatedCluster, World, value, world};
use pam_operator::api::{ConditionType, find};
use pam_simulator::{Config, Effect, Fault, Inactive, Kind, Seed};
use serde_json::{Value, json};
use tokio::time::sleep;

const A_WHILE: Duration = Duration::from_secs(30);
const LONG: Duration = Duration::from_hours(3);

fn pam() -> Config {
    Config::default().device("db01", "10.0.0.7")
}

async fn synced(world: &World, names: &[&str], connection: &Value, change: &Value) -> OperatedCluster {
    let mut cluster = world.cluster_with("c1", connection);
    for name in names {
        cluster.put_value(name, &value(name, 1));
        cluster.put_credential(name, change);
    }
    cluster.start().await;
    for name in names {
        world.until("synced", Duration::from_mins(30), || cluster.reason(name) == "Synced").await;
    }
    sleep(LONG).await;
    cluster
}

fn held(world: &World, cluster: &OperatedCluster, name: &str) -> Option<String> {
    world.sim.value_of(&cluster.status(name).id.unwrap())
}

fn said(cluster: &OperatedCluster, name: &str) -> String {
    let conditions = cluster.status(name).conditions;
    find(&conditions, ConditionType::Ready)
        .map(|ready| format!("{}: {}", ready.reason, ready.message))
        .unwrap_or_default()
}

/// P3: the settle window of a write begins when the write got no answer, and not when its pass began to wait for a slot.
#[test]
fn a_pass_that_waited_long_before_it_wrote_has_a_whole_settle_window() {
    world(pam(), |world| async move {
        let one_at_once = json!({"limits": {"maxConcurrentRequests": 1}});
        let cluster = synced(&world, &["first", "second", "svc"], &one_at_once, &json!({})).await;
        for slow in ["first", "second"] {
            let silent = Fault::on(Kind::PostCredential, Effect::Silence).only(&cluster.identifier(slow));
            world.sim.inject(silent.times(1));
        }
        let lost = Fault::on(Kind::PostCredential, Effect::HeldCommit).only(&cluster.identifier("svc"));
        world.sim.inject(lost.times(1));
        cluster.put_value("first", &value("first", 2));
        cluster.put_value("second", &value("second", 2));
        sleep(Duration::from_millis(100)).await;
        cluster.put_value("svc", &value("svc", 2));
        let is_lost = || cluster.status("svc").in_flight.is_some();
        world.until("lost", Duration::from_mins(5), is_lost).await;
        cluster.put_value("svc", &value("svc", 3));
        world.until("the third value", A_WHILE, || held(&world, &cluster, "svc") == Some(value("svc", 3))).await;
        // Long before the end of the time in which the PAM may still execute the write.
        sleep(A_WHILE).await;
        for seq in world.sim.held() {
            world.sim.commit_held(seq);
        }
        sleep(LONG).await;
        assert_eq!(cluster.reason("svc"), "Synced");
        assert_eq!(held(&world, &cluster, "svc"), Some(value("svc", 3)));
    });
}

/// P3: the same for a write that was waited for until the deadline of 75 s: the window is 90 s from there.
#[test]
fn a_write_that_is_executed_shortly_after_its_deadline_is_repaired() {
    world(pam(), |world| async move {
        let cluster = synced(&world, &["svc"], &json!({}), &json!({})).await;
        world.sim.inject(Fault::on(Kind::PostCredential, Effect::Silence).times(1));
        cluster.put_value("svc", &value("svc", 2));
        let is_lost = || cluster.status("svc").in_flight.is_some();
        world.until("lost", Duration::from_mins(5), is_lost).await;
        cluster.put_value("svc", &value("svc", 3));
        sleep(Duration::from_secs(40)).await;
        for seq in world.sim.held() {
            world.sim.commit_held(seq);
        }
        sleep(LONG).await;
        assert_eq!(cluster.reason("svc"), "Synced");
        assert_eq!(held(&world, &cluster, "svc"), Some(value("svc", 3)));
    });
}

/// P3: the reference to the Secret was edited, and edited back while the operator was away; then another field is edited.
#[test]
fn an_edit_after_a_reference_that_went_back_does_not_hide_the_value_of_the_other_secret() {
    world(pam(), |world| async move {
        let mut cluster = synced(&world, &["svc"], &json!({}), &json!({})).await;
        cluster.put_value("other", &value("svc", 2));
        world.sim.inject(Fault::on(Kind::PostCredential, Effect::Silence).times(1));
        cluster.put_credential("svc", &json!({"contentSecretRef": {"name": "other"}}));
        sleep(Duration::from_millis(20)).await;
        cluster.kill().await;
        assert_eq!(world.sim.held().len(), 1);
        cluster.put_credential("svc", &json!({"notes": "edited"}));
        cluster.start().await;
        sleep(Duration::from_secs(20)).await;
        for seq in world.sim.held() {
            world.sim.commit_held(seq);
        }
        assert_eq!(held(&world, &cluster, "svc"), Some(value("svc", 2)));
        sleep(LONG).await;
        assert_eq!(cluster.reason("svc"), "Synced");
        assert_eq!(held(&world, &cluster, "svc"), Some(value("svc", 1)));
    });
}

/// P7: what an earlier process sent for an edit of the spec may be executed after the DELETE.
#[test]
fn a_record_is_disabled_after_an_edit_that_an_earlier_process_sent() {
    let mut config = pam();
    config.behaviour.inactive = Inactive::Revive;
    world(config, |world| async move {
        let disable = json!({"deletionPolicy": "Disable"});
        let mut cluster = synced(&world, &["svc"], &json!({}), &disable).await;
        let id = cluster.status("svc").id.unwrap();
        world.sim.inject(Fault::on(Kind::PostCredential, Effect::Silence).times(1));
        cluster.put_credential("svc", &json!({"deletionPolicy": "Disable", "notes": "edited"}));
        sleep(Duration::from_millis(20)).await;
        cluster.kill().await;
        assert_eq!(world.sim.held().len(), 1);
        cluster.api.delete("pamcredentials", NAMESPACE, "svc");
        cluster.start().await;
        sleep(A_WHILE).await;
        for seq in world.sim.held() {
            world.sim.commit_held(seq);
        }
        sleep(LONG).await;
        assert!(cluster.credential("svc").is_none());
        let record = world.sim.records().into_iter().find(|record| record.id == id).unwrap();
        assert!(!record.active, "the record stays enabled");
    });
}

/// P7: an account that the spec was edited to, and that was never written, keeps no record from being disabled.
#[test]
fn a_rename_that_met_a_conflict_does_not_block_the_deletion() {
    let seed = Seed::new("taken", "db01", "10.0.0.7").identifier("theirs").value("theirs");
    world(pam().seed(seed), |world| async move {
        let disable = json!({"deletionPolicy": "Disable"});
        let cluster = synced(&world, &["svc"], &json!({}), &disable).await;
        let id = cluster.status("svc").id.unwrap();
        cluster.put_credential("svc", &json!({"deletionPolicy": "Disable", "username": "taken"}));
        world.until("conflict", A_WHILE, || cluster.reason("svc") == "RecordConflict").await;
        cluster.api.delete("pamcredentials", NAMESPACE, "svc");
        sleep(LONG).await;
        let record = world.sim.records().into_iter().find(|record| record.id == id).unwrap();
        assert!(!record.active, "{}", said(&cluster, "svc"));
        assert!(cluster.credential("svc").is_none());
    });
}

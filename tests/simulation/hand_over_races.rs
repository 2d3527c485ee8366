//! P3, P4, P7: what can go wrong between an object that is deleted and those that would have its record.

use std::time::Duration;

use crate::support::leaving::{pam, put, with_record};
use crate::support::{NAMESPACE, OperatedCluster, World, assert_no_canary, value, world};
use pam_operator::api::HAND_OVER_TO;
use pam_simulator::{Effect, Fault, Kind};
use serde_json::{Value, json};
use tokio::time::sleep;

const A_WHILE: Duration = Duration::from_mins(5);
const LONG: Duration = Duration::from_hours(2);

fn names(cluster: &OperatedCluster, to: &str) {
    cluster.api.edit("pamcredentials", NAMESPACE, "old", |object| {
        object["metadata"]["annotations"][HAND_OVER_TO] = to.into();
    });
}

fn other(cluster: &OperatedCluster, name: &str) -> Value {
    cluster.api.get("pamcredentials", "other", name).unwrap_or_default()
}

fn put_in_other_namespace(cluster: &OperatedCluster, name: &str) {
    cluster.api.put("namespaces", &json!({"metadata": {"name": "other"}}));
    let meta = json!({"name": name, "namespace": "other"});
    cluster.api.put("secrets", &json!({"metadata": meta, "stringData": {"password": value(name, 1)}}));
    let spec = json!({"username": "account", "deletionPolicy": "Disable", "hostname": "db01", "ip": "10.0.0.7",
        "contentSecretRef": {"name": name}});
    cluster.api.put("pamcredentials", &json!({"metadata": meta, "spec": spec}));
}

/// Kills the operator after it sent a DELETE that the PAM has not executed yet; returns the id of the record, too.
async fn killed_while_it_disables(world: &World) -> (OperatedCluster, String) {
    let (mut cluster, id) = with_record(world).await;
    sleep(LONG).await;
    world.sim.inject(Fault::on(Kind::DeleteCredential, Effect::Silence).times(1));
    cluster.api.delete("pamcredentials", NAMESPACE, "old");
    sleep(Duration::from_secs(1)).await;
    cluster.kill().await;
    (cluster, id)
}

/// A DELETE that an earlier process sent may still be executed: no other object gets the record before that is over.
#[test]
fn a_delete_that_an_earlier_process_sent_disables_no_record_that_was_handed_over() {
    world(pam(), |world| async move {
        let (mut cluster, id) = killed_while_it_disables(&world).await;
        assert_eq!(world.sim.held().len(), 1);
        put(&cluster, "new", &json!({}));
        cluster.start().await;
        sleep(Duration::from_secs(30)).await;
        for seq in world.sim.held() {
            world.sim.commit_held(seq);
        }
        world.until("the old one to go", A_WHILE, || cluster.credential("old").is_none()).await;
        sleep(LONG).await;
        assert_eq!(cluster.reason("new"), "Synced");
        assert!(world.sim.record(&id).unwrap().active, "Synced is said of an enabled record");
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

/// Nor does the object go, which may be made again, before that is over.
#[test]
fn a_delete_that_an_earlier_process_sent_disables_no_record_of_an_object_that_is_made_again() {
    world(pam(), |world| async move {
        let (mut cluster, id) = killed_while_it_disables(&world).await;
        cluster.start().await;
        sleep(Duration::from_secs(10)).await;
        if cluster.credential("old").is_none() {
            put(&cluster, "old", &json!({}));
        }
        sleep(Duration::from_secs(20)).await;
        for seq in world.sim.held() {
            world.sim.commit_held(seq);
        }
        world
            .until("the old one to go", A_WHILE, || {
                cluster.credential("old").is_none_or(|object| object.metadata.deletion_timestamp.is_none())
            })
            .await;
        put(&cluster, "old", &json!({}));
        sleep(LONG).await;
        assert_eq!(cluster.reason("old"), "Synced");
        assert!(world.sim.record(&id).unwrap().active, "Synced is said of an enabled record");
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

/// Two objects may come for one record: one by its account, the other by its identifier.
#[test]
fn a_record_is_handed_over_to_one_object() {
    world(pam(), |world| async move {
        let (cluster, id) = with_record(&world).await;
        let identifier = cluster.identifier("old");
        put(&cluster, "by-account", &json!({}));
        put(&cluster, "by-identifier", &json!({"username": "another", "identifier": identifier}));
        sleep(A_WHILE).await;
        world.sim.inject(Fault::on(Kind::PostCredential, Effect::Delay(Duration::from_secs(5))).times(2));
        cluster.api.delete("pamcredentials", NAMESPACE, "old");
        sleep(LONG).await;
        let reasons = ["by-account", "by-identifier"].map(|name| cluster.reason(name));
        let ids = ["by-account", "by-identifier"].map(|name| cluster.status(name).id);
        // The one that comes too late makes a record of its own.
        assert_eq!(reasons, ["Synced", "Synced"], "{:?}", world.sim.records());
        assert!(ids[0] != ids[1] && ids.contains(&Some(id)), "{ids:?}");
        assert_eq!(world.sim.records().iter().filter(|record| record.active).count(), 2);
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

/// Who takes the consent back is heard, whatever else the object waits for.
#[test]
fn a_consent_that_was_taken_back_is_no_consent() {
    world(pam(), |world| async move {
        let (cluster, id) = with_record(&world).await;
        names(&cluster, "other/new");
        cluster.api.delete("pamcredentials", NAMESPACE, "old");
        world.until("it to wait", A_WHILE, || cluster.reason("old") == "DeletionBlocked").await;
        cluster.api.edit("pamcredentials", NAMESPACE, "old", |object| {
            object["metadata"]["annotations"].as_object_mut().unwrap().remove(HAND_OVER_TO);
            object["spec"]["suspend"] = true.into();
        });
        sleep(A_WHILE).await;
        put_in_other_namespace(&cluster, "new");
        sleep(LONG).await;
        assert_eq!(other(&cluster, "new")["status"]["id"], Value::Null, "{}", other(&cluster, "new")["status"]);
        assert!(cluster.credential("old").is_some() && world.sim.record(&id).unwrap().active);
    });
}

/// A text that names no object disables no record, however long the text is.
#[test]
fn an_annotation_that_is_too_long_disables_no_record() {
    world(pam(), |world| async move {
        let (cluster, id) = with_record(&world).await;
        names(&cluster, &format!("{NAMESPACE}/{}", "x".repeat(600)));
        sleep(A_WHILE).await;
        cluster.api.delete("pamcredentials", NAMESPACE, "old");
        sleep(LONG).await;
        assert!(world.sim.record(&id).unwrap().active);
        assert_eq!(cluster.reason("old"), "DeletionBlocked");
    });
}

/// The heir's write is lost, and its spec is edited to another account before the write is executed.
#[test]
fn an_heir_that_is_edited_after_a_lost_write_leaves_no_record_behind() {
    for late in [false, true] {
        world(pam(), |world| async move {
            let (cluster, id) = with_record(&world).await;
            put(&cluster, "new", &json!({}));
            world.until("the conflict", A_WHILE, || cluster.reason("new") == "AccountConflict").await;
            let fault = Fault::on(Kind::PostCredential, Effect::HeldCommit).only(&cluster.identifier("new"));
            world.sim.inject(fault.times(1));
            cluster.api.delete("pamcredentials", NAMESPACE, "old");
            world.until("the write", A_WHILE, || world.sim.held().len() == 1).await;
            put(&cluster, "new", &json!({"username": "another"}));
            sleep(Duration::from_secs(20)).await;
            if late {
                for seq in world.sim.held() {
                    world.sim.commit_held(seq);
                }
            }
            sleep(LONG).await;
            assert!(cluster.credential("old").is_none() && !world.sim.record(&id).unwrap().active, "late: {late}");
            let own = world.sim.record(&cluster.status("new").id.unwrap()).unwrap();
            assert_eq!(
                (own.username.as_str(), own.active, cluster.reason("new").as_str()),
                ("another", true, "Synced")
            );
            assert_no_canary(&(cluster.said() + &world.logs()));
        });
    }
}

/// A record that another cluster took over is nobody's to hand over, as it is nobody's to disable.
#[test]
fn a_record_that_changed_hands_is_not_handed_over() {
    world(pam(), |world| async move {
        let (cluster, id) = with_record(&world).await;
        let mut other = world.cluster("c2");
        other.put_value("theirs", &value("theirs", 1));
        other.put_credential("theirs", &json!({"username": "account", "adoptionPolicy": "TakeOver"}));
        other.start().await;
        world.until("taken over", A_WHILE, || other.reason("theirs") == "Synced").await;
        assert_eq!(world.sim.record(&id).unwrap().identifier, Some(other.identifier("theirs")));
        sleep(LONG).await;
        put(&cluster, "new", &json!({}));
        sleep(A_WHILE).await;
        cluster.api.delete("pamcredentials", NAMESPACE, "old");
        sleep(LONG).await;
        assert_eq!(world.sim.record(&id).unwrap().identifier, Some(other.identifier("theirs")));
        assert_eq!(world.sim.value_of(&id), Some(value("theirs", 1)));
        assert_eq!((cluster.reason("old").as_str(), cluster.status("new").id), ("DeletionBlocked", None));
        assert!(world.sim.record(&id).unwrap().active && cluster.reason("new") == "AccountConflict");
        assert_no_canary(&(cluster.said() + &other.said() + &world.logs()));
    });
}

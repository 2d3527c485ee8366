//! P1, P3, P10: many objects at once, on one connection, stay within its limits, and each of them is served.

use std::time::Duration;

use crate::support::{NAMESPACE, OperatedCluster, World, assert_no_canary, value, world};
use pam_operator::api::{ConditionType, PamConnectionStatus, find};
use pam_simulator::{Config, Effect, Fault, Kind, Move, VaultEdit};
use serde_json::{Value, json};
use tokio::time::sleep;

fn config() -> Config {
    Config::default().device("db01", "10.0.0.7").device("db02", "10.0.0.8")
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("svc{number}")).collect()
}

/// A cluster whose credentials are all synced.
async fn synced(world: &World, count: usize, connection: &Value, spec: &Value) -> OperatedCluster {
    let mut cluster = world.cluster_with("c1", connection);
    for name in names(count) {
        cluster.put_value(&name, &value(&name, 1));
        cluster.put_credential(&name, spec);
    }
    cluster.start().await;
    let all_synced = || names(count).iter().all(|name| cluster.reason(name) == "Synced");
    world.until("all to be synced", Duration::from_mins(10), all_synced).await;
    cluster
}

fn connection(cluster: &OperatedCluster) -> PamConnectionStatus {
    let object = cluster.api.get("clusterpamconnections", "", "default").unwrap();
    serde_json::from_value(object["status"].clone()).unwrap()
}

fn says(cluster: &OperatedCluster, kind: ConditionType) -> Option<String> {
    find(&connection(cluster).conditions, kind).map(|condition| condition.message.clone())
}

fn annotate(cluster: &OperatedCluster, name: &str, value: Option<&str>) {
    cluster.api.edit("clusterpamconnections", "", "default", |object| {
        object["metadata"]["annotations"][name] = json!(value);
        if value.is_none() {
            object["metadata"]["annotations"].as_object_mut().unwrap().remove(name);
        }
    });
}

fn quiet(cluster: &OperatedCluster, world: &World) {
    assert_no_canary(&(cluster.said() + &world.logs()));
}

#[test]
fn a_pam_that_does_not_move_records_is_no_vault_that_cannot_be_trusted() {
    world(config(), async |world| {
        let cluster = synced(&world, 40, &json!({}), &json!({})).await;
        sleep(Duration::from_hours(2)).await;
        world.sim.change_behaviour(|behaviour| behaviour.moves = Move::Stay);
        for name in names(10) {
            cluster.put_credential(&name, &json!({"hostname": "db02", "ip": "10.0.0.8"}));
        }
        sleep(Duration::from_mins(5)).await;
        assert_eq!(says(&cluster, ConditionType::InventoryIncomplete), None);
        cluster.put_value("new", &value("new", 1));
        cluster.put_credential("new", &json!({}));
        sleep(Duration::from_mins(5)).await;
        assert_eq!(cluster.reason("new"), "Synced");
        let drifted = find(&cluster.status("svc3").conditions, ConditionType::Drifted).cloned();
        assert_eq!(drifted.unwrap().reason, "Moved");
        quiet(&cluster, &world);
    });
}

/// Its Secret is often gone first.
#[test]
fn a_record_whose_making_was_not_answered_is_disabled_though_its_username_is_not_known_any_more() {
    world(config(), async |world| {
        let mut cluster = synced(&world, 1, &json!({}), &json!({})).await;
        let identifier = cluster.identifier("new");
        let unanswered = Fault::on(Kind::PostCredential, Effect::gateway(504)).only(&identifier).after_commit();
        world.sim.inject(unanswered.always());
        let meta = json!({"name": "new", "namespace": NAMESPACE});
        let data = json!({"password": value("new", 1), "username": "from-secret"});
        cluster.api.put("secrets", &json!({"metadata": meta, "stringData": data}));
        let from_secret = json!({"name": "new", "key": "username"});
        cluster.put_credential(
            "new",
            &json!({"username": null, "usernameSecretRef": from_secret, "deletionPolicy": "Disable"}),
        );
        sleep(Duration::from_secs(12)).await;
        let id = world.sim.find(&identifier).expect("it was made").id;
        cluster.kill().await;
        cluster.api.delete("secrets", NAMESPACE, "new");
        cluster.api.delete("pamcredentials", NAMESPACE, "new");
        cluster.start().await;
        sleep(Duration::from_mins(20)).await;
        assert!(cluster.credential("new").is_none(), "{}", cluster.reason("new"));
        assert!(!world.sim.record(&id).unwrap().active, "it stays enabled, and nobody knows of it");
        quiet(&cluster, &world);
    });
}

#[test]
fn what_a_killed_process_may_have_created_is_disabled_when_its_object_is_deleted() {
    for executed in [true, false] {
        world(config(), async |world| {
            let mut cluster = synced(&world, 1, &json!({}), &json!({})).await;
            let identifier = cluster.identifier("new");
            let fault = Fault::on(Kind::PostCredential, Effect::Silence).only(&identifier);
            world.sim.inject(if executed { fault.after_commit() } else { fault });
            cluster.put_value("new", &value("new", 1));
            cluster.put_credential("new", &json!({"deletionPolicy": "Disable"}));
            sleep(Duration::from_secs(12)).await;
            cluster.kill().await;
            cluster.api.delete("pamcredentials", NAMESPACE, "new");
            assert!(cluster.credential("new").is_some(), "its finalizer is on");
            cluster.start().await;
            sleep(Duration::from_secs(40)).await;
            world.sim.held().into_iter().for_each(|seq| assert!(world.sim.commit_held(seq)));
            sleep(Duration::from_mins(20)).await;
            assert!(cluster.credential("new").is_none(), "{}", cluster.reason("new"));
            let records = world.sim.records();
            let left: Vec<_> =
                records.iter().filter(|r| r.identifier.as_ref() == Some(&identifier) && r.active).collect();
            assert!(left.is_empty(), "{left:?}");
            quiet(&cluster, &world);
        });
    }
}

#[test]
fn a_confirmed_count_of_another_time_confirms_nothing() {
    world(config(), async |world| {
        let mut cluster = synced(&world, 10, &json!({"inventory": {"interval": "10m"}}), &json!({})).await;
        sleep(Duration::from_hours(1)).await;
        let all: Vec<String> = names(10).iter().map(|name| cluster.status(name).id.unwrap()).collect();
        let client = world.sim.client_id();
        let hide = |hidden: bool| {
            for id in &all {
                let client = client.clone();
                world.sim.edit(id, if hidden { VaultEdit::HideFrom(client) } else { VaultEdit::ShowTo(client) });
            }
        };
        hide(true);
        sleep(Duration::from_mins(15)).await;
        assert!(says(&cluster, ConditionType::InventoryIncomplete).is_some());
        annotate(&cluster, "pam-operator.io/confirm-inventory", Some("10"));
        sleep(Duration::from_mins(15)).await;
        assert_eq!(says(&cluster, ConditionType::InventoryIncomplete), None);
        hide(false);
        sleep(Duration::from_hours(1)).await;
        assert!(find(&cluster.status("svc3").conditions, ConditionType::Drifted).is_none());
        hide(true);
        sleep(Duration::from_mins(15)).await;
        assert!(says(&cluster, ConditionType::InventoryIncomplete).unwrap().contains("remove it, and set it again"));
        cluster.restart(Duration::from_secs(1)).await;
        sleep(Duration::from_mins(15)).await;
        assert!(says(&cluster, ConditionType::InventoryIncomplete).unwrap().contains("remove it, and set it again"));
        annotate(&cluster, "pam-operator.io/confirm-inventory", None);
        sleep(Duration::from_secs(1)).await;
        annotate(&cluster, "pam-operator.io/confirm-inventory", Some("10"));
        sleep(Duration::from_mins(15)).await;
        assert_eq!(says(&cluster, ConditionType::InventoryIncomplete), None);
        quiet(&cluster, &world);
    });
}

#[test]
fn who_is_stuck_for_another_reason_does_not_keep_the_brake_on() {
    world(config(), async |world| {
        let spec = json!({"disableBrake": {"count": 3, "window": "10m"}});
        let cluster = synced(&world, 12, &spec, &json!({"deletionPolicy": "Disable"})).await;
        sleep(Duration::from_mins(140)).await;
        // Somebody else's by now.
        for name in ["svc10", "svc11"] {
            let id = cluster.status(name).id.unwrap();
            world.sim.edit(&id, VaultEdit::Identifier(Some(format!("theirs-{name}"))));
            cluster.api.delete("pamcredentials", NAMESPACE, name);
        }
        sleep(Duration::from_hours(1)).await;
        assert_eq!(
            (cluster.reason("svc10"), cluster.reason("svc11")),
            ("DeletionBlocked".into(), "DeletionBlocked".into())
        );
        for name in &names(5) {
            cluster.api.delete("pamcredentials", NAMESPACE, name);
        }
        sleep(Duration::from_mins(2)).await;
        let count = connection(&cluster).held_disables.unwrap();
        assert_eq!(count, 2, "{:?}", says(&cluster, ConditionType::DisablesHeld));
        annotate(&cluster, "pam-operator.io/confirm-disable", Some(&count.to_string()));
        sleep(Duration::from_hours(1)).await;
        assert_eq!(names(5).iter().filter(|name| cluster.credential(name).is_some()).count(), 0);
        assert_eq!(says(&cluster, ConditionType::DisablesHeld), None);
        quiet(&cluster, &world);
    });
}

//! P4, P7: what one namespace does, or loses, at a connection that it shares holds back that namespace alone.

use std::time::Duration;

use crate::support::{Keeper, OperatedCluster, World, assert_no_canary, merge, value, world};
use pam_operator::api::{ConditionType, HeldNamespace, PamConnectionStatus, PamCredentialStatus, find};
use pam_simulator::VaultEdit;
use serde_json::{Value, json};
use tokio::time::sleep;

const LIMITED: fn() -> Value = || json!({"disableBrake": {"count": 3, "window": "10m"}});
const A_WHILE: Duration = Duration::from_mins(5);
const NAMESPACES: [(&str, usize); 3] = [("team-a", 5), ("team-b", 40), ("team-c", 9)];

fn put(keeper: Keeper, cluster: &OperatedCluster, namespace: &str, name: &str, change: &Value) {
    let username = format!("{namespace}-{name}");
    let mut spec = json!({"username": username, "deletionPolicy": keeper.policy()});
    merge(&mut spec, change);
    let meta = json!({"name": name, "namespace": namespace});
    let data = json!({"password": value(&username, 1)});
    cluster.api.put("secrets", &json!({"metadata": meta, "stringData": data}));
    keeper.put_in(cluster, namespace, name, &spec);
}

fn status(cluster: &OperatedCluster, namespace: &str, name: &str) -> PamCredentialStatus {
    let object = cluster.api.get("pamcredentials", namespace, name).unwrap_or_default();
    serde_json::from_value(object["status"].clone()).unwrap_or_default()
}

fn names(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("svc{number}"))
}

/// A cluster whose namespaces have so many objects that are synced, and of each record a baseline.
async fn synced(keeper: Keeper, world: &World) -> OperatedCluster {
    let mut cluster = keeper.cluster(world, &LIMITED());
    for (namespace, count) in NAMESPACES {
        cluster.api.put("namespaces", &json!({"metadata": {"name": namespace}}));
        names(count).for_each(|name| put(keeper, &cluster, namespace, &name, &json!({})));
    }
    cluster.start().await;
    let is_synced =
        |namespace, count| names(count).all(|name| keeper.ready_in(&cluster, namespace, &name).0 == "Synced");
    let all_synced = || NAMESPACES.into_iter().all(|(namespace, count)| is_synced(namespace, count));
    world.until("all to be synced", Duration::from_mins(10), all_synced).await;
    sleep(Duration::from_mins(140)).await;
    cluster
}

fn connection(cluster: &OperatedCluster) -> PamConnectionStatus {
    let object = cluster.api.get("clusterpamconnections", "", "default").unwrap();
    serde_json::from_value(object["status"].clone()).unwrap()
}

/// Reason and message of a condition of the connection; empty where there is none.
fn says(cluster: &OperatedCluster, kind: ConditionType) -> (String, String) {
    let status = connection(cluster);
    let said = find(&status.conditions, kind);
    said.map(|said| (said.reason.clone(), said.message.clone())).unwrap_or_default()
}

fn annotate(cluster: &OperatedCluster, name: &str, value: &str) {
    cluster.api.edit("clusterpamconnections", "", "default", |object| {
        object["metadata"]["annotations"][name] = json!(value);
    });
}

fn delete(keeper: Keeper, cluster: &OperatedCluster, namespace: &str, count: usize) {
    for name in names(count) {
        cluster.api.delete(keeper.plural(), namespace, &name);
    }
}

/// How many of the first objects of a namespace are left.
fn left(keeper: Keeper, cluster: &OperatedCluster, namespace: &str, count: usize) -> usize {
    names(count).filter(|name| cluster.api.get(keeper.plural(), namespace, name).is_some()).count()
}

fn held(cluster: &OperatedCluster) -> Vec<(String, i64)> {
    let held = connection(cluster).held_namespaces.into_iter();
    held.map(|HeldNamespace { namespace, count }| (namespace, count)).collect()
}

#[test]
fn a_namespace_that_deletes_much_waits_by_itself_and_is_confirmed_by_itself() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), async |world| {
            let mut cluster = synced(keeper, &world).await;
            delete(keeper, &cluster, "team-b", 30);
            sleep(A_WHILE).await;
            assert_eq!((left(keeper, &cluster, "team-b", 30), held(&cluster)), (27, vec![("team-b".into(), 27)]));
            let (reason, message) = says(&cluster, ConditionType::DisablesHeld);
            assert!(reason == "TooManyDisables" && message.contains("namespace team-b"), "{message}");
            assert_eq!(says(&cluster, ConditionType::Ready).0, "Authenticated");
            let (reason, message) = keeper.ready_in(&cluster, "team-b", "svc29");
            assert!(reason == "DeletionBlocked" && message.contains("27 records of this namespace"), "{message}");
            // A neighbour's go at once, as many as of each namespace, also after a restart.
            delete(keeper, &cluster, "team-c", 2);
            world
                .until("the neighbour's to go", Duration::from_secs(5), || left(keeper, &cluster, "team-c", 2) == 0)
                .await;
            cluster.restart(Duration::from_secs(1)).await;
            sleep(Duration::from_secs(100)).await;
            delete(keeper, &cluster, "team-c", 5);
            sleep(Duration::from_mins(2)).await;
            let both = vec![("team-b".into(), 27), ("team-c".into(), 2)];
            assert_eq!((left(keeper, &cluster, "team-c", 5), held(&cluster)), (2, both), "three within ten minutes");
            assert_eq!(connection(&cluster).held_disables, Some(29));

            annotate(&cluster, "pam-operator.io/confirm-disable", "team-c=2");
            world.until("those two to go", A_WHILE, || left(keeper, &cluster, "team-c", 5) == 0).await;
            assert_eq!(left(keeper, &cluster, "team-b", 30), 27);
            sleep(A_WHILE).await;
            annotate(&cluster, "pam-operator.io/confirm-disable", "27");
            world.until("all to go", A_WHILE, || left(keeper, &cluster, "team-b", 30) == 0).await;
            sleep(A_WHILE).await;
            assert_eq!((says(&cluster, ConditionType::DisablesHeld).0, held(&cluster)), (String::new(), vec![]));
            assert_no_canary(&(cluster.said() + &world.logs()));
        });
    }
}

/// Its records are renamed in the vault, or an authorization that is narrowed hides them.
#[test]
fn a_namespace_whose_records_go_or_move_waits_by_itself_and_is_confirmed_by_itself() {
    for is_hidden in [true, false] {
        let keeper = Keeper::Credential;
        world(keeper.pam(), async |world| {
            let cluster = synced(keeper, &world).await;
            for (number, name) in names(5).enumerate() {
                let hidden = VaultEdit::HideFrom(world.sim.client_id());
                let moved = VaultEdit::Username(format!("renamed-{number}"));
                let id = status(&cluster, "team-a", &name).id.unwrap();
                world.sim.edit(&id, if is_hidden { hidden } else { moved });
            }
            // One of a neighbour's is renamed, too: that is told and no more.
            let id = status(&cluster, "team-b", "svc7").id.unwrap();
            world.sim.edit(&id, VaultEdit::Username("another".to_owned()));
            sleep(Duration::from_hours(2)).await;
            let (reason, message) = says(&cluster, ConditionType::InventoryIncomplete);
            assert!(reason == "NamespaceRecordsMissing" && message.contains("namespace team-a"), "{reason} {message}");
            assert_eq!(says(&cluster, ConditionType::Ready).0, "Authenticated");
            let is_told = |namespace: &str, name: &str| {
                find(&status(&cluster, namespace, name).conditions, ConditionType::Drifted).is_some()
            };
            assert!(is_told("team-b", "svc7") && !is_told("team-a", "svc0"));

            for (namespace, _) in NAMESPACES {
                put(keeper, &cluster, namespace, "new", &json!({}));
            }
            delete(keeper, &cluster, "team-c", 1);
            sleep(A_WHILE).await;
            assert_eq!(keeper.ready_in(&cluster, "team-b", "new").0, "Synced");
            assert_eq!(
                (keeper.ready_in(&cluster, "team-c", "new").0.as_str(), left(keeper, &cluster, "team-c", 1)),
                ("Synced", 0)
            );
            let (reason, message) = keeper.ready_in(&cluster, "team-a", "new");
            assert!(reason == "InventoryIncomplete" && message.contains("for this namespace"), "{reason}: {message}");

            annotate(&cluster, "pam-operator.io/confirm-inventory", "team-a=5");
            world.until("its own", A_WHILE, || keeper.ready_in(&cluster, "team-a", "new").0 == "Synced").await;
            world.until("to be told", A_WHILE, || is_told("team-a", "svc0")).await;
            assert_eq!(says(&cluster, ConditionType::InventoryIncomplete).0, "");
            assert_no_canary(&(cluster.said() + &world.logs()));
        });
    }
}

#[test]
fn a_list_that_lacks_records_of_several_namespaces_holds_all_of_them() {
    let keeper = Keeper::Credential;
    world(keeper.pam(), async |world| {
        let cluster = synced(keeper, &world).await;
        for (namespace, name) in names(8).map(|name| ("team-b", name)).chain(names(9).map(|name| ("team-c", name))) {
            let id = status(&cluster, namespace, &name).id.unwrap();
            world.sim.edit(&id, VaultEdit::HideFrom(world.sim.client_id()));
        }
        sleep(Duration::from_hours(2)).await;
        let (reason, message) = says(&cluster, ConditionType::InventoryIncomplete);
        assert!(reason == "RecordsMissing" && message.contains("17 of the 54"), "{reason} {message}");
        put(keeper, &cluster, "team-a", "new", &json!({}));
        delete(keeper, &cluster, "team-a", 1);
        sleep(A_WHILE).await;
        assert_eq!(keeper.ready_in(&cluster, "team-a", "new").0, "InventoryIncomplete");
        assert_eq!(
            (keeper.ready_in(&cluster, "team-a", "svc0").0.as_str(), left(keeper, &cluster, "team-a", 1)),
            ("Deleting", 1)
        );
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

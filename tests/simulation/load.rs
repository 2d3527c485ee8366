//! P1, P3, P10: many objects at once, on one connection, stay within its limits, and each of them is served.

use std::time::Duration;

use crate::support::{NAMESPACE, Site, World, assert_no_canary, value, world};
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

/// A site whose credentials are all synced.
async fn synced(world: &World, count: usize, connection: &Value, spec: &Value) -> Site {
    let mut site = world.site_with("c1", connection);
    for name in names(count) {
        site.put_value(&name, &value(&name, 1));
        site.put_credential(&name, spec);
    }
    site.start().await;
    let all_synced = || names(count).iter().all(|name| site.reason(name) == "Synced");
    world.until("all to be synced", Duration::from_mins(10), all_synced).await;
    site
}

fn connection(site: &Site) -> PamConnectionStatus {
    let object = site.cluster.get("clusterpamconnections", "", "default").unwrap();
    serde_json::from_value(object["status"].clone()).unwrap()
}

fn says(site: &Site, kind: ConditionType) -> Option<String> {
    find(&connection(site).conditions, kind).map(|condition| condition.message.clone())
}

fn annotate(site: &Site, name: &str, value: Option<&str>) {
    site.cluster.edit("clusterpamconnections", "", "default", |object| {
        object["metadata"]["annotations"][name] = json!(value);
        if value.is_none() {
            object["metadata"]["annotations"].as_object_mut().unwrap().remove(name);
        }
    });
}

fn quiet(site: &Site, world: &World) {
    assert_no_canary(&(site.said() + &world.logs()));
}

#[test]
fn a_pam_that_does_not_move_records_is_no_vault_that_cannot_be_trusted() {
    world(config(), async |world| {
        let site = synced(&world, 40, &json!({}), &json!({})).await;
        sleep(Duration::from_hours(2)).await;
        world.sim.change_behaviour(|behaviour| behaviour.moves = Move::Stay);
        for name in names(10) {
            site.put_credential(&name, &json!({"hostname": "db02", "ip": "10.0.0.8"}));
        }
        sleep(Duration::from_mins(5)).await;
        assert_eq!(says(&site, ConditionType::InventoryIncomplete), None);
        site.put_value("new", &value("new", 1));
        site.put_credential("new", &json!({}));
        sleep(Duration::from_mins(5)).await;
        assert_eq!(site.reason("new"), "Synced");
        let drifted = find(&site.status("svc3").conditions, ConditionType::Drifted).cloned();
        assert_eq!(drifted.unwrap().reason, "Moved");
        quiet(&site, &world);
    });
}

/// Its Secret is often gone first.
#[test]
fn a_record_whose_making_was_not_answered_is_disabled_though_its_username_is_not_known_any_more() {
    world(config(), async |world| {
        let mut site = synced(&world, 1, &json!({}), &json!({})).await;
        let identifier = site.identifier("new");
        let unanswered = Fault::on(Kind::PostCredential, Effect::gateway(504)).only(&identifier).after_commit();
        world.sim.inject(unanswered.always());
        let meta = json!({"name": "new", "namespace": NAMESPACE});
        let data = json!({"password": value("new", 1), "username": "from-secret"});
        site.cluster.put("secrets", &json!({"metadata": meta, "stringData": data}));
        let from_secret = json!({"name": "new", "key": "username"});
        site.put_credential(
            "new",
            &json!({"username": null, "usernameSecretRef": from_secret, "deletionPolicy": "Disable"}),
        );
        sleep(Duration::from_secs(12)).await;
        let id = world.sim.find(&identifier).expect("it was made").id;
        site.kill().await;
        site.cluster.delete("secrets", NAMESPACE, "new");
        site.cluster.delete("pamcredentials", NAMESPACE, "new");
        site.start().await;
        sleep(Duration::from_mins(20)).await;
        assert!(site.credential("new").is_none(), "{}", site.reason("new"));
        assert!(!world.sim.record(&id).unwrap().active, "it stays enabled, and nobody knows of it");
        quiet(&site, &world);
    });
}

#[test]
fn what_a_killed_process_may_have_created_is_disabled_when_its_object_is_deleted() {
    for executed in [true, false] {
        world(config(), async |world| {
            let mut site = synced(&world, 1, &json!({}), &json!({})).await;
            let identifier = site.identifier("new");
            let fault = Fault::on(Kind::PostCredential, Effect::Silence).only(&identifier);
            world.sim.inject(if executed { fault.after_commit() } else { fault });
            site.put_value("new", &value("new", 1));
            site.put_credential("new", &json!({"deletionPolicy": "Disable"}));
            sleep(Duration::from_secs(12)).await;
            site.kill().await;
            site.cluster.delete("pamcredentials", NAMESPACE, "new");
            assert!(site.credential("new").is_some(), "its finalizer is on");
            site.start().await;
            sleep(Duration::from_secs(40)).await;
            world.sim.held().into_iter().for_each(|seq| assert!(world.sim.commit_held(seq)));
            sleep(Duration::from_mins(20)).await;
            assert!(site.credential("new").is_none(), "{}", site.reason("new"));
            let records = world.sim.records();
            let left: Vec<_> =
                records.iter().filter(|r| r.identifier.as_ref() == Some(&identifier) && r.active).collect();
            assert!(left.is_empty(), "{left:?}");
            quiet(&site, &world);
        });
    }
}

#[test]
fn a_confirmed_count_of_another_time_confirms_nothing() {
    world(config(), async |world| {
        let mut site = synced(&world, 10, &json!({"inventory": {"interval": "10m"}}), &json!({})).await;
        sleep(Duration::from_hours(1)).await;
        let all: Vec<String> = names(10).iter().map(|name| site.status(name).id.unwrap()).collect();
        let client = world.sim.client_id();
        let hide = |hidden: bool| {
            for id in &all {
                let client = client.clone();
                world.sim.edit(id, if hidden { VaultEdit::HideFrom(client) } else { VaultEdit::ShowTo(client) });
            }
        };
        hide(true);
        sleep(Duration::from_mins(15)).await;
        assert!(says(&site, ConditionType::InventoryIncomplete).is_some());
        annotate(&site, "pam-operator.io/confirm-inventory", Some("10"));
        sleep(Duration::from_mins(15)).await;
        assert_eq!(says(&site, ConditionType::InventoryIncomplete), None);
        hide(false);
        sleep(Duration::from_hours(1)).await;
        assert!(find(&site.status("svc3").conditions, ConditionType::Drifted).is_none());
        hide(true);
        sleep(Duration::from_mins(15)).await;
        assert!(says(&site, ConditionType::InventoryIncomplete).unwrap().contains("remove it, and set it again"));
        site.restart(Duration::from_secs(1)).await;
        sleep(Duration::from_mins(15)).await;
        assert!(says(&site, ConditionType::InventoryIncomplete).unwrap().contains("remove it, and set it again"));
        annotate(&site, "pam-operator.io/confirm-inventory", None);
        sleep(Duration::from_secs(1)).await;
        annotate(&site, "pam-operator.io/confirm-inventory", Some("10"));
        sleep(Duration::from_mins(15)).await;
        assert_eq!(says(&site, ConditionType::InventoryIncomplete), None);
        quiet(&site, &world);
    });
}

#[test]
fn who_is_stuck_for_another_reason_does_not_keep_the_brake_on() {
    world(config(), async |world| {
        let spec = json!({"disableBrake": {"count": 3, "window": "10m"}});
        let site = synced(&world, 12, &spec, &json!({"deletionPolicy": "Disable"})).await;
        sleep(Duration::from_mins(140)).await;
        // Somebody else's by now.
        for name in ["svc10", "svc11"] {
            let id = site.status(name).id.unwrap();
            world.sim.edit(&id, VaultEdit::Identifier(Some(format!("theirs-{name}"))));
            site.cluster.delete("pamcredentials", NAMESPACE, name);
        }
        sleep(Duration::from_hours(1)).await;
        assert_eq!((site.reason("svc10"), site.reason("svc11")), ("DeletionBlocked".into(), "DeletionBlocked".into()));
        for name in &names(5) {
            site.cluster.delete("pamcredentials", NAMESPACE, name);
        }
        sleep(Duration::from_mins(2)).await;
        let count = connection(&site).held_disables.unwrap();
        assert_eq!(count, 2, "{:?}", says(&site, ConditionType::DisablesHeld));
        annotate(&site, "pam-operator.io/confirm-disable", Some(&count.to_string()));
        sleep(Duration::from_hours(1)).await;
        assert_eq!(names(5).iter().filter(|name| site.credential(name).is_some()).count(), 0);
        assert_eq!(says(&site, ConditionType::DisablesHeld), None);
        quiet(&site, &world);
    });
}

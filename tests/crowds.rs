//! What many objects at once do to the connection that they share.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod worlds;

use std::time::Duration;

use pam_operator::api::{ConditionType, PamConnectionStatus, find};
use pam_simulator::{Config, Effect, Fault, Kind, Move, VaultEdit};
use serde_json::{Value, json};
use tokio::time::sleep;
use worlds::{NAMESPACE, Site, World, assert_no_canary, value, world};

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

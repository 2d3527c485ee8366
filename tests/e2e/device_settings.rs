//! P4: a shared device and a credential's owner are written only where the connection grants it, by one object per
//! device.

use crate::support::steps::A_MOMENT;
use crate::support::{CANARY, Plan, World, assert_no_canary, ready};
use pam_simulator::ProductVersion;
use serde_json::{Value, json};

/// Makes or changes a credential on db01.
async fn put(world: &World, name: &str, change: Value) {
    world.put_secret(name, json!({"password": format!("{CANARY}-{name}")})).await;
    world.put_credential(name, change).await;
}

fn site(site: &str) -> Value {
    json!({"device": {"site": site, "domains": ["example.com"]}})
}

fn site_of(world: &World, hostname: &str) -> Value {
    let devices = world.sim.devices();
    devices.iter().find(|device| device.hostname == hostname).unwrap().fields.get("site").cloned().unwrap_or_default()
}

/// The connection grants this to everybody.
async fn grants(world: &World, allow: Value) {
    let limits = json!({"maxConcurrentRequests": 8, "requestsPerSecond": 0});
    world.put_connection(json!({"limits": limits, "access": [{"identifiers": ["*"], "allow": allow}]})).await;
    world.connection_becomes("Authenticated").await;
}

#[tokio::test]
async fn a_device_and_an_owner_are_written_only_where_the_connection_grants_it() {
    let world = World::start().await;
    grants(&world, json!(["TakeOver"])).await;
    put(&world, "device", site("Cellar")).await;
    put(&world, "owner", json!({"additionalSettings": {"userCredentialOwner": "admin"}})).await;
    put(&world, "plain", json!({})).await;
    world.becomes("plain", "Synced").await;
    for (name, grant) in [("device", "DeviceSettings"), ("owner", "Owner")] {
        let message = ready(&world.becomes(name, "AccessDenied").await).2;
        assert!(message.contains(grant) && message.contains("spec.access[0]"), "{name}: {message}");
    }
    assert_eq!(world.sim.records().len(), 1, "nothing was written for the others");
    grants(&world, json!(["DeviceSettings"])).await;
    world.becomes("device", "Synced").await;
    assert_eq!(site_of(&world, "db01"), "Cellar");
    assert_eq!(ready(&world.get("owner").await).1, "AccessDenied");
    grants(&world, json!(["Owner"])).await;
    world.becomes("owner", "Synced").await;
    world.becomes("device", "AccessDenied").await;

    // What is denied is not written, whatever else changes.
    let count = world.count().await;
    put(&world, "device", site("Attic")).await;
    world.becomes("device", "AccessDenied").await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(world.journal(&count).len(), 0, "{:?}", world.journal(&count));
    assert_eq!(site_of(&world, "db01"), "Cellar");
    let owned = |record: &pam_simulator::RecordView| record.fields.get("additional_settings").cloned();
    let owners: Vec<Value> = world.sim.records().iter().filter_map(owned).collect();
    assert_eq!(owners, [json!({"user_credential_owner": "admin"})]);
    assert_no_canary(&world.everything_said().await);
}

async fn the_first_to_write_a_device_has_it(version: ProductVersion) {
    let mut world = Plan::default().version(version).start().await;
    put(&world, "first", site("Cellar")).await;
    world.becomes("first", "Synced").await;
    let count = world.count().await;
    put(&world, "second", site("Attic")).await;
    let message = ready(&world.becomes("second", "DeviceConflict").await).2;
    assert!(message.contains("`device`") && !message.contains("first"), "{message}");
    put(&world, "third", json!({})).await;
    world.becomes("third", "Synced").await;
    assert_eq!(
        world.journal(&count).posts().len(),
        1,
        "of the one that sets nothing onto it: {:?}",
        world.journal(&count)
    );
    assert_eq!((site_of(&world, "db01"), world.sim.records().len()), (json!("Cellar"), 2));

    // A restart keeps the order, whichever is looked at first.
    assert_no_canary(&world.stop_operator().await);
    let count = world.count().await;
    world.start_operator().await;
    tokio::time::sleep(A_MOMENT).await;
    world.becomes("first", "Synced").await;
    world.becomes("second", "DeviceConflict").await;
    assert_eq!(world.journal(&count).posts().len(), 0, "{:?}", world.journal(&count));

    // Both agree, and share it.
    put(&world, "second", site("Cellar")).await;
    world.becomes("second", "Synced").await;
    // Now neither may change it alone, although both were there before,
    put(&world, "first", site("Barn")).await;
    world.becomes("first", "DeviceConflict").await;
    assert_eq!(site_of(&world, "db01"), "Cellar");
    // until the other goes along,
    put(&world, "second", site("Barn")).await;
    world.becomes("first", "Synced").await;
    world.becomes("second", "Synced").await;
    assert_eq!(site_of(&world, "db01"), "Barn");
    // or writes nothing onto it any more,
    put(&world, "first", site("Attic")).await;
    world.becomes("first", "DeviceConflict").await;
    put(&world, "second", json!({})).await;
    world.becomes("first", "Synced").await;
    assert_eq!(site_of(&world, "db01"), "Attic");
    // or goes.
    put(&world, "second", site("Roof")).await;
    world.becomes("second", "DeviceConflict").await;
    world.delete("first").await;
    world.becomes("second", "Synced").await;
    assert_eq!(site_of(&world, "db01"), "Roof");
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn the_first_to_write_a_device_has_it_until_others_agree_on_3_32() {
    the_first_to_write_a_device_has_it(ProductVersion::V3_32).await;
}

#[tokio::test]
async fn the_first_to_write_a_device_has_it_until_others_agree_on_4_2() {
    the_first_to_write_a_device_has_it(ProductVersion::V4_2).await;
}

#[tokio::test]
async fn who_moves_to_another_device_writes_its_block_there_and_leaves_the_other_to_others() {
    let world = World::start().await;
    put(&world, "svc", site("Cellar")).await;
    world.becomes("svc", "Synced").await;
    put(&world, "next", site("Attic")).await;
    world.becomes("next", "DeviceConflict").await;
    let mut moved = site("Cellar");
    crate::support::merge(&mut moved, json!({"hostname": "web01", "ip": "10.0.0.8"}));
    put(&world, "svc", moved).await;
    world.becomes("svc", "Synced").await;
    assert_eq!(site_of(&world, "web01"), "Cellar");
    world.becomes("next", "Synced").await;
    assert_eq!(site_of(&world, "db01"), "Attic");
    assert_no_canary(&world.everything_said().await);
}

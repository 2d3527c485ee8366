//! `kubectl pam sync` asks for all pushes and waits for all; values of rotated records go only with a typed count.

use std::time::Duration;

use pam_simulator::{Effect, Fault, Kind, Seed};
use serde_json::json;

use super::{Plugin, interrupt};
use crate::support::{CANARY, Plan, World};

#[tokio::test]
async fn a_push_is_asked_for_and_waited_for_and_an_object_that_cannot_be_pushed_is_named() {
    let world = World::start().await;
    // Before the first list: a list that is seconds old permits a first push.
    world.sim.seed(Seed::new("three", "db01", "10.0.0.7").identifier("theirs").value("canary-7f3a-of-old"));
    for name in ["one", "two"] {
        world.synced(name).await;
    }
    let plugin = Plugin::new(&world);
    let count = world.count().await;
    let ran = plugin.run(&["sync", "one", "pamcred/two"]).await.ended(0);
    assert_eq!(ran.out.lines().count(), 3, "{}", ran.out);
    let ran = ran.says(&["NAME          RESULT         STATUS", "pamcred/one   Done           Synced"]);
    assert!(ran.out.contains("pamcred/two   Done"), "{}", ran.out);
    assert_eq!(world.journal(&count).count(Kind::PostCredential), 2);

    let count = world.count().await;
    plugin.run(&["sync", "--all"]).await.ended(5).says(&["Push 2 objects:", "pamcred/one in namespace", "give --yes"]);
    plugin.run(&["sync", "--all", "--dry-run"]).await.ended(0).says(&["WouldBeAsked"]);
    plugin.run(&["sync", "--all", "--dry-run=server"]).await.ended(0).says(&["WouldBeAsked"]);
    plugin.run(&["sync", "absent"]).await.ended(1);
    assert_eq!(world.journal(&count).count(Kind::PostCredential), 0);
    let asked = world.get("one").await.metadata.annotations.unwrap_or_default();
    plugin.run(&["sync", "one", "--dry-run=server"]).await.ended(0);
    assert_eq!(world.get("one").await.metadata.annotations.unwrap_or_default(), asked, "nothing is changed");
    plugin.run(&["sync", "one", "--dry-run=server", "--as", "nobody"]).await.ended(3);
    let json = plugin.run(&["sync", "--all", "--yes", "-o", "json"]).await.ended(0).json();
    assert_eq!((&json["kind"], json["items"].as_array().unwrap().len()), (&json!("SyncList"), 2));
    assert_eq!(json["items"][0]["result"], "Done");

    world.put_credential("two", json!({"suspend": true})).await;
    world.put_secret("three", json!({"password": CANARY})).await;
    world.put_credential("three", json!({})).await;
    world.becomes("three", "RecordConflict").await;
    plugin.run(&["sync", "one", "two", "three"]).await.ended(1).says(&[
        "pamcred/one     Done",
        "pamcred/two     Suspended",
        "pamcred/three   Stalled        RecordConflict",
        "    → choose one of the ways that the message names",
    ]);
    plugin.run(&["sync", "one", "--as", "nobody"]).await.ended(3);
}

#[tokio::test]
async fn the_value_of_a_rotated_record_goes_only_with_the_count() {
    let world = World::start().await;
    let seed = Seed::new("rotated", "db01", "10.0.0.7").value("canary-7f3a-of-vault").automatic_change();
    let id = world.sim.seed(seed);
    world.put_secret("rotated", json!({"password": format!("{CANARY}-new")})).await;
    world.put_credential("rotated", json!({})).await;
    world.becomes("rotated", "Adopted").await;
    let plugin = Plugin::new(&world);
    for yes in [
        &["sync", "rotated", "--push-value"][..],
        &["sync", "rotated", "--push-value", "--yes"],
        &["sync", "rotated", "--push-value", "--yes=2"],
    ] {
        plugin.run(yes).await.ended(5);
    }
    plugin.run(&["sync", "rotated"]).await.ended(0);
    assert_eq!(world.sim.value_of(&id).as_deref(), Some("canary-7f3a-of-vault"));
    plugin.run(&["sync", "rotated", "--push-value", "--yes=1"]).await.ended(0);
    assert_eq!(world.sim.value_of(&id), Some(format!("{CANARY}-new")));
}

#[tokio::test]
async fn what_does_not_come_in_time_is_named_and_an_interruption_says_how_far_it_got() {
    let world = World::start().await;
    world.synced("slow").await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::rate_limited(Some("600"))));
    let plugin = Plugin::new(&world);
    let ran = plugin.run(&["sync", "slow", "--timeout", "3s"]).await.ended(6);
    ran.says(&["pamcred/slow   TimedOut", "→ "]);
    plugin.run(&["sync", "slow", "--no-wait"]).await.ended(0).says(&["Asked"]);

    let off = Plan::default().operator_off().start().await;
    off.put_credential("waits", json!({})).await;
    let child = Plugin::new(&off).start(&["sync", "waits", "--timeout", "0"]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let ran = interrupt(child).await.ended(130);
    ran.says(&["interrupted: 0 of 1 are done", "pamcred/waits   Interrupted"]);
}

//! P7: more deletions than the connection's brake allows wait until somebody confirms their number.

use std::time::{Duration, Instant};

use crate::support::steps::A_MOMENT;
use crate::support::{CANARY, Count, PATIENCE, SETTLED, World, assert_no_canary, ready};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use local_cluster::wait_until;
use pam_operator::api::{ConditionType, HeldNamespace, PamConnectionStatus, find};
use pam_simulator::{Effect, Fault, Kind};
use serde_json::{Value, json};

const CONFIRM: &str = "pam-operator.io/confirm-disable";

/// A world whose connection lets `allowed` records be disabled, with `count` credentials that take theirs with them.
async fn world(count: usize, allowed: usize) -> World {
    let world = World::start().await;
    world.put_connection(json!({"disableBrake": {"count": allowed, "window": "10m"}})).await;
    add(&world, 0..count).await;
    world.all_become(count, &["Synced"]).await;
    world
}

async fn add(world: &World, numbers: std::ops::Range<usize>) {
    let objects = numbers.flat_map(|number| {
        let name = name(number);
        let secret = world.secret_json(&name, &format!("{CANARY}-{name}"));
        [secret, world.credential_json(&name, json!({"deletionPolicy": "Disable"}))]
    });
    world.apply(objects).await;
}

fn name(number: usize) -> String {
    format!("svc-{number:02}")
}

async fn delete_all(world: &World) {
    world.credentials().delete_collection(&DeleteParams::default(), &ListParams::default()).await.unwrap();
}

async fn status(world: &World) -> PamConnectionStatus {
    world.connections().get(&world.connection).await.unwrap().status.unwrap()
}

/// Reason and message of a condition of the connection.
async fn says(world: &World, kind: ConditionType) -> Option<(String, String)> {
    find(&status(world).await.conditions, kind).map(|found| (found.reason.clone(), found.message.clone()))
}

async fn holds(world: &World, count: i64) {
    // On a busy machine the last ones come to be held after the number was written: then it is written again in a minute.
    wait_until(&format!("{count} to be held"), PATIENCE * 3, async || {
        let status = status(world).await;
        let held = find(&status.conditions, ConditionType::DisablesHeld);
        let is_so = held.is_some_and(|held| held.reason == "TooManyDisables" && held.status == "True");
        anyhow::ensure!(is_so && status.held_disables == Some(count), "{:?}, {held:?}", status.held_disables);
        Ok(())
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()));
}

async fn holds_nothing(world: &World) {
    wait_until("the brake to be off", PATIENCE, async || {
        let status = status(world).await;
        anyhow::ensure!(find(&status.conditions, ConditionType::DisablesHeld).is_none(), "{status:?}");
        anyhow::ensure!(status.held_disables.is_none(), "{status:?}");
        Ok(())
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()));
}

async fn confirm(world: &World, value: Value) {
    let patch = json!({"metadata": {"annotations": {CONFIRM: value}}});
    world.connections().patch_metadata(&world.connection, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}

async fn remain(world: &World, count: usize) {
    // A deletion that a restart interrupted waits until nothing of the earlier process can be executed any more.
    wait_until(&format!("{count} to remain"), SETTLED, async || {
        let all = world.credentials().list(&ListParams::default()).await?.items;
        anyhow::ensure!(all.len() == count, "{} remain: {:?}", all.len(), all.iter().map(ready).collect::<Vec<_>>());
        Ok(())
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()));
}

/// As many objects as that are blocked, and none other is there.
async fn are_blocked(world: &World, count: usize) {
    for blocked in world.all_become(count, &["DeletionBlocked"]).await {
        let message = ready(&blocked).2;
        let parts = ["disable brake", "confirm-disable", "DisablesHeld", "deletionPolicy to Retain"];
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
}

fn deletes(world: &World) -> usize {
    world.sim.count(Kind::DeleteCredential)
}

async fn status_writes(world: &World, count: &Count) -> usize {
    world.requests(count).await.resource("clusterpamconnections/status").writes().named(&world.connection).len()
}

#[tokio::test]
async fn a_namespace_that_is_emptied_waits_for_the_number_to_be_confirmed() {
    let mut world = world(30, 5).await;
    let (count, began) = (world.count().await, Instant::now());
    delete_all(&world).await;
    holds(&world, 25).await;
    are_blocked(&world, 25).await;
    assert_eq!(deletes(&world), 5);
    let (_, message) = says(&world, ConditionType::DisablesHeld).await.unwrap();
    let parts = ["25 records wait", "allows 5 within 10m", "confirm-disable: \"25\"", "Retain", &world.namespace];
    assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    let named = status(&world).await.held_namespaces;
    assert_eq!(named, [HeldNamespace { namespace: world.namespace.clone(), count: 25 }]);

    world.stop_operator().await;
    let restarted = world.count().await;
    world.start_operator().await;
    tokio::time::sleep(A_MOMENT * 2).await;
    assert_eq!(deletes(&world), 5);
    holds(&world, 25).await;
    assert_eq!(status_writes(&world, &restarted).await, 0, "nothing is news");

    confirm(&world, json!("24")).await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(deletes(&world), 5);
    confirm(&world, json!("25")).await;
    remain(&world, 0).await;
    holds_nothing(&world).await;
    assert_eq!(deletes(&world), 30);
    assert!(world.sim.records().iter().all(|record| !record.active));
    // One for each that may go on by itself; the brake comes, is misread, confirmed, and goes; numbers once a minute.
    let writes = status_writes(&world, &count).await;
    let minutes = usize::try_from(began.elapsed().as_secs() / 60).unwrap();
    assert!(writes <= 5 + 4 + minutes, "{writes}");
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn the_window_outlasts_a_restart_and_a_used_number_confirms_nothing_more() {
    let mut world = world(4, 4).await;
    delete_all(&world).await;
    remain(&world, 0).await;
    assert_eq!(deletes(&world), 4);
    world.stop_operator().await;
    world.start_operator().await;
    add(&world, 4..6).await;
    world.all_become(2, &["Synced"]).await;
    delete_all(&world).await;
    holds(&world, 2).await;
    assert_eq!(deletes(&world), 4, "the four of before count");
    confirm(&world, json!("2")).await;
    remain(&world, 0).await;
    holds_nothing(&world).await;
    assert_eq!(deletes(&world), 6);

    // A person looked at it: four more may go on, and the annotation is that of then.
    add(&world, 6..12).await;
    world.all_become(6, &["Synced"]).await;
    delete_all(&world).await;
    holds(&world, 2).await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(deletes(&world), 10);
    let (_, message) = says(&world, ConditionType::DisablesHeld).await.unwrap();
    assert!(message.contains("remove it, and set it again"), "{message}");
    confirm(&world, Value::Null).await;
    confirm(&world, json!("2")).await;
    remain(&world, 0).await;
    assert_eq!(deletes(&world), 12);

    // The number of this namespace alone, by a name that is not that of another.
    add(&world, 12..18).await;
    world.all_become(6, &["Synced"]).await;
    delete_all(&world).await;
    holds(&world, 2).await;
    confirm(&world, json!("another=2")).await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(deletes(&world), 16);
    confirm(&world, json!(format!("{}=2", world.namespace))).await;
    remain(&world, 0).await;
    assert_eq!(deletes(&world), 18);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn an_object_that_retains_its_record_goes_and_the_brake_with_the_last_one() {
    let world = world(3, 1).await;
    for number in 0..3 {
        world.delete(&name(number)).await;
        if number == 0 {
            world.is_gone(&name(0)).await;
        }
    }
    holds(&world, 2).await;
    are_blocked(&world, 2).await;
    for number in 1..3 {
        world.put_credential(&name(number), json!({"deletionPolicy": "Retain"})).await;
        world.is_gone(&name(number)).await;
    }
    holds_nothing(&world).await;
    assert_eq!(deletes(&world), 1);
    assert_eq!(world.sim.records().iter().filter(|record| record.active).count(), 2);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn an_answer_that_was_lost_counts_once_and_its_object_goes_on() {
    let world = world(3, 1).await;
    world.sim.inject(Fault::on(Kind::DeleteCredential, Effect::Reset).after_commit());
    world.delete(&name(0)).await;
    // What was not answered may be executed for 90 s.
    world.is_gone_within(&name(0), SETTLED).await;
    let tries = deletes(&world);
    world.delete(&name(1)).await;
    holds(&world, 1).await;
    // Suspended, it waits for something else.
    world.put_credential(&name(1), json!({"deletionPolicy": "Disable", "suspend": true})).await;
    holds_nothing(&world).await;
    assert_eq!(deletes(&world), tries);
    assert!(tries >= 2, "the first was sent again: {tries}");
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_crash_in_the_midst_disables_no_more_than_the_window_lets_go() {
    let mut world = world(12, 5).await;
    let disabled = |world: &World| world.sim.records().iter().filter(|record| !record.active).count();
    // Answered late: the process is killed while some are on their way.
    world.sim.inject(Fault::on(Kind::DeleteCredential, Effect::Delay(Duration::from_millis(300))).always());
    delete_all(&world).await;
    for sent in [1, 3] {
        // After a restart, what the earlier process may have sent has to be over first.
        wait_until("some to be sent", SETTLED, async || {
            anyhow::ensure!(deletes(&world) >= sent, "{}", deletes(&world));
            Ok(())
        })
        .await
        .unwrap();
        world.operator.take().unwrap().kill().await.unwrap();
        world.start_operator().await;
    }
    // A DELETE of a killed process may still be executed: its object stays until that is over.
    let left = wait_until("the brake to hold all that are left", SETTLED, async || {
        let (status, left) =
            (status(&world).await, world.credentials().list(&ListParams::default()).await?.items.len());
        anyhow::ensure!(left >= 7 && status.held_disables == i64::try_from(left).ok(), "{:?}", status.held_disables);
        Ok(left)
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()));
    assert!(disabled(&world) <= 5, "{}", disabled(&world));
    confirm(&world, json!(left.to_string())).await;
    remain(&world, 0).await;
    assert_eq!(disabled(&world), 12);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn credentials_are_counted_once_a_minute_and_what_is_not_guarded_is_said() {
    let world = world(3, 5).await;
    let count = world.count().await;
    wait_until("the column to show three", Duration::from_secs(75), async || {
        let shown = world.cluster.kubectl(&["get", "clusterpamconnection", &world.connection]).await?;
        let mut rows = shown.lines().map(str::split_whitespace);
        let column = rows.next().and_then(|mut head| head.position(|name| name == "CREDENTIALS"));
        let cell = rows.next().zip(column).and_then(|(mut row, column)| row.nth(column));
        anyhow::ensure!(cell == Some("3"), "{shown}");
        Ok(())
    })
    .await
    .unwrap();
    world.delete(&name(0)).await;
    world.is_gone(&name(0)).await;
    add(&world, 3..6).await;
    world.all_become(5, &["Synced"]).await;
    // One for the number, one for the record that is disabled.
    assert!(status_writes(&world, &count).await <= 2);

    world.put_connection(json!({"inventory": {"enabled": false}})).await;
    wait_until("the connection to say what is not guarded", PATIENCE, async || {
        let (_, message) = says(&world, ConditionType::Ready).await.unwrap();
        anyhow::ensure!(message.contains("inventory.enabled is false"), "{message}");
        Ok(())
    })
    .await
    .unwrap();
    world.put_connection(json!({"inventory": {"enabled": true}})).await;
    wait_until("the connection to say no more", PATIENCE, async || {
        let (_, message) = says(&world, ConditionType::Ready).await.unwrap();
        anyhow::ensure!(message == "The PAM accepted the login", "{message}");
        Ok(())
    })
    .await
    .unwrap();
}

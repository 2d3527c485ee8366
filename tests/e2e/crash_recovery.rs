//! P1, P3: after a kill, a lost answer or a second operator the PAM holds the newest value, and nothing more is sent.

use std::time::Duration;

use crate::support::steps::A_MOMENT;
use crate::support::vault::{assert_untouched, living, status_of};
use crate::support::{CANARY, PATIENCE, PROGRAM, SETTLED, World, assert_no_canary, ready};
use kube::api::{Patch, PatchParams};
use local_cluster::{Installation, Operator, unique_name, wait_until};
use pam_operator::api::PamCredential;
use pam_simulator::{Effect, Fault, Kind};
use serde_json::json;

fn value(number: u32) -> String {
    format!("{CANARY}-{number}")
}

async fn put_value(world: &World, name: &str, number: u32) {
    world.put_secret(name, json!({"password": value(number)})).await;
}

/// From now on nothing is listed but what is asked for.
async fn listed_rarely(world: &World) {
    let limits = json!({"maxConcurrentRequests": 8, "requestsPerSecond": 0});
    world.put_connection(json!({"inventory": {"interval": "168h"}, "limits": limits})).await;
    world.connection_becomes("Authenticated").await;
}

/// Makes another version of a Secret, with the same value.
async fn touch(world: &World, name: &str, how: &str) {
    let label = Patch::Merge(json!({"metadata": {"labels": {"touched": how}}}));
    world.secrets().patch_metadata(name, &PatchParams::default(), &label).await.unwrap();
}

// === An unclean start

#[tokio::test]
async fn what_a_killed_operator_may_have_written_is_looked_at_once_and_mended_once() {
    let mut world = living().await;
    let names = ["rolled-back", "kept", "edited", "touched", "calm"];
    for name in names {
        put_value(&world, name, 1).await;
        world.put_credential(name, json!({})).await;
    }
    for name in names {
        world.becomes(name, "Synced").await;
    }
    world.have_baselines(&names).await;
    listed_rarely(&world).await;

    // Four POSTs are executed, and answered to nobody.
    put_value(&world, "new", 1).await;
    let mark = world.sim.mark();
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Hang(Duration::from_mins(1))).after_commit().always());
    put_value(&world, "rolled-back", 2).await;
    put_value(&world, "kept", 2).await;
    world.put_credential("edited", json!({"tags": ["edited"]})).await;
    world.put_credential("new", json!({})).await;
    let all_are_executed = async || {
        let executed = world.sim.since(mark).commits().len();
        anyhow::ensure!(executed == 4, "{executed} are");
        Ok(())
    };
    wait_until("all to be executed", PATIENCE, all_are_executed).await.unwrap();
    world.kill_operator().await;
    world.sim.clear_faults();
    put_value(&world, "rolled-back", 1).await;
    let plain = json!({"connectionRef": {"name": world.connection}});
    world.put_credential("edited", plain).await;
    touch(&world, "touched", "once").await;

    let count = world.count().await;
    world.start_operator().await;
    world.pam_holds("rolled-back", &value(1)).await;
    world.becomes("new", "Synced").await;
    world.becomes("edited", "Synced").await;
    world.pam_holds("kept", &value(2)).await;
    world.becomes("touched", "Synced").await;
    tokio::time::sleep(A_MOMENT).await;
    let journal = world.journal(&count);
    assert_eq!(journal.count(Kind::ListCredentials), 1, "{journal:?}");
    let written = ["rolled-back", "kept", "edited", "new"];
    for name in written {
        assert_eq!(world.values_sent(&count, name), [true], "{name}");
    }
    assert_eq!(journal.posts().len(), 4, "and none for the others");
    // What the killed one sent may come as much as 90 s later: then all of them are looked at, and sent, again.
    let version = world.secrets().get("touched").await.unwrap().metadata.resource_version;
    let looked_at =
        |found: &PamCredential| status_of(found).source.first().map(|s| s.resource_version.clone()) == version;
    world.until_within("touched", "looked at again", SETTLED, looked_at).await;
    // A record that nobody knew of was made by the killed one, or by nobody: there was nothing older to come late.
    let known = ["rolled-back", "kept", "edited"];
    for name in known {
        let settled = |found: &PamCredential| status_of(found).in_flight.is_none();
        world.until_within(name, "sent again", SETTLED, settled).await;
    }
    let journal = world.journal(&count);
    assert!(journal.count(Kind::ListCredentials) <= 3, "{journal:?}");
    for name in known {
        assert_eq!(world.values_sent(&count, name), [true, true], "{name}");
    }
    assert_eq!(journal.posts().len(), 7, "and none for the others");
    let statuses = world.requests(&count).await.resource("pamcredentials/status").writes();
    assert_eq!(statuses.named("touched").len(), 1, "the version that was looked at");
    assert_eq!(statuses.named("calm").len(), 0);
    assert_eq!(world.sim.records().len(), names.len() + 1);

    // An end in order says nothing to the next process: another version of a Secret is looked at by one list.
    world.stop_operator().await;
    touch(&world, "touched", "twice").await;
    let count = world.count().await;
    world.start_operator().await;
    tokio::time::sleep(A_MOMENT * 2).await;
    world.assert_looked_at_most_once(&count, 0).await;
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn an_end_in_order_soon_after_a_crash_leaves_open_what_the_crash_left_open() {
    let mut world = living().await;
    world.all_synced(&["svc"], json!({})).await;
    world.have_baselines(&["svc"]).await;
    listed_rarely(&world).await;
    world.kill_operator().await;
    touch(&world, "svc", "yes").await;
    for round in ["after the crash", "after an end in order"] {
        let count = world.count().await;
        world.start_operator().await;
        wait_until(&format!("a look {round}"), PATIENCE, async || {
            anyhow::ensure!(world.journal(&count).count(Kind::ListCredentials) > 0, "none yet");
            Ok(())
        })
        .await
        .unwrap();
        tokio::time::sleep(A_MOMENT).await;
        let journal = world.journal(&count);
        assert_eq!((journal.posts().len(), journal.count(Kind::ListCredentials)), (0, 1), "{round}: {journal:?}");
        assert_no_canary(&world.stop_operator().await);
    }
}

// === Settling

#[tokio::test]
async fn what_was_not_answered_is_sent_at_once_and_again_when_it_can_no_longer_be_executed() {
    let world = living().await;
    world.all_synced(&["lost", "late"], json!({})).await;
    world.all_synced(&["going"], json!({"deletionPolicy": "Disable"})).await;
    listed_rarely(&world).await;
    let count = world.count().await;
    // One is executed and not answered; the other is executed after the next one was.
    let only = |effect, name: &str| Fault::on(Kind::PostCredential, effect).only(&world.identifier_of(name));
    world.sim.inject(only(Effect::gateway(504), "lost").after_commit());
    world.sim.inject(only(Effect::gateway(504), "going").after_commit());
    world.sim.inject(only(Effect::LateCommit(Duration::from_secs(20)), "late"));
    for name in ["lost", "late", "going"] {
        put_value(&world, name, 2).await;
    }
    world.pam_holds("lost", &value(2)).await;
    wait_until("the first try", PATIENCE, async || {
        anyhow::ensure!(!world.values_sent(&count, "late").is_empty(), "none yet");
        Ok(())
    })
    .await
    .unwrap();
    put_value(&world, "late", 3).await;
    // Answered later: the write is still in flight, and what was recorded counts again.
    let answered = |found: &PamCredential| {
        let status = status_of(found);
        status.in_flight.is_some() && status.digests.values().all(|digest| !digest.starts_with('?'))
    };
    for (name, newest) in [("lost", 2), ("late", 3)] {
        world.until(name, "answered", answered).await;
        assert_eq!(world.sim.value_of(&world.id_of(name).await), Some(value(newest)));
        assert_eq!(ready(&world.get(name).await).1, "Synced");
        assert_eq!(world.values_sent(&count, name).len(), 2, "{name}: at once");
    }
    // A record is disabled when nothing can be written to it any more.
    world.until("going", "answered", answered).await;
    world.delete("going").await;
    let message = ready(&world.becomes("going", "Deleting").await).2;
    assert!(message.contains("90 s"), "{message}");
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(world.sim.value_of(&world.id_of("late").await), Some(value(2)), "the late one is over the newest");
    assert_eq!(world.sim.count(Kind::DeleteCredential), 0);
    tokio::time::sleep(Duration::from_secs(45)).await;
    for name in ["lost", "late"] {
        wait_until("the last write", PATIENCE, async || {
            let status = status_of(&world.get(name).await);
            anyhow::ensure!(status.in_flight.is_none(), "{:?}", status.in_flight);
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(world.values_sent(&count, name), [true; 3], "{name}");
    }
    assert_eq!(world.sim.value_of(&world.id_of("lost").await), Some(value(2)));
    assert_eq!(world.sim.value_of(&world.id_of("late").await), Some(value(3)));
    world.is_gone("going").await;
    assert_eq!(world.values_sent(&count, "going"), [true; 2], "at once, and no more");
    assert_eq!(world.sim.count(Kind::DeleteCredential), 1);
    let count = world.count().await;
    tokio::time::sleep(A_MOMENT * 2).await;
    world.assert_nothing_done(&count).await;
    assert_no_canary(&world.everything_said().await);
}

// === Two operators

/// A second operator over the same namespace and connection, with a digest key of its own.
async fn another_operator(world: &World) -> (Installation<'static>, Operator) {
    let install = Installation::of(world.cluster, &unique_name("ops"))
        .named(&unique_name("rel"))
        .set("watchNamespaces", json!([world.namespace]))
        .set("connectionSelector", format!("world={}", world.connection))
        .set("clusterName", "c1")
        .set("log.filter", "trace")
        .install()
        .await
        .unwrap();
    let login = json!({"clientId": world.sim.client_id(), "clientSecret": world.sim.client_secret()});
    world.put_secret_in(install.namespace(), "login", login).await;
    let mut operator = install.start_operator(PROGRAM, &[]).await.unwrap();
    operator.ready(PATIENCE).await.unwrap();
    (install, operator)
}

#[tokio::test]
async fn two_operators_over_one_object_say_so_and_stop_and_the_one_that_stays_goes_on() {
    let mut world = living().await;
    world.all_synced(&["svc"], json!({})).await;
    world.have_baselines(&["svc"]).await;
    listed_rarely(&world).await;
    let count = world.count().await;
    let (install, mut operator) = another_operator(&world).await;
    let message = ready(&world.becomes("svc", "AnotherOperator").await).2;
    assert!(message.contains("watchNamespaces"), "{message}");
    tokio::time::sleep(A_MOMENT).await;
    let quiet = world.count().await;
    tokio::time::sleep(Duration::from_secs(25)).await;
    let writes = async |count| {
        let all = world.cluster.audit().since(count).await.unwrap();
        let (ours, theirs) = (all.by(&world.install.user()), all.by(&install.user()));
        [ours, theirs].map(|by| by.resource("pamcredentials/status").writes().len())
    };
    assert_eq!(writes(quiet.audit_mark()).await, [0, 0], "both have stopped");
    let all = writes(count.audit_mark()).await;
    assert!(all.iter().sum::<usize>() <= 12, "{all:?}");
    assert_eq!(ready(&world.get("svc").await).1, "AnotherOperator");
    assert_untouched(&world.journal(&count));

    // One goes; the other one goes on when the object is edited.
    assert!(operator.stop().await.unwrap().success());
    assert_no_canary(&operator.logs().unwrap());
    put_value(&world, "svc", 2).await;
    world.put_credential("svc", json!({"tags": ["edited"]})).await;
    world.becomes("svc", "Synced").await;
    world.pam_holds("svc", &value(2)).await;
    world.stop_operator().await;
    assert_no_canary(&world.everything_said().await);
}

//! P3, P4: a write without an answer outlives its object: another object writes the same account or entry only once the
//! PAM can no longer execute that write.

use std::time::Duration;

use crate::support::leaving::pam;
use crate::support::{NAMESPACE, OperatedCluster, World, assert_no_canary, value, world};
use pam_operator::api::{ConditionType, find};
use pam_simulator::{Effect, Fault, Kind};
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};

const A_WHILE: Duration = Duration::from_mins(5);
/// As late as the PAM may execute a write, and a second less.
const LATEST: Duration = Duration::from_secs(89);

/// How the object goes whose write has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    /// While its write is under way.
    DuringTheWrite,
    /// The same, and another controller's finalizer keeps the object for a time.
    Slowly,
    /// After the write was lost.
    AfterTheWrite,
    /// After a later write was answered: the earlier one may still be executed.
    AfterAnAnswer,
    /// After a restart, before any pass that would write.
    AfterARestart,
}

const ALL: [Goes; 5] =
    [Goes::DuringTheWrite, Goes::Slowly, Goes::AfterTheWrite, Goes::AfterAnAnswer, Goes::AfterARestart];

/// Has an object of the account `shared` write without an answer, and go; returns when the write was lost at the latest, or
/// began.
async fn lose_and_go(world: &World, cluster: &mut OperatedCluster, goes: Goes) -> Instant {
    let edit = |change: &dyn Fn(&mut serde_json::Value)| cluster.api.edit("pamcredentials", NAMESPACE, "goes", change);
    cluster.put_value("goes", &value("goes", 1));
    cluster.put_credential("goes", &json!({"username": "shared"}));
    if goes == Goes::AfterARestart {
        world.until("the first push", A_WHILE, || cluster.reason("goes") == "Synced").await;
        sleep(A_WHILE).await;
    }
    let is_under_way = [Goes::DuringTheWrite, Goes::Slowly].contains(&goes);
    let fault = Fault::on(Kind::PostCredential, if is_under_way { Effect::Silence } else { Effect::HeldCommit });
    let fault = fault.carrying("goes");
    world.sim.inject(if goes == Goes::AfterAnAnswer { fault.times(1) } else { fault.always() });
    cluster.put_value("goes", &value("goes", 2));
    world.until("the write", A_WHILE, || !world.sim.held().is_empty()).await;
    let first = Instant::now();
    match goes {
        Goes::DuringTheWrite | Goes::Slowly => {
            if goes == Goes::Slowly {
                edit(&|object| object["metadata"]["finalizers"] = json!(["example.com/theirs"]));
            }
        }
        Goes::AfterTheWrite => world.until("the loss", A_WHILE, || cluster.reason("goes") == "PamUnavailable").await,
        Goes::AfterAnAnswer => world.until("an answer", A_WHILE, || cluster.reason("goes") == "Synced").await,
        Goes::AfterARestart => {
            world.until("the loss", A_WHILE, || cluster.reason("goes") == "PamUnavailable").await;
            cluster.kill().await;
            cluster.api.edit("pamcredentials", NAMESPACE, "goes", |object| object["spec"]["suspend"] = true.into());
            cluster.start().await;
        }
    }
    cluster.api.delete("pamcredentials", NAMESPACE, "goes");
    world.sim.clear_faults();
    if goes == Goes::AfterAnAnswer { first } else { Instant::now() }
}

fn message(cluster: &OperatedCluster, name: &str) -> String {
    let conditions = cluster.status(name).conditions;
    find(&conditions, ConditionType::Ready).map(|ready| ready.message.clone()).unwrap_or_default()
}

fn commit_held(world: &World) {
    for seq in world.sim.held() {
        world.sim.commit_held(seq);
    }
}

#[test]
fn p3_p4_a_late_write_of_an_object_that_is_gone_overwrites_no_other_objects_value() {
    for goes in ALL {
        world(pam(), async |world| {
            let mut cluster = world.cluster("c1");
            cluster.start().await;
            sleep(A_WHILE).await;
            let lost = lose_and_go(&world, &mut cluster, goes).await;
            // A write that is under way is given up after 75 seconds: until then nobody knows that it has no answer.
            let is_under_way = [Goes::DuringTheWrite, Goes::Slowly].contains(&goes);
            let given_up = lost + if is_under_way { Duration::from_secs(75) } else { Duration::ZERO };
            sleep_until(given_up + Duration::from_secs(1)).await;
            cluster.put_value("victim", &value("victim", 1));
            cluster.put_credential("victim", &json!({"username": "shared", "adoptionPolicy": "TakeOver"}));
            sleep_until(given_up + LATEST.saturating_sub(Duration::from_secs(5))).await;
            let (reason, said) = (cluster.reason("victim"), message(&cluster, "victim"));
            assert_eq!(reason, "AccountConflict", "{goes:?}: {said}");
            assert!(said.contains("is tried again at 20"), "{goes:?}: {said}");
            commit_held(&world);
            // The wait ends by itself, at the time that the message names.
            world.until("the victim's push", Duration::from_secs(10), || cluster.reason("victim") == "Synced").await;
            sleep(Duration::from_hours(1)).await;
            assert_eq!((cluster.reason("victim").as_str(), world.sim.records().len()), ("Synced", 1), "{goes:?}");
            let id = cluster.status("victim").id.unwrap();
            assert_eq!(world.sim.value_of(&id), Some(value("victim", 1)), "{goes:?}");
            assert_no_canary(&(cluster.said() + &world.logs()));
        });
    }
}

/// An object that is made again is another one: what the former one sent may come after its first push.
#[test]
fn p3_an_object_that_is_made_again_waits_for_what_the_former_one_sent() {
    world(pam(), async |world| {
        let mut cluster = world.cluster("c1");
        cluster.start().await;
        sleep(A_WHILE).await;
        lose_and_go(&world, &mut cluster, Goes::AfterTheWrite).await;
        cluster.put_value("goes", &value("goes", 3));
        cluster.put_credential("goes", &json!({"username": "shared"}));
        sleep(LATEST.saturating_sub(Duration::from_secs(5))).await;
        commit_held(&world);
        world.until("its push", A_WHILE, || cluster.reason("goes") == "Synced").await;
        sleep(Duration::from_hours(1)).await;
        let id = cluster.status("goes").id.unwrap();
        assert_eq!((world.sim.value_of(&id), world.sim.records().len()), (Some(value("goes", 3)), 1));
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

//! P3, P4: a late change of an object that is gone overwrites no value of the object that took its entry over.

use std::time::Duration;

use pam_operator::api::{ConditionType, find};
use pam_simulator::{Effect, Fault, Kind, ProductVersion};
use serde_json::json;
use tokio::time::sleep;

use super::{PATIENCE, assert_secret, becomes, cluster, config};
use crate::support::{NAMESPACE, OperatedCluster, World, value, world};

/// How the object goes whose change has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    DuringTheWrite,
    AfterTheWrite,
    /// After a restart, before any pass that would write.
    AfterARestart,
    /// Its last change was answered: nobody waits.
    Settled,
}

fn message(cluster: &OperatedCluster, name: &str) -> String {
    let status = cluster.entry(name).and_then(|entry| entry.status).unwrap_or_default();
    find(&status.conditions, ConditionType::Ready).map(|ready| ready.message.clone()).unwrap_or_default()
}

/// Has an object change its entry without an answer, and go; returns the identifier of the entry.
async fn change_and_go(world: &World, cluster: &mut OperatedCluster, goes: Goes) -> String {
    cluster.put_value("goes", &value("goes", 1));
    cluster.put_entry("goes", &json!({}));
    becomes(world, cluster, "goes", "Synced").await;
    let id = cluster.entry_id("goes");
    sleep(Duration::from_mins(5)).await;
    let effect = if goes == Goes::DuringTheWrite { Effect::Silence } else { Effect::HeldCommit };
    if goes != Goes::Settled {
        world.sim.inject(Fault::on(Kind::PutSafePassword, effect).carrying("goes").always());
    }
    cluster.put_value("goes", &value("goes", 2));
    match goes {
        Goes::DuringTheWrite => world.until("the write", PATIENCE, || !world.sim.held().is_empty()).await,
        Goes::AfterTheWrite => becomes(world, cluster, "goes", "PamUnavailable").await,
        Goes::AfterARestart => {
            becomes(world, cluster, "goes", "PamUnavailable").await;
            cluster.kill().await;
            cluster.api.edit("mysafepasswords", NAMESPACE, "goes", |object| object["spec"]["suspend"] = true.into());
            cluster.start().await;
        }
        Goes::Settled => {
            let is_written = || world.sim.value_of_entry(&id) == Some(value("goes", 2));
            world.until("the change", PATIENCE, is_written).await;
            sleep(Duration::from_secs(5)).await;
        }
    }
    cluster.api.delete("mysafepasswords", NAMESPACE, "goes");
    world.sim.clear_faults();
    id
}

#[test]
fn p3_p4_a_late_change_of_an_object_that_is_gone_overwrites_no_other_objects_value() {
    for goes in [Goes::DuringTheWrite, Goes::AfterTheWrite, Goes::AfterARestart, Goes::Settled] {
        world(config(ProductVersion::V4_2), async |world| {
            let mut cluster = cluster(&world).await;
            let id = change_and_go(&world, &mut cluster, goes).await;
            // A write that is under way is given up after 75 seconds: until then nobody knows that it has no answer.
            sleep(if goes == Goes::DuringTheWrite { Duration::from_secs(76) } else { Duration::ZERO }).await;
            cluster.put_value("victim", &value("victim", 1));
            cluster.put_entry("victim", &json!({"identifier": id, "adoptionPolicy": "ByIdentifier"}));
            if goes == Goes::Settled {
                world.until("no wait", Duration::from_secs(30), || cluster.entry_reason("victim") == "Synced").await;
                return;
            }
            sleep(Duration::from_secs(83)).await;
            let (reason, said) = (cluster.entry_reason("victim"), message(&cluster, "victim"));
            assert_eq!(reason, "IdentifierConflict", "{goes:?}: {said}");
            assert!(said.contains("is tried again at 20"), "{goes:?}: {said}");
            for seq in world.sim.held() {
                world.sim.commit_held(seq);
            }
            // The wait ends by itself, at the time that the message names.
            let is_synced = || cluster.entry_reason("victim") == "Synced";
            world.until("the victim's change", Duration::from_secs(20), is_synced).await;
            sleep(Duration::from_hours(1)).await;
            assert_eq!((cluster.entry_reason("victim").as_str(), world.sim.entries().len()), ("Synced", 1));
            assert_eq!(world.sim.value_of_entry(&id), Some(value("victim", 1)), "{goes:?}");
            assert_secret(&world, &cluster);
        });
    }
}

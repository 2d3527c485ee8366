//! P2: a namespace that pushes without end does not slow its neighbour at the same connection.

use std::time::Duration;

use crate::support::steps::A_MOMENT;
use crate::support::{CANARY, Plan, World, assert_no_canary};
use kube::api::{Api, ListParams};
use local_cluster::wait_until;
use pam_operator::api::PamCredential;
use pam_simulator::{Effect, Fault, Kind};
use serde_json::{Value, json};
use tokio::time::{Instant, interval, sleep, timeout};

/// How many credentials of one namespace have the same Secret.
const MANY: usize = 100;
/// A second, and what a busy machine adds.
const BOUND: Duration = Duration::from_secs(2);

fn noisy(world: &World, namespace: &str, number: usize) -> Value {
    let name = format!("svc{number}");
    let mut object = world.credential_json(&name, json!({"contentSecretRef": {"name": "shared"}}));
    object["metadata"]["namespace"] = json!(namespace);
    object
}

async fn all_are_synced(world: &World, namespace: &str) {
    let api = Api::<PamCredential>::namespaced(world.client.clone(), namespace);
    wait_until("all to be synced", Duration::from_mins(2), async || {
        let all = api.list(&ListParams::default()).await?.items;
        let synced = all.iter().filter(|found| crate::support::ready(found).1 == "Synced").count();
        anyhow::ensure!(synced == MANY, "{synced}");
        Ok(())
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()));
}

async fn rotate(world: &World, id: &str, number: usize) -> Duration {
    let new = format!("{CANARY}-rotated-{number}");
    world.put_secret("svc", json!({"password": new})).await;
    let began = Instant::now();
    let held = async {
        while world.sim.value_of(id).as_ref() != Some(&new) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_mins(2), held).await.unwrap_or_else(|_| panic!("never\n{}", world.logs()));
    began.elapsed()
}

#[tokio::test]
async fn a_rotation_does_not_wait_behind_a_hundred_objects_of_a_secret_that_is_patched_each_second() {
    let world = Plan::default().neighbour().start().await;
    let namespace = world.neighbour.clone().unwrap();
    world.synced("svc").await;
    world.put_secret_in(&namespace, "shared", json!({"password": CANARY})).await;
    world.apply((0..MANY).map(|number| noisy(&world, &namespace, number))).await;
    all_are_synced(&world, &namespace).await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Delay(Duration::from_millis(250))).always());

    let count = world.count().await;
    let noise = async {
        let mut second = interval(Duration::from_secs(1));
        for number in 0.. {
            second.tick().await;
            world.put_secret_in(&namespace, "shared", json!({"password": format!("{CANARY}-{number}")})).await;
        }
    };
    let id = world.id_of("svc").await;
    let rotations = async {
        sleep(A_MOMENT).await;
        let mut took = Vec::new();
        for number in 0..10 {
            took.push(rotate(&world, &id, number).await);
            sleep(Duration::from_millis(500)).await;
        }
        took
    };
    let took = tokio::select! { took = rotations => took, () = noise => unreachable!("it goes on") };
    eprintln!("rotations of the neighbour: {took:?}");
    assert!(took.iter().all(|time| *time <= BOUND), "{took:?}");
    let posts = world.journal(&count).count(Kind::PostCredential);
    assert!(posts > MANY / 2, "{posts} writes are no flood");
    assert_no_canary(&world.everything_said().await);
}

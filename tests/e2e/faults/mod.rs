//! P1, P3, P4, P8, P10: faults that meet at a bad moment leave one record, the newest value, and no needless call.
//!
//! Each of these was seen to go wrong once.

mod edits_during_push;
mod isolation;
mod refused_status;
mod shutdown;
mod unexpected_answers;

use std::time::Duration;

use kube::api::{Api, Patch, PatchParams};
use local_cluster::unique_name;
use pam_operator::api::PamCredential;
use pam_simulator::{Config, Journal, Seed, Simulator};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::{CANARY, PATIENCE, World, assert_no_canary, base64};

/// Nothing happens in this time unless it happens over and over.
const A_MOMENT: Duration = Duration::from_secs(2);

const RECONCILE: &str = "pam-operator.io/reconcile-requested-at";

fn value(number: u32) -> String {
    format!("{CANARY}-{number}")
}

/// `svc` with its first value, applied and not waited for.
async fn apply(world: &World, change: Value) {
    world.put_secret("svc", json!({"password": value(1)})).await;
    world.put_credential("svc", change).await;
}

async fn rotate(world: &World, number: u32) {
    world.put_secret("svc", json!({"password": value(number)})).await;
}

/// Makes the operator look at an object again, though nothing that matters changed.
async fn poke<K: DeserializeOwned + Clone + std::fmt::Debug>(api: &Api<K>, name: &str) {
    let patch = json!({"metadata": {"labels": {"poked": unique_name("p")}}});
    api.patch_metadata(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}

/// The object is looked at several times, with enough time in between for a call.
async fn poke_thrice<K: DeserializeOwned + Clone + std::fmt::Debug>(api: &Api<K>, name: &str) {
    for _ in 0..3 {
        poke(api, name).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn wait_for_call(sim: &Simulator, condition: impl FnMut(&Journal) -> bool) {
    assert!(sim.wait_for(PATIENCE, condition).await, "{:?}", sim.journal());
}

/// A PAM of its own, with the same login.
async fn another_pam(world: &World) -> Simulator {
    let config = Config::default().device("db01", "10.0.0.7");
    Simulator::start(config.only_client(&world.sim.client_id(), world.sim.client_secret())).await.unwrap()
}

/// Where a connection to that PAM leads.
fn leading_to(sim: &Simulator) -> Value {
    json!({"url": sim.url(), "tls": {"caBundle": base64(sim.ca_pem().as_bytes())}})
}

/// Somebody else's record on the account of `svc`, which our authorization does not see.
fn hidden(identifier: &str) -> Seed {
    let theirs = format!("{CANARY}-theirs");
    Seed::new("svc", "db01", "10.0.0.7").identifier(identifier).value(theirs).visible_to(&["somebody-else"])
}

async fn in_conflict(world: &World) -> PamCredential {
    let found = world.becomes("svc", "RecordConflict").await;
    assert!(found.status.as_ref().unwrap().mismatch.is_some(), "{:?}", found.status);
    found
}

async fn ends(world: &World) {
    assert_no_canary(&world.everything_said().await);
}

//! P4: no record is taken over unless it is this credential's or the user said so.
//!
//! Tested are every cell of the table of `design.md` 5, what status keeps before a POST, former cluster names and
//! enabling.

mod by_identifier;
mod ensure_enabled;
mod former_cluster_names;
mod made_again;
mod never;
mod policy_table;
mod restored_vault;
mod take_over;

use crate::support::{CANARY, PATIENCE, World, assert_no_canary, ready};
use local_cluster::{Installation, wait_until};
use pam_operator::api::{PamCredential, PamCredentialStatus};
use pam_simulator::{Effect, Fault, Kind, Seed};
use serde_json::{Value, json};

/// What a record that is not ours holds.
const THEIRS: &str = "their-value";

/// A record on the account of `svc`, with their value.
fn seed() -> Seed {
    Seed::new("svc", "db01", "10.0.0.7").value(THEIRS)
}

/// Applies `svc` with its Secret, under the identifier `ours`.
async fn apply(world: &World, change: Value) {
    let mut spec = json!({"identifier": "ours"});
    crate::support::merge(&mut spec, change);
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", spec).await;
}

fn status(credential: &PamCredential) -> PamCredentialStatus {
    credential.status.clone().unwrap_or_default()
}

fn message(credential: &PamCredential) -> String {
    ready(credential).2
}

/// The next POST is executed, its answer lost, and the operator stopped before it looks again: what it knew of that
/// beyond its status is gone.
async fn answer_is_lost_and_the_operator_goes(world: &mut World, change: Value) -> PamCredentialStatus {
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::gateway(504)).after_commit());
    apply(world, change).await;
    let found = status(&world.becomes("svc", "PamUnavailable").await);
    world.stop_operator().await;
    found
}

/// The status as soon as a write is in flight in it.
async fn in_flight(world: &World, name: &str) -> PamCredentialStatus {
    wait_until("a write to be in flight", PATIENCE, async || {
        let found = status(&world.get(name).await);
        anyhow::ensure!(found.in_flight.is_some(), "nothing is");
        Ok(found)
    })
    .await
    .unwrap()
}

/// Replaces the operator's settings, and starts it with them.
async fn restart_with(world: &mut World, settings: &[(&str, Value)]) {
    if world.operator.is_some() {
        assert_no_canary(&world.stop_operator().await);
    }
    let mut release = Installation::of(world.cluster, world.install.namespace())
        .named(world.install.release())
        .set("watchNamespaces", json!([world.namespace]))
        .set("connectionSelector", format!("world={}", world.connection))
        .set("log.filter", "trace");
    for (name, value) in settings {
        release = release.set(name, value.clone());
    }
    world.install = release.install().await.unwrap();
    world.start_operator().await;
    world.connection_becomes("Authenticated").await;
}

/// What goes for every test: no value was said, and none read back.
async fn ends(world: &World) {
    assert!(world.sim.journal().secrets_handed_out().is_empty(), "P5");
    assert_eq!(world.sim.count(Kind::GetCredential), 0, "P5");
    assert_no_canary(&world.everything_said().await);
}

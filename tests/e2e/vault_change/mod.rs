//! P3, P4: a connection that leads to another vault, or a credential that changes its connection, is looked at first.
//!
//! Ids prove nothing in another vault (`design.md` 5). A vault that turns out to be the same is not written again.

mod deletion;
mod other_pam;
mod other_tenant;

use std::collections::BTreeMap;

use kube::api::{DeleteParams, ListParams};
use local_cluster::wait_until;
use pam_operator::api::PamCredential;
use pam_simulator::{Journal, Kind, Mark, Seed, Simulator};
use serde_json::Value;

use crate::support::steps::A_MOMENT;
use crate::support::{CANARY, PATIENCE, World, ready};

const OTHER_TENANT: &str = "umbrella";

/// So many calls of each kind that writes: POST, PUT, DELETE.
fn writes(journal: &Journal) -> [usize; 3] {
    assert_eq!(journal.count(Kind::GetCredential), 0, "P5");
    [Kind::PostCredential, Kind::PutCredential, Kind::DeleteCredential].map(|kind| journal.count(kind))
}

fn writes_since(sim: &Simulator, mark: Mark) -> [usize; 3] {
    writes(&sim.since(mark))
}

/// Puts records of others into a PAM, so that ids there are not those of the other one by accident.
fn with_others(sim: &Simulator, count: usize) {
    for number in 0..count {
        sim.seed(Seed::new(&format!("others-{number}"), "db01", "10.0.0.7").value("canary-7f3a-others"));
    }
}

async fn many(world: &World, count: usize, change: &Value) {
    let names = (0..count).map(|number| format!("svc-{number:02}"));
    let objects = names
        .flat_map(|name| [world.secret_json(&name, CANARY), world.credential_json(&name, change.clone())])
        .collect::<Vec<_>>();
    world.apply(objects).await;
    world.all_become(count, &["Synced"]).await;
}

fn ids(all: &[PamCredential]) -> BTreeMap<String, String> {
    let id = |one: &PamCredential| one.status.as_ref().unwrap().id.clone().unwrap();
    all.iter().map(|one| (crate::support::name_of(one), id(one))).collect()
}

/// Waits until all credentials are ready, and their records are in the PAM of that origin.
async fn all_are_in(world: &World, origin: &str) -> Vec<PamCredential> {
    wait_until(&format!("all to be in {origin}"), PATIENCE * 2, async || {
        let all = world.credentials().list(&ListParams::default()).await?.items;
        for one in &all {
            let vault = one.status.clone().unwrap_or_default().connection.unwrap_or_default();
            anyhow::ensure!(vault.origin == origin && ready(one).0 == "True", "{:?} in {vault:?}", ready(one));
        }
        Ok(all)
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()))
}

async fn is_in(world: &World, name: &str, what: impl Fn(&pam_operator::api::ConnectionStatus) -> bool) -> String {
    wait_until(&format!("{name} to be in the other vault"), PATIENCE, async || {
        let found = world.get(name).await;
        let status = found.status.clone().unwrap();
        let vault = status.connection.unwrap_or_default();
        anyhow::ensure!(what(&vault) && ready(&found).0 == "True", "{:?} in {vault:?}", ready(&found));
        Ok(status.id.unwrap())
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()))
}

/// Deletes the connection and creates it again under the same name.
async fn recreated(world: &World, change: Value) {
    world.connections().delete(&world.connection, &DeleteParams::default()).await.unwrap();
    tokio::time::sleep(A_MOMENT).await;
    world.put_connection(change).await;
    world.connection_becomes("Authenticated").await;
}

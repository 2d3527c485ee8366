//! P2, P8: no tenant decides how much memory the operator takes: of what others write into an object's metadata, nothing
//! is held, neither for a first list nor for a watch nor for an answer.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Resource;
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
use local_cluster::wait_until;
use pam_operator::api::PamCredential;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::{CANARY, PATIENCE, Plan, World, assert_no_canary};

const MIB: u64 = 1024 * 1024;
/// What the highest memory may grow by, whatever others wrote: the operator holds a few thousand bytes of each object.
const HEADROOM: u64 = 12 * MIB;
/// How many objects of each kind are filled, unless a person asks for more.
const SECRETS: usize = 60;
const CONFIG_MAPS: usize = 60;
const CREDENTIALS: usize = 80;

#[tokio::test]
async fn what_others_write_into_metadata_takes_no_memory() {
    let mut world = Plan::default().value("allowedHosts", json!(["*.example.com"])).start().await;
    world.synced("svc").await;
    world.stop_operator().await;
    world.start_operator().await;
    world.connection_becomes("Authenticated").await;
    let small = highest(&world);
    world.stop_operator().await;

    let written = fill(&world).await;
    world.start_operator().await;
    every_credential_is_looked_at(&world).await;
    let listed = highest(&world);
    touch(&world).await;
    world.put_secret("svc", json!({"password": format!("{CANARY}-new")})).await;
    world.pam_holds("svc", &format!("{CANARY}-new")).await;
    let watched = highest(&world);
    eprintln!(
        "{} MiB written; highest MiB: {} before, {} listed, {} watched",
        written / MIB,
        small / MIB,
        listed / MIB,
        watched / MIB
    );
    empty(&world).await;
    assert!(listed < small + HEADROOM, "a first list took {} MiB of {} MiB", (listed - small) / MIB, written / MIB);
    assert!(watched < small + HEADROOM, "a watch took {} MiB", (watched - small) / MIB);
    assert_no_canary(&world.everything_said().await);
}

/// The highest resident memory of the operator's process, in bytes.
fn highest(world: &World) -> u64 {
    let pid = world.operator.as_ref().and_then(local_cluster::Operator::pid).unwrap();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    1024 * line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap()
}

fn of_each(name: &str, default: usize) -> usize {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// Labels of about `bytes` in total: Kubernetes limits the size of each, and not their number.
fn labels(bytes: usize) -> BTreeMap<String, String> {
    let prefix = format!("{}.{}.example.com", "a".repeat(60), "b".repeat(60));
    let one = |number| (format!("{prefix}/{number:060}"), "v".repeat(60));
    (0..bytes / 260).map(one).collect()
}

fn annotations(bytes: usize) -> BTreeMap<String, String> {
    [("example.com/filling".to_owned(), "<".repeat(bytes))].into()
}

/// Owners and managers are unlimited too, and a `<` takes six bytes in an answer.
fn owners(bytes: usize) -> Vec<OwnerReference> {
    let name = "<".repeat(bytes);
    vec![OwnerReference { api_version: "v1".into(), kind: "Node".into(), name, uid: "u".into(), ..Default::default() }]
}

async fn fill(world: &World) -> u64 {
    let named = |name: String| ObjectMeta { name: Some(name), ..ObjectMeta::default() };
    let secrets = (0..of_each("SECRETS", SECRETS)).map(|number| Secret {
        metadata: ObjectMeta { labels: Some(labels(900_000)), ..named(format!("filled-{number}")) },
        ..Secret::default()
    });
    let maps = (0..of_each("CONFIG_MAPS", CONFIG_MAPS)).map(|number| ConfigMap {
        metadata: ObjectMeta {
            annotations: Some(annotations(150_000)),
            owner_references: Some(owners(100_000)),
            ..named(format!("filled-{number}"))
        },
        ..ConfigMap::default()
    });
    let credentials = (0..of_each("CREDENTIALS", CREDENTIALS)).map(|number| {
        let spec = world.credential_json(&format!("filled-{number}"), json!({}));
        let mut credential: PamCredential = serde_json::from_value(spec).unwrap();
        let filled = annotations(250_000).into_iter().map(|(key, value)| (key, value.replace('<', "a"))).collect();
        credential.metadata.annotations = Some(filled);
        credential.metadata.labels = Some(labels(200_000));
        credential
    });
    create(world, secrets).await + create(world, maps).await + create(world, credentials).await
}

async fn create<K>(world: &World, objects: impl Iterator<Item = K>) -> u64
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + Serialize
        + std::fmt::Debug,
{
    let api = Arc::new(Api::<K>::namespaced(world.client.clone(), &world.namespace));
    let created = stream::iter(objects).map(|object| {
        let api = Arc::clone(&api);
        async move {
            api.create(&PostParams::default(), &object).await?;
            Ok::<_, kube::Error>(serde_json::to_vec(&object).unwrap().len() as u64)
        }
    });
    created.buffer_unordered(4).try_fold(0, async |sum, bytes| Ok(sum + bytes)).await.unwrap()
}

/// Until each has a status: the answer to its write holds the whole object.
async fn every_credential_is_looked_at(world: &World) {
    let api = world.credentials();
    let within = PATIENCE + Duration::from_secs(of_each("CREDENTIALS", CREDENTIALS) as u64 / 2);
    let last = of_each("CREDENTIALS", CREDENTIALS);
    for number in 0..last {
        wait_until(&format!("filled-{number} to have a status"), within, async || {
            let found = api.get(&format!("filled-{number}")).await?;
            anyhow::ensure!(found.status.is_some_and(|status| !status.conditions.is_empty()), "none");
            Ok(())
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()));
    }
}

/// Changes some of the filled objects, so that a watch shows each whole.
async fn touch(world: &World) {
    let change: Value = json!({"metadata": {"annotations": {"example.com/touched": "yes"}}});
    for number in 0..20.min(of_each("SECRETS", SECRETS)) {
        let (name, params) = (format!("filled-{number}"), PatchParams::default());
        world.secrets().patch_metadata(&name, &params, &Patch::Merge(&change)).await.unwrap();
        world.credentials().patch_metadata(&name, &params, &Patch::Merge(&change)).await.unwrap();
    }
}

async fn empty(world: &World) {
    let all = kube::api::ListParams::default();
    let maps = Api::<ConfigMap>::namespaced(world.client.clone(), &world.namespace);
    world.secrets().delete_collection(&Default::default(), &all).await.unwrap();
    world.credentials().delete_collection(&Default::default(), &all).await.unwrap();
    maps.delete_collection(&Default::default(), &all).await.unwrap();
}

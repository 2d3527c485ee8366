//! P2, P8: no tenant decides how much memory the operator takes. Of what others write into an object and no pass reads,
//! nothing is held: neither for a first list nor for a watch nor for an answer.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::ByteString;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Resource;
use kube::api::{Api, DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use local_cluster::{Operator, wait_until};
use pam_operator::api::PamCredential;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::support::{CANARY, PATIENCE, PROGRAM, Plan, World, assert_no_canary};

const MIB: u64 = 1024 * 1024;
/// What the highest memory may grow by when the same objects are filled. Without the filter it was several times what
/// was written.
const HEADROOM: u64 = 16 * MIB;

/// How many objects are filled, of each kind. The environment can ask for more.
struct Amounts {
    secrets: usize,
    config_maps: usize,
    credentials: usize,
}

impl Amounts {
    fn asked() -> Self {
        let of = |name, amount| std::env::var(name).map_or(amount, |text| text.parse().unwrap());
        Self {
            secrets: of("MEMORY_SECRETS", 40),
            config_maps: of("MEMORY_CONFIG_MAPS", 30),
            credentials: of("MEMORY_CREDENTIALS", 40),
        }
    }

    fn patience(&self) -> Duration {
        let objects = u32::try_from(self.secrets + self.config_maps + self.credentials).unwrap();
        PATIENCE + Duration::from_millis(100) * objects
    }
}

#[tokio::test]
async fn what_others_write_into_objects_takes_no_memory() {
    let mut world = Plan::default().value("allowedHosts", json!(["*.example.com"])).start().await;
    world.stop_operator().await;
    let amounts = Amounts::asked();
    let mut highest = Vec::new();
    for filling in [10, 250_000] {
        let written = fill(&world, &amounts, filling).await;
        let began = Instant::now();
        start(&mut world, &amounts).await;
        let ready = began.elapsed();
        every_credential_is_looked_at(&world, &amounts).await;
        let listed = peak(&world);
        touch(&world, &amounts).await;
        let watched = peak(&world);
        eprintln!(
            "{} MiB written, ready after {ready:?}; highest MiB: {} listed, {} watched",
            written / MIB,
            listed / MIB,
            watched / MIB
        );
        assert_no_canary(&world.everything_said().await);
        world.stop_operator().await;
        empty(&world, &amounts).await;
        highest.push((listed, watched));
    }
    let [(small_list, small_watch), (large_list, large_watch)] = highest[..] else { unreachable!() };
    assert!(large_list < small_list + HEADROOM, "a first list took {} MiB", (large_list - small_list) / MIB);
    assert!(large_watch < small_watch + HEADROOM, "a watch took {} MiB", (large_watch - small_watch) / MIB);
}

/// Starts the operator, and waits for its first lists as long as so many objects take.
async fn start(world: &mut World, amounts: &Amounts) {
    let mut operator = world.install.start_operator(PROGRAM, &[]).await.unwrap();
    operator.ready(amounts.patience()).await.unwrap();
    world.operator = Some(operator);
}

/// The highest resident memory of the operator's process until now, in bytes.
fn peak(world: &World) -> u64 {
    let pid = world.operator.as_ref().and_then(Operator::pid).unwrap();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    1024 * line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap()
}

// === What is filled

/// Labels of about `bytes` in total: Kubernetes limits the size of each, and not their number.
fn labels(bytes: usize) -> BTreeMap<String, String> {
    let prefix = format!("{}.{}.example.com", "a".repeat(60), "b".repeat(60));
    let one = |number| (format!("{prefix}/{number:060}"), "v".repeat(60));
    (0..bytes / 260).map(one).collect()
}

/// In an answer, a `<` takes six bytes.
fn annotations(bytes: usize) -> BTreeMap<String, String> {
    [("example.com/filling".to_owned(), "<".repeat(bytes))].into()
}

fn owners(bytes: usize) -> Vec<OwnerReference> {
    let name = "<".repeat(bytes.max(1));
    vec![OwnerReference { api_version: "v1".into(), kind: "Node".into(), name, uid: "u".into(), ..Default::default() }]
}

fn named(number: usize) -> ObjectMeta {
    ObjectMeta { name: Some(format!("filled-{number}")), ..ObjectMeta::default() }
}

/// A Secret whose labels are filled, or one whose data is, beside the value that is sent.
fn secret(number: usize, filling: usize) -> Secret {
    let password = ("password".to_owned(), ByteString(format!("{CANARY}-{number}").into()));
    let other = ("other".to_owned(), ByteString(vec![b'x'; 3 * filling]));
    let (labels, other) = if number.is_multiple_of(2) { (labels(3 * filling), None) } else { (labels(0), Some(other)) };
    Secret {
        metadata: ObjectMeta { labels: Some(labels), ..named(number) },
        data: Some([password].into_iter().chain(other).collect()),
        ..Secret::default()
    }
}

fn config_map(number: usize, filling: usize) -> ConfigMap {
    let (annotations, owners) = (annotations(filling / 2), owners(filling / 2));
    let metadata = ObjectMeta { annotations: Some(annotations), owner_references: Some(owners), ..named(number) };
    ConfigMap { metadata, ..ConfigMap::default() }
}

fn credential(world: &World, number: usize, filling: usize) -> PamCredential {
    let spec = world.credential_json(&format!("filled-{number}"), json!({}));
    let mut credential: PamCredential = serde_json::from_value(spec).unwrap();
    credential.metadata.annotations = Some([("example.com/filling".to_owned(), "a".repeat(filling))].into());
    credential.metadata.labels = Some(labels(filling));
    credential
}

/// Makes all objects, and returns how many bytes they have.
async fn fill(world: &World, amounts: &Amounts, filling: usize) -> u64 {
    let secrets = (0..amounts.secrets).map(|number| secret(number, filling));
    let config_maps = (0..amounts.config_maps).map(|number| config_map(number, filling));
    let credentials = (0..amounts.credentials).map(|number| credential(world, number, filling));
    create(world, secrets).await + create(world, config_maps).await + create(world, credentials).await
}

async fn create<K>(world: &World, objects: impl Iterator<Item = K>) -> u64
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Serialize + Debug,
{
    let api = Api::<K>::namespaced(world.client.clone(), &world.namespace);
    let created = stream::iter(objects).map(|object| {
        let api = api.clone();
        async move {
            api.create(&PostParams::default(), &object).await?;
            Ok::<_, kube::Error>(serde_json::to_vec(&object).unwrap().len() as u64)
        }
    });
    created.buffer_unordered(4).try_fold(0, async |sum, bytes| Ok(sum + bytes)).await.unwrap()
}

// === What happens to it

/// Until each has a status: the answer to its write is the whole object.
async fn every_credential_is_looked_at(world: &World, amounts: &Amounts) {
    let within = amounts.patience();
    for number in 0..amounts.credentials {
        let name = format!("filled-{number}");
        wait_until(&format!("{name} to have a status"), within, async || {
            let found = world.credentials().get(&name).await?;
            anyhow::ensure!(found.status.is_some_and(|status| !status.conditions.is_empty()), "none");
            Ok(())
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()));
    }
}

/// Changes some of the objects, so that a watch shows each whole, and waits until the last value has been sent.
async fn touch(world: &World, amounts: &Amounts) {
    let change = json!({"metadata": {"annotations": {"example.com/touched": "yes"}}});
    let (params, patch) = (PatchParams::default(), Patch::Merge(&change));
    for number in 0..20.min(amounts.secrets) {
        let name = format!("filled-{number}");
        world.secrets().patch_metadata(&name, &params, &patch).await.unwrap();
        world.credentials().patch_metadata(&name, &params, &patch).await.unwrap();
    }
    world.becomes("filled-1", "Synced").await;
    let value = format!("{CANARY}-new");
    world.put_secret("filled-1", json!({"password": value})).await;
    world.pam_holds("filled-1", &value).await;
}

/// Deletes all objects. So many may take longer than one request.
async fn empty(world: &World, amounts: &Amounts) {
    let (how, all) = (DeleteParams::default(), ListParams::default());
    let config_maps = Api::<ConfigMap>::namespaced(world.client.clone(), &world.namespace);
    wait_until("everything to be deleted", amounts.patience(), async || {
        world.credentials().delete_collection(&how, &all).await?;
        world.secrets().delete_collection(&how, &all).await?;
        config_maps.delete_collection(&how, &all).await?;
        Ok(())
    })
    .await
    .unwrap();
}

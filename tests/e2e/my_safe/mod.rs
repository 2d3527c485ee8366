//! P1 to P9 for `MySafePassword` on the real API server: the sample is made, rotated, edited, deactivated and deleted, on each
//! version of the PAM.

use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use local_cluster::wait_until;
use pam_operator::api::{ConditionType, FINALIZER, MySafePassword, find};
use pam_simulator::{Authorization, Kind, ProductVersion, SafeRules, Share};
use serde_json::{Value, json};

use crate::support::{CANARY, PATIENCE, Plan, World, assert_no_canary};

const NAME: &str = "dns-registrar";
const SECRET: &str = "CANARY-access-key";
const SAMPLE: &str = include_str!("../../../deploy/samples/mysafepassword.yaml");

fn api(world: &World) -> Api<MySafePassword> {
    Api::namespaced(world.client.clone(), &world.namespace)
}

/// A world whose connection is for MySafe, and in it the sample.
async fn with_sample(version: ProductVersion) -> World {
    let users = ["ana".to_owned()].into();
    let rules =
        SafeRules { users, groups: [("NOC".to_owned(), ["ana".to_owned()].into())].into(), ..SafeRules::default() };
    let plan = Plan::default().version(version).my_safe(Authorization::access_key("key", SECRET, "svc"), rules);
    let world = plan.start().await;
    world.put_login("key", SECRET).await;
    world.put_connection(json!({"product": "MySafe", "access": [{"allow": ["MySafe", "TakeOver"]}]})).await;
    world.connection_becomes("Authenticated").await;
    let objects = SAMPLE.split("\n---").map(|document| serde_saphyr::from_str::<Value>(document).unwrap());
    let objects = objects.map(|mut object| {
        object["metadata"]["namespace"] = json!(world.namespace);
        if object["kind"] == "MySafePassword" {
            object["spec"]["connectionRef"] = json!({"name": world.connection});
        }
        object
    });
    world.apply(objects).await;
    world
}

/// Waits until the object has that reason for its newest generation.
async fn becomes(world: &World, reason: &str) -> MySafePassword {
    wait_until(&format!("the entry to be {reason}"), PATIENCE, async || {
        let found = api(world).get(NAME).await?;
        let status = found.status.clone().unwrap_or_default();
        let ready = find(&status.conditions, ConditionType::Ready);
        let is =
            ready.is_some_and(|ready| ready.reason == reason && ready.observed_generation == found.metadata.generation);
        anyhow::ensure!(is, "{ready:?}");
        Ok(found)
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()))
}

async fn edit(world: &World, spec: Value) {
    let patch = Patch::Merge(json!({"spec": spec}));
    api(world).patch(NAME, &PatchParams::default(), &patch).await.unwrap();
}

async fn holds(world: &World, id: &str, value: &str) {
    wait_until("the new value", PATIENCE, async || {
        anyhow::ensure!(world.sim.value_of_entry(id).as_deref() == Some(value), "another one");
        Ok(())
    })
    .await
    .unwrap();
}

async fn lives(version: ProductVersion) {
    let world = with_sample(version).await;
    let status = becomes(&world, "Synced").await.status.unwrap();
    let id = status.identifier.unwrap();
    let entry = world.sim.entry(&id).unwrap();
    assert_eq!(
        (entry.name.as_str(), entry.users, entry.groups),
        ("Registrar", vec![Share::viewer("ana")], vec![Share::editor("NOC")])
    );
    assert!(entry.has_secret_key && entry.tags.starts_with("dns,k8s-"), "{}", entry.tags);
    let value = format!("{CANARY}-rotated");
    world.put_secret(NAME, json!({"password": value})).await;
    holds(&world, &id, &value).await;
    edit(&world, json!({"url": "https://new.example", "usersAllowed": [], "deletionPolicy": "Deactivate"})).await;
    let edited = becomes(&world, "Synced").await;
    assert!(edited.finalizers().iter().any(|finalizer| finalizer == FINALIZER), "the deletion is held up");
    let entry = world.sim.entry(&id).unwrap();
    assert_eq!((entry.url.as_str(), entry.users), ("https://new.example", vec![]));
    api(&world).delete(NAME, &DeleteParams::default()).await.unwrap();
    wait_until("the object to go", PATIENCE, async || {
        anyhow::ensure!(api(&world).get_opt(NAME).await?.is_none(), "it is there");
        Ok(())
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()));
    assert!(!world.sim.entry(&id).unwrap().active, "it was deactivated");
    world.event_of(NAME, "Deactivated").await;
    let journal = world.sim.journal();
    assert_eq!(
        (world.sim.entries().len(), journal.count(Kind::PostSafePassword), journal.count(Kind::GetSafePassword)),
        (1, 1, 0)
    );
    let statuses = api(&world).list(&ListParams::default()).await.unwrap();
    let said = world.everything_said().await + &serde_json::to_string(&statuses.items).unwrap();
    assert_no_canary(&said);
    assert!(!said.contains(SECRET), "the login was shown");
    assert!(!said.contains("change-me-in-my-safe") && !said.contains("JBSWY3DP"), "the sample's secrets were shown");
}

#[tokio::test]
async fn an_entry_lives_and_goes_on_3_32() {
    Box::pin(lives(ProductVersion::V3_32)).await;
}

#[tokio::test]
async fn an_entry_lives_and_goes_on_3_33() {
    Box::pin(lives(ProductVersion::V3_33)).await;
}

#[tokio::test]
async fn an_entry_lives_and_goes_on_4_0() {
    Box::pin(lives(ProductVersion::V4_0)).await;
}

#[tokio::test]
async fn an_entry_lives_and_goes_on_4_2() {
    Box::pin(lives(ProductVersion::V4_2)).await;
}

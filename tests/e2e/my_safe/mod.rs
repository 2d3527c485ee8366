//! P1 to P9 for `MySafePassword` on the real API server: the sample is made, rotated, edited field by field, shared, switched off
//! and on, and deleted, and an entry that is there is taken over, on each version of the PAM. The PAM's journal shows each step.

use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use local_cluster::wait_until;
use pam_operator::api::{ConditionType, FINALIZER, MySafePassword, find};
use pam_simulator::{Authorization, EntrySeed, Kind, Mark, ProductVersion, SafeRules, Share};
use serde_json::{Value, json};

use crate::support::{CANARY, PATIENCE, Plan, World, assert_no_canary, merge};

pub const NAME: &str = "dns-registrar";
const SECRET: &str = "CANARY-access-key";
const SAMPLE: &str = include_str!("../../../deploy/samples/mysafepassword.yaml");

pub fn api(world: &World) -> Api<MySafePassword> {
    Api::namespaced(world.client.clone(), &world.namespace)
}

/// The objects of the sample, for the world's connection.
pub fn sample(world: &World) -> Vec<Value> {
    let objects = SAMPLE.split("\n---").map(|document| serde_saphyr::from_str::<Value>(document).unwrap());
    let here = |mut object: Value| {
        object["metadata"]["namespace"] = json!(world.namespace);
        if object["kind"] == "MySafePassword" {
            object["spec"]["connectionRef"] = json!({"name": world.connection});
        }
        object
    };
    objects.map(here).collect()
}

/// A world whose connection is for MySafe, and in it the sample.
pub async fn with_sample(version: ProductVersion) -> World {
    let users = ["ana".to_owned()].into();
    let rules =
        SafeRules { users, groups: [("NOC".to_owned(), ["ana".to_owned()].into())].into(), ..SafeRules::default() };
    let plan = Plan::default().version(version).my_safe(Authorization::access_key("key", SECRET, "svc"), rules);
    let world = plan.start().await;
    world.put_login("key", SECRET).await;
    world.put_connection(json!({"product": "MySafe", "access": [{"allow": ["MySafe", "TakeOver"]}]})).await;
    world.connection_becomes("Authenticated").await;
    world.apply(sample(&world)).await;
    world
}

/// Waits until the object has that reason for its newest generation.
pub async fn becomes(world: &World, reason: &str) -> MySafePassword {
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

/// The calls since a mark that change something in the PAM or show a secret: each with the names of the fields that it sent.
fn calls(world: &World, mark: Mark) -> Vec<(Kind, Vec<String>)> {
    let of_list = |kind: Kind| [Kind::Token, Kind::ListSafePasswords].contains(&kind);
    let fields = |seq| match world.sim.body_of(seq) {
        Some(Value::Object(body)) => body.keys().cloned().collect(),
        _ => Vec::new(),
    };
    let journal = world.sim.since(mark);
    let calls = journal.entries().iter().filter(|entry| !of_list(entry.kind));
    calls.map(|entry| (entry.kind, fields(entry.seq))).collect()
}

/// One call that changes one field.
fn put(field: &str) -> Vec<(Kind, Vec<String>)> {
    vec![(Kind::PutSafePassword, vec![field.to_owned()])]
}

/// Edits the spec, and looks which calls that makes.
async fn edits(world: &World, change: Value, expected: Vec<(Kind, Vec<String>)>) {
    let (mark, what) = (world.sim.mark(), change.to_string());
    edit(world, change).await;
    becomes(world, "Synced").await;
    assert_eq!(calls(world, mark), expected, "{what}");
}

async fn is_gone(world: &World, name: &str) {
    wait_until("the object to go", PATIENCE, async || {
        anyhow::ensure!(api(world).get_opt(name).await?.is_none(), "it is there");
        Ok(())
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()));
}

async fn is_made(world: &World) -> String {
    let status = becomes(world, "Synced").await.status.unwrap();
    let id = status.identifier.unwrap();
    let entry = world.sim.entry(&id).unwrap();
    assert_eq!(
        (entry.name.as_str(), entry.users, entry.groups),
        ("Registrar", vec![Share::viewer("ana")], vec![Share::editor("NOC")])
    );
    assert!(entry.has_secret_key && entry.tags.starts_with("k8s-") && entry.tags.ends_with(",dns"), "{}", entry.tags);
    id
}

/// Each field by itself, and both lists of those who see the entry.
async fn is_edited(world: &World, id: &str) {
    for (change, field) in [
        (json!({"name": "Registrar 2"}), "name"),
        (json!({"username": "another@example.com"}), "username"),
        (json!({"url": "https://new.example"}), "url"),
        (json!({"notes": "owned by others"}), "notes"),
        (json!({"tags": ["dns", "team"]}), "tags"),
        (json!({"usersAllowed": []}), "users_allowed"),
        (json!({"groupsAllowed": []}), "groups_allowed"),
        (json!({"usersAllowed": [{"name": "ana", "canEdit": true}]}), "users_allowed"),
    ] {
        edits(world, change, put(field)).await;
    }
    let entry = world.sim.entry(id).unwrap();
    assert_eq!((entry.url.as_str(), entry.name.as_str()), ("https://new.example", "Registrar 2"));
    assert_eq!((entry.users, entry.groups), (vec![Share::editor("ana")], vec![]));
    assert!(entry.tags.starts_with("k8s-") && entry.tags.ends_with(",dns,team"), "{}", entry.tags);
}

async fn is_rotated(world: &World, id: &str) {
    let mark = world.sim.mark();
    let value = format!("{CANARY}-rotated");
    world.put_secret(NAME, json!({"password": value})).await;
    holds(world, id, &value).await;
    assert_eq!(calls(world, mark), put("password"));
    world.put_secret(NAME, json!({"secretKey": "KRSXG5CTMVRXEZLU"})).await;
    wait_until("the new seed", PATIENCE, async || {
        let seed = world.sim.secret_key_of_entry(id).map(|seed| seed.reveal().to_owned());
        anyhow::ensure!(seed.as_deref() == Some("KRSXG5CTMVRXEZLU"), "another one");
        Ok(())
    })
    .await
    .unwrap();
    becomes(world, "Synced").await;
    assert_eq!(calls(world, mark), [put("password"), put("secret_key")].concat());
}

async fn is_switched(world: &World, id: &str) {
    for (active, kind) in [(false, Kind::DeactivateSafePassword), (true, Kind::ActivateSafePassword)] {
        edits(world, json!({"active": active}), vec![(kind, vec![])]).await;
        assert_eq!(world.sim.entry(id).unwrap().active, active);
    }
}

async fn goes(world: &World, id: &str) {
    edits(world, json!({"deletionPolicy": "Deactivate"}), vec![]).await;
    let held = api(world).get(NAME).await.unwrap();
    assert!(held.finalizers().iter().any(|finalizer| finalizer == FINALIZER), "the deletion is held up");
    let mark = world.sim.mark();
    api(world).delete(NAME, &DeleteParams::default()).await.unwrap();
    is_gone(world, NAME).await;
    assert!(!world.sim.entry(id).unwrap().active, "it was deactivated");
    assert_eq!(calls(world, mark), [(Kind::DeactivateSafePassword, vec![])]);
    world.event_of(NAME, "Deactivated").await;
}

/// An entry of somebody else, shared with the right to edit, is taken over by its identifier, and stays when the object goes.
async fn takes_over_and_leaves(world: &World) {
    let seed = EntrySeed::new("ana", "old", "old").url("https://old.example").shared_with(Share::editor("svc"));
    let (id, mark) = (world.sim.plant(seed), world.sim.mark());
    let mut object = sample(world).into_iter().find(|object| object["kind"] == "MySafePassword").unwrap();
    let more = json!({"identifier": id, "adoptionPolicy": "ByIdentifier", "usersAllowed": null, "groupsAllowed": null});
    merge(&mut object["spec"], more);
    world.apply([object]).await;
    assert_eq!(becomes(world, "Synced").await.status.unwrap().identifier.as_deref(), Some(&*id));
    let sent = calls(world, mark);
    assert!(sent.iter().all(|(kind, _)| *kind == Kind::PutSafePassword), "{sent:?}");
    assert!(!sent.iter().any(|(_, fields)| fields.iter().any(|field| field.ends_with("_allowed"))), "{sent:?}");
    assert_eq!(world.sim.entry(&id).unwrap().name, "Registrar");
    holds(world, &id, &format!("{CANARY}-rotated")).await;
    let another = Patch::Merge(json!({"spec": {"identifier": "1"}}));
    let refused = api(world).patch(NAME, &PatchParams::default(), &another).await.unwrap_err().to_string();
    assert!(refused.contains("cannot name another entry"), "{refused}");
    let mark = world.sim.mark();
    api(world).delete(NAME, &DeleteParams::default()).await.unwrap();
    is_gone(world, NAME).await;
    assert_eq!((world.sim.entry(&id).unwrap().active, calls(world, mark)), (true, vec![]));
}

async fn lives(version: ProductVersion) {
    let world = with_sample(version).await;
    let id = is_made(&world).await;
    is_rotated(&world, &id).await;
    is_edited(&world, &id).await;
    is_switched(&world, &id).await;
    goes(&world, &id).await;
    takes_over_and_leaves(&world).await;
    let journal = world.sim.journal();
    assert_eq!(
        (world.sim.entries().len(), journal.count(Kind::PostSafePassword), journal.count(Kind::GetSafePassword)),
        (2, 1, 0)
    );
    let statuses = api(&world).list(&ListParams::default()).await.unwrap();
    let said = world.everything_said().await + &serde_json::to_string(&statuses.items).unwrap();
    assert_no_canary(&said);
    assert!(!said.contains(SECRET), "the login was shown");
    for secret in ["change-me-in-my-safe", "JBSWY3DP", "KRSXG5CT"] {
        assert!(!said.contains(secret), "a secret was shown");
    }
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

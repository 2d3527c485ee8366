//! P1, P4, P6: after a backup of the PAM or of the cluster is restored, each credential is on its record again.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::support::steps::A_MOMENT;
use crate::support::{CANARY, Count, PATIENCE, World, assert_no_canary, name_of, ready};
use kube::api::{DeleteParams, ListParams};
use local_cluster::wait_until;
use pam_operator::api::{PUSH_VALUE_REQUESTED_AT, PamCredential, RECONCILE_REQUESTED_AT};
use pam_simulator::{Kind, Seed, VaultEdit};
use serde_json::{Value, json};

fn value(number: u32) -> String {
    format!("{CANARY}-{number}")
}

// === The PAM

#[tokio::test]
async fn a_record_that_is_older_than_the_backup_is_updated_under_its_id() {
    let world = World::start().await;
    let id = world.synced("old").await.status.unwrap().id.unwrap();
    let backup = world.sim.backup();
    world.put_secret("old", json!({"password": value(2)})).await;
    world.record_holds(&id, &value(2)).await;
    // The status follows the record.
    tokio::time::sleep(A_MOMENT).await;
    let count = world.count().await;
    world.sim.restore(&backup);
    tokio::time::sleep(A_MOMENT).await;
    world.assert_nothing_done(&count).await;
    assert_eq!(world.sim.value_of(&id), Some(format!("{CANARY}-old")), "that of then, until something is due");

    world.put_secret("old", json!({"password": value(3)})).await;
    world.record_holds(&id, &value(3)).await;
    let status = world.becomes("old", "Synced").await.status.unwrap();
    assert_eq!((status.id.as_ref(), world.sim.records().len()), (Some(&id), 1));
    assert_eq!(world.journal(&count).posts().len(), 1);
    assert_no_canary(&world.everything_said().await);
}

/// A credential that was made after the backup, and has been changed since it was restored. Returns the id it had.
async fn lost_by_a_restore(world: &World) -> String {
    world.synced("old").await;
    let backup = world.sim.backup();
    let id = world.synced("young").await.status.unwrap().id.unwrap();
    world.sim.restore(&backup);
    // Ids are given out again: here its own goes to somebody else, and is free then.
    let passing = world.sim.seed(Seed::new("passing", "db01", "10.0.0.7"));
    assert_eq!(passing, id);
    world.sim.remove_record(&passing);
    let count = world.count().await;
    tokio::time::sleep(A_MOMENT).await;
    world.assert_nothing_done(&count).await;
    assert_eq!(ready(&world.get("young").await).1, "Synced", "nobody looked");

    world.put_secret("young", json!({"password": value(2)})).await;
    world.becomes("young", "RecordConflict").await;
    assert_eq!(world.journal(&count).posts().len(), 1, "by its answer it is known");
    id
}

fn made_since(world: &World) -> String {
    world.sim.find(&format!("c1_{}_young", world.namespace)).expect("the one write made it").id
}

#[tokio::test]
async fn a_record_that_is_younger_than_the_backup_comes_back_by_a_change_and_is_written_once() {
    let mut world = World::start().await;
    let known = lost_by_a_restore(&world).await;
    let made = made_since(&world);
    let message = ready(&world.get("young").await).2;
    for word in [&known, &made, &RECONCILE_REQUESTED_AT.to_owned()] {
        assert!(message.contains(word.as_str()), "{word} is missing: {message}");
    }
    let count = world.count().await;
    world.put_secret("young", json!({"password": value(3)})).await;
    world.put_credential("young", json!({"tags": ["x"]})).await;
    tokio::time::sleep(A_MOMENT).await;
    world.stop_operator().await;
    world.start_operator().await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(world.journal(&count).posts().len(), 0, "nothing more is written");
    assert_eq!(ready(&world.get("young").await).1, "RecordConflict");
    assert_eq!((world.sim.records().len(), world.sim.value_of(&made)), (2, Some(value(2))), "old and young");
    assert_no_canary(&world.everything_said().await);
}

/// The second half of the above: the way out of that conflict.
#[tokio::test]
async fn the_users_word_makes_the_record_that_came_back_the_credentials_own() {
    let world = World::start().await;
    lost_by_a_restore(&world).await;
    let made = made_since(&world);
    world.put_secret("young", json!({"password": value(3)})).await;
    world.annotate("young", RECONCILE_REQUESTED_AT, "it is ours").await;
    let status = world.becomes("young", "Synced").await.status.unwrap();
    assert_eq!((status.id.as_ref(), status.mismatch), (Some(&made), None));
    world.record_holds(&made, &value(3)).await;
    world.put_secret("young", json!({"password": value(4)})).await;
    world.record_holds(&made, &value(4)).await;
    assert_eq!(world.sim.records().len(), 2);
    assert_no_canary(&world.everything_said().await);
}

// === The cluster

const MANY: usize = 200;
const BY_THE_VAULT: &str = "canary-7f3a-by-the-vault";

fn name(number: usize) -> String {
    format!("svc-{number:03}")
}

/// What of them the vault rotates.
fn rotates(number: usize) -> bool {
    number.is_multiple_of(5)
}

/// As a backup has them: copied annotations among them, and no status.
fn manifests(world: &World) -> Vec<Value> {
    let objects = |number: usize| {
        let name = name(number);
        let mut credential = world.credential_json(&name, json!({}));
        if number.is_multiple_of(10) {
            credential["metadata"]["annotations"] =
                json!({PUSH_VALUE_REQUESTED_AT: "of old", RECONCILE_REQUESTED_AT: "of old"});
        }
        [world.secret_json(&name, &format!("{CANARY}-{name}")), credential]
    };
    (0..MANY).flat_map(objects).collect()
}

fn ids(all: &[PamCredential]) -> BTreeMap<String, String> {
    all.iter().map(|one| (name_of(one), one.status.as_ref().unwrap().id.clone().unwrap())).collect()
}

async fn all_gone(world: &World) {
    world.credentials().delete_collection(&DeleteParams::default(), &ListParams::default()).await.unwrap();
    wait_until("all to be gone", PATIENCE, async || {
        let left = world.credentials().list(&ListParams::default()).await?.items.len();
        anyhow::ensure!(left == 0, "{left} are left");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn two_hundred_that_come_back_without_status_are_on_their_records_again() {
    let mut world = World::start().await;
    world.apply(manifests(&world)).await;
    let before = ids(&world.all_become(MANY, &["Synced"]).await);
    let rotated: Vec<&String> = (0..MANY).filter(|number| rotates(*number)).map(|n| &before[&name(n)]).collect();
    for id in &rotated {
        world.sim.edit(id, VaultEdit::AutomaticChange(true));
        world.sim.edit(id, VaultEdit::Rotate(BY_THE_VAULT.into()));
    }
    let identifiers = |world: &World| -> BTreeMap<String, Option<String>> {
        world.sim.records().into_iter().map(|record| (record.id, record.identifier)).collect()
    };
    let identifiers_before = identifiers(&world);
    assert_no_canary(&world.stop_operator().await);
    all_gone(&world).await;
    world.apply(manifests(&world)).await;

    let count = world.count().await;
    let started = Instant::now();
    world.start_operator().await;
    let all = world.all_become(MANY, &["Synced", "Adopted"]).await;
    eprintln!("{MANY} were back after {:?}", started.elapsed());
    assert_eq!(
        (ids(&all), identifiers(&world)),
        (before.clone(), identifiers_before),
        "no second record, none renamed"
    );
    for one in &all {
        let number: usize = name_of(one)[4..].parse().unwrap();
        assert_eq!(ready(one).1, if rotates(number) { "Adopted" } else { "Synced" }, "{}", name_of(one));
    }
    assert!(rotated.iter().all(|id| world.sim.value_of(id).as_deref() == Some(BY_THE_VAULT)), "P6");
    costs_one_post_each(&world, &count, rotated.len()).await;
    assert_no_canary(&world.everything_said().await);
}

async fn costs_one_post_each(world: &World, count: &Count, rotated: usize) {
    let (journal, requests) = (world.journal(count), world.requests(count).await);
    let statuses = requests.resource("pamcredentials/status").writes().len();
    let [posts, lists, tokens] =
        [Kind::PostCredential, Kind::ListCredentials, Kind::Token].map(|kind| journal.count(kind));
    eprintln!("{posts} POSTs, {lists} lists, {tokens} tokens, {statuses} status writes");
    assert_eq!((posts, statuses), (MANY, MANY));
    assert!((1..=2).contains(&lists) && tokens <= 1, "{lists} lists, {tokens} tokens");
    let with_value = journal.posts().iter().filter(|post| post.sent("content")).count();
    assert_eq!(with_value, MANY - rotated);
    assert_eq!(journal.count(Kind::GetCredential), 0, "P5");
}

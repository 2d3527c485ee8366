//! P4, P7: a list that lacks many known records at once is not trusted, and nothing is written because of it.

use kube::api::ListParams;
use pam_operator::api::PamCredential;
use pam_simulator::{Kind, VaultEdit};
use serde_json::json;

use super::{correct, ends, hidden};
use crate::support::vault::{assert_untouched, drifted, living};
use crate::support::{CANARY, World, ready};

/// So many credentials, of which the last has `Correct`, and the one before it `Disable`.
async fn many(world: &World, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|number| format!("svc-{number:02}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    world.all_synced(&all[..count - 2], json!({})).await;
    world.all_synced(&all[count - 2..count - 1], json!({"deletionPolicy": "Disable"})).await;
    world.all_synced(&all[count - 1..], correct()).await;
    world.have_baselines(&all).await;
    names
}

#[tokio::test]
async fn two_of_forty_are_told_each_and_ten_are_another_view_of_the_vault() {
    let world = living().await;
    let names = many(&world, 40).await;
    for name in &names[..2] {
        hidden(&world, name).await;
    }
    for name in &names[..2] {
        world.drifts(name, "NotListed").await;
    }
    out_of_sight(&world, &names[2..12], &names).await;
    // Of those that are in sight, values are pushed all the same.
    let count = world.count().await;
    world.put_secret("svc-20", json!({"password": format!("{CANARY}-2")})).await;
    world.pam_holds("svc-20", &format!("{CANARY}-2")).await;
    assert_eq!(world.journal(&count).posts().len(), 1);
    back_in_sight(&world, &names[2..12], &names).await;
    assert_eq!(drifted(&world.get("svc-00").await).unwrap().reason, "NotListed", "as it was told before");
    ends(&world).await;
}

#[tokio::test]
async fn nothing_at_all_in_sight_is_another_view_of_the_vault() {
    let world = living().await;
    let names = many(&world, 6).await;
    out_of_sight(&world, &names, &names).await;
    back_in_sight(&world, &names, &names).await;
    ends(&world).await;
}

/// Of those nothing is ever told, so that they would count in every list from then on.
#[tokio::test]
async fn records_of_suspended_objects_may_go_one_and_all() {
    let world = living().await;
    let names = ["old-1", "old-2", "old-3", "old-4"];
    world.all_synced(&names, json!({})).await;
    for name in names {
        world.put_credential(name, json!({"suspend": true})).await;
        world.sim.remove_record(&world.id_of(name).await);
    }
    world.all_synced(&["svc"], json!({})).await;
    world.have_baselines(&["svc"]).await;
    world.all_synced(&["new"], json!({})).await;
    ends(&world).await;
}

/// These go out of sight, and the last of all is renamed: nothing is said or done, whatever is due.
async fn out_of_sight(world: &World, lost: &[String], all: &[String]) {
    let [.., going, renamed] = all else { panic!("too few") };
    let count = world.count().await;
    let before = world.credentials().list(&ListParams::default()).await.unwrap().items;
    for name in lost {
        hidden(world, name).await;
    }
    world.edit(renamed, VaultEdit::Username("another".into())).await;
    world.next_list().await;
    assert_eq!(world.statuses_written(&count).await, 0, "nothing is said of any of them");
    world.put_secret("new", json!({"password": CANARY})).await;
    world.put_credential("new", json!({})).await;
    world.delete(going).await;
    let waiting = ready(&world.becomes("new", "InventoryIncomplete").await);
    assert!(waiting.0 == "False" && waiting.2.contains("InventoryIncomplete"), "{waiting:?}");
    world.becomes(going, "Deleting").await;
    assert_untouched(&world.journal(&count));
    let after = world.credentials().list(&ListParams::default()).await.unwrap().items;
    let all_drifted = |all: &[PamCredential]| all.iter().filter(|one| drifted(one).is_some()).count();
    assert_eq!(all_drifted(&after), all_drifted(&before));
}

/// These are in sight again: all that waited is done by itself.
async fn back_in_sight(world: &World, found: &[String], all: &[String]) {
    let [.., going, renamed] = all else { panic!("too few") };
    let count = world.count().await;
    for name in found {
        world.edit(name, VaultEdit::ShowTo(world.sim.client_id())).await;
    }
    world.becomes("new", "Synced").await;
    world.event_of(renamed, "Corrected").await;
    world.is_gone(going).await;
    let journal = world.journal(&count);
    assert_eq!((journal.posts().len(), journal.count(Kind::DeleteCredential)), (2, 1), "{journal:?}");
}

//! Drift (`design.md` 5): what others do to our records is told of, put right where the user wants it so, and never by a
//! POST for a record that is out of sight.

use crate::support::steps::A_MOMENT;
use crate::support::vault::{assert_untouched, drifted, living, status_of};
use crate::support::{CANARY, World, assert_no_canary, ready};
use kube::api::ListParams;
use pam_operator::api::{PUSH_VALUE_REQUESTED_AT, PamCredential, RECONCILE_REQUESTED_AT};
use pam_simulator::{Kind, Seed, VaultEdit};
use serde_json::{Value, json};

const BY_THE_VAULT: &str = "canary-7f3a-by-the-vault";

fn to_web01() -> VaultEdit {
    VaultEdit::Device { hostname: "web01".into(), ip: "10.0.0.8".into() }
}

fn correct() -> Value {
    json!({"driftPolicy": "Correct"})
}

/// Somebody has taken the record out of what the login is given.
async fn hidden(world: &World, name: &str) {
    world.edit(name, VaultEdit::HideFrom(world.sim.client_id())).await;
}

async fn ends(world: &World) {
    assert!(world.sim.journal().secrets_handed_out().is_empty(), "P5");
    assert_no_canary(&world.everything_said().await);
}

// === Report

const REPORTED: [(&str, &str); 9] = [
    ("removed", "NotListed"),
    ("hidden", "NotListed"),
    ("renamed", "Renamed"),
    ("changed", "ChangedInVault"),
    ("rotated", "RotatedInVault"),
    ("moved", "Moved"),
    ("identifier", "IdentifierChanged"),
    ("second", "SecondRecord"),
    ("from-secret", "Renamed"),
];

#[tokio::test]
async fn what_others_did_is_told_once_and_goes_when_it_is_put_right() {
    let world = living().await;
    let names = REPORTED.map(|(name, _)| name);
    let count = world.count().await;
    world.all_synced(&names[..8], json!({})).await;
    // A username that only the Secret has.
    let from_secret = json!({"username": null, "usernameSecretRef": {"name": "from-secret"}});
    world.put_secret("from-secret", json!({"username": "from-secret", "password": CANARY})).await;
    world.put_credential("from-secret", from_secret).await;
    world.becomes("from-secret", "Synced").await;
    world.have_baselines(&names).await;
    world.next_list().await;
    assert_eq!(world.statuses_written(&count).await, 2 * names.len(), "the sync, and the baseline: each once");
    let backup = world.sim.backup();

    // No more than three that are not where they were at once: those would be no single changes.
    let count = world.count().await;
    world.sim.remove_record(&world.id_of("removed").await);
    hidden(&world, "hidden").await;
    world.edit("renamed", VaultEdit::Username("another".into())).await;
    world.edit("changed", VaultEdit::Rotate(BY_THE_VAULT.into())).await;
    world.edit("rotated", VaultEdit::AutomaticChange(true)).await;
    world.edit("rotated", VaultEdit::Rotate(BY_THE_VAULT.into())).await;
    let (first, rest) = REPORTED.split_at(5);
    for (name, reason) in first {
        world.drifts(name, reason).await;
    }
    world.edit("moved", to_web01()).await;
    world.edit("identifier", VaultEdit::Identifier(Some("theirs".into()))).await;
    world.edit("from-secret", VaultEdit::Username("another".into())).await;
    world.sim.seed(Seed::new("second", "DB01", "10.0.0.7").identifier("other"));
    for (name, reason) in rest {
        world.drifts(name, reason).await;
    }
    assert_eq!(status_of(&world.get("identifier").await).remote.unwrap().identifier.as_deref(), Some("theirs"));
    world.next_list().await;
    assert_eq!(world.statuses_written(&count).await, names.len(), "nothing new is said by the lists after");
    assert_untouched(&world.journal(&count));
    told_with_ready_as_it_was(&world).await;

    let count = world.count().await;
    world.sim.restore(&backup);
    for name in names {
        let found = world.is_as_written(name).await;
        assert_eq!(ready(&found).1, "Synced");
    }
    assert_eq!(status_of(&world.get("identifier").await).remote.unwrap().identifier, None);
    assert_eq!(world.statuses_written(&count).await, names.len());
    assert_untouched(&world.journal(&count));
    a_push_begins_anew(&world).await;
    ends(&world).await;
}

async fn a_push_begins_anew(world: &World) {
    let change = async || status_of(&world.get("moved").await).remote.and_then(|remote| remote.change);
    let (count, before) = (world.count().await, change().await.expect("it is known"));
    world.put_secret("moved", json!({"password": format!("{CANARY}-2")})).await;
    world.pam_holds("moved", &format!("{CANARY}-2")).await;
    world.next_list().await;
    assert!(change().await.is_some_and(|after| after > before));
    assert!(drifted(&world.get("moved").await).is_none());
    assert_eq!(world.statuses_written(&count).await, 2, "the push, and what the list says of it");
}

async fn told_with_ready_as_it_was(world: &World) {
    for (name, _) in REPORTED {
        let found = world.get(name).await;
        assert_eq!((ready(&found).0.as_str(), ready(&found).1.as_str()), ("True", "Synced"), "{name}");
        world.event_of(name, "Drifted").await;
        assert_eq!(world.events_of(name, "Drifted").await, 1, "{name}");
        let message = drifted(&found).unwrap().message;
        let id = status_of(&found).id.unwrap();
        assert!(message.contains(&format!("ecord {id}")) || message.contains(&format!("than {id}")), "{message}");
        eprintln!("{name}: {message}");
    }
}

// === Correct

/// What is put right, with the value, which the vault does not rotate.
const CORRECTED: [&str; 4] = ["renamed", "moved", "identifier", "changed"];

#[tokio::test]
async fn what_is_to_be_corrected_is_but_for_what_is_gone_or_no_longer_tells_whose_it_is() {
    let world = living().await;
    world.all_synced(&CORRECTED, correct()).await;
    world.all_synced(&["rotated", "gone", "tangled"], correct()).await;
    world.all_synced(&["suspended", "asked", "asked-for-value"], json!({})).await;
    world.have_baselines(&CORRECTED).await;
    world.have_baselines(&["rotated", "asked", "asked-for-value"]).await;
    let count = world.count().await;
    world.edit("renamed", VaultEdit::Username("another".into())).await;
    world.edit("moved", to_web01()).await;
    world.edit("identifier", VaultEdit::Identifier(Some("theirs".into()))).await;
    world.edit("changed", VaultEdit::Rotate(BY_THE_VAULT.into())).await;
    for name in CORRECTED {
        world.event_of(name, "Corrected").await;
        let found = world.is_as_written(name).await;
        assert_eq!(ready(&found).1, "Synced", "{name}");
        assert_eq!(world.values_sent(&count, name), [true], "{name}");
        is_in_the_vault(&world, name, &format!("{CANARY}-{name}")).await;
    }

    let count = world.count().await;
    let suspended = json!({"driftPolicy": "Correct", "suspend": true});
    world.put_credential("suspended", suspended).await;
    world.edit("rotated", VaultEdit::AutomaticChange(true)).await;
    world.edit("rotated", VaultEdit::Username("another".into())).await;
    world.edit("rotated", VaultEdit::Rotate(BY_THE_VAULT.into())).await;
    world.sim.remove_record(&world.id_of("gone").await);
    world.edit("tangled", VaultEdit::Username("another".into())).await;
    world.edit("tangled", VaultEdit::Identifier(Some("theirs".into()))).await;
    world.edit("suspended", VaultEdit::Rotate(BY_THE_VAULT.into())).await;
    world.edit("asked", VaultEdit::Rotate(BY_THE_VAULT.into())).await;
    world.edit("asked-for-value", VaultEdit::AutomaticChange(true)).await;
    world.edit("asked-for-value", VaultEdit::Rotate(BY_THE_VAULT.into())).await;
    world.event_of("rotated", "Corrected").await;
    world.drifts("gone", "NotListed").await;
    world.drifts("tangled", "IdentifierChanged").await;
    world.drifts("asked", "ChangedInVault").await;
    world.drifts("asked-for-value", "RotatedInVault").await;
    world.next_list().await;
    assert_eq!(world.values_sent(&count, "rotated"), [false], "its fields, and the vault's value stays");
    is_in_the_vault(&world, "rotated", BY_THE_VAULT).await;
    for name in ["gone", "tangled", "suspended", "asked", "asked-for-value"] {
        assert!(world.values_sent(&count, name).is_empty(), "{name}");
        assert_eq!(ready(&world.get(name).await).1, "Synced", "{name}");
    }
    assert!(drifted(&world.get("suspended").await).is_none());

    // By force, and when it is no longer suspended.
    world.annotate("asked", RECONCILE_REQUESTED_AT, "now").await;
    world.annotate("asked-for-value", PUSH_VALUE_REQUESTED_AT, "now").await;
    world.put_credential("suspended", correct()).await;
    for name in ["asked", "asked-for-value", "suspended"] {
        world.is_as_written(name).await;
        world.pam_holds(name, &format!("{CANARY}-{name}")).await;
    }
    tokio::time::sleep(A_MOMENT).await;
    for name in ["asked", "asked-for-value", "suspended"] {
        assert_eq!(world.values_sent(&count, name), [true], "{name}");
    }
    ends(&world).await;
}

async fn is_in_the_vault(world: &World, name: &str, value: &str) {
    let record = world.sim.record(&world.id_of(name).await).unwrap();
    let account = (record.username.as_str(), record.hostname.as_str(), record.ip.as_str());
    assert_eq!(account, (name, "db01", "10.0.0.7"));
    assert_eq!(record.identifier, Some(world.identifier_of(name)));
    assert_eq!(world.sim.value_of(&record.id).as_deref(), Some(value), "{name}");
}

#[tokio::test]
async fn a_fight_ends_after_three_corrections_and_an_edit_of_the_secret_starts_anew() {
    let world = living().await;
    world.all_synced(&["fought"], correct()).await;
    let count = world.count().await;
    for round in 1..=3 {
        world.edit("fought", VaultEdit::Username("another".into())).await;
        world.until("fought", "corrected", |found| status_of(found).corrections.len() == round).await;
    }
    world.edit("fought", VaultEdit::Username("another".into())).await;
    let message = drifted(&world.drifts("fought", "Renamed").await).unwrap().message;
    assert!(message.contains("three times") && message.contains("left alone"), "{message}");
    world.next_list().await;
    assert_eq!(world.values_sent(&count, "fought"), [true; 3]);
    assert_eq!(ready(&world.get("fought").await).1, "Synced");

    world.put_secret("fought", json!({"password": format!("{CANARY}-2")})).await;
    world.pam_holds("fought", &format!("{CANARY}-2")).await;
    world.is_as_written("fought").await;
    world.edit("fought", VaultEdit::Username("another".into())).await;
    world.until("fought", "corrected again", |found| status_of(found).corrections.len() == 1).await;
    assert_eq!(world.values_sent(&count, "fought"), [true; 5]);
    ends(&world).await;
}

#[tokio::test]
async fn what_the_vault_rotates_cannot_be_corrected_by_the_schema() {
    let world = World::start().await;
    let rotates = json!({"useOwnCredentialToConnect": true, "automaticChange": true});
    let object = world.credential_json("svc", json!({"driftPolicy": "Correct", "executionSettings": rotates}));
    let error = world.cluster.apply(&object.to_string()).await.unwrap_err().to_string();
    assert!(error.contains("use Report"), "{error}");
}

// === A whole vault that moved

/// So many credentials, of which the last is to be corrected, and the one before it disabled.
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

//! P4, P6, P10: `driftPolicy: Correct` restores fields, and the value only where the vault does not rotate it, three
//! times an hour.

use pam_operator::api::{PUSH_VALUE_REQUESTED_AT, RECONCILE_REQUESTED_AT};
use pam_simulator::VaultEdit;
use serde_json::json;

use super::{BY_THE_VAULT, correct, ends, to_web01};
use crate::support::steps::A_MOMENT;
use crate::support::vault::{drifted, living, status_of};
use crate::support::{CANARY, World, ready};

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
async fn a_fight_ends_after_three_corrections_and_an_edit_of_the_secret_starts_again() {
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

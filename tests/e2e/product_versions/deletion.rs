//! P7: each answer to a `DELETE` has its consequence. A disabled record is code 1017 up to 3.32, and 1008 later.

use pam_simulator::{Effect, Fault, Kind, ProductVersion, VaultEdit};
use serde_json::json;

use crate::support::{CANARY, Plan, World, assert_no_canary, ready};

/// What becomes of their records: kept; disabled by us; disabled before; taken out of the vault; out of our reach.
const NAMES: [&str; 5] = ["kept", "disabled", "before", "purged", "closed"];
/// It stays: only because its record is listed does "not found" mean that another one is gone.
const STAYS: &str = "stays";

pub async fn each_answer_to_a_deletion_has_its_consequence(version: ProductVersion) {
    let world = Plan::default().version(version).start().await;
    world.synced(STAYS).await;
    let ids = with_records(&world).await;
    let [kept, disabled, before, purged, closed] = &ids;
    world.sim.edit(before, VaultEdit::Active(false));
    world.sim.remove_record(purged);
    world.sim.inject(Fault::on(Kind::DeleteCredential, Effect::Code(1009)).always().only(closed));
    for name in NAMES {
        world.delete(name).await;
    }
    for name in &NAMES[..4] {
        world.is_gone(name).await;
    }
    blocked_until_released(&world, "closed", "1009").await;

    assert!(world.sim.record(kept).unwrap().active, "Retain");
    assert!(!world.sim.record(disabled).unwrap().active);
    assert!(world.sim.record(closed).unwrap().active);
    let journal = world.sim.journal();
    let deletes = |id: &String| journal.of(Kind::DeleteCredential).filter(|d| d.target.as_ref() == Some(id)).count();
    assert_eq!([kept, disabled, before, purged].map(deletes), [0, 1, 1, 1], "{journal:?}");
    let code = if version < ProductVersion::V3_33 { 1017 } else { 1008 };
    assert!(journal.about(before).iter().any(|entry| entry.code == Some(code)), "{journal:?}");
    assert_eq!(journal.count(Kind::GetCredential), 0, "P5");
    out_of_sight_is_not_gone(&world).await;
    assert_no_canary(&world.everything_said().await);
}

async fn with_records(world: &World) -> [String; 5] {
    let objects = NAMES.iter().flat_map(|name| {
        let policy = if *name == "kept" { "Retain" } else { "Disable" };
        [world.secret_json(name, CANARY), world.credential_json(name, json!({"deletionPolicy": policy}))]
    });
    world.apply(objects).await;
    let mut ids = Vec::new();
    for name in NAMES {
        ids.push(world.becomes(name, "Synced").await.status.unwrap().id.unwrap());
    }
    ids.try_into().unwrap()
}

/// It stays, says why with that code, and `Retain` is the way out.
async fn blocked_until_released(world: &World, name: &str, code: &str) {
    let message = ready(&world.becomes(name, "DeletionBlocked").await).2;
    assert!(message.contains(code) && message.contains("deletionPolicy"), "{message}");
    world.put_credential(name, json!({"deletionPolicy": "Retain"})).await;
    world.is_gone(name).await;
    world.event_of(name, "Retained").await;
}

/// 1007 where the list shows no other record of ours: the authorization may have lost its sight of everything.
async fn out_of_sight_is_not_gone(world: &World) {
    world.delete(STAYS).await;
    world.is_gone(STAYS).await;
    world.put_secret("last", json!({"password": CANARY})).await;
    world.put_credential("last", json!({"deletionPolicy": "Disable"})).await;
    let id = world.becomes("last", "Synced").await.status.unwrap().id.unwrap();
    world.sim.remove_record(&id);
    world.delete("last").await;
    blocked_until_released(world, "last", "1007").await;
}

//! P6: a value that the vault rotated stays until the value in Kubernetes changes or somebody asks for a push.

use crate::support::steps::A_MOMENT;
use crate::support::vault::{living, status_of};
use crate::support::{CANARY, World, assert_no_canary, base64, ready};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use pam_operator::api::{
    DIGEST_KEY_FIELD, DIGEST_KEY_SECRET, PUSH_VALUE_REQUESTED_AT, PamCredential, RECONCILE_REQUESTED_AT,
};
use pam_simulator::VaultEdit;
use serde_json::{Value, json};

/// Not rotated; set to rotate in the vault, which the list shows; set to rotate by the spec.
const ALL: [&str; 3] = ["plain", "listed", "by-spec"];
const ROTATED: [&str; 2] = ["listed", "by-spec"];

fn spec(name: &str) -> Value {
    let rotates = json!({"useOwnCredentialToConnect": true, "automaticChange": true});
    if name == "by-spec" { json!({"executionSettings": rotates}) } else { json!({}) }
}

/// The vault rotates both that it rotates, to values of that round.
async fn the_vault_rotates(world: &World, round: &str) {
    for name in ROTATED {
        world.edit(name, VaultEdit::Rotate(by_the_vault(round).into())).await;
    }
}

fn by_the_vault(round: &str) -> String {
    format!("canary-7f3a-by-the-vault-{round}")
}

fn ours(version: u32) -> String {
    format!("{CANARY}-v{version}")
}

/// What is sent when the vault has just rotated and then that happens: of each, for each POST, whether the value went
/// along; and what the vault holds in the end: the value of the Secret in that version, or else the vault's own.
struct Case<'a> {
    what: &'a str,
    sent: [&'a [bool]; 3],
    holds: [Option<u32>; 3],
}

impl Case<'_> {
    async fn goes(&self, world: &World, happens: impl AsyncFnOnce(&World)) {
        the_vault_rotates(world, self.what).await;
        let count = world.count().await;
        happens(world).await;
        self.is_so(world, &count).await;
    }

    async fn is_so(&self, world: &World, count: &crate::support::Count) {
        for (name, (sent, holds)) in ALL.into_iter().zip(self.sent.into_iter().zip(self.holds)) {
            assert_eq!(world.values_sent(count, name), sent, "{name}: {}", self.what);
            let expected = holds.map_or_else(|| by_the_vault(self.what), ours);
            let held = world.sim.value_of(&world.id_of(name).await);
            assert!(held == Some(expected), "{name} holds another value: {}", self.what);
        }
        eprintln!("{}: as expected", self.what);
    }
}

async fn edited(world: &World, names: &[&str], change: &Value) {
    for name in names {
        let mut spec = spec(name);
        crate::support::merge(&mut spec, change.clone());
        world.put_credential(name, spec).await;
    }
    all_are_well(world, names).await;
}

async fn all_are_well(world: &World, names: &[&str]) -> Vec<PamCredential> {
    let mut all = Vec::new();
    for name in names {
        let found = world.becomes_in(&world.namespace, name, &["Synced", "Adopted"]).await;
        all.push(found);
    }
    all
}

/// Annotates all of them, and waits until that was acted on.
async fn asked(world: &World, annotation: &str) {
    for name in ALL {
        world.annotate(name, annotation, "now").await;
    }
    for name in ALL {
        let is = |found: &PamCredential| {
            let status = status_of(found);
            let handled = match annotation {
                RECONCILE_REQUESTED_AT => status.last_handled_reconcile_at,
                _ => status.last_handled_push_value_at,
            };
            handled.as_deref() == Some("now")
        };
        world.until(name, "asked", is).await;
    }
}

async fn touched(world: &World) {
    let label = Patch::Merge(json!({"metadata": {"labels": {"touched": "yes"}}}));
    for name in ALL {
        world.secrets().patch_metadata(name, &PatchParams::default(), &label).await.unwrap();
    }
}

async fn another_key(world: &World, byte: u8) {
    let secrets = Api::<Secret>::namespaced(world.client.clone(), world.install.namespace());
    let other = Patch::Merge(json!({"data": {DIGEST_KEY_FIELD: base64(&[byte; 32])}}));
    secrets.patch(DIGEST_KEY_SECRET, &PatchParams::default(), &other).await.unwrap();
}

async fn put_values(world: &World, version: u32) {
    for name in ALL {
        world.put_secret(name, json!({"password": ours(version)})).await;
    }
}

async fn start(world: &World) {
    put_values(world, 1).await;
    edited(world, &ALL, &json!({})).await;
    world.edit("listed", VaultEdit::AutomaticChange(true)).await;
    world.have_baselines(&ALL).await;
    world.next_list().await;
}

#[tokio::test]
async fn what_the_vault_rotated_stays_by_edits_and_requests_until_the_value_changes_or_is_asked_for() {
    let world = living().await;
    start(&world).await;

    let case = Case { what: "edit", sent: [&[false]; 3], holds: [Some(1), None, None] };
    case.goes(&world, async |world| edited(world, &ALL, &json!({"tags": ["edited"]})).await).await;

    let case = Case { what: "metadata", sent: [&[]; 3], holds: [Some(1), None, None] };
    case.goes(&world, async |world| {
        touched(world).await;
        tokio::time::sleep(A_MOMENT).await;
    })
    .await;

    // Only what is known from a list after our own write can be told from it.
    world.have_baselines(&ALL).await;
    let case = Case { what: "lists", sent: [&[]; 3], holds: [Some(1), None, None] };
    case.goes(&world, async |world| {
        for name in ROTATED {
            world.drifts(name, "RotatedInVault").await;
        }
    })
    .await;

    let case = Case { what: "reconcile", sent: [&[true], &[false], &[false]], holds: [Some(1), None, None] };
    case.goes(&world, async |world| asked(world, RECONCILE_REQUESTED_AT).await).await;

    let case = Case { what: "corrected", sent: [&[], &[false], &[]], holds: [Some(1), None, None] };
    case.goes(&world, async |world| {
        edited(world, &["listed"], &json!({"tags": ["edited"], "driftPolicy": "Correct"})).await;
        world.edit("listed", VaultEdit::Username("another".into())).await;
        world.event_of("listed", "Corrected").await;
    })
    .await;

    let case = Case { what: "asked", sent: [&[true]; 3], holds: [Some(1); 3] };
    case.goes(&world, async |world| asked(world, PUSH_VALUE_REQUESTED_AT).await).await;

    let case = Case { what: "changed", sent: [&[true]; 3], holds: [Some(2); 3] };
    case.goes(&world, async |world| {
        put_values(world, 2).await;
        for name in ALL {
            world.pam_holds(name, &ours(2)).await;
        }
    })
    .await;
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn what_the_vault_rotated_stays_through_restarts_a_lost_key_and_a_restore() {
    let mut world = living().await;
    start(&world).await;

    world.stop_operator().await;
    the_vault_rotates(&world, "restart").await;
    let count = world.count().await;
    world.start_operator().await;
    world.next_list().await;
    let case = Case { what: "restart", sent: [&[]; 3], holds: [Some(1), None, None] };
    case.is_so(&world, &count).await;

    world.stop_operator().await;
    the_vault_rotates(&world, "lost key").await;
    another_key(&world, 7).await;
    let count = world.count().await;
    world.start_operator().await;
    world.next_list().await;
    let case = Case { what: "lost key", sent: [&[]; 3], holds: [Some(1), None, None] };
    case.is_so(&world, &count).await;
    all_are_well(&world, &ALL).await;

    // The Secrets were written again in the meantime, with what they held.
    world.stop_operator().await;
    the_vault_rotates(&world, "touched").await;
    touched(&world).await;
    let count = world.count().await;
    world.start_operator().await;
    world.next_list().await;
    let case = Case { what: "touched", sent: [&[]; 3], holds: [Some(1), None, None] };
    case.is_so(&world, &count).await;

    // Which value was sent is no longer known: where nobody wrote to the record since, what is there is not newer.
    world.stop_operator().await;
    the_vault_rotates(&world, "lost key and changed").await;
    another_key(&world, 8).await;
    put_values(&world, 2).await;
    let count = world.count().await;
    world.start_operator().await;
    world.pam_holds("plain", &ours(2)).await;
    world.next_list().await;
    let case = Case { what: "lost key and changed", sent: [&[true], &[], &[]], holds: [Some(2), None, None] };
    case.is_so(&world, &count).await;
    let reasons: Vec<String> = all_are_well(&world, &ALL).await.iter().map(|one| ready(one).1).collect();
    assert_eq!(reasons, ["Synced", "Adopted", "Adopted"], "what was held back is told");

    the_vault_rotates(&world, "restore").await;
    world.stop_operator().await;
    world.credentials().delete_collection(&DeleteParams::default(), &ListParams::default()).await.unwrap();
    for name in ALL {
        world.is_gone(name).await;
        world.put_credential(name, spec(name)).await;
    }
    let count = world.count().await;
    world.start_operator().await;
    all_are_well(&world, &ALL).await;
    let case = Case { what: "restore", sent: [&[true], &[false], &[false]], holds: [Some(2), None, None] };
    case.is_so(&world, &count).await;
    assert_no_canary(&world.everything_said().await);
}

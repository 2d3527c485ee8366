//! P1, P4, P7: with `--plan-only` a restored cluster writes nothing to the PAM, and without it goes on with its records.

use crate::support::steps::A_MOMENT;
use crate::support::vault::{assert_untouched, living, status_of};
use crate::support::{CANARY, SETTLED, World, assert_no_canary, ready};
use kube::api::{DeleteParams, Patch, PatchParams};
use pam_operator::api::{FINALIZER, PUSH_VALUE_REQUESTED_AT, PamCredential, PlanAction, find};
use pam_simulator::{Effect, Fault, Kind, RecordView, Seed, VaultEdit};
use serde_json::{Value, json};

/// What each object would have sent, were it not for the flag.
const DUE: [(&str, PlanAction); 7] = [
    ("changed", PlanAction::Update),
    ("drifted", PlanAction::Correct),
    ("requested", PlanAction::Update),
    ("enabled", PlanAction::Enable),
    ("restored", PlanAction::Adopt),
    ("unanswered", PlanAction::Adopt),
    ("deleted", PlanAction::Disable),
];
const RECORDED: [&str; 5] = ["changed", "drifted", "requested", "restored", "deleted"];

/// Production at the time of the backup: each object has its record, but for one whose only write got no answer.
async fn production(world: &mut World) {
    world.sim.seed(Seed::new("enabled", "db01", "10.0.0.7").disabled());
    world.all_synced(&RECORDED, json!({"deletionPolicy": "Disable"})).await;
    world.all_synced(&["released"], json!({"deletionPolicy": "Disable"})).await;
    world.all_synced(&["enabled"], json!({"ensureEnabled": false})).await;
    world.have_baselines(&["drifted", "enabled"]).await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Reset).after_commit().always());
    world.put_secret("unanswered", json!({"password": CANARY})).await;
    world.put_credential("unanswered", json!({"deletionPolicy": "Disable"})).await;
    world.becomes("unanswered", "PamUnavailable").await;
    world.kill_operator().await;
    world.sim.clear_faults();
}

/// One object comes back without status, and with an older value than the PAM has; for each of the others something is due.
async fn restore(world: &World) {
    world.credentials().delete("restored", &DeleteParams::default()).await.unwrap();
    let unheld = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    world.credentials().patch_metadata("restored", &PatchParams::default(), &unheld).await.unwrap();
    let mut restored = world.credential_json("restored", json!({"deletionPolicy": "Disable"}));
    restored["metadata"]["finalizers"] = json!([FINALIZER]);
    world.apply([world.secret_json("restored", &format!("{CANARY}-older")), restored]).await;
    world.put_secret("changed", json!({"password": format!("{CANARY}-2")})).await;
    world.edit("drifted", VaultEdit::Username("somebody".into())).await;
    world.put_credential("drifted", json!({"deletionPolicy": "Disable", "driftPolicy": "Correct"})).await;
    world.annotate("requested", PUSH_VALUE_REQUESTED_AT, "now").await;
    world.put_credential("enabled", json!({"ensureEnabled": true})).await;
}

/// All that the PAM holds.
fn vault(world: &World) -> Vec<Value> {
    let of = |record: RecordView| {
        let value = world.sim.value_of(&record.id);
        json!([record.id, record.identifier, record.username, record.active, value])
    };
    world.sim.records().into_iter().map(of).collect()
}

async fn connection_message(world: &World) -> String {
    let status = world.connection_becomes("Authenticated").await.status.unwrap();
    find(&status.conditions, pam_operator::api::ConditionType::Ready).unwrap().message.clone()
}

async fn is_said(world: &World) {
    assert!(connection_message(world).await.contains("--plan-only"));
    let operator = world.operator.as_ref().unwrap();
    assert!(operator.metrics().await.unwrap().contains("pam_operator_plan_only 1"));
    assert!(world.logs().contains("--plan-only is set"));
}

#[tokio::test]
async fn a_drill_writes_nothing_and_the_same_objects_then_go_on_with_their_records() {
    let mut world = living().await;
    production(&mut world).await;
    restore(&world).await;
    let before = vault(&world);
    let changed = world.id_of("changed").await;
    let unacknowledged = status_of(&world.get("unanswered").await).in_flight;
    assert!(unacknowledged.is_some());

    let count = world.count().await;
    world.start_operator_with("--plan-only", "true").await;
    for name in ["deleted", "released"] {
        world.delete(name).await;
    }
    for (name, action) in DUE {
        let is = |found: &PamCredential| status_of(found).plan.is_some_and(|plan| plan.action == action);
        // For 90 s after the start, a write of the operator before may still be executed.
        let found = world.until_within(name, &format!("planned: {action:?}"), SETTLED, is).await;
        let (_, reason, message) = ready(&found);
        assert_eq!(reason, if name == "deleted" { "DeletionBlocked" } else { "Planned" }, "{name}: {message}");
        assert!(message.contains("--plan-only") && !message.contains("spec.mode"), "{name}: {message}");
    }
    is_said(&world).await;
    // The way out of a deletion is an ordinary edit.
    assert!(ready(&world.becomes("released", "DeletionBlocked").await).2.contains("deletionPolicy to Retain"));
    world.put_credential("released", json!({"deletionPolicy": "Retain"})).await;
    world.is_gone("released").await;
    world.next_list().await;
    world.next_list().await;
    assert_untouched(&world.journal(&count));
    assert_eq!(vault(&world), before);
    assert_eq!(world.id_of("changed").await, changed);
    assert_eq!(status_of(&world.get("unanswered").await).in_flight, unacknowledged, "it is still known of");
    assert!(status_of(&world.get("restored").await).id.is_none());
    assert_no_canary(&world.stop_operator().await);

    world.start_operator().await;
    world.is_gone_within("deleted", SETTLED).await;
    for (name, _) in DUE.iter().filter(|(name, _)| *name != "deleted") {
        let found = world.becomes_in(&world.namespace, name, &["Synced", "Adopted"]).await;
        assert!(status_of(&found).plan.is_none(), "{name}");
    }
    tokio::time::sleep(A_MOMENT).await;
    assert!(!connection_message(&world).await.contains("--plan-only"));
    assert_eq!(vault(&world).len(), before.len(), "no second record");
    assert_eq!(world.id_of("changed").await, changed);
    let identifier = world.identifier_of("restored");
    assert_eq!(Some(world.id_of("restored").await), world.sim.find(&identifier).map(|record| record.id));
    assert!(world.sim.journal().secrets_handed_out().is_empty(), "P5");
    assert_no_canary(&world.everything_said().await);
}

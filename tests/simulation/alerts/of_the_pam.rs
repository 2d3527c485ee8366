//! Faults of a PAM, and of what the operator finds there.

use std::time::Duration;

use super::{A_WHILE, change_all, ends, healthy, names, synced};
use crate::support::{NAMESPACE, OperatedCluster, World, world};
use pam_simulator::{Config, Outage, VaultEdit};
use serde_json::json;
use tokio::time::sleep;

fn pam() -> Config {
    Config::default().device("db01", "10.0.0.7")
}

fn edit_all(world: &World, cluster: &OperatedCluster, count: usize, edit: impl Fn(&str) -> VaultEdit) {
    for name in names(count) {
        assert!(world.sim.edit(&cluster.status(&name).id.unwrap(), edit(&name)));
    }
}

fn delete_all(cluster: &OperatedCluster, plural: &str, count: usize) {
    for name in names(count) {
        cluster.api.delete(plural, NAMESPACE, &name);
    }
}

#[test]
fn a_pam_does_not_answer() {
    for (alert, outage) in
        [("PamOperatorPamUnreachable", Outage::Refused), ("PamOperatorConnectionNotReady", Outage::Reset)]
    {
        world(pam(), async |world| {
            let cluster = synced(&world, 5, &json!({})).await;
            let mut recording = healthy(&cluster).await;
            world.sim.set_outage(outage);
            change_all(&cluster, 5, 2);
            recording.go_on(3 * A_WHILE, &[Some(&cluster)]).await;
            recording.mended();
            world.sim.set_outage(Outage::None);
            recording.go_on(A_WHILE, &[Some(&cluster)]).await;
            recording.fires(alert);
            ends(&world, &cluster);
        });
    }
}

#[test]
fn a_login_is_refused() {
    world(pam(), async |world| {
        let cluster = synced(&world, 3, &json!({})).await;
        let mut recording = healthy(&cluster).await;
        cluster.put_login(&world.sim.client_id(), "another");
        recording.go_on(A_WHILE, &[Some(&cluster)]).await;
        recording.mended();
        cluster.put_login(&world.sim.client_id(), &world.sim.client_secret());
        recording.go_on(A_WHILE, &[Some(&cluster)]).await;
        recording.fires("PamOperatorLoginRefused");
        ends(&world, &cluster);
    });
}

#[test]
fn tokens_are_rejected() {
    world(pam(), async |world| {
        let cluster = synced(&world, 3, &json!({})).await;
        let mut recording = healthy(&cluster).await;
        for number in 2..18 {
            world.sim.revoke_tokens();
            change_all(&cluster, 1, number);
            recording.go_on(Duration::from_mins(2), &[Some(&cluster)]).await;
        }
        recording.mended();
        recording.go_on(Duration::from_mins(45), &[Some(&cluster)]).await;
        recording.fires("PamOperatorTokensRejected");
        ends(&world, &cluster);
    });
}

#[test]
fn a_record_is_renamed_in_the_vault() {
    world(pam(), async |world| {
        let cluster = synced(&world, 20, &json!({})).await;
        let mut recording = healthy(&cluster).await;
        edit_all(&world, &cluster, 1, |_| VaultEdit::Username("somebody".to_owned()));
        recording.go_on(3 * A_WHILE, &[Some(&cluster)]).await;
        recording.mended();
        let ask = |object: &mut serde_json::Value| {
            object["metadata"]["annotations"]["pam-operator.io/reconcile-requested-at"] = "now".into();
        };
        assert!(cluster.api.edit("pamcredentials", NAMESPACE, "svc0", ask));
        recording.go_on(2 * A_WHILE, &[Some(&cluster)]).await;
        recording.fires("PamOperatorDrift");
        ends(&world, &cluster);
    });
}

#[test]
fn many_records_would_be_disabled() {
    world(pam(), async |world| {
        let cluster = synced(&world, 30, &json!({"deletionPolicy": "Disable"})).await;
        let mut recording = healthy(&cluster).await;
        delete_all(&cluster, "pamcredentials", 30);
        recording.go_on(A_WHILE, &[Some(&cluster)]).await;
        recording.mended();
        let held = |object: &mut serde_json::Value| {
            let held = object["status"]["heldDisables"].to_string();
            object["metadata"]["annotations"]["pam-operator.io/confirm-disable"] = held.into();
        };
        assert!(cluster.api.edit("clusterpamconnections", "", "default", held));
        recording.go_on(A_WHILE, &[Some(&cluster)]).await;
        recording.fires("PamOperatorDisablesHeld");
        ends(&world, &cluster);
    });
}

#[test]
fn the_list_lacks_what_was_there() {
    world(pam(), async |world| {
        let cluster = synced(&world, 20, &json!({})).await;
        let mut recording = healthy(&cluster).await;
        let client = world.sim.client_id();
        edit_all(&world, &cluster, 10, |_| VaultEdit::HideFrom(client.clone()));
        recording.go_on(2 * A_WHILE, &[Some(&cluster)]).await;
        recording.mended();
        edit_all(&world, &cluster, 10, |_| VaultEdit::ShowTo(client.clone()));
        recording.go_on(2 * A_WHILE, &[Some(&cluster)]).await;
        recording.fires("PamOperatorListNotTrusted");
        ends(&world, &cluster);
    });
}

#[test]
fn the_vault_is_restored_from_a_backup() {
    world(pam(), async |world| {
        let cluster = synced(&world, 5, &json!({})).await;
        let backup = world.sim.backup();
        change_all(&cluster, 5, 2);
        sleep(Duration::from_hours(1)).await;
        let mut recording = healthy(&cluster).await;
        world.sim.restore(&backup);
        recording.go_on(2 * A_WHILE, &[Some(&cluster)]).await;
        recording.fires("PamOperatorVaultRestored");
        ends(&world, &cluster);
    });
}

#[test]
fn a_namespace_goes_together_with_the_connection() {
    world(pam(), async |world| {
        let cluster = synced(&world, 3, &json!({"deletionPolicy": "Disable"})).await;
        let mut recording = healthy(&cluster).await;
        cluster.api.delete("clusterpamconnections", "", "default");
        cluster.api.delete("namespaces", "", NAMESPACE);
        delete_all(&cluster, "pamcredentials", 3);
        sleep(Duration::from_millis(10)).await;
        delete_all(&cluster, "secrets", 3);
        recording.go_on(A_WHILE, &[Some(&cluster)]).await;
        recording.mended();
        recording.go_on(Duration::from_mins(90), &[Some(&cluster)]).await;
        recording.fires("PamOperatorRecordsLeftEnabled");
        ends(&world, &cluster);
    });
}

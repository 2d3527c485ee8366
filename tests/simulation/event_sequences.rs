//! P1, P3, P6: values and records survive sequences of two or three events, each of which is harmless by itself.

use std::time::Duration;

use crate::support::{NAMESPACE, OperatedCluster, World, assert_no_canary, value, world};
use pam_operator::api::{ConditionType, DIGEST_KEY_FIELD, DIGEST_KEY_SECRET, find};
use pam_simulator::{Authorization, Config, Device, Effect, Fault, Kind, Seed, VaultEdit};
use serde_json::{Value, json};
use tokio::time::sleep;

const A_WHILE: Duration = Duration::from_secs(30);
const LONG: Duration = Duration::from_hours(3);

fn pam() -> Config {
    Config::default().device("db01", "10.0.0.7")
}

/// One credential that is as it should be, and of which the list says so.
async fn synced(world: &World, change: &Value) -> OperatedCluster {
    let mut cluster = world.cluster("c1");
    cluster.put_value("svc", &value("svc", 1));
    cluster.put_credential("svc", change);
    cluster.start().await;
    reaches(world, &cluster, "Synced").await;
    sleep(LONG).await;
    cluster
}

async fn reaches(world: &World, cluster: &OperatedCluster, reason: &str) {
    world.until(reason, Duration::from_mins(30), || cluster.reason("svc") == reason).await;
}

fn held(world: &World, cluster: &OperatedCluster) -> Option<String> {
    world.sim.value_of(&cluster.status("svc").id.unwrap())
}

fn drift(cluster: &OperatedCluster) -> Option<String> {
    find(&cluster.status("svc").conditions, ConditionType::Drifted).map(|condition| condition.reason.clone())
}

fn ends(world: &World, cluster: &OperatedCluster) {
    assert!(world.sim.journal().secrets_handed_out().is_empty(), "P5");
    assert_no_canary(&(cluster.said() + &world.logs()));
}

/// P10: what a list tells an object of must not bring it its turn over and over, where the PAM refuses what it sends.
#[test]
fn a_list_that_tells_something_new_does_not_hurry_a_push_that_is_refused() {
    world(pam(), |world| async move {
        let mut cluster = world.cluster("c1");
        cluster.put_value("svc", &value("svc", 1));
        cluster.put_credential("svc", &json!({}));
        cluster.start().await;
        reaches(&world, &cluster, "Synced").await;
        sleep(A_WHILE).await;
        let mark = world.sim.mark();
        cluster.put_credential("svc", &json!({"hostname": "not-there-yet"}));
        reaches(&world, &cluster, "DeviceNotFound").await;
        sleep(Duration::from_hours(1)).await;
        let (posts, lists) = (world.journal(mark).posts().len(), world.journal(mark).count(Kind::ListCredentials));
        assert!(posts < 60 && lists < 60, "{posts} posts, {lists} lists in an hour");
        ends(&world, &cluster);
    });
}

/// The same, of a record that got another identifier and is to have its own again.
#[test]
fn a_correction_that_is_refused_is_not_hurried() {
    world(pam(), |world| async move {
        let cluster = synced(&world, &json!({"driftPolicy": "Correct"})).await;
        let id = cluster.status("svc").id.unwrap();
        world.sim.inject(Fault::on(Kind::PostCredential, Effect::Code(1011)).always());
        world.sim.edit(&id, VaultEdit::Identifier(Some("theirs".into())));
        let mark = world.sim.mark();
        sleep(Duration::from_hours(2)).await;
        let (posts, lists) = (world.journal(mark).posts().len(), world.journal(mark).count(Kind::ListCredentials));
        assert!(posts > 0 && posts < 80 && lists < 80, "{posts} posts, {lists} lists in two hours");
        ends(&world, &cluster);
    });
}

/// What our own `PUT` moved is nobody else's change.
#[test]
fn enabling_a_record_is_not_taken_for_somebody_elses_change() {
    let seed = Seed::new("svc", "db01", "10.0.0.7").identifier("c1_apps_svc").value("theirs").disabled();
    world(pam().seed(seed), |world| async move {
        let cluster = synced(&world, &json!({"driftPolicy": "Correct"})).await;
        let mark = world.sim.mark();
        cluster.put_credential("svc", &json!({"ensureEnabled": true}));
        world.until("enabled", A_WHILE, || cluster.status("svc").ensured_enabled).await;
        sleep(LONG).await;
        let journal = world.journal(mark);
        assert_eq!(journal.posts().len(), 0, "nothing was changed by anybody: {:?}", drift(&cluster));
        assert_eq!(drift(&cluster), None);
        ends(&world, &cluster);
    });
}

/// P3: the Secret is away when the operator comes back, and then is what it was before.
#[test]
fn a_rotation_that_was_cut_off_is_undone_by_a_recreated_secret() {
    world(pam(), |world| async move {
        let mut cluster = synced(&world, &json!({})).await;
        world.sim.inject(Fault::on(Kind::PostCredential, Effect::Silence).after_commit().times(1));
        cluster.put_value("svc", &value("svc", 2));
        sleep(Duration::from_secs(1)).await;
        cluster.kill().await;
        assert_eq!(held(&world, &cluster), Some(value("svc", 2)));
        cluster.api.delete("secrets", NAMESPACE, "svc");
        cluster.start().await;
        sleep(A_WHILE).await;
        cluster.put_value("svc", &value("svc", 1));
        sleep(Duration::from_mins(10)).await;
        assert_eq!(cluster.reason("svc"), "Synced");
        assert_eq!(held(&world, &cluster), Some(value("svc", 1)));
        ends(&world, &cluster);
    });
}

/// P3: what the first process began is not forgotten by the third, though the second wrote a status.
#[test]
fn a_second_restart_does_not_forget_what_the_first_process_left_open() {
    world(pam(), |world| async move {
        let mut cluster = synced(&world, &json!({})).await;
        cluster.put_value("other", &value("svc", 2));
        world.sim.inject(Fault::on(Kind::PostCredential, Effect::Silence).times(1));
        cluster.put_credential("svc", &json!({"contentSecretRef": {"name": "other"}}));
        sleep(Duration::from_millis(20)).await;
        cluster.kill().await;
        world.sim.clear_faults();
        cluster.put_credential("svc", &json!({"contentSecretRef": {"name": "svc"}}));
        cluster.start().await;
        sleep(Duration::from_secs(20)).await;
        cluster.restart(Duration::from_secs(1)).await;
        sleep(Duration::from_secs(20)).await;
        for seq in world.sim.held() {
            assert!(world.sim.commit_held(seq));
        }
        assert_eq!(held(&world, &cluster), Some(value("svc", 2)));
        sleep(Duration::from_hours(3)).await;
        assert_eq!(held(&world, &cluster), Some(value("svc", 1)), "{:?}", drift(&cluster));
        assert_eq!(cluster.reason("svc"), "Synced");
        ends(&world, &cluster);
    });
}

/// P3, P7: a creation that was answered, but not judged since the list after it failed, is told of by the status.
#[test]
fn a_record_whose_creation_could_not_be_judged_is_disabled_with_its_object() {
    world(pam(), |world| async move {
        let mut cluster = world.cluster("c1");
        cluster.put_value("svc", &value("svc", 1));
        world.sim.inject(Fault::on(Kind::PostCredential, Effect::Reset).times(1));
        cluster.put_credential("svc", &json!({"deletionPolicy": "Disable"}));
        cluster.start().await;
        world.until("lost", A_WHILE, || cluster.status("svc").in_flight.is_some()).await;
        // The list before the next POST is answered, the one that judges the answer is not.
        world
            .sim
            .inject(Fault::on(Kind::PostCredential, Effect::Delay(Duration::from_secs(12))).after_commit().times(1));
        let other = json!({"deletionPolicy": "Disable", "username": "other"});
        cluster.put_credential("svc", &other);
        let is_there = || world.sim.find("c1_apps_svc").is_some();
        world.until("the record of the other account", Duration::from_mins(5), is_there).await;
        world.sim.inject(Fault::on(Kind::ListCredentials, Effect::gateway(503)).always());
        sleep(Duration::from_secs(20)).await;
        cluster.put_credential("svc", &json!({"deletionPolicy": "Disable", "username": "other", "suspend": true}));
        sleep(A_WHILE).await;
        world.sim.clear_faults();
        cluster.api.delete("pamcredentials", NAMESPACE, "svc");
        cluster.put_credential("svc", &json!({"deletionPolicy": "Disable", "username": "other", "suspend": false}));
        world.until("gone", Duration::from_mins(30), || cluster.credential("svc").is_none()).await;
        let enabled: Vec<_> = world.sim.records().into_iter().filter(|record| record.active).collect();
        assert!(enabled.is_empty(), "P7: {} records stay enabled", enabled.len());
        ends(&world, &cluster);
    });
}

// === Two vaults

fn two() -> Config {
    pam().authorization(Authorization::new("second", "second-secret").tenant("second"))
}

/// A second connection, to another tenant's vault.
fn put_second(world: &World, cluster: &OperatedCluster) {
    world.sim.put_device(&Device { tenant: Some("second".into()), ..Device::new("db01", "10.0.0.7") });
    let first = cluster.api.list("clusterpamconnections").remove(0);
    let mut spec = first["spec"].clone();
    spec["auth"]["oauth2"] = json!({"clientSecretRef": {"name": "second"}});
    let meta = json!({"name": "second", "namespace": "pam-system"});
    let data = json!({"clientId": "second", "clientSecret": "second-secret"});
    cluster.api.put("secrets", &json!({"metadata": meta, "stringData": data}));
    cluster.api.put("clusterpamconnections", &json!({"metadata": {"name": "second"}, "spec": spec}));
}

fn leads_to(name: &str) -> Value {
    json!({"connectionRef": {"kind": "ClusterPamConnection", "name": name}})
}

/// P1: a vault that was left while a write there was in flight is not trusted on return.
#[test]
fn a_vault_that_was_left_with_a_write_in_flight_is_written_again() {
    world(two(), |world| async move {
        let cluster = synced(&world, &leads_to("default")).await;
        put_second(&world, &cluster);
        let first = cluster.status("svc").id.unwrap();
        world.sim.inject(Fault::on(Kind::PostCredential, Effect::Reset).after_commit().always());
        cluster.put_value("svc", &value("svc", 2));
        world.until("lost", A_WHILE, || cluster.status("svc").in_flight.is_some()).await;
        assert_eq!(world.sim.value_of(&first), Some(value("svc", 2)));
        cluster.put_credential("svc", &leads_to("second"));
        world.sim.clear_faults();
        world.until("the other vault", A_WHILE, || cluster.status("svc").id.unwrap() != first).await;
        reaches(&world, &cluster, "Synced").await;
        cluster.put_value("svc", &value("svc", 1));
        sleep(Duration::from_mins(10)).await;
        cluster.put_credential("svc", &leads_to("default"));
        world.until("the first vault", A_WHILE, || cluster.status("svc").id.unwrap() == first).await;
        sleep(Duration::from_mins(10)).await;
        assert_eq!(world.sim.value_of(&first), Some(value("svc", 1)));
        ends(&world, &cluster);
    });
}

/// P6: a write that was lost in another vault is no reason to send the value to this one.
#[test]
fn what_was_lost_in_another_vault_does_not_overwrite_what_this_one_rotated() {
    world(two(), |world| async move {
        let cluster = synced(&world, &leads_to("default")).await;
        put_second(&world, &cluster);
        let first = cluster.status("svc").id.unwrap();
        world.sim.edit(&first, VaultEdit::AutomaticChange(true));
        world.sim.edit(&first, VaultEdit::Rotate("by-the-vault".into()));
        sleep(LONG).await;
        world.sim.inject(Fault::on(Kind::PostCredential, Effect::Reset).always());
        cluster.put_credential("svc", &leads_to("second"));
        world.until("lost", A_WHILE, || cluster.status("svc").in_flight.is_some()).await;
        world.sim.clear_faults();
        cluster.put_credential("svc", &leads_to("default"));
        sleep(LONG).await;
        assert_eq!(world.sim.value_of(&first).as_deref(), Some("by-the-vault"));
        ends(&world, &cluster);
    });
}

/// P3: two connections to one vault share its records: a write whose answer the one lost may have reached the record.
#[test]
fn what_was_lost_by_another_name_of_the_same_vault_is_undone() {
    world(pam(), |world| async move {
        let cluster = synced(&world, &leads_to("default")).await;
        let first = cluster.api.list("clusterpamconnections").remove(0);
        let other = json!({"metadata": {"name": "second"}, "spec": first["spec"]});
        cluster.api.put("clusterpamconnections", &other);
        sleep(A_WHILE).await;
        world.sim.inject(Fault::on(Kind::PostCredential, Effect::Reset).after_commit().always());
        cluster.put_value("svc", &value("svc", 2));
        cluster.put_credential("svc", &leads_to("second"));
        let lost = || cluster.status("svc").in_flight.is_some() && held(&world, &cluster) == Some(value("svc", 2));
        world.until("lost", A_WHILE, lost).await;
        world.sim.clear_faults();
        cluster.put_value("svc", &value("svc", 1));
        cluster.put_credential("svc", &leads_to("default"));
        sleep(LONG).await;
        assert_eq!(held(&world, &cluster), Some(value("svc", 1)));
        assert_eq!(cluster.reason("svc"), "Synced");
        ends(&world, &cluster);
    });
}

/// Nobody knows whether this value was ever sent there.
#[test]
fn a_vault_that_is_returned_to_with_a_lost_key_is_not_said_to_hold_the_value() {
    world(two(), |world| async move {
        let mut cluster = synced(&world, &leads_to("default")).await;
        put_second(&world, &cluster);
        let first = cluster.status("svc").id.unwrap();
        cluster.put_credential("svc", &leads_to("second"));
        world.until("the other vault", A_WHILE, || cluster.status("svc").id.unwrap() != first).await;
        sleep(LONG).await;
        cluster.kill().await;
        let meta = json!({"name": DIGEST_KEY_SECRET, "namespace": "pam-system"});
        let data = json!({DIGEST_KEY_FIELD: "k".repeat(32)});
        cluster.api.put("secrets", &json!({"metadata": meta, "stringData": data}));
        cluster.put_value("svc", &value("svc", 2));
        cluster.put_credential("svc", &leads_to("default"));
        cluster.start().await;
        world.until("the first vault", A_WHILE, || cluster.status("svc").id.unwrap() == first).await;
        sleep(LONG).await;
        let is_there = world.sim.value_of(&first) == Some(value("svc", 2));
        assert!(is_there || cluster.reason("svc") == "Adopted", "{}: the old value is there", cluster.reason("svc"));
        ends(&world, &cluster);
    });
}

/// P6: a value that was held back is the vault's, whether or not it goes on rotating it.
#[test]
fn a_restart_sends_no_value_that_was_held_back() {
    let seed = Seed::new("svc", "db01", "10.0.0.7").identifier("c1_apps_svc").value("by-the-vault").automatic_change();
    world(pam().seed(seed), |world| async move {
        let mut cluster = world.cluster("c1");
        cluster.put_value("svc", &value("svc", 1));
        cluster.put_credential("svc", &json!({}));
        cluster.start().await;
        reaches(&world, &cluster, "Adopted").await;
        sleep(LONG).await;
        let id = cluster.status("svc").id.unwrap();
        cluster.kill().await;
        world.sim.edit(&id, VaultEdit::AutomaticChange(false));
        cluster.put_value("svc", "x");
        cluster.put_value("svc", &value("svc", 1));
        cluster.start().await;
        sleep(LONG).await;
        assert_eq!(held(&world, &cluster).as_deref(), Some("by-the-vault"));
        assert_eq!(cluster.reason("svc"), "Adopted");
        ends(&world, &cluster);
    });
}

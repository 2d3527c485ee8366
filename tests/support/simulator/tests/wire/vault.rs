//! Backups, two PAMs, and one PAM under two names.

use std::time::Duration;

use pam_simulator::{Config, Inactive, Seed, Simulator, VaultEdit};

use crate::common::{HOST, IP, Pam, full, log_in, reply};

#[tokio::test]
async fn a_restored_vault_has_its_ids_values_and_changes_of_before() {
    let pam = Pam::start().await;
    let kept = pam.post(&full("k8s-a", "svc", "one")).await.id();
    let before = pam.sim.records();
    let backup = pam.sim.backup();
    assert_eq!((backup.len(), backup.is_empty()), (1, false));

    tokio::time::sleep(Duration::from_millis(1100)).await;
    pam.post(&full("k8s-a", "renamed", "two")).await;
    pam.item("DELETE", &kept).await;
    let lost = pam.post(&full("k8s-b", "other", "x")).await.id();
    pam.sim.remove_device(HOST);
    let journal = pam.sim.journal().len();

    pam.sim.restore(&backup);
    assert_eq!(pam.sim.records(), before);
    assert_eq!(pam.sim.value_of(&kept).as_deref(), Some("one"));
    assert_eq!(pam.sim.journal().len(), journal, "the journal is not the PAM's");
    assert_eq!(pam.list().await.status, 200, "tokens and clients stay");
    let again = pam.post(&full("k8s-c", "third", "x")).await;
    assert!(again.created());
    assert_eq!(again.id(), lost, "an id that the backup does not know is given out again");
    pam.sim.restore(&backup);
    assert_eq!(pam.sim.records(), before, "as often as one likes");
}

#[tokio::test]
async fn a_backup_can_be_restored_into_another_pam() {
    let (pam, other) = (Pam::start().await, Pam::start().await);
    let id = pam.post(&full("k8s-a", "svc", "one")).await.id();
    other.sim.restore(&pam.sim.backup());
    pam.sim.edit(&id, VaultEdit::Rotate("two".into()));
    assert_eq!(other.sim.value_of(&id).as_deref(), Some("one"), "a copy, not the same vault");
    assert!(!other.post(&full("k8s-a", "svc", "three")).await.created());
}

#[tokio::test]
async fn two_simulators_are_two_pams() {
    let (one, two) = (Pam::start().await, Pam::start().await);
    one.post(&full("k8s-a", "svc", "one")).await;
    assert!(two.sim.records().is_empty());
    assert_eq!(two.call_as(&one.token, "GET", "/api/pam/credential", None).await.unwrap().status, 401);
}

#[tokio::test]
async fn one_pam_answers_under_two_names_and_a_token_of_one_is_good_under_the_other() {
    let pam = Pam::start().await;
    pam.post(&full("k8s-a", "svc", "one")).await;
    assert_ne!(pam.sim.url(), pam.sim.localhost_url());
    let request = pam.http.get(format!("{}/api/pam/credential", pam.sim.localhost_url()));
    let list = reply(request.bearer_auth(&pam.token)).await.unwrap();
    assert_eq!(list.json()["credentials"][0]["identifier"], "k8s-a");
}

#[tokio::test]
async fn it_can_listen_on_ipv6_loopback() {
    let config = Config { listen: "[::1]:0".parse().unwrap(), ..Config::default() };
    // Some machines have no IPv6 at all.
    if let Ok(sim) = Simulator::start(config).await {
        assert!(sim.url().starts_with("https://[::1]:"));
        log_in(&sim, &crate::common::client(&sim.ca_pem())).await;
    }
}

#[tokio::test]
async fn a_post_may_not_see_a_disabled_record_at_all() {
    let pam = Pam::with(Config::default().seed(Seed::new("svc", HOST, IP).identifier("k8s-a").disabled())).await;
    pam.sim.change_behaviour(|knobs| knobs.inactive = Inactive::Duplicate);
    let made = pam.post(&full("k8s-a", "svc", "one")).await;
    assert!(made.created());
    assert_ne!(made.id(), "101");
    assert!(!pam.post(&full("k8s-a", "svc", "two")).await.created(), "its own is seen");
    assert!(!pam.sim.record("101").unwrap().active);
}

#[tokio::test]
async fn a_call_by_name_finds_the_record_of_its_own_tenant() {
    let mut elsewhere = Seed::new("svc", HOST, IP);
    elsewhere.tenant = Some("other".to_owned());
    let pam = Pam::with(Config::default().seed(elsewhere).seed(Seed::new("svc", HOST, IP))).await;
    assert_eq!(pam.item("DELETE", "svc@db01").await.status, 200);
    assert_eq!((pam.sim.record("101").unwrap().active, pam.sim.record("102").unwrap().active), (true, false));
}

//! Custody: taken with the secret, given back, and what the vault rotates afterwards (API 4.4).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use pam_simulator::{Behaviour, Clock, Config, Kind, ProductVersion, Rotation, Seed};

use crate::common::{HOST, IP, Pam};

/// A vault with one record that it rotates and one that it does not, and a clock that a test moves.
struct Vault {
    pam: Pam,
    second: Arc<AtomicI64>,
}

impl Vault {
    async fn new(rotation: Rotation) -> Self {
        let second = Arc::new(AtomicI64::new(1_700_000_000));
        let shown = Arc::clone(&second);
        let now = move || Timestamp::from_second(shown.load(Ordering::SeqCst)).unwrap();
        let behaviour = Behaviour { rotation, ..Behaviour::default() };
        let config = Config { behaviour, clock: Clock::new(now), ..Config::default() };
        let rotating = Seed::new("rotating", HOST, IP).value("one").automatic_change();
        let pam = Pam::with(config.seed(rotating).seed(Seed::new("resting", HOST, IP).value("one"))).await;
        Self { pam, second }
    }

    fn pass(&self, seconds: i64) {
        self.second.fetch_add(seconds, Ordering::SeqCst);
    }

    fn value(&self) -> String {
        self.pam.sim.value_of("101").unwrap()
    }

    fn change(&self) -> String {
        self.pam.sim.record("101").unwrap().change
    }

    /// Takes and gives back the custody of both records.
    async fn take_and_release(&self) {
        for id in ["101", "102"] {
            assert_eq!(self.pam.item("GET", id).await.status, 200);
            let released = self.pam.item("DELETE", &format!("custody/{id}")).await;
            assert_eq!(released.message(), format!("Credential custody {id} released"));
        }
    }
}

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_release_asks_for_a_rotation_which_comes_later() {
    let vault = Vault::new(Rotation { delay: MINUTE, ..Rotation::default() }).await;
    let change = vault.change();
    vault.take_and_release().await;
    let release = vault.pam.sim.journal().of(Kind::ReleaseCustody).next().unwrap().commit.clone().unwrap();
    assert!(!release.wrote_value, "the call itself writes none");
    vault.pass(59);
    assert_eq!((vault.value().as_str(), vault.pam.sim.rotations_waiting()), ("one", 1));
    assert_eq!(vault.pam.rows().await[0]["change"], change);
    vault.pass(1);
    assert!(vault.pam.rows().await[0]["change"].as_str().unwrap() > change.as_str());
    assert!(vault.value().starts_with("rotated-"));
    assert_eq!((vault.pam.sim.rotations_waiting(), vault.pam.sim.writes_of("101").len()), (0, 2));
    assert_eq!(vault.pam.sim.writes_of("101")[1].order, None, "nobody's call wrote it");
    vault.pass(3600);
    assert_eq!(vault.pam.sim.writes_of("102").len(), 1, "without automatic change nothing is rotated");
}

#[tokio::test]
async fn by_default_it_comes_a_second_after_the_release() {
    let vault = Vault::new(Rotation::default()).await;
    vault.take_and_release().await;
    assert_eq!(vault.value(), "one");
    vault.pass(1);
    assert_ne!(vault.value(), "one");
}

#[tokio::test]
async fn a_rotation_may_fail_and_nothing_says_so() {
    let vault = Vault::new(Rotation { fails: true, ..Rotation::default() }).await;
    let change = vault.change();
    vault.take_and_release().await;
    vault.pass(3600);
    assert_eq!((vault.value().as_str(), vault.change(), vault.pam.sim.rotations_waiting()), ("one", change, 0));
    vault.pam.sim.change_behaviour(|knobs| knobs.rotation.fails = false);
    vault.take_and_release().await;
    vault.pass(1);
    assert_ne!(vault.value(), "one", "the next one succeeds");
}

#[tokio::test]
async fn a_policy_may_rotate_some_time_after_a_view() {
    let vault = Vault::new(Rotation { after_view: Some(MINUTE), ..Rotation::default() }).await;
    for id in ["101", "102"] {
        vault.pam.item("GET", id).await;
    }
    vault.pass(59);
    assert_eq!(vault.value(), "one");
    vault.pass(1);
    assert_ne!(vault.value(), "one");
    assert_eq!(vault.pam.sim.record("101").unwrap().custody.as_deref(), Some("operator"), "custody stays");
    assert_eq!(vault.pam.sim.value_of("102").as_deref(), Some("one"));
}

#[tokio::test]
async fn custody_of_a_disabled_record_cannot_be_released_from_3_33_on() {
    for version in ProductVersion::ALL {
        let pam = Pam::with(Config::of(version).seed(Seed::new("svc", HOST, IP).value("one"))).await;
        assert_eq!(pam.item("DELETE", "custody/101").await.code(), 1018, "{version}");
        assert_eq!(
            pam.item("DELETE", "custody/101").await.message(),
            "1018: The credential is not in the user custody"
        );
        pam.item("GET", "101").await;
        pam.item("DELETE", "101").await;
        let release = pam.item("DELETE", "custody/101").await;
        if version < ProductVersion::V3_33 {
            assert_eq!(release.status, 200, "the page of 3.32 knows 1007 and 1018 alone");
            continue;
        }
        assert_eq!((release.status, release.message().as_str()), (400, "1008: Credential inactive"), "{version}");
        pam.item("PUT", "101").await;
        assert_eq!(pam.item("DELETE", "custody/101").await.status, 200, "as the page advises");
        assert_eq!(pam.item("DELETE", "custody/999").await.code(), 1007);
    }
}

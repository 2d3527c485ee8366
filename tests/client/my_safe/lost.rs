//! P3: an answer is lost, and the list tells whether there is an entry: by tag, among the identifiers that are new.

use std::time::Duration;

use pam_operator::pam::{Edit, EntryChange, NewEntry, PamClient};
use pam_simulator::{Effect, Fault, Kind};

use super::{client, full, list, plain, safe};
use crate::support::{Pam, judge};
use crate::versions::VERSIONS;

const TAG: &str = "k8s-fedcba9876543210";

fn tagged() -> NewEntry {
    let mut entry = full("one");
    entry.rest.tags = Edit::Set(vec![TAG.into()]);
    entry
}

/// The entries that carry our tag and are newer than what was listed before.
async fn found(client: &PamClient, greatest: u64) -> Vec<u64> {
    let rows = list(client, Some(TAG)).await.unwrap();
    let ours = rows.iter().filter(|row| row.has_tag(TAG) && row.can_write);
    ours.filter_map(|row| row.identifier.parse().ok()).filter(|identifier| *identifier > greatest).collect()
}

async fn greatest(client: &PamClient) -> u64 {
    let rows = list(client, None).await.unwrap();
    rows.iter().filter_map(|row| row.identifier.parse().ok()).max().unwrap_or_default()
}

#[tokio::test]
async fn a_lost_creation_is_found_by_its_tag_if_it_was_executed() {
    for version in VERSIONS {
        for (effect, after, made) in [
            (Effect::Reset, false, 0),
            (Effect::Reset, true, 1),
            (Effect::gateway(504), false, 0),
            (Effect::gateway(504), true, 1),
            (Effect::UnexpectedError, true, 1),
        ] {
            let pam = safe(version).await;
            let client = client(&pam, version);
            client.my_safe().create_entry(&plain("before")).await.unwrap();
            let before = greatest(&client).await;
            let fault = Fault::on(Kind::PostSafePassword, effect);
            pam.sim.inject(if after { fault.after_commit() } else { fault });
            assert!(judge(client.my_safe().create_entry(&tagged()).await).1, "{version}: nobody knows");
            assert_eq!(found(&client, before).await.len(), made, "{version}");
            assert_eq!(pam.count(Kind::PostSafePassword), 2, "the client repeats nothing by itself");
        }
    }
}

#[tokio::test]
async fn a_creation_that_is_executed_late_is_found_later() {
    let pam = safe("4.2").await;
    let client = client(&pam, "4.2");
    let before = greatest(&client).await;
    pam.sim.inject(Fault::on(Kind::PostSafePassword, Effect::LateCommit(Duration::from_millis(300))));
    assert_eq!(judge(client.my_safe().create_entry(&tagged()).await), ("unavailable_reset", true));
    assert!(found(&client, before).await.is_empty());
    assert!(pam.sim.wait_for(Duration::from_secs(10), |journal| !journal.commits().is_empty()).await);
    assert_eq!(found(&client, before).await.len(), 1);
}

async fn rotate(pam: &Pam, client: &PamClient, password: &str, lost: Option<Fault>) -> bool {
    lost.map(|fault| pam.sim.inject(fault));
    let change = EntryChange { password: Some(password.into()), ..EntryChange::default() };
    client.my_safe().update_entry("9001", &change).await.is_ok()
}

#[tokio::test]
async fn a_lost_change_is_repeated_without_harm() {
    for version in VERSIONS {
        let pam = safe(version).await;
        let client = client(&pam, version);
        client.my_safe().create_entry(&full("one")).await.unwrap();
        let mails = pam.sim.mails_sent();
        let lost = || Fault::on(Kind::PutSafePassword, Effect::Reset);
        assert!(!rotate(&pam, &client, "CANARY-2", Some(lost())).await);
        assert!(!rotate(&pam, &client, "CANARY-2", Some(lost().after_commit())).await);
        assert!(rotate(&pam, &client, "CANARY-2", None).await);
        assert_eq!(pam.sim.value_of_entry("9001").as_deref(), Some("CANARY-2"));
        assert_eq!((pam.sim.entries().len(), pam.sim.mails_sent()), (1, mails), "{version}");
    }
}

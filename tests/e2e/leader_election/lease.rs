//! P3: the lease has one holder at any time, whether it is released, expires, is cut off, edited or removed.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use kube::api::{DeleteParams, Patch, PatchParams};
use local_cluster::ControlPlane;
use pam_operator::leader::{LEASE_NAME, Leadership};
use pam_operator::metrics::Metrics;
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::proxy::Proxy;
use super::{Chart, LEASE, SOON, lead, waiting};

#[tokio::test]
async fn a_released_lease_goes_to_the_one_that_waits() {
    let chart = Chart::new().await;
    let one = lead(&chart.candidate("one").await).await;
    let two = waiting(chart.candidate("two").await).await;
    assert_eq!(chart.holder().await.as_deref(), Some("one"));
    assert!(one.is_held());
    let (handle, lost) = (one.handle(), one.lost());
    one.release().await;
    lost.await;
    assert!(!handle.is_held());
    let two = timeout(SOON, two).await.unwrap().unwrap();
    let lease = chart.lease().await;
    assert_eq!((lease.holder_identity.as_deref(), lease.lease_transitions), (Some("two"), Some(2)));
    assert_eq!(lease.lease_duration_seconds, Some(4));
    two.release().await;
    assert_eq!(chart.holder().await, None);
}

#[tokio::test]
async fn of_many_one_leads() {
    let chart = Chart::new().await;
    let (found, mut leads) = tokio::sync::mpsc::unbounded_channel();
    for name in ["a", "b", "c", "d", "e"] {
        let (candidate, found) = (chart.candidate(name).await, found.clone());
        tokio::spawn(async move { found.send(lead(&candidate).await) });
    }
    let first = leads.recv().await.unwrap();
    assert!(timeout(LEASE * 2, leads.recv()).await.is_err(), "a second one leads");
    assert!(first.is_held());
}

#[tokio::test]
async fn a_leader_that_vanishes_is_replaced_when_its_lease_is_over_and_not_before() {
    let chart = Chart::new().await;
    let one = lead(&chart.candidate("one").await).await;
    let two = waiting(chart.candidate("two").await).await;
    let vanished = Instant::now();
    drop(one);
    let _two = timeout(LEASE * 3, two).await.unwrap().unwrap();
    // Its last renewal was up to a third of the lease before.
    let gap = vanished.elapsed();
    assert!(gap > LEASE * 3 / 5 && gap < LEASE * 2, "{gap:?}");
}

#[tokio::test]
async fn a_leader_that_is_cut_off_stops_before_another_one_leads() {
    let chart = Chart::new().await;
    let proxy = Proxy::start(&chart.install).await;
    let one = lead(&chart.candidate_with(proxy.client.clone(), "one")).await;
    let two = waiting(chart.candidate("two").await).await;
    tokio::time::sleep(LEASE).await;
    assert!(one.is_held(), "it renews through the proxy");
    proxy.is_cut.store(true, Ordering::SeqCst);
    timeout(LEASE, one.lost()).await.expect("it stops within the lease");
    let stopped = Instant::now();
    assert!(!one.is_held() && !two.is_finished());
    let _two = timeout(LEASE * 2, two).await.unwrap().unwrap();
    assert!(stopped.elapsed() > LEASE / 6, "{:?}", stopped.elapsed());
}

#[tokio::test]
async fn a_lease_that_someone_labels_is_still_ours() {
    let chart = Chart::new().await;
    let one = lead(&chart.candidate("one").await).await;
    for value in ["a", "b", "c"] {
        let label = json!({"metadata": {"labels": {"touched": value}}});
        chart.leases.patch(LEASE_NAME, &PatchParams::default(), &Patch::Merge(label)).await.unwrap();
        tokio::time::sleep(LEASE / 2).await;
        assert!(one.is_held());
    }
    let labels = chart.leases.get(LEASE_NAME).await.unwrap().metadata.labels.unwrap();
    assert_eq!(labels["touched"], "c", "and what it wrote is kept");
}

#[tokio::test]
async fn a_lease_that_another_one_wrote_is_lost_at_the_next_renewal() {
    // Also one under the same name: two processes that were given one identity.
    for thief in ["thief", "one"] {
        let chart = Chart::new().await;
        let one = lead(&chart.candidate("one").await).await;
        let theft = json!({"spec": {"holderIdentity": thief, "renewTime": "2001-01-01T00:00:00.000000Z"}});
        chart.leases.patch(LEASE_NAME, &PatchParams::default(), &Patch::Merge(theft)).await.unwrap();
        timeout(LEASE / 2, one.lost()).await.expect(thief);
        one.release().await;
        assert_eq!(chart.holder().await.as_deref(), Some(thief), "what is not ours is not released");
    }
}

/// A hand that writes leases and is no replica: those that wait say so, and take the lease once it has expired.
#[tokio::test]
async fn a_lease_under_a_foreign_name_is_shown_in_the_metrics() {
    let chart = Chart::new().await;
    let thief = lead(&chart.candidate("thief").await).await;
    let (metrics, registry) = Metrics::new();
    let shows = |line: &str| {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text.lines().any(|found| found == line)
    };
    let replica = waiting(chart.candidate("pam-operator-5d9f7c8b6-abcde").await.shown_in(metrics)).await;
    assert!(shows("pam_operator_lease_foreign_holder 1"));
    thief.release().await;
    let _lead = timeout(SOON, replica).await.unwrap().unwrap();
    assert!(shows("pam_operator_lease_foreign_holder 0"));
}

#[tokio::test]
async fn a_lease_that_was_removed_is_lost() {
    let chart = Chart::new().await;
    let one = lead(&chart.candidate("one").await).await;
    chart.leases.delete(LEASE_NAME, &DeleteParams::default()).await.unwrap();
    timeout(LEASE / 2, one.lost()).await.unwrap();
}

#[tokio::test]
async fn a_restarted_container_leads_again_at_once() {
    let chart = Chart::new().await;
    drop(lead(&chart.candidate("pod-1").await).await);
    let began = Instant::now();
    lead(&chart.candidate("pod-1").await).await;
    assert!(began.elapsed() < SOON);
    assert_eq!(chart.lease().await.lease_transitions, Some(1));
}

#[tokio::test]
async fn without_rights_it_waits_for_them_and_can_be_stopped() {
    let chart = Chart::new().await;
    let elsewhere = ControlPlane::shared().await.unwrap().namespace("no-rights").await.unwrap();
    let candidate = Leadership::elected(chart.install.client().await.unwrap(), &elsewhere, "one", LEASE);
    let standby = Arc::new(AtomicBool::new(false));
    let told = standby.clone();
    let shutdown = tokio::time::sleep(LEASE);
    let tell = move || told.store(true, Ordering::SeqCst);
    let lead = timeout(LEASE * 2, candidate.acquire(tell, shutdown)).await.unwrap();
    assert!(lead.is_none());
    assert!(!standby.load(Ordering::SeqCst), "one that cannot read the lease is not ready to take over");
}

#[tokio::test]
async fn without_election_there_is_nothing_to_wait_for() {
    let lead = Leadership::unopposed().acquire(|| panic!("a standby"), std::future::pending()).await.unwrap();
    assert!(lead.is_held());
    let lost = lead.lost();
    lead.release().await;
    timeout(SOON, lost).await.unwrap();
}

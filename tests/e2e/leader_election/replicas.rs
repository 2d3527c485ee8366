//! P3: the built binary hands over at SIGTERM, at SIGKILL when the lease expires, and ends when it wakes up without the
//! lease.

use std::time::Duration;

use local_cluster::{Operator, free_address, wait_for};
use tokio::time::Instant;

use super::{Chart, SOON};

const BINARY: &str = env!("CARGO_BIN_EXE_pam-operator");

async fn leads(operator: &Operator) -> bool {
    operator.metrics().await.is_ok_and(|text| text.lines().any(|line| line == "pam_operator_leader 1"))
}

/// Starts one replica of two, and waits until it is ready.
async fn replica(chart: &Chart, name: &str) -> Operator {
    let launch = chart.install.operator(BINARY).pod_name(name).listen(free_address().unwrap());
    let mut operator = launch.start().await.unwrap();
    operator.ready(Duration::from_secs(10)).await.unwrap();
    operator
}

#[tokio::test]
async fn sigterm_hands_over_at_once_and_sigkill_when_the_lease_is_over() {
    let chart = Chart::new().await;
    let mut one = replica(&chart, "one").await;
    assert!(leads(&one).await);
    let two = replica(&chart, "two").await;
    assert!(!leads(&two).await, "ready as a standby");
    let stopped = Instant::now();
    assert!(one.stop().await.unwrap().success(), "{}", one.logs().unwrap());
    let leading = async |operator: &Operator, within| {
        wait_for("the other one to lead", within, async || leads(operator).await.then_some(())).await
    };
    leading(&two, SOON).await.unwrap();
    assert!(stopped.elapsed() < SOON, "{:?}", stopped.elapsed());
    let three = replica(&chart, "three").await;
    let (mut two, killed) = (two, Instant::now());
    two.kill().await.unwrap();
    leading(&three, Duration::from_secs(15)).await.unwrap();
    assert!(killed.elapsed() > Duration::from_secs(3), "{:?}", killed.elapsed());
    assert_eq!(chart.holder().await.as_deref(), Some("three"));
}

#[tokio::test]
async fn the_last_one_gives_the_lease_back() {
    let chart = Chart::new().await;
    let mut one = replica(&chart, "one").await;
    assert_eq!(chart.holder().await.as_deref(), Some("one"));
    assert!(one.stop().await.unwrap().success());
    assert_eq!(chart.holder().await, None);
}

#[tokio::test]
async fn a_leader_that_wakes_up_from_a_stop_finds_that_it_no_longer_leads() {
    let chart = Chart::new().await;
    let mut one = replica(&chart, "one").await;
    let two = replica(&chart, "two").await;
    one.pause().unwrap();
    wait_for("the other one to lead", Duration::from_secs(15), async || leads(&two).await.then_some(())).await.unwrap();
    one.resume().unwrap();
    let status = one.wait(SOON).await.unwrap();
    assert!(!status.success(), "it ends with an error, to be started anew as a standby");
    // Either the renewal saw it, or the time was over.
    let logs = one.logs().unwrap();
    assert!(["is", "was"].iter().any(|tense| logs.contains(&format!("the lease {tense} lost"))), "{logs}");
    assert_eq!(chart.holder().await.as_deref(), Some("two"));
}

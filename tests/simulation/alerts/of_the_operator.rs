//! Faults of the operator and of the API server.

use std::time::Duration;

use super::recording::Recording;
use super::{A_WHILE, change_all, ends, healthy, synced};
use crate::support::{value, world};
use fake_apiserver::{Effect, Fault};
use pam_simulator::{Config, Kind};
use serde_json::json;

fn pam() -> Config {
    Config::default().device("db01", "10.0.0.7")
}

#[test]
fn no_operator_runs() {
    world(pam(), async |world| {
        let mut cluster = synced(&world, 3, &json!({})).await;
        let mut recording = healthy(&cluster).await;
        cluster.kill().await;
        recording.go_on(A_WHILE, &[None]).await;
        recording.mended();
        cluster.start().await;
        recording.go_on(A_WHILE, &[Some(&cluster)]).await;
        recording.fires("PamOperatorNoLeader");
        ends(&world, &cluster);
    });
}

#[test]
fn an_operator_runs_and_none_leads() {
    world(pam(), async |world| {
        let mut cluster = synced(&world, 3, &json!({})).await;
        let mut recording = healthy(&cluster).await;
        cluster.kill().await;
        // It is scraped as a replica that waits for the lease.
        recording.go_on(A_WHILE, &[Some(&cluster)]).await;
        recording.fires("PamOperatorNoLeader");
    });
}

#[test]
fn two_replicas_lead() {
    world(pam(), async |world| {
        let (cluster, mut other) = (synced(&world, 3, &json!({})).await, world.cluster("c2"));
        let mut recording = Recording::every(super::SCRAPES);
        recording.go_on(A_WHILE, &[Some(&cluster), Some(&other)]).await;
        recording.fault();
        other.start().await;
        recording.go_on(A_WHILE, &[Some(&cluster), Some(&other)]).await;
        recording.mended();
        other.kill().await;
        recording.go_on(A_WHILE, &[Some(&cluster), Some(&other)]).await;
        recording.fires("PamOperatorSeveralLeaders");
    });
}

/// The simulation has no election: how the metric comes to be 1 is shown in `tests/e2e/leader_election/lease.rs`.
#[test]
fn the_lease_is_held_by_something_else() {
    world(pam(), async |world| {
        let cluster = synced(&world, 3, &json!({})).await;
        let mut recording = healthy(&cluster).await;
        cluster.lease_is_foreign(true);
        recording.go_on(A_WHILE, &[Some(&cluster)]).await;
        recording.mended();
        cluster.lease_is_foreign(false);
        recording.go_on(A_WHILE, &[Some(&cluster)]).await;
        recording.fires("PamOperatorLeaseHeldByStranger");
    });
}

#[test]
fn plans_are_made_for_a_day() {
    world(pam(), async |world| {
        let mut cluster = synced(&world, 3, &json!({})).await;
        let mut recording = Recording::every(Duration::from_mins(5));
        recording.go_on(Duration::from_hours(1), &[Some(&cluster)]).await;
        recording.fault();
        cluster.end().await;
        cluster.plan_only(true);
        cluster.start().await;
        recording.go_on(Duration::from_hours(25), &[Some(&cluster)]).await;
        recording.fires("PamOperatorPlanOnly");
    });
}

#[test]
fn a_watch_is_refused() {
    for (code, resource) in [(403, "secrets"), (500, "pamcredentials"), (503, "namespaces")] {
        world(pam(), async |world| {
            let cluster = synced(&world, 3, &json!({})).await;
            let mut recording = healthy(&cluster).await;
            for verb in ["list", "watch"] {
                cluster.api.inject(Fault::on(verb, resource, Effect::Refused(code)).always());
            }
            recording.go_on(2 * A_WHILE, &[Some(&cluster)]).await;
            recording.mended();
            cluster.api.clear_faults();
            recording.go_on(A_WHILE, &[Some(&cluster)]).await;
            recording.fires("PamOperatorWatchSilent");
            ends(&world, &cluster);
        });
    }
}

#[test]
fn statuses_cannot_be_written() {
    world(pam(), async |world| {
        let cluster = synced(&world, 5, &json!({})).await;
        let mut recording = healthy(&cluster).await;
        cluster.api.inject(Fault::on("patch", "pamcredentials/status", Effect::Refused(500)).always());
        change_all(&cluster, 5, 2);
        recording.go_on(2 * A_WHILE, &[Some(&cluster)]).await;
        recording.mended();
        cluster.api.clear_faults();
        recording.go_on(2 * A_WHILE, &[Some(&cluster)]).await;
        recording.fires("PamOperatorPassesFail");
        ends(&world, &cluster);
    });
}

#[test]
fn more_is_due_than_the_pam_takes() {
    world(pam(), async |world| {
        let cluster = synced(&world, 300, &json!({})).await;
        let mut recording = healthy(&cluster).await;
        world.take_time([(Kind::PostCredential, Duration::from_mins(1))]);
        change_all(&cluster, 300, 2);
        recording.go_on(2 * A_WHILE + A_WHILE / 3, &[Some(&cluster)]).await;
        recording.fires("PamOperatorQueueDoesNotEmpty");
        ends(&world, &cluster);
    });
}

#[test]
fn pushes_are_slow() {
    world(pam(), async |world| {
        let cluster = synced(&world, 3, &json!({})).await;
        let mut recording = healthy(&cluster).await;
        world.take_time([(Kind::PostCredential, Duration::from_secs(20))]);
        for number in 2..18 {
            change_all(&cluster, 3, number);
            recording.go_on(Duration::from_mins(2), &[Some(&cluster)]).await;
        }
        recording.fires("PamOperatorPushesAreSlow");
    });
}

#[test]
fn an_object_waits_for_its_secret() {
    world(pam(), async |world| {
        let cluster = synced(&world, 3, &json!({})).await;
        let mut recording = healthy(&cluster).await;
        cluster.put_credential("late", &json!({}));
        recording.go_on(Duration::from_mins(75), &[Some(&cluster)]).await;
        recording.mended();
        cluster.put_value("late", &value("late", 1));
        recording.go_on(A_WHILE, &[Some(&cluster)]).await;
        recording.fires("PamOperatorObjectNotSynced");
        ends(&world, &cluster);
    });
}

#[test]
fn an_object_waits_for_somebody() {
    world(pam(), async |world| {
        let cluster = synced(&world, 3, &json!({})).await;
        let mut recording = healthy(&cluster).await;
        cluster.put_value("svc1", "a\0b");
        recording.go_on(2 * A_WHILE, &[Some(&cluster)]).await;
        assert_eq!(cluster.reason("svc1"), "SecretInvalid");
        recording.mended();
        cluster.put_value("svc1", &value("svc1", 2));
        recording.go_on(A_WHILE, &[Some(&cluster)]).await;
        recording.fires("PamOperatorObjectsStalled");
        ends(&world, &cluster);
    });
}

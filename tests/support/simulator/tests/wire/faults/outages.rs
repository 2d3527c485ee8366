//! Which calls a fault meets, outages and restarts, the clock, and what the journal knows.

use std::time::Duration;

use pam_simulator::{Clock, Config, Effect, Fault, Kind, Outage};
use tokio::time::timeout;

use super::{POST, last};
use crate::common::{HOST, IP, Pam, full, token_call};

#[tokio::test]
async fn the_time_of_day_can_be_another() {
    let day = |now: &str| now.parse::<jiff::Timestamp>().unwrap();
    let now = std::sync::Arc::new(std::sync::Mutex::new(day("2030-01-02T03:04:05.9Z")));
    let shown = std::sync::Arc::clone(&now);
    let clock = Clock::new(move || *shown.lock().unwrap());
    let pam = Pam::with(Config { clock, ..Config::default() }.device(HOST, IP)).await;
    let id = pam.post(&full("k8s-a", "svc", "one")).await.id();
    assert_eq!(pam.sim.record(&id).unwrap().change, "2030-01-02 03:04:05");
    *now.lock().unwrap() = day("2030-01-02T13:04:05Z");
    pam.post(&full("k8s-a", "svc", "two")).await;
    assert_eq!(pam.sim.record(&id).unwrap().change, "2030-01-02 13:04:05");
    assert_eq!(last(&pam).at, day("2030-01-02T13:04:05Z"));
}

#[tokio::test]
async fn faults_are_aimed_counted_skipped_and_cleared() {
    let pam = Pam::start().await;
    pam.sim.inject(Fault::on(POST, Effect::gateway(503)).only("k8s-b").skipping(1).times(2));
    let status = async |identifier: &str| pam.post(&full(identifier, identifier, "x")).await.status;
    assert_eq!(status("k8s-a").await, 201);
    assert_eq!(
        [status("k8s-b").await, status("k8s-b").await, status("k8s-b").await, status("k8s-b").await],
        [201, 503, 503, 201]
    );
    assert_eq!(pam.list().await.status, 200);
    let always = pam.sim.inject(Fault::any(Effect::gateway(502)).always());
    for _ in 0..3 {
        assert_eq!((pam.list().await.status, status("k8s-a").await), (502, 502));
    }
    pam.sim.remove_fault(always);
    assert_eq!(pam.list().await.status, 200);
    pam.sim.inject(Fault::any(Effect::Reset).always());
    pam.sim.clear_faults();
    assert_eq!(pam.list().await.status, 200);
}

#[tokio::test]
async fn faults_hit_in_the_order_in_which_they_were_injected() {
    let pam = Pam::start().await;
    pam.sim.inject(Fault::on(POST, Effect::gateway(502)));
    pam.sim.inject(Fault::any(Effect::gateway(504)));
    let body = full("k8s-a", "svc", "one");
    let statuses = [pam.post(&body).await.status, pam.post(&body).await.status, pam.post(&body).await.status];
    assert_eq!(statuses, [502, 504, 201]);
}

#[tokio::test]
async fn the_token_call_suffers_as_well() {
    let pam = Pam::start().await;
    pam.sim.inject(Fault::on(Kind::Token, Effect::rate_limited(Some("1"))));
    assert_eq!(token_call(&pam.sim, &pam.http, &[]).await.status, 429);
    assert_eq!((last(&pam).kind, last(&pam).status), (Kind::Token, Some(429)));
}

#[tokio::test]
async fn an_outage_refuses_resets_or_swallows_connections_and_ends() {
    let pam = Pam::start().await;
    assert_eq!(pam.list().await.status, 200);
    for outage in [Outage::Refused, Outage::Reset, Outage::Silent] {
        pam.sim.set_outage(outage);
        pam.settle().await;
        let mark = pam.sim.mark();
        let result = timeout(Duration::from_millis(300), pam.try_post(&full("k8s-a", "svc", "one"))).await;
        match (outage, result) {
            (Outage::Silent, Err(_)) | (Outage::Reset, Ok(Err(_))) => {}
            (Outage::Refused, Ok(Err(error))) => assert!(format!("{error:?}").contains("ConnectionRefused")),
            other => panic!("{other:?}"),
        }
        assert!(pam.sim.since(mark).is_empty());
        pam.sim.set_outage(Outage::None);
        pam.settle().await;
        assert_eq!(pam.list().await.status, 200, "after {outage:?}");
    }
    pam.sim.set_down(true);
    pam.sim.set_down(false);
    pam.settle().await;
    assert_eq!(pam.list().await.status, 200);
}

#[tokio::test]
async fn a_restart_costs_connections_and_tokens_but_no_record() {
    let pam = Pam::start().await;
    pam.post(&full("k8s-a", "svc", "one")).await;
    let connection = last(&pam).connection;
    pam.sim.restart();
    pam.settle().await;
    assert_eq!(pam.list().await.status, 401);
    assert_ne!(last(&pam).connection, connection);
    assert_eq!(pam.sim.records().len(), 1);
}

#[tokio::test]
async fn it_ends_when_it_is_dropped() {
    let pam = Pam::start().await;
    let url = pam.url("/");
    let http = pam.http.clone();
    drop(pam);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(http.get(url).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn the_journal_knows_who_called_even_if_nothing_was_executed() {
    let pam = Pam::start().await;
    pam.sim.inject(Fault::on(POST, Effect::gateway(401)));
    pam.post(&full("k8s-a", "svc", "one")).await;
    assert_eq!((last(&pam).client_id.as_deref(), last(&pam).token), (Some("operator"), Some(1)));
    pam.sim.expire_tokens();
    pam.list().await;
    assert_eq!((last(&pam).status, last(&pam).token), (Some(401), Some(1)));
    pam.call_as("nonsense", "GET", "/api/pam/credential", None).await.unwrap();
    assert_eq!((last(&pam).client_id, last(&pam).token), (None, None));
}

#[tokio::test]
async fn the_journal_knows_how_many_calls_were_under_way_together() {
    let pam = Pam::start().await;
    pam.sim.inject(Fault::on(POST, Effect::Delay(Duration::from_millis(200))).times(3));
    let [a, b, c] = ["a", "b", "c"].map(|name| full(name, name, "x"));
    let replies = tokio::join!(pam.post(&a), pam.post(&b), pam.post(&c));
    assert!(replies.0.created() && replies.1.created() && replies.2.created());
    pam.list().await;
    assert_eq!(pam.sim.journal().peak(), 3);
}

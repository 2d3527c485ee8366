//! Each fault, before and after the commit, and what the journal says of it.

use std::time::{Duration, Instant};

use pam_simulator::{Clock, Config, Effect, Entry, Fault, Kind, Outage, Phase, Shape};
use serde_json::json;
use tokio::time::timeout;

use crate::common::{HOST, IP, Pam, Reply, full, token_call};

const POST: Kind = Kind::PostCredential;

/// Posts once under this fault.
async fn post_under(fault: Fault) -> (Pam, reqwest::Result<Reply>) {
    let pam = Pam::start().await;
    pam.sim.inject(fault);
    let result = pam.try_post(&full("k8s-a", "svc", "one")).await;
    assert!(pam.sim.faults().is_empty(), "it is used up");
    (pam, result)
}

fn last(pam: &Pam) -> Entry {
    pam.sim.journal().entries().last().unwrap().clone()
}

/// No answer came, and the journal knows whether the write happened all the same.
async fn unanswered(effect: Effect, committed: bool) {
    let mut fault = Fault::on(POST, effect);
    if committed {
        fault = fault.after_commit();
    }
    let label = format!("{} {} commit", fault_name(&fault), if committed { "after" } else { "before" });
    let (pam, result) = post_under(fault).await;
    result.unwrap_err();
    let entry = last(&pam);
    assert_eq!((entry.status, entry.committed(), entry.fault), (None, committed, Some(label)));
    assert_eq!(pam.sim.records().len(), usize::from(committed));
    assert_eq!(pam.post(&full("k8s-a", "svc", "two")).await.created(), !committed, "the next call is unharmed");
}

fn fault_name(fault: &Fault) -> String {
    let value = serde_json::to_value(&fault.effect).unwrap();
    value.as_str().map_or_else(|| value.as_object().unwrap().keys().next().unwrap().clone(), str::to_owned)
}

#[tokio::test]
async fn a_reset_comes_before_or_after_the_commit() {
    unanswered(Effect::Reset, false).await;
    unanswered(Effect::Reset, true).await;
}

#[tokio::test]
async fn a_reset_is_a_reset_and_a_close_is_none() {
    for (effect, reset) in [(Effect::Reset, true), (Effect::Close, false)] {
        let (_pam, result) = post_under(Fault::on(POST, effect)).await;
        let text = format!("{:?}", result.unwrap_err());
        assert_eq!(text.contains("ConnectionReset"), reset, "{text}");
    }
}

#[tokio::test]
async fn a_close_comes_before_or_after_the_commit() {
    unanswered(Effect::Close, false).await;
    unanswered(Effect::Close, true).await;
}

#[tokio::test]
async fn a_hang_says_nothing_and_then_closes() {
    let pause = Duration::from_millis(200);
    let begin = Instant::now();
    unanswered(Effect::Hang(pause), false).await;
    unanswered(Effect::Hang(pause), true).await;
    assert!(begin.elapsed() >= 2 * pause);
}

#[tokio::test]
async fn a_delayed_write_is_applied_even_if_the_client_has_left() {
    let pam = Pam::start().await;
    pam.sim.inject(Fault::on(POST, Effect::Delay(Duration::from_millis(300))));
    let body = full("k8s-a", "svc", "one");
    assert!(timeout(Duration::from_millis(100), pam.try_post(&body)).await.is_err());
    assert!(pam.sim.records().is_empty());
    assert!(pam.sim.wait_for(Duration::from_secs(2), |journal| journal.commits().len() == 1).await);
}

#[tokio::test]
async fn a_delay_after_the_commit_holds_only_the_answer() {
    let pam = Pam::start().await;
    pam.sim.inject(Fault::on(POST, Effect::Delay(Duration::from_millis(300))).after_commit());
    let body = full("k8s-a", "svc", "one");
    let call = pam.try_post(&body);
    let seen = pam.sim.wait_for(Duration::from_millis(250), |journal| journal.commits().len() == 1);
    let (reply, seen) = tokio::join!(call, seen);
    assert!(seen && reply.unwrap().created());
}

#[tokio::test]
async fn a_late_commit_overtakes_the_next_write() {
    let pam = Pam::start().await;
    let id = pam.post(&full("k8s-a", "svc", "zero")).await.id();
    pam.sim.inject(Fault::on(POST, Effect::LateCommit(Duration::from_millis(300))));
    pam.try_post(&full("k8s-a", "svc", "old")).await.unwrap_err();
    assert!(!pam.post(&full("k8s-a", "svc", "new")).await.created());
    assert_eq!(pam.sim.value_of(&id).as_deref(), Some("new"));
    assert!(pam.sim.wait_for(Duration::from_secs(2), |journal| journal.commits().len() == 3).await);
    assert_eq!(pam.sim.value_of(&id).as_deref(), Some("old"));
    let order: Vec<u64> = pam.sim.journal().commits().iter().map(|entry| entry.seq).collect();
    assert_eq!(order, [2, 4, 3]);
    let values: Vec<String> = pam.sim.writes_of(&id).iter().map(|write| write.value.reveal().to_owned()).collect();
    assert_eq!(values, ["zero", "new", "old"]);
}

#[tokio::test]
async fn a_held_commit_comes_when_somebody_says_so() {
    let pam = Pam::start().await;
    let id = pam.post(&full("k8s-a", "svc", "zero")).await.id();
    pam.sim.inject(Fault::on(POST, Effect::HeldCommit).times(2));
    pam.try_post(&full("k8s-a", "svc", "old")).await.unwrap_err();
    pam.try_post(&full("k8s-a", "svc", "never")).await.unwrap_err();
    pam.post(&full("k8s-a", "svc", "new")).await;
    assert_eq!((pam.sim.value_of(&id).as_deref(), pam.sim.held()), (Some("new"), vec![3, 4]));
    assert!(pam.sim.commit_held(3));
    assert_eq!((pam.sim.value_of(&id).as_deref(), pam.sim.held()), (Some("old"), vec![4]));
    assert!(!pam.sim.commit_held(3), "once");
    let entry = pam.sim.journal().entries()[2].clone();
    assert_eq!((entry.status, entry.fault.as_deref()), (None, Some("held_commit")));
    assert_eq!(entry.commit.map(|commit| commit.order), Some(3));
}

#[tokio::test]
async fn silence_lasts_until_the_caller_leaves() {
    for (phase, committed) in [(Phase::BeforeCommit, false), (Phase::AfterCommit, true)] {
        let pam = Pam::start().await;
        pam.sim.inject(Fault { phase, ..Fault::on(POST, Effect::Silence) });
        let one = full("k8s-a", "svc", "one");
        timeout(Duration::from_millis(200), pam.try_post(&one)).await.unwrap_err();
        assert_eq!(last(&pam).committed(), committed);
        assert_eq!(pam.sim.held().is_empty(), committed);
        let patience = Instant::now() + Duration::from_secs(20);
        while pam.sim.left_waiting() > 0 {
            assert!(Instant::now() < patience, "the caller has left");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(pam.sim.held().iter().all(|seq| pam.sim.commit_held(*seq)));
        assert_eq!(pam.sim.records().len(), 1);
    }
}

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
async fn the_gateway_answers_in_the_applications_place_before_or_after_the_commit() {
    for status in [401, 403, 404, 429, 500, 502, 503, 504] {
        for committed in [false, true] {
            let mut fault = Fault::on(POST, Effect::gateway(status));
            if committed {
                fault = fault.after_commit();
            }
            let (pam, result) = post_under(fault).await;
            let reply = result.unwrap();
            assert_eq!(reply.status, status);
            assert!(reply.json()["message"].is_string() && reply.json().get("response").is_none());
            assert_eq!((last(&pam).status, last(&pam).committed()), (Some(status), committed));
        }
    }
}

#[tokio::test]
async fn a_429_comes_with_or_without_retry_after() {
    for retry_after in [None, Some("7"), Some("Wed, 21 Oct 2026 07:28:00 GMT")] {
        let reply = post_under(Fault::on(POST, Effect::rate_limited(retry_after))).await.1.unwrap();
        let header = reply.headers.get("retry-after").map(|value| value.to_str().unwrap());
        assert_eq!((reply.status, header), (429, retry_after));
    }
}

#[tokio::test]
async fn the_application_or_a_load_balancer_may_speak_the_status() {
    let status = |shape| Effect::Status { status: 503, shape, message: Some("m".to_owned()), retry_after: None };
    let reply = post_under(Fault::on(POST, status(Shape::Application))).await.1.unwrap();
    assert_eq!((reply.status, reply.message().as_str(), reply.code()), (503, "m", 503));
    let reply = post_under(Fault::on(POST, status(Shape::Html))).await.1.unwrap();
    assert_eq!((reply.status, reply.text.starts_with("<html>")), (503, true));
}

#[tokio::test]
async fn application_errors_come_on_demand() {
    let reply = post_under(Fault::on(POST, Effect::Code(1039))).await.1.unwrap();
    assert_eq!((reply.status, reply.code()), (400, 1039));
    let reply = post_under(Fault::on(POST, Effect::CodeInSuccess(1039))).await.1.unwrap();
    assert_eq!((reply.status, reply.code(), &reply.json()["response"]["error"]), (201, 1039, &json!(true)));
    let reply = post_under(Fault::on(POST, Effect::NotAuthorized)).await.1.unwrap();
    assert_eq!((reply.status, reply.message().as_str()), (500, "You are not authorized to access this resource."));
    let (pam, reply) = post_under(Fault::on(POST, Effect::UnexpectedError).after_commit()).await;
    assert_eq!(reply.unwrap().message(), "Unexpected error.");
    assert!(last(&pam).committed());
}

#[tokio::test]
async fn bodies_may_be_garbage_empty_or_anything() {
    let reply = post_under(Fault::on(POST, Effect::Garbage).after_commit()).await.1.unwrap();
    assert!(reply.status == 201 && serde_json::from_str::<serde_json::Value>(&reply.text).is_err());
    let reply = post_under(Fault::on(POST, Effect::Empty)).await.1.unwrap();
    assert_eq!((reply.status, reply.text.as_str()), (201, ""));
    let raw = Effect::Raw { status: 418, content_type: "text/plain".to_owned(), body: "teapot".to_owned() };
    let reply = post_under(Fault::on(POST, raw)).await.1.unwrap();
    assert_eq!((reply.status, reply.text.as_str()), (418, "teapot"));
}

#[tokio::test]
async fn a_redirect_leads_elsewhere() {
    let to = "https://elsewhere.invalid/api/pam/credential";
    let reply = post_under(Fault::on(POST, Effect::Redirect(to.to_owned()))).await.1.unwrap();
    assert_eq!((reply.status, reply.headers["location"].to_str().unwrap()), (302, to));
}

#[tokio::test]
async fn an_oversized_body_is_as_large_as_asked_and_is_json() {
    let reply = post_under(Fault::on(POST, Effect::Oversized(3 << 20))).await.1.unwrap();
    assert_eq!(reply.json()["padding"].as_str().unwrap().len(), 3 << 20);
}

#[tokio::test]
async fn a_truncated_body_breaks_off_after_its_head() {
    let pam = Pam::start().await;
    pam.sim.inject(Fault::on(Kind::ListCredentials, Effect::Truncated));
    let request = pam.http.get(pam.url("/api/pam/credential")).bearer_auth(&pam.token);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.bytes().await.unwrap_err();
}

#[tokio::test]
async fn a_list_may_end_early_without_http_knowing() {
    let pam = Pam::start().await;
    pam.post(&full("k8s-a", "svc", "one")).await;
    pam.sim.inject(Fault::on(Kind::ListCredentials, Effect::CutJson));
    let cut = pam.list().await;
    let whole = pam.list().await;
    assert!(cut.status == 200 && whole.text.starts_with(&cut.text) && cut.text.len() < whole.text.len());
}

#[tokio::test]
async fn a_dripping_body_takes_its_time() {
    let pam = Pam::start().await;
    let pause = Duration::from_millis(20);
    pam.sim.inject(Fault::on(Kind::ListCredentials, Effect::Drip { bytes: 10, pause }));
    let begin = Instant::now();
    let reply = pam.list().await;
    assert_eq!(reply.json()["code"], 200);
    assert!(begin.elapsed() >= pause * u32::try_from(reply.text.len() / 10).unwrap());
}

#[tokio::test]
async fn edits_change_the_true_answer_after_the_commit() {
    for (effect, pointer, value) in [
        (Effect::WithoutId, "/credential/id", None),
        (Effect::OtherId("7".to_owned()), "/credential/id", Some(json!("7"))),
        (Effect::OtherIdentifier("x".to_owned()), "/credential/identifier", Some(json!("x"))),
        (Effect::NullIdentifier, "/credential/identifier", Some(json!(null))),
        (Effect::OtherTenant("x".to_owned()), "/tenant", Some(json!("x"))),
        (Effect::OtherMessage("x".to_owned()), "/response/mensagem", Some(json!("x"))),
    ] {
        let (pam, reply) = post_under(Fault::on(POST, effect)).await;
        assert_eq!(reply.unwrap().json().pointer(pointer).cloned(), value);
        assert!(last(&pam).committed());
        assert_eq!(pam.sim.records()[0].identifier.as_deref(), Some("k8s-a"), "only the answer lies");
    }
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
async fn a_late_commit_was_admitted_when_it_arrived() {
    let pam = Pam::start().await;
    pam.sim.inject(Fault::on(POST, Effect::LateCommit(Duration::from_millis(100))));
    pam.try_post(&full("k8s-a", "svc", "one")).await.unwrap_err();
    pam.sim.revoke_tokens();
    assert!(pam.sim.wait_for(Duration::from_secs(20), |journal| journal.commits().len() == 1).await);
    assert_eq!(pam.sim.find("k8s-a").unwrap().value_writes, 1);
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

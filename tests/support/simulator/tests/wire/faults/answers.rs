//! Answers of the gateway, wrong bodies, and true answers with one lie.

use std::time::{Duration, Instant};

use pam_simulator::{Effect, Fault, Kind, Shape};
use serde_json::json;

use super::{POST, last, post_under};
use crate::common::{Pam, full};

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
async fn a_firewall_turns_away_bodies_with_a_text_by_a_page_of_its_own_and_nothing_else() {
    let pam = Pam::start().await;
    pam.sim.inject(Fault::firewall("<script>\"é"));
    let refused = pam.post(&full("k8s-a", "svc", "x<script>\"é")).await;
    assert_eq!((refused.status, refused.headers["content-type"].to_str().unwrap()), (403, "text/html; charset=utf-8"));
    assert!(refused.text.starts_with("<html>") && serde_json::from_str::<serde_json::Value>(&refused.text).is_err());
    assert!(!refused.text.contains("script>"), "it does not say what it saw");
    let refused = pam.post(&full("k8s-a", "svc", "x<script>\"é")).await;
    assert_eq!(refused.status, 403, "as often as it sees it");
    assert_eq!((last(&pam).fault.as_deref(), last(&pam).committed()), (Some("firewall before commit"), false));
    assert!(pam.post(&full("k8s-a", "svc", "x<script>")).await.created());
    assert_eq!(pam.list().await.status, 200);
    let form = [("client_secret", "<script>\"é")];
    assert_eq!(crate::common::token_call(&pam.sim, &pam.http, &form).await.status, 403, "forms are read as well");
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
        (
            Effect::OtherField { path: "response/status".to_owned(), text: "x".to_owned() },
            "/response/status",
            Some(json!("x")),
        ),
    ] {
        let (pam, reply) = post_under(Fault::on(POST, effect)).await;
        assert_eq!(reply.unwrap().json().pointer(pointer).cloned(), value);
        assert!(last(&pam).committed());
        assert_eq!(pam.sim.records()[0].identifier.as_deref(), Some("k8s-a"), "only the answer lies");
    }
}

//! P3, P10: every answer to a write has its meaning, and says whether the write may have been executed.

use std::time::{Duration, Instant};

use pam_operator::pam::{CredentialRequest, Origins, PamClient, PamError, RetryAdvice, UpsertEffect};
use pam_simulator::{Effect, Fault, Kind, Outage, Shape};

use crate::support::{CANARY, Pam, judge, list, request, short};

#[tokio::test]
async fn every_failure_of_a_write_has_its_meaning_and_says_whether_it_may_have_happened() {
    let cases = [
        (Effect::Code(1011), "device_not_found", false),
        (Effect::Code(1039), "permission_denied", false),
        (Effect::Code(1009), "permission_denied", false),
        (Effect::Code(1007), "not_found", false),
        (Effect::Code(1053), "rejected", false),
        (Effect::CodeInSuccess(1029), "rejected", false),
        (Effect::NotAuthorized, "permission_denied", false),
        (Effect::rate_limited(None), "rate_limited", false),
        (status(400, Shape::Html), "intercepted", true),
        (status(404, Shape::Application), "misrouted", false),
        (Effect::UnexpectedError, "unavailable_server", true),
        (Effect::gateway(502), "unavailable_gateway", true),
        (Effect::gateway(504), "unavailable_gateway", true),
        (status(503, Shape::Html), "unavailable_gateway", true),
        (Effect::Reset, "unavailable_reset", true),
        (Effect::Close, "unavailable_reset", true),
        (Effect::Hang(Duration::from_secs(20)), "unavailable_timeout", true),
        (Effect::Garbage, "malformed", true),
        (Effect::Empty, "malformed", true),
        (Effect::WithoutId, "malformed", true),
        (Effect::CutJson, "malformed", true),
        (Effect::Truncated, "unavailable_reset", true),
        (Effect::Oversized(2 << 20), "too_large", true),
    ];
    let pam = Pam::start().await;
    for (effect, kind, unknown) in cases {
        // A PAM of its own for each: pauses and circuits must not carry over.
        let client = PamClient::new(pam.endpoint(), &Origins::new(), short()).unwrap();
        client.authenticate().await.unwrap();
        pam.sim.inject(Fault::on(Kind::PostCredential, effect.clone()));
        let posts = pam.count(Kind::PostCredential);
        let judged = judge(client.upsert_credential(&request("one")).await);
        assert_eq!(judged, (kind, unknown), "{effect:?}");
        assert_eq!(pam.count(Kind::PostCredential), posts + 1, "a write is never repeated: {effect:?}");
    }
}

pub fn status(status: u16, shape: Shape) -> Effect {
    Effect::Status { status, shape, message: Some(format!("{CANARY} text")), retry_after: None }
}

#[tokio::test]
async fn the_simulators_own_rules_come_back_as_meanings() {
    let pam = Pam::start().await;
    let client = pam.client();
    let nowhere = CredentialRequest { hostname: "db99".into(), ip: "10.9.9.9".into(), ..request("one") };
    assert_eq!(client.upsert_credential(&nowhere).await, Err(PamError::DeviceNotFound));
    let odd = CredentialRequest { identifier: "no blanks".into(), ..request("one") };
    assert_eq!(client.upsert_credential(&odd).await, Err(PamError::Rejected { code: Some(1053) }));
    pam.sim.change_authorization("operator", |auth| auth.read_only = true);
    let denied = client.upsert_credential(&request("one")).await;
    assert_eq!(denied, Err(PamError::PermissionDenied { code: Some(1039) }));
    pam.sim.change_authorization("operator", |auth| auth.pam_core = false);
    assert_eq!(list(&client).await, Err(PamError::PermissionDenied { code: None }));
}

#[tokio::test]
async fn odd_answers_are_passed_on_as_they_are() {
    let pam = Pam::start().await;
    let client = pam.client();
    let post = |effect| pam.sim.inject(Fault::on(Kind::PostCredential, effect));
    post(Effect::OtherId("999".into()));
    assert_eq!(client.upsert_credential(&request("one")).await.unwrap().id, 999.into());
    post(Effect::OtherIdentifier("other".into()));
    assert_eq!(client.upsert_credential(&request("one")).await.unwrap().identifier.as_deref(), Some("other"));
    post(Effect::NullIdentifier);
    assert_eq!(client.upsert_credential(&request("one")).await.unwrap().identifier, None);
    post(Effect::OtherTenant("umbrella".into()));
    assert_eq!(client.upsert_credential(&request("one")).await.unwrap().tenant.as_deref(), Some("umbrella"));
    post(Effect::OtherMessage("Feito".into()));
    assert_eq!(client.upsert_credential(&request("one")).await.unwrap().effect, UpsertEffect::Unstated);
}

#[tokio::test]
async fn a_pam_that_asks_for_a_pause_gets_it() {
    let pam = Pam::start().await;
    let client = pam.client();
    client.authenticate().await.unwrap();
    pam.sim.inject(Fault::on(Kind::PostCredential, Effect::rate_limited(Some("2"))));
    let error = client.upsert_credential(&request("one")).await.unwrap_err();
    assert_eq!(error.retry(), RetryAdvice::After(Duration::from_secs(2)));
    let mark = pam.sim.mark();
    assert_eq!(judge(list(&client).await), ("rate_limited", false));
    assert!(pam.sim.since(mark).is_empty());
    tokio::time::sleep(Duration::from_secs(2)).await;
    client.upsert_credential(&request("one")).await.unwrap();
}

#[tokio::test]
async fn a_pam_that_is_down_is_left_alone_and_found_again() {
    let pam = Pam::start().await;
    let client = pam.client();
    client.authenticate().await.unwrap();
    pam.sim.set_outage(Outage::Reset);
    let mut kinds = Vec::new();
    for _ in 0..50 {
        kinds.push(judge(list(&client).await).0);
    }
    assert!(kinds[..4].iter().all(|kind| *kind != "unavailable_circuit_open"), "{kinds:?}");
    assert!(kinds[6..].iter().all(|kind| *kind == "unavailable_circuit_open"), "{kinds:?}");
    pam.sim.set_outage(Outage::None);
    let began = Instant::now();
    while list(&client).await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

//! P10: a token is asked for once, refreshed once when it is suspect, and a refused login is not repeated.

use std::time::Duration;

use futures::future::join_all;
use pam_operator::pam::{Endpoint, OAuth2, Origins, PamClient, RetryAdvice, UpsertEffect};
use pam_simulator::{Authorization, Effect, Fault, Kind};

use crate::support::{CLIENT_SECRET, Pam, judge, list, request, short};

#[tokio::test]
async fn a_storm_of_calls_logs_in_once_and_again_when_all_tokens_are_revoked() {
    let pam = Pam::start().await;
    let client = pam.client();
    let names: Vec<_> = (0..40).map(|number| format!("c{number}")).collect();
    let storm = || join_all(names.iter().map(|name| async { client.upsert_credential(&request(name)).await }));
    assert!(storm().await.iter().all(|result| result.as_ref().unwrap().effect == UpsertEffect::Created));
    assert_eq!(pam.count(Kind::Token), 1);
    pam.sim.revoke_tokens();
    assert!(storm().await.iter().all(|result| result.as_ref().unwrap().effect == UpsertEffect::Updated));
    assert_eq!(pam.count(Kind::Token), 2);
    pam.sim.revoke_tokens();
    let failed = storm().await;
    assert!(failed.into_iter().all(|result| judge(result) == ("token_rejected", false)));
    assert_eq!(pam.count(Kind::Token), 2, "not twice within a minute");
}

#[tokio::test]
async fn a_404_of_the_gateway_is_a_suspect_token_first_and_a_wrong_path_then() {
    let pam = Pam::start().await;
    let client = pam.client();
    list(&client).await.unwrap();
    pam.sim.inject(Fault::on(Kind::ListCredentials, Effect::gateway(404)));
    list(&client).await.unwrap();
    assert_eq!(pam.count(Kind::Token), 2);
    pam.sim.inject(Fault::on(Kind::ListCredentials, Effect::gateway(404)).always());
    assert_eq!(judge(list(&client).await), ("misrouted", false));
    assert_eq!(pam.count(Kind::Token), 2);
}

#[tokio::test]
async fn a_failing_pam_never_costs_a_token() {
    let pam = Pam::start().await;
    let client = pam.client();
    for status in [500, 502, 503, 504] {
        pam.sim.inject(Fault::on(Kind::ListCredentials, Effect::gateway(status)));
        list(&client).await.unwrap_err();
    }
    list(&client).await.unwrap();
    assert_eq!(pam.count(Kind::Token), 1);
}

#[tokio::test]
async fn a_refused_login_is_silent_until_a_second_look() {
    let pam = Pam::start().await;
    pam.sim.change_authorization("operator", |auth| auth.client_secret = "CANARY-other".into());
    let client = pam.client();
    let one = request("one");
    let calls = join_all((0..20).map(|_| client.upsert_credential(&one))).await;
    assert!(calls.into_iter().all(|result| judge(result) == ("login_refused", false)));
    assert_eq!(client.authenticate().await.unwrap_err().retry(), RetryAdvice::Permanent);
    assert_eq!(pam.sim.journal().len(), 1);
    assert_eq!(judge(client.retry_login().await), ("login_refused", false));
    assert_eq!(pam.sim.journal().len(), 2);
    pam.sim.change_authorization("operator", |auth| auth.client_secret = CLIENT_SECRET.into());
    assert_eq!(judge(list(&client).await), ("login_refused", false));
    client.retry_login().await.unwrap();
    list(&client).await.unwrap();
}

#[tokio::test]
async fn a_refusal_remembered_from_before_a_restart_is_silent_too() {
    let pam = Pam::start().await;
    let client = pam.client();
    client.remember_refused_login();
    assert_eq!(judge(list(&client).await), ("login_refused", false));
    assert!(pam.sim.journal().is_empty());
    client.retry_login().await.unwrap();
    list(&client).await.unwrap();
}

#[tokio::test]
async fn a_token_endpoint_in_trouble_is_told_apart_and_leaves_writes_certain() {
    let pam = Pam::start().await;
    let token = |effect| Fault::on(Kind::Token, effect);
    let raw = |body: &str| Effect::Raw { status: 200, content_type: "application/json".into(), body: body.into() };
    let cases = [
        (token(Effect::gateway(503)), "unavailable_gateway"),
        (token(Effect::UnexpectedError), "unavailable_server"),
        (token(Effect::Reset), "unavailable_reset"),
        (token(Effect::Garbage), "malformed"),
        (token(Effect::Empty), "malformed"),
        (token(Effect::Oversized(3 << 20)), "too_large"),
        (token(raw("{\"access_token\":\"CANARY\\n\",\"token_type\":\"Bearer\"}")), "malformed"),
        (token(Effect::Redirect("https://127.0.0.1:1/CANARY".into())), "redirected"),
        (token(Effect::Hang(Duration::from_secs(20))), "unavailable_timeout"),
    ];
    for (fault, kind) in cases {
        pam.sim.inject(fault);
        let client = PamClient::new(pam.endpoint(), &Origins::new(), short()).unwrap();
        assert_eq!(judge(client.upsert_credential(&request("one")).await), (kind, false));
    }
    assert_eq!(pam.count(Kind::PostCredential), 0);
}

#[tokio::test]
async fn other_logins_of_one_pam_have_tokens_of_their_own() {
    let pam = Pam::start().await;
    pam.sim.authorize(Authorization::new("second", "CANARY-second"));
    let oauth2 = OAuth2 { client_id: "second".into(), client_secret: "CANARY-second".into() };
    let (one, two) = (pam.client(), pam.client_of(Endpoint { oauth2, ..pam.endpoint() }));
    one.upsert_credential(&request("one")).await.unwrap();
    assert_eq!(list(&two).await.unwrap(), []);
    assert_eq!(pam.sim.tokens_issued(), 2);
}

//! Ways to log in, and what an authorization may be restricted to (API 1.2, 1.4).

use pam_simulator::{Authorization, Config, Kind, TokenRequest};
use serde_json::json;

use crate::common::{HOST, IP, Pam, Reply, client, client_showing, log_in_as, reply, token_url};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

/// A token call with these form fields, and with HTTP Basic if asked.
async fn ask(pam: &Pam, basic: Option<(&str, &str)>, fields: &[(&str, &str)]) -> Reply {
    let request = pam.http.post(token_url(&pam.sim)).form(fields);
    reply(match basic {
        Some((id, secret)) => request.basic_auth(id, Some(secret)),
        None => request,
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_client_logs_in_by_form_or_by_basic_but_not_by_both() {
    let pam = Pam::start().await;
    let (id, secret) = (pam.sim.client_id(), pam.sim.client_secret());
    let (id, secret) = (id.as_str(), secret.as_str());
    let in_form = [GRANT, ("client_id", id), ("client_secret", secret)];
    for (way, by_form, by_basic) in
        [(TokenRequest::Either, 200, 200), (TokenRequest::Form, 200, 401), (TokenRequest::Basic, 401, 200)]
    {
        pam.sim.change_behaviour(|knobs| knobs.token_request = way);
        assert_eq!(ask(&pam, None, &in_form).await.status, by_form, "{way:?}");
        assert_eq!(ask(&pam, Some((id, secret)), &[GRANT]).await.status, by_basic, "{way:?}");
        assert_eq!(ask(&pam, Some((id, secret)), &in_form).await.json()["error"], "invalid_request");
        assert_eq!(ask(&pam, None, &[GRANT]).await.status, 401);
        let wrong = ask(&pam, Some((id, "wrong")), &[GRANT]).await;
        assert_eq!((wrong.status, wrong.json()["error"].as_str()), (401, Some("invalid_client")));
    }
    let last = pam.sim.journal().of(Kind::Token).last().unwrap().clone();
    assert_eq!((last.client_id.as_deref(), last.scheme), (Some(id), Some("basic")));
    assert_eq!(last.keys, ["grant_type"]);
}

#[tokio::test]
async fn basic_takes_the_tenant_and_secrets_with_odd_characters_as_they_are() {
    let config = Config::default().only_client("c d", "s:e%cr+t é");
    let config =
        Config { behaviour: pam_simulator::Behaviour { tenant_required: true, ..Default::default() }, ..config };
    let sim = pam_simulator::Simulator::start(config).await.unwrap();
    let http = client(&sim.ca_pem());
    let pam = Pam { sim, http, token: String::new(), prefix: "/api" };
    let basic = Some(("c d", "s:e%cr+t é"));
    assert_eq!(ask(&pam, basic, &[GRANT]).await.status, 401, "the tenant is required");
    assert_eq!(ask(&pam, basic, &[GRANT, ("tenant", "other")]).await.status, 401);
    assert_eq!(ask(&pam, basic, &[GRANT, ("tenant", "acme")]).await.status, 200);
}

fn two_clients() -> Config {
    Config::default().device(HOST, IP).authorization(Authorization::new("bound", "b"))
}

#[tokio::test]
async fn a_client_may_be_bound_to_one_client_certificate() {
    let pam = Pam::with(two_clients()).await;
    let (certificate, key) = pam.sim.client_certificate().unwrap();
    let (stranger, strangers_key) = pam.sim.client_certificate().unwrap();
    let fingerprint = pam.sim.fingerprint_of(&certificate).unwrap();
    assert_eq!(fingerprint.len(), 64);
    assert_ne!(fingerprint, pam.sim.fingerprint_of(&stranger).unwrap());
    let shows = client_showing(&pam.sim.ca_pem(), &certificate, &key);
    let shows_another = client_showing(&pam.sim.ca_pem(), &stranger, &strangers_key);

    let colons: Vec<String> = fingerprint
        .to_uppercase()
        .as_bytes()
        .chunks(2)
        .map(|byte| String::from_utf8_lossy(byte).into_owned())
        .collect();
    for written in [fingerprint.clone(), colons.join(":")] {
        pam.sim.change_authorization("bound", |client| client.certificate = Some(written));
        let token = log_in_as(&pam.sim, &shows, "bound", "b").await;
        let list = async |http: &reqwest::Client| {
            reply(http.get(pam.url("/api/pam/credential")).bearer_auth(&token)).await.unwrap()
        };
        assert_eq!(list(&shows).await.status, 200);
        for http in [&shows_another, &pam.http] {
            let refused = list(http).await;
            assert_eq!(
                (refused.status, refused.json()),
                (403, json!({ "message": "You cannot consume this service" }))
            );
            let form = [GRANT, ("client_id", "bound"), ("client_secret", "b")];
            let login = reply(http.post(token_url(&pam.sim)).form(&form)).await.unwrap();
            assert_eq!((login.status, login.json()["error"].as_str()), (401, Some("invalid_client")));
        }
    }
    assert_eq!(pam.list().await.status, 200, "another client is not bound");
    let seen = pam.sim.journal();
    assert!(seen.entries().iter().any(|entry| entry.certificate.as_ref() == Some(&fingerprint)));
    assert!(seen.entries().iter().any(|entry| entry.certificate.is_none()));
}

#[tokio::test]
async fn a_client_may_be_bound_to_one_referrer() {
    let pam = Pam::with(two_clients()).await;
    pam.sim.change_authorization("bound", |client| client.referrer = Some("https://k8s.example".to_owned()));
    let form = [GRANT, ("client_id", "bound"), ("client_secret", "b")];
    let login = async |referrer: Option<&str>| {
        let request = pam.http.post(token_url(&pam.sim)).form(&form);
        reply(referrer.into_iter().fold(request, |request, text| request.header("referer", text))).await.unwrap()
    };
    for wrong in [None, Some("https://k8s.example/"), Some("https://elsewhere")] {
        assert_eq!(login(wrong).await.status, 401);
    }
    let good = login(Some("https://k8s.example")).await;
    let token = good.json()["access_token"].as_str().unwrap().to_owned();
    let list = pam.http.get(pam.url("/api/pam/credential")).bearer_auth(&token);
    assert_eq!(reply(list.try_clone().unwrap()).await.unwrap().status, 403);
    assert_eq!(reply(list.header("referer", "https://k8s.example")).await.unwrap().status, 200);
    let entry = pam.sim.journal().of(Kind::ListCredentials).last().unwrap().clone();
    assert_eq!((entry.referrer.as_deref(), entry.scheme), (Some("https://k8s.example"), Some("bearer")));

    pam.sim.change_behaviour(|knobs| knobs.restrict_token_calls = false);
    assert_eq!(login(None).await.status, 200, "then resources alone are restricted");
}

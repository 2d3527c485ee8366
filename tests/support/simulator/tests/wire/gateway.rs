//! The gateway in front of the application, the token endpoint, and TLS (API 1.1 to 1.6).

use std::time::Duration;

use pam_simulator::{Authorization, Certificate, Config, ExpiresIn, Kind, Simulator};
use serde_json::{Value, json};

use crate::common::{HOST, IP, Pam, Reply, client, full, log_in, log_in_as, reply, token_call};

async fn raw(pam: &Pam, path: &str, authorization: Option<&str>) -> Reply {
    let mut request = pam.http.get(pam.url(path));
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    reply(request).await.unwrap()
}

fn no_route() -> Value {
    json!({ "message": "no Route matched with those values" })
}

#[tokio::test]
async fn no_or_blank_authorization_is_a_missing_route() {
    let pam = Pam::start().await;
    for authorization in [None, Some(""), Some("  ")] {
        let reply = raw(&pam, "/api/pam/credential", authorization).await;
        assert_eq!((reply.status, reply.json()), (404, no_route()));
    }
}

#[tokio::test]
async fn a_wrong_prefix_is_a_missing_route_for_tokens_and_resources() {
    let pam = Pam::start().await;
    let bearer = format!("Bearer {}", pam.token);
    for path in ["/iso/pam/credential", "/pam/credential", "/apix/pam/credential", "/"] {
        let reply = raw(&pam, path, Some(&bearer)).await;
        assert_eq!((reply.status, reply.json()), (404, no_route()), "{path}");
    }
    let request = pam.http.post(pam.url("/oauth2/token")).form(&[("grant_type", "client_credentials")]);
    assert_eq!(reply(request).await.unwrap().json(), no_route());
}

#[tokio::test]
async fn an_unknown_resource_is_the_applications_404() {
    let pam = Pam::start().await;
    for (method, path) in [("GET", "/api/pam/nothing"), ("PATCH", "/api/pam/credential/1")] {
        let reply = pam.call(method, path, None).await.unwrap();
        assert_eq!((reply.status, reply.message().as_str()), (404, "Resource sub not found"));
        assert_eq!(reply.json()["code"], 404);
    }
}

#[tokio::test]
async fn bad_tokens_are_401_in_the_gateways_shape() {
    let pam = Pam::start().await;
    let other = Pam::start().await;
    let foreign = format!("Bearer {}", other.token);
    for (authorization, body) in [
        ("Basic eDp5", json!({ "message": "Unauthorized" })),
        ("Bearer nonsense", json!({ "message": "Invalid signature" })),
        (foreign.as_str(), json!({ "message": "Invalid signature" })),
    ] {
        let reply = raw(&pam, "/api/pam/credential", Some(authorization)).await;
        assert_eq!((reply.status, reply.json()), (401, body));
    }
    pam.sim.change_behaviour(|knobs| knobs.bad_token_status = 403);
    assert_eq!(raw(&pam, "/api/pam/credential", Some("Bearer nonsense")).await.status, 403);
}

#[tokio::test]
async fn expired_and_revoked_tokens_are_401_and_a_new_one_works() {
    let pam = Pam::start().await;
    pam.sim.expire_tokens();
    let reply = pam.list().await;
    assert_eq!((reply.status, reply.json()), (401, json!({ "exp": "token expired" })));
    pam.sim.revoke_tokens();
    assert_eq!(pam.list().await.json(), json!({ "message": "Unauthorized" }));
    let token = log_in(&pam.sim, &pam.http).await;
    assert_eq!(pam.call_as(&token, "GET", "/api/pam/credential", None).await.unwrap().status, 200);
    assert_eq!(pam.sim.tokens_issued(), 2);
}

#[tokio::test]
async fn a_tokens_real_life_follows_the_announced_one_or_its_own_setting() {
    let pam = Pam::start().await;
    let listed = async |token: &str| pam.call_as(token, "GET", "/api/pam/credential", None).await.unwrap().status;
    pam.sim.set_token_lifetime(Some(Duration::from_millis(200)));
    let token = log_in(&pam.sim, &pam.http).await;
    assert_eq!(listed(&token).await, 200);
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(listed(&token).await, 401);
    pam.sim.set_token_lifetime(None);
    pam.sim.set_expires_in(ExpiresIn::Seconds(0));
    let token = log_in(&pam.sim, &pam.http).await;
    assert_eq!(listed(&token).await, 200, "an odd announcement does not make the token useless");
}

#[tokio::test]
async fn a_token_answer_has_three_fields_and_announces_what_it_is_told_to() {
    let pam = Pam::start().await;
    let ask = async || {
        let (id, secret) = (pam.sim.client_id(), pam.sim.client_secret());
        let fields = [("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", &secret)];
        token_call(&pam.sim, &pam.http, &fields).await.json()
    };
    let answer = ask().await;
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(answer["access_token"].as_str().unwrap().split('.').count(), 3);
    for (announced, expected) in [
        (ExpiresIn::Seconds(-5), json!(-5)),
        (ExpiresIn::Seconds(i64::MAX), json!(i64::MAX)),
        (ExpiresIn::Text("soon".to_owned()), json!("soon")),
        (ExpiresIn::Missing, Value::Null),
    ] {
        pam.sim.set_expires_in(announced);
        assert_eq!(ask().await["expires_in"], expected);
    }
}

#[tokio::test]
async fn a_wrong_login_is_401_invalid_client() {
    let pam = Pam::start().await;
    let (id, secret) = (pam.sim.client_id(), pam.sim.client_secret());
    let wrong: [&[(&str, &str)]; 4] = [
        &[("client_id", &id), ("client_secret", "wrong")],
        &[("client_id", "nobody"), ("client_secret", &secret)],
        &[("client_id", &id)],
        &[("client_id", &id), ("client_secret", &secret), ("tenant", "other")],
    ];
    for fields in wrong {
        let fields = [&[("grant_type", "client_credentials")], fields].concat();
        let reply = token_call(&pam.sim, &pam.http, &fields).await;
        let text = "Client authentication failed";
        let body = json!({ "error": "invalid_client", "error_description": text, "message": text });
        assert_eq!((reply.status, reply.json()), (401, body));
        assert!(!reply.text.contains("wrong"));
    }
    assert_eq!((pam.sim.count(Kind::Token), pam.sim.tokens_issued()), (5, 1));
}

#[tokio::test]
async fn a_wrong_grant_or_media_type_is_400() {
    let pam = Pam::start().await;
    let grant = token_call(&pam.sim, &pam.http, &[("grant_type", "password")]).await;
    assert_eq!((grant.status, &grant.json()["error"]), (400, &json!("unsupported_grant_type")));
    let request = pam.http.post(pam.url("/api/oauth2/token")).header("content-type", "application/json");
    assert_eq!(reply(request.body("{}")).await.unwrap().status, 400);
}

#[tokio::test]
async fn a_new_secret_refuses_the_old_one_and_a_removed_client_is_out() {
    let pam = Pam::start().await;
    pam.sim.change_authorization("operator", |client| client.client_secret = "rotated".into());
    let (id, old) = (pam.sim.client_id(), pam.sim.client_secret());
    let fields = [("grant_type", "client_credentials"), ("client_id", id.as_str()), ("client_secret", old.as_str())];
    assert_eq!(token_call(&pam.sim, &pam.http, &fields).await.status, 401);
    log_in_as(&pam.sim, &pam.http, "operator", "rotated").await;
    assert_eq!(pam.list().await.status, 200);
    assert!(pam.sim.remove_authorization("operator"));
    assert_eq!(pam.list().await.status, 401);
}

#[tokio::test]
async fn clients_see_what_they_made_or_were_assigned_and_tenants_are_apart() {
    let mut stranger = Authorization::new("stranger", "s");
    stranger.tenant = Some("other".to_owned());
    let colleague = Authorization::new("colleague", "c");
    let config = Config::default().device(HOST, IP).authorization(colleague).authorization(stranger);
    let pam = Pam::with(config).await;
    let id = pam.post(&full("k8s-a", "svc", "one")).await.id();
    let colleague = log_in_as(&pam.sim, &pam.http, "colleague", "c").await;
    let stranger = log_in_as(&pam.sim, &pam.http, "stranger", "s").await;
    let rows = async |token: &str| {
        let list = pam.call_as(token, "GET", "/api/pam/credential", None).await.unwrap();
        list.json()["credentials"].as_array().unwrap().len()
    };
    assert_eq!((rows(&pam.token).await, rows(&colleague).await, rows(&stranger).await), (1, 0, 0));
    pam.sim.edit(&id, pam_simulator::VaultEdit::ShowTo("colleague".to_owned()));
    assert_eq!(rows(&colleague).await, 1);
    let body = full("k8s-a", "svc", "one");
    let reply = pam.call_as(&stranger, "POST", "/api/pam/credential", Some(&body)).await.unwrap();
    assert_eq!(reply.code(), 1011, "a device of another tenant");
}

#[tokio::test]
async fn the_tenant_of_a_token_call_is_checked() {
    let pam = Pam::start().await;
    let (id, secret) = (pam.sim.client_id(), pam.sim.client_secret());
    let plain = [("grant_type", "client_credentials"), ("client_id", id.as_str()), ("client_secret", secret.as_str())];
    let named = [plain.as_slice(), &[("tenant", "acme")]].concat();
    assert_eq!(token_call(&pam.sim, &pam.http, &named).await.status, 200);
    pam.sim.change_behaviour(|knobs| knobs.tenant_required = true);
    assert_eq!(token_call(&pam.sim, &pam.http, &plain).await.status, 401);
}

#[tokio::test]
async fn tls_is_trusted_by_its_ca_only_under_each_name() {
    let pam = Pam::start().await;
    let stranger = Simulator::start(Config::default()).await.unwrap();
    assert!(client(&stranger.ca_pem()).get(pam.sim.url()).send().await.unwrap_err().is_connect());
    let port = pam.sim.address().port();
    assert!(pam.http.get(format!("https://localhost:{port}/")).send().await.is_ok());
}

#[tokio::test]
async fn bad_certificates_are_presented_on_demand() {
    let pam = Pam::start().await;
    for bad in [Certificate::WrongHost, Certificate::CommonNameOnly, Certificate::Expired, Certificate::UnknownCa] {
        pam.sim.present(bad).unwrap();
        pam.settle().await;
        assert!(pam.http.get(pam.sim.url()).send().await.unwrap_err().is_connect(), "{bad:?}");
    }
    pam.sim.present(Certificate::Proper).unwrap();
    pam.settle().await;
    assert_eq!(pam.list().await.status, 200);
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let config = Config { listen: "0.0.0.0:0".parse().unwrap(), ..Config::default() };
    assert!(Simulator::start(config).await.is_err());
    let config = Config { admin_listen: Some("0.0.0.0:0".parse().unwrap()), ..Config::default() };
    assert!(Simulator::start(config).await.is_err());
}

//! Which prefix and which token endpoint a version serves.

use pam_simulator::Reach;
use serde_json::{Value, json};

use super::{new, old};
use crate::common::{Pam, Reply, full, reply};

fn no_route() -> Value {
    json!({ "message": "no Route matched with those values" })
}

async fn ask_token(pam: &Pam, path: &str) -> Reply {
    let (id, secret) = (pam.sim.client_id(), pam.sim.client_secret());
    let form = [("grant_type", "client_credentials"), ("client_id", id.as_str()), ("client_secret", secret.as_str())];
    reply(pam.http.post(pam.url(path)).form(&form)).await.unwrap()
}

#[tokio::test]
async fn up_to_3_32_everything_is_under_iso_and_nothing_under_api() {
    for version in old() {
        let pam = Pam::of(version).await;
        assert!(pam.post(&full("k8s-a", "svc", "one")).await.created());
        assert_eq!(ask_token(&pam, "/api/oauth2/token").await.json(), no_route());
        let other = pam.call("GET", "/api/pam/credential", None).await.unwrap();
        assert_eq!((other.status, other.json()), (404, no_route()), "{version}");
    }
}

#[tokio::test]
async fn from_3_33_on_iso_has_the_token_endpoint_and_with_a_knob_the_same_records() {
    for version in new() {
        let pam = Pam::of(version).await;
        let id = pam.post(&full("k8s-a", "svc", "one")).await.id();
        let token = ask_token(&pam, "/iso/oauth2/token").await.json()["access_token"].as_str().unwrap().to_owned();
        let listed = async |path: &str| pam.call_as(&token, "GET", path, None).await.unwrap();
        assert_eq!(listed("/api/pam/credential").await.status, 200, "a token of either prefix is good for both");
        assert_eq!(listed("/iso/pam/credential").await.json(), no_route());
        pam.sim.change_behaviour(|knobs| knobs.iso = Some(Reach::Everything));
        assert_eq!(listed("/iso/pam/credential").await.json()["credentials"][0]["id"], id.as_str());
        pam.sim.change_behaviour(|knobs| (knobs.iso, knobs.api) = (Some(Reach::Nothing), Some(Reach::Nothing)));
        assert_eq!(ask_token(&pam, "/iso/oauth2/token").await.status, 404);
        assert_eq!(pam.list().await.json(), no_route());
    }
}

#[tokio::test]
async fn the_token_endpoint_may_be_somewhere_else_altogether() {
    let pam = Pam::start().await;
    pam.sim.change_behaviour(|knobs| knobs.token_path = Some("/Segura/api/oauth2/token".to_owned()));
    assert_eq!(ask_token(&pam, "/Segura/api/oauth2/token").await.status, 200);
    for path in ["/api/oauth2/token", "/iso/oauth2/token"] {
        assert_eq!(ask_token(&pam, path).await.json(), no_route());
    }
    assert_eq!(pam.list().await.status, 200);
}

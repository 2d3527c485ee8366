//! P1, P10: what something before the PAM refuses concerns that one request: no login, and nothing for other requests.

use pam_operator::pam::{Origins, PamClient, RetryAdvice};
use pam_simulator::{Effect, Fault, Kind};

use crate::support::{CANARY, Pam, judge, list, request, seed, short};

/// A refusal as a web application firewall words it.
const PAGE: &str = "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. Please \
                    consult with your administrator.<br><br>Your support ID is: CANARY-1723</body></html>";

fn says(status: u16, content_type: &str, body: &str) -> Effect {
    Effect::Raw { status, content_type: content_type.into(), body: body.into() }
}

fn page(status: u16) -> Effect {
    says(status, "text/html", PAGE)
}

#[tokio::test]
async fn a_firewall_that_refuses_one_value_costs_no_login_and_no_neighbour() {
    let pam = Pam::start().await;
    let client = pam.client();
    client.upsert_credential(&request("good")).await.unwrap();
    pam.sim.inject(Fault::on(Kind::PostCredential, page(403)).only("bad").always());
    for _ in 0..20 {
        let error = client.upsert_credential(&request("bad")).await.unwrap_err();
        assert!(error.summary().contains("something before the PAM refused this request"), "{error}");
        assert_eq!(error.retry(), RetryAdvice::Permanent);
        assert_eq!(judge::<()>(Err(error)), ("intercepted", true), "a firewall may have seen only the PAM's answer");
        client.upsert_credential(&request("good")).await.unwrap();
    }
    assert_eq!(pam.count(Kind::Token), 1);
    pam.sim.revoke_tokens();
    assert_eq!(judge(client.upsert_credential(&request("bad")).await), ("intercepted", true));
    client.upsert_credential(&request("good")).await.unwrap();
    assert_eq!(pam.count(Kind::Token), 2, "a token that is revoked within that minute is renewed at once");
}

#[tokio::test]
async fn neither_the_status_nor_the_make_of_a_page_makes_it_the_pams() {
    let pam = Pam::start().await;
    let bodies = [
        ("text/html", PAGE),
        ("text/html", "<!DOCTYPE html>\n<html><body><h1>Forbidden</h1></body></html>"),
        ("application/xml", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"),
        ("text/plain", "RBAC: access denied"),
        ("application/json", r#"{"error":{"code":403,"message":"blocked CANARY"},"supportId":"17"}"#),
        ("application/json", "{}"),
        ("text/plain", ""),
    ];
    for status in [400, 401, 403, 404, 405, 406, 413, 451] {
        for (content_type, body) in bodies {
            if status == 401 && (body.is_empty() || body.starts_with('{')) {
                // See a_401_without_a_page_renews_the_token_once.
                continue;
            }
            let client = PamClient::new(pam.endpoint(), &Origins::new(), short()).unwrap();
            client.authenticate().await.unwrap();
            let logins = pam.count(Kind::Token);
            pam.sim.inject(Fault::on(Kind::PostCredential, says(status, content_type, body)));
            let judged = judge(client.upsert_credential(&request("one")).await);
            assert_eq!(judged, ("intercepted", true), "{status} {body}");
            assert_eq!(pam.count(Kind::Token), logins, "{status} {body}");
        }
    }
}

#[tokio::test]
async fn the_gateway_and_the_application_can_refuse_a_token_in_each_of_their_shapes() {
    let pam = Pam::start().await;
    let bodies = [
        r#"{"message":"Unauthorized"}"#,
        r#"{"message":"Invalid signature","request_id":"b1946ac9"}"#,
        r#"{"exp":"token expired"}"#,
        r#"{"error":"invalid_token","error_description":"The access token expired"}"#,
        r#"{"response":{"status":401,"message":"Not logged in","error":true}}"#,
    ];
    for body in bodies {
        let client = PamClient::new(pam.endpoint(), &Origins::new(), short()).unwrap();
        client.authenticate().await.unwrap();
        let logins = pam.count(Kind::Token);
        pam.sim.inject(Fault::on(Kind::PostCredential, says(401, "application/json", body)));
        client.upsert_credential(&request("one")).await.unwrap();
        assert_eq!(pam.count(Kind::Token), logins + 1, "{body}");
    }
}

/// A gateway may refuse a token without a body, or with more in it than is known.
const BARE: [&str; 4] =
    ["", "{}", r#"{"message":"Unauthorized","trace":"17"}"#, r#"{"error":{"code":401,"message":"CANARY"}}"#];

#[tokio::test]
async fn a_401_without_a_page_renews_the_token_once() {
    let pam = Pam::start().await;
    for body in BARE {
        let client = PamClient::new(pam.endpoint(), &Origins::new(), short()).unwrap();
        client.authenticate().await.unwrap();
        let logins = pam.count(Kind::Token);
        let refuses = |kind| pam.sim.inject(Fault::on(kind, says(401, "application/json", body)));
        refuses(Kind::PostCredential);
        client.upsert_credential(&request("one")).await.unwrap();
        assert_eq!(pam.count(Kind::Token), logins + 1, "{body}");
        // If the new one does not help, either, it was something before the PAM: no login for it within a minute.
        for _ in 0..5 {
            refuses(Kind::PostCredential);
            assert_eq!(judge(client.upsert_credential(&request("one")).await), ("intercepted", true), "{body}");
            refuses(Kind::ListCredentials);
            assert_eq!(judge(list(&client).await), ("intercepted", false), "{body}");
        }
        assert_eq!(pam.count(Kind::Token), logins + 1, "{body}");
        assert_eq!(list(&client).await.unwrap().len(), 1, "nothing else suffers from it");
    }
}

#[tokio::test]
async fn a_firewalls_403_costs_no_login_whatever_its_body_is() {
    let pam = Pam::start().await;
    for body in BARE.into_iter().chain([PAGE]) {
        let client = PamClient::new(pam.endpoint(), &Origins::new(), short()).unwrap();
        client.authenticate().await.unwrap();
        let logins = pam.count(Kind::Token);
        pam.sim.inject(Fault::on(Kind::PostCredential, says(403, "text/html", body)));
        assert_eq!(judge(client.upsert_credential(&request("one")).await), ("intercepted", true), "{body}");
        assert_eq!(pam.count(Kind::Token), logins, "{body}");
    }
}

#[tokio::test]
async fn a_list_and_a_switch_that_are_refused_before_the_pam_say_so_whatever_the_status() {
    let pam = Pam::start().await;
    let id = pam.sim.seed(seed(1));
    let client = pam.client();
    for status in [200, 401, 403, 404] {
        pam.sim.inject(Fault::any(page(status)).skipping(u32::from(pam.count(Kind::Token) == 0)).times(4));
        assert_eq!(judge(list(&client).await), ("intercepted", false), "{status}");
        assert_eq!(judge(client.disable_credential(&id).await), ("intercepted", true), "{status}");
        assert_eq!(judge(client.enable_credential(&id).await), ("intercepted", true), "{status}");
        assert_eq!(judge(client.upsert_credential(&request("one")).await), ("intercepted", true), "{status}");
    }
    assert_eq!(pam.count(Kind::Token), 1);
    assert_eq!(list(&client).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_page_in_place_of_a_token_is_no_refused_login_and_is_not_asked_for_again_at_once() {
    let pam = Pam::start().await;
    for effect in [page(403), page(401), page(400), page(200), says(403, "text/plain", CANARY)] {
        let client = PamClient::new(pam.endpoint(), &Origins::new(), short()).unwrap();
        pam.sim.inject(Fault::on(Kind::Token, effect.clone()).always());
        let logins = pam.count(Kind::Token);
        for _ in 0..20 {
            let error = client.upsert_credential(&request("one")).await.unwrap_err();
            assert!(error.summary().contains("something before the PAM refused this request"), "{error}");
            assert_eq!(judge::<()>(Err(error)), ("unavailable_intercepted", false), "{effect:?}");
            assert_eq!(judge(client.retry_login().await), ("unavailable_intercepted", false), "{effect:?}");
        }
        assert_eq!(pam.count(Kind::Token), logins + 1, "{effect:?}");
        pam.sim.clear_faults();
    }
}

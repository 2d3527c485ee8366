//! P9, P10: the login is sent as the connection says: form or HTTP Basic, tenant, client certificate, referrer.

use pam_operator::pam::{
    ClientCertificate, Endpoint, EndpointError, OAuth2, PamClient, TokenRequest, UnusedBlocks, VaultId,
};
use pam_simulator::{Behaviour, Config, Kind};

use crate::support::{CLIENT_SECRET, Pam, judge, list, request};

async fn pam_with(behaviour: Behaviour) -> Pam {
    Pam::start_with(Config { behaviour, ..Config::default() }).await
}

#[tokio::test]
async fn a_login_is_sent_as_the_connection_says() {
    for (way, other, knob) in [
        (TokenRequest::Form, TokenRequest::Basic, pam_simulator::TokenRequest::Form),
        (TokenRequest::Basic, TokenRequest::Form, pam_simulator::TokenRequest::Basic),
    ] {
        let pam = pam_with(Behaviour { token_request: knob, ..Behaviour::default() }).await;
        list(&pam.client_of(Endpoint { token_request: way, ..pam.endpoint() })).await.unwrap();
        let wrong = pam.client_of(Endpoint { token_request: other, ..pam.endpoint() });
        assert_eq!(judge(list(&wrong).await), ("login_refused", false));
        let journal = pam.sim.journal();
        let body = pam.sim.raw_body_of(journal.entries()[0].seq).unwrap();
        assert_eq!(String::from_utf8(body).unwrap().contains("client_secret"), way == TokenRequest::Form);
    }
}

#[tokio::test]
async fn basic_carries_any_secret_but_no_colon_in_the_id() {
    let secret = "CANARY:e%cr+t \u{e9}";
    let config = Config::default().only_client("operator", secret);
    let pam = Pam::start_with(config).await;
    pam.sim.change_authorization("operator", |auth| auth.client_secret = secret.into());
    let oauth2 = |id: &str| OAuth2 { client_id: id.into(), client_secret: secret.into() };
    let basic = |id| Endpoint { token_request: TokenRequest::Basic, oauth2: oauth2(id), ..pam.endpoint() };
    list(&pam.client_of(basic("operator"))).await.unwrap();
    let error = PamClient::new(basic("a:b"), &pam.origins, crate::support::short()).unwrap_err();
    assert_eq!(error, EndpointError::ClientIdForBasic);
}

#[tokio::test]
async fn a_tenant_is_asked_for_where_the_connection_names_one() {
    let pam = pam_with(Behaviour { tenant_required: true, ..Behaviour::default() }).await;
    for way in [TokenRequest::Form, TokenRequest::Basic] {
        let with = |tenant: Option<&str>| {
            let tenant = tenant.map(str::to_owned);
            pam.client_of(Endpoint { tenant, token_request: way, ..pam.endpoint() })
        };
        let right = with(Some("acme"));
        let upserted = right.upsert_credential(&request("one")).await.unwrap();
        assert!(right.vault().may_be(&VaultId::new(right.origin(), upserted.tenant.as_deref())));
        assert_eq!(right.vault().tenant.as_deref(), Some("acme"));
        for wrong in [None, Some("umbrella")] {
            assert_eq!(judge(list(&with(wrong)).await), ("login_refused", false));
        }
        assert!(!with(Some("umbrella")).vault().may_be(right.vault()));
    }
}

#[tokio::test]
async fn an_authorization_that_is_bound_to_a_certificate_is_used_with_it_alone() {
    let pam = Pam::start().await;
    let make = || {
        let (cert, key) = pam.sim.client_certificate().unwrap();
        ClientCertificate { cert_pem: cert.into_bytes(), key_pem: key.into() }
    };
    let (own, strangers) = (make(), make());
    let fingerprint = pam.sim.fingerprint_of(std::str::from_utf8(&own.cert_pem).unwrap()).unwrap();
    pam.sim.change_authorization("operator", |auth| auth.certificate = Some(fingerprint.clone()));
    let with = |certificate: Option<&ClientCertificate>| Endpoint {
        client_certificate: certificate.cloned(),
        ..pam.endpoint()
    };
    list(&pam.client_of(with(Some(&own)))).await.unwrap();
    assert!(pam.sim.journal().entries().iter().all(|entry| entry.certificate.as_ref() == Some(&fingerprint)));
    for other in [None, Some(&strangers)] {
        assert_eq!(judge(list(&pam.client_of(with(other))).await), ("login_refused", false));
    }
    // Where the system's authorities are trusted, the certificate is usable all the same; the simulator's CA is not.
    match PamClient::new(Endpoint { ca_bundle: None, ..with(Some(&own)) }, &pam.origins, crate::support::short()) {
        Ok(client) => assert_eq!(judge(list(&client).await), ("unavailable_tls", false)),
        Err(error) => assert_eq!(error, EndpointError::NoSystemRoots),
    }
    let mixed = ClientCertificate { key_pem: strangers.key_pem.clone(), ..own };
    let empty = ClientCertificate { cert_pem: Vec::new(), ..strangers };
    for bad in [mixed, empty] {
        for ca_bundle in [pam.endpoint().ca_bundle, None] {
            let endpoint = Endpoint { ca_bundle, ..with(Some(&bad)) };
            let error = PamClient::new(endpoint, &pam.origins, crate::support::short()).unwrap_err();
            assert_eq!(error, EndpointError::ClientCertificate(UnusedBlocks::default()));
        }
    }
}

#[tokio::test]
async fn a_referrer_goes_with_every_call() {
    let pam = Pam::start().await;
    let referrer = "https://operator.example.com/cluster";
    pam.sim.change_authorization("operator", |auth| auth.referrer = Some(referrer.into()));
    let with = |referrer: &str| Endpoint { referrer: Some(referrer.into()), ..pam.endpoint() };
    let client = pam.client_of(with(referrer));
    let id = client.upsert_credential(&request("one")).await.unwrap().id;
    client.disable_credential(&id).await.unwrap();
    list(&client).await.unwrap();
    let journal = pam.sim.journal();
    assert_eq!((journal.len(), journal.count(Kind::Token)), (4, 1));
    assert!(journal.entries().iter().all(|entry| entry.referrer.as_deref() == Some(referrer)));
    assert_eq!(judge(list(&pam.client()).await), ("login_refused", false));
    for bad in ["", "two words", "line\nbreak", "\u{e9}"] {
        let error = PamClient::new(with(bad), &pam.origins, crate::support::short()).unwrap_err();
        assert_eq!(error, EndpointError::Referrer, "{bad:?}");
    }
    assert!(!format!("{:?}", with(CLIENT_SECRET)).contains("CANARY"));
}

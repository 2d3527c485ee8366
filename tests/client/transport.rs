//! P9: secrets are sent only over TLS that the connection's own authority vouches for, and no redirect is followed.

use std::time::Duration;

use pam_operator::pam::{
    ClientCertificate, Endpoint, EndpointError, PamClient, PamError, ProductVersion, TlsFault, Unavailable,
    UnusedBlocks,
};
use pam_simulator::{Certificate, Config, Effect, Fault, Kind};

use crate::support::{Pam, judge, list, request, short};

#[tokio::test]
async fn only_the_connections_own_authority_under_its_own_name_and_in_time_is_trusted() {
    let pam = Pam::start().await;
    let cases = [
        (Certificate::UnknownCa, TlsFault::UnknownAuthority),
        (Certificate::WrongHost, TlsFault::WrongName),
        (Certificate::CommonNameOnly, TlsFault::NoAlternativeName),
        (Certificate::Expired, TlsFault::OutOfDate),
    ];
    for (certificate, fault) in cases {
        pam.sim.present(certificate).unwrap();
        let error = pam.client().upsert_credential(&request("one")).await.unwrap_err();
        assert!(matches!(error, PamError::Unavailable { why: Unavailable::Tls(found), .. } if found == fault));
        assert!(!error.outcome_unknown());
        let words = "lacks a subject alternative name";
        assert_eq!(error.summary().contains(words), certificate == Certificate::CommonNameOnly, "{error}");
    }
    pam.sim.present(Certificate::Proper).unwrap();
    let system = Endpoint { ca_bundle: None, ..pam.endpoint() };
    if let Ok(client) = PamClient::new(system, &pam.origins, short()) {
        assert_eq!(judge(client.authenticate().await), ("unavailable_tls", false));
    }
    assert!(pam.sim.journal().is_empty(), "not even the login may reach an untrusted server");
    pam.client().authenticate().await.unwrap();
}

#[tokio::test]
async fn what_is_no_tls_and_what_is_nothing_are_told_apart() {
    let pam = Pam::start_with(Config::default().admin()).await;
    let plain = pam.sim.admin_url().unwrap().replace("http:", "https:").parse().unwrap();
    let client = pam.client_of(Endpoint { url: plain, ..pam.endpoint() });
    let error = client.authenticate().await.unwrap_err();
    assert!(matches!(error, PamError::Unavailable { why: Unavailable::Tls(TlsFault::Protocol), .. }), "{error:?}");
    pam.sim.set_down(true);
    assert_eq!(judge(pam.client().upsert_credential(&request("one")).await), ("unavailable_connect", false));
}

#[tokio::test]
async fn a_wrong_url_is_misrouted_and_never_not_found() {
    let pam = Pam::start().await;
    let url = format!("{}/nowhere/", pam.sim.url()).parse().unwrap();
    let client = pam.client_of(Endpoint { url, ..pam.endpoint() });
    assert_eq!(client.origin(), format!("{}/nowhere", pam.sim.url()));
    assert_eq!(judge(client.upsert_credential(&request("one")).await), ("misrouted", false));
    assert_eq!(pam.sim.journal().entries()[0].path, "/nowhere/api/oauth2/token");
}

#[tokio::test]
async fn an_endpoint_is_checked_before_anything_is_sent() {
    let pam = Pam::start().await;
    let error = |endpoint| PamClient::new(endpoint, &pam.origins, short()).unwrap_err();
    let with_url = |url: &str| error(Endpoint { url: url.parse().unwrap(), ..pam.endpoint() });
    assert_eq!(with_url("http://pam.example.com"), EndpointError::NotHttps);
    assert_eq!(with_url("https://user:CANARY@pam.example.com"), EndpointError::UserInfo);
    assert_eq!(with_url("https://pam.example.com?CANARY"), EndpointError::QueryOrFragment);
    let old = ProductVersion::parse("3.29").unwrap();
    assert_eq!(error(Endpoint { version: old, ..pam.endpoint() }), EndpointError::UnsupportedVersion(old));
    let bundle = Endpoint { ca_bundle: Some(b"x".to_vec()), ..pam.endpoint() };
    assert_eq!(error(bundle), EndpointError::CaBundle(UnusedBlocks::default()));
}

#[tokio::test]
async fn what_can_be_used_of_a_bundle_is_used_and_what_cannot_is_named() {
    let pam = Pam::start().await;
    let (certificate, key) = pam.sim.client_certificate().unwrap();
    let own = pam.sim.ca_pem();
    let cut = &own[..own.len() / 2];
    let bundle = format!("\u{feff}{cut}\n{key}\n{own}");
    let chain = format!("{certificate}{cut}");
    let with = |bundle: &str, chain: &str| Endpoint {
        ca_bundle: Some(bundle.as_bytes().to_vec()),
        client_certificate: Some(ClientCertificate { cert_pem: chain.into(), key_pem: key.as_str().into() }),
        ..pam.endpoint()
    };
    assert_eq!(with(&own, &certificate).unused_blocks(), None);
    let endpoint = with(&bundle, &chain);
    let said = endpoint.unused_blocks().unwrap();
    let cut_off = "(cut off: its END line is missing)";
    let of_bundle = format!("of the CA bundle: block 1 {cut_off}, block 2 (a private key, which must not be there)");
    assert!(said.contains(&of_bundle), "{said}");
    assert!(said.contains(&format!("of the client certificate: block 2 {cut_off}")), "{said}");
    assert!(key.lines().chain(own.lines()).all(|line| line.starts_with("-----") || !said.contains(line)), "{said}");
    pam.client_of(endpoint).authenticate().await.unwrap();
    assert!(pam.sim.journal().entries().iter().all(|entry| entry.certificate.is_some()));
    let error = |endpoint| PamClient::new(endpoint, &pam.origins, short()).unwrap_err().to_string();
    let none = error(with(cut, &chain));
    assert!(none.contains("no usable certificate") && none.contains(&format!("block 1 {cut_off}")), "{none}");
    let none = error(with(&own, &key));
    assert!(none.contains("the client certificate") && none.contains("block 1 (a private key"), "{none}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (pam, elsewhere) = (Pam::start().await, Pam::start().await);
    let client = pam.client();
    client.authenticate().await.unwrap();
    let target = format!("{}/api/pam/credential", elsewhere.sim.url());
    pam.sim.inject(Fault::any(Effect::Redirect(target)).times(2));
    assert_eq!(judge(client.upsert_credential(&request("one")).await), ("redirected", true));
    assert_eq!(judge(list(&client).await), ("redirected", false));
    assert!(elsewhere.sim.journal().is_empty());
    assert_eq!(pam.count(Kind::Token), 1);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_does_no_harm() {
    let pam = Pam::start().await;
    let client = pam.client();
    for number in 0..5 {
        client.upsert_credential(&request(&format!("c{number}"))).await.unwrap();
        pam.sim.drop_connections();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

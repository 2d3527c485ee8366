//! P8, P9, P10: through a connection's proxy the client speaks TLS with the PAM itself, says what the proxy did in its own
//! words, and leaves connections without that proxy alone.

use std::time::{Duration, Instant};

use pam_operator::pam::{
    AddressPolicy, AllowedHosts, Endpoint, EndpointError, Limits, Origins, PamClient, PamError, Proxy, ProxyFault,
    ProxyLogin, TlsFault, Unavailable,
};
use pam_simulator::{Certificate, Kind};
use tokio::net::TcpListener;

use crate::connect_proxy::{Answer, ProxyServer};
use crate::secrecy::no_log_line_has_a_secret;
use crate::support::{CANARY, Pam, judge, list, request, short};

/// Starts a proxy that connects to a PAM, whatever is asked for.
async fn relay(pam: &Pam) -> ProxyServer {
    ProxyServer::start(Answer::Relay(pam.sim.url().replace("https://", ""))).await
}

fn way(url: &str) -> Proxy {
    Proxy { url: url.parse().unwrap(), login: None }
}

/// What went wrong on the way through a proxy; the words for it hold nothing that the proxy said, and name the field.
async fn fault(client: &PamClient) -> ProxyFault {
    let error = client.authenticate().await.unwrap_err();
    let words = error.summary();
    assert!(words.contains("spec.proxy.url") && words.contains(": "), "{words}");
    let PamError::Unavailable { why: Unavailable::Proxy(fault), .. } = error else { panic!("{error:?}") };
    assert_eq!(judge::<()>(Err(error)), ("unavailable_proxy", false));
    fault
}

#[tokio::test]
async fn every_call_goes_through_the_proxy_which_alone_resolves_the_name_and_sees_tls() {
    let pam = Pam::start().await;
    let proxy = relay(&pam).await;
    // A name that no resolver has, and that the PAM's certificate is for.
    pam.sim.present(Certificate::WrongHost).unwrap();
    let url = "https://pam.elsewhere.invalid:8443".parse().unwrap();
    let client = pam.client_of(Endpoint { url, proxy: Some(way(&proxy.url)), ..pam.endpoint() });
    client.upsert_credential(&request("one")).await.unwrap();
    list(&client).await.unwrap();
    assert_eq!((pam.count(Kind::Token), pam.count(Kind::PostCredential)), (1, 1));
    let asked = proxy.asked();
    assert!(!asked.is_empty());
    for head in asked {
        assert!(head.starts_with("CONNECT pam.elsewhere.invalid:8443 HTTP/1.1\r\n"), "{head}");
        assert!(!head.contains(CANARY) && !head.to_lowercase().contains("authorization"), "{head}");
    }
    no_log_line_has_a_secret();
}

#[tokio::test]
async fn behind_a_proxy_the_pams_certificate_is_checked_as_without() {
    let pam = Pam::start().await;
    let proxy = relay(&pam).await;
    let cases = [
        (Certificate::UnknownCa, TlsFault::UnknownAuthority),
        (Certificate::WrongHost, TlsFault::WrongName),
        (Certificate::Expired, TlsFault::OutOfDate),
    ];
    for (certificate, fault) in cases {
        pam.sim.present(certificate).unwrap();
        let client = pam.client_of(Endpoint { proxy: Some(way(&proxy.url)), ..pam.endpoint() });
        let error = client.authenticate().await.unwrap_err();
        assert!(
            matches!(error, PamError::Unavailable { why: Unavailable::Tls(found), .. } if found == fault),
            "{error:?}"
        );
    }
    assert!(pam.sim.journal().is_empty());
}

#[tokio::test]
async fn the_login_at_the_proxy_goes_to_the_proxy_alone_and_into_no_log() {
    let pam = Pam::start().await;
    let proxy = relay(&pam).await;
    let login = ProxyLogin { username: "operator".into(), password: "CANARY-%41:é".into() };
    let way = Proxy { login: Some(login), ..way(&proxy.url) };
    let client = pam.client_of(Endpoint { proxy: Some(way), ..pam.endpoint() });
    client.upsert_credential(&request("one")).await.unwrap();
    let asked = proxy.asked();
    // `operator:CANARY-%41:é`
    let header = "b3BlcmF0b3I6Q0FOQVJZLSU0MTrDqQ==";
    assert!(
        asked[0].lines().any(|line| line.eq_ignore_ascii_case(&format!("Proxy-Authorization: Basic {header}"))),
        "{asked:?}"
    );
    for entry in pam.sim.journal().entries() {
        assert!(!format!("{entry:?}").contains(header), "{entry:?}");
    }
    no_log_line_has_a_secret();
}

#[tokio::test]
async fn what_a_proxy_refuses_is_told_in_our_own_words_and_none_of_its() {
    let pam = Pam::start().await;
    let cases = [
        ("HTTP/1.1 407 CANARY\r\nProxy-Authenticate: Basic realm=\"CANARY\"\r\n\r\nCANARY", ProxyFault::LoginRefused),
        ("HTTP/1.1 403 CANARY\r\n\r\nCANARY", ProxyFault::Refused),
        ("HTTP/1.1 502 Bad Gateway\r\nX: CANARY\r\n\r\n", ProxyFault::Refused),
        ("HTTP/1.1 302 Found\r\nLocation: https://CANARY\r\n\r\n", ProxyFault::Refused),
        ("HTTP/1.1 2000 CANARY\r\n\r\n", ProxyFault::Refused),
        ("CANARY\u{0}\r\n\r\n", ProxyFault::Refused),
        ("", ProxyFault::Interrupted),
        ("HTTP/1.1 200 CANARY\r\nX: CANA", ProxyFault::Interrupted),
        ("HTTP/1.1 200 OK\r\n\r\n", ProxyFault::Interrupted),
    ];
    for (answer, expected) in cases {
        let proxy = ProxyServer::start(Answer::Say(answer)).await;
        let client = pam.client_of(Endpoint { proxy: Some(way(&proxy.url)), ..pam.endpoint() });
        assert_eq!(fault(&client).await, expected, "{answer:?}");
        assert_eq!(proxy.asked().len(), 1, "{answer:?}: a refusal is not repeated by itself");
    }
    // What is no TLS after the tunnel is said of the server at the url, as without a proxy.
    let proxy = ProxyServer::start(Answer::Say("HTTP/1.1 200 OK\r\n\r\n\0\0CANARY CANARY CANARY")).await;
    let client = pam.client_of(Endpoint { proxy: Some(way(&proxy.url)), ..pam.endpoint() });
    let kind = judge(client.authenticate().await).0;
    assert!(["unavailable_tls", "unavailable_proxy"].contains(&kind), "{kind}");
    assert!(pam.sim.journal().is_empty(), "nothing goes past the proxy");
    no_log_line_has_a_secret();
}

#[tokio::test]
async fn a_proxy_that_cannot_be_reached_is_named_and_nothing_goes_past_it() {
    let pam = Pam::start().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for url in [format!("http://{free}"), "http://proxy.elsewhere.invalid:3128".to_owned()] {
        let client = pam.client_of(Endpoint { proxy: Some(way(&url)), ..pam.endpoint() });
        assert_eq!(fault(&client).await, ProxyFault::Unreachable, "{url}");
    }
    assert!(pam.sim.journal().is_empty());
}

#[tokio::test]
async fn an_endless_answer_and_none_at_all_end_in_time() {
    let pam = Pam::start().await;
    let began = Instant::now();
    let flood = ProxyServer::start(Answer::Flood).await;
    let client = pam.client_of(Endpoint { proxy: Some(way(&flood.url)), ..pam.endpoint() });
    assert_eq!(fault(&client).await, ProxyFault::Refused);
    let silent = ProxyServer::start(Answer::Hold).await;
    let client = pam.client_of(Endpoint { proxy: Some(way(&silent.url)), ..pam.endpoint() });
    assert_eq!(fault(&client).await, ProxyFault::Interrupted);
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_dead_proxy_keeps_no_other_connection_from_the_pam_and_is_left_alone_after_some_failures() {
    let pam = Pam::start().await;
    let proxy = ProxyServer::start(Answer::Say("HTTP/1.1 503 Service Unavailable\r\n\r\n")).await;
    let through = pam.client_of(Endpoint { proxy: Some(way(&proxy.url)), ..pam.endpoint() });
    for _ in 0..5 {
        assert_eq!(fault(&through).await, ProxyFault::Refused);
    }
    assert_eq!(judge(through.authenticate().await), ("unavailable_circuit_open", false));
    assert_eq!(proxy.asked().len(), 5);
    pam.client().authenticate().await.unwrap();
}

#[tokio::test]
async fn a_connection_whose_addresses_are_checked_goes_through_no_proxy() {
    let pam = Pam::start().await;
    let proxy = relay(&pam).await;
    let allowed_hosts = AllowedHosts::parse(["*", "127.0.0.1", "127.0.0.0/8"]).unwrap();
    let allowed = AddressPolicy::Checked { allowed_hosts };
    let endpoint = Endpoint { allowed, proxy: Some(way(&proxy.url)), limits: Limits::default(), ..pam.endpoint() };
    let refused = PamClient::new(endpoint, &Origins::new(), short()).map(drop).unwrap_err();
    assert_eq!(refused, EndpointError::ProxyNotAllowed);
    assert!(proxy.asked().is_empty());
}

#[tokio::test]
async fn an_address_of_a_proxy_that_cannot_be_used_is_refused_without_its_text() {
    let pam = Pam::start().await;
    let error = |url: &str, pam_url: &str| {
        let endpoint = Endpoint { url: pam_url.parse().unwrap(), proxy: Some(way(url)), ..pam.endpoint() };
        PamClient::new(endpoint, &pam.origins, short()).map(drop).unwrap_err()
    };
    for url in ["https://proxy", "http://user:CANARY@proxy:3128", "http://proxy/CANARY", "socks5://CANARY"] {
        let refused = error(url, "https://pam.example.com");
        assert_eq!(refused, EndpointError::ProxyUrl, "{url}");
        assert!(refused.to_string().contains("basicAuthSecretRef") && !refused.to_string().contains(CANARY));
    }
    assert_eq!(error("http://proxy:3128", "https://[fd12::1]"), EndpointError::Ipv6ThroughProxy);
}

//! Connections that tenants write: where they may lead, and that a refusal makes no connection at all.

use std::net::TcpListener;

use pam_operator::pam::{
    AddressKind, AddressPolicy, AllowedHosts, Endpoint, EndpointError, Origins, PamClient, PamError,
};
use pam_simulator::{Effect, Fault};

use crate::{Pam, judge, list, short};

fn checked(entries: &[&str]) -> AddressPolicy {
    AddressPolicy::Checked { allowed_hosts: AllowedHosts::parse(entries.iter().copied()).unwrap() }
}

/// Something that listens on this machine, and can tell whether anybody came.
struct Trap(TcpListener);

impl Trap {
    fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/", self.0.local_addr().unwrap().port())
    }

    fn is_untouched(&self) -> bool {
        self.0.accept().is_err()
    }
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_refused_without_a_connection() {
    let (pam, trap) = (Pam::start().await, Trap::set());
    let client = |entries: &[&str]| {
        let endpoint =
            Endpoint { url: trap.url("localhost").parse().unwrap(), allowed: checked(entries), ..pam.endpoint() };
        PamClient::new(endpoint, &Origins::new(), short()).unwrap()
    };
    for entries in [&["localhost"][..], &["*"], &["localhost.", "0.0.0.0/0", "::/0", "10.0.0.0/8"]] {
        let client = client(entries);
        for _ in 0..8 {
            let refused = list(&client).await;
            assert_eq!(refused, Err(PamError::AddressNotAllowed(AddressKind::Loopback)), "{entries:?}");
            assert_eq!(judge(refused), ("address_not_allowed", false));
        }
    }
    assert!(trap.is_untouched());
    let _ = list(&client(&["localhost", "127.0.0.0/8", "::1"])).await.unwrap_err();
    assert!(!trap.is_untouched(), "the trap works");
}

#[tokio::test]
async fn an_address_in_any_spelling_is_refused_before_there_is_a_client() {
    let (pam, trap) = (Pam::start().await, Trap::set());
    let refusal = |host: &str, entries: &[&str]| {
        let endpoint = Endpoint { url: trap.url(host).parse().unwrap(), allowed: checked(entries), ..pam.endpoint() };
        PamClient::new(endpoint, &pam.origins, short()).map(|_| ()).unwrap_err()
    };
    let everything = ["*", "0.0.0.0/0", "::/0"];
    for host in ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "[::ffff:127.0.0.1]"] {
        assert_eq!(refusal(host, &everything), EndpointError::AddressNotAllowed(AddressKind::Loopback), "{host}");
    }
    for host in ["169.254.169.254", "2852039166", "0xa9.0xfe.0xa9.0xfe", "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]"] {
        assert_eq!(refusal(host, &everything), EndpointError::AddressNotAllowed(AddressKind::Metadata), "{host}");
    }
    assert_eq!(refusal("pam.example.net", &["*.example.com"]), EndpointError::HostNotAllowed);
    assert_eq!(refusal("pam.example.com", &[]), EndpointError::HostNotAllowed);
    assert_eq!(refusal("10.0.0.7", &["*"]), EndpointError::HostNotAllowed);
    assert!(trap.is_untouched());
}

#[tokio::test]
async fn what_is_listed_works_by_name_and_by_address() {
    let pam = Pam::start().await;
    for (url, entries) in [
        (pam.sim.url(), &["127.0.0.1"][..]),
        (pam.sim.localhost_url(), &["localhost", "127.0.0.1", "::1"]),
        (pam.sim.localhost_url().replace("localhost", "LOCALHOST"), &["*", "127.0.0.0/8", "::1"]),
    ] {
        let endpoint = Endpoint { url: url.parse().unwrap(), allowed: checked(entries), ..pam.endpoint() };
        assert_eq!(list(&pam.client_of(endpoint)).await.unwrap(), [], "{url}");
    }
}

#[tokio::test]
async fn a_redirect_leads_nowhere() {
    let (pam, trap) = (Pam::start().await, Trap::set());
    let endpoint = Endpoint { allowed: checked(&["127.0.0.1"]), ..pam.endpoint() };
    let client = pam.client_of(endpoint);
    pam.sim.inject(Fault::any(Effect::Redirect(trap.url("127.0.0.1"))).times(1));
    assert_eq!(judge(client.authenticate().await), ("redirected", false));
    client.authenticate().await.unwrap();
    pam.sim.inject(Fault::any(Effect::Redirect(trap.url("localhost"))).times(1));
    assert_eq!(judge(list(&client).await), ("redirected", false));
    assert!(trap.is_untouched());
}

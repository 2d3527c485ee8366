//! P9: a tenant's connection leads only to allowed hosts, in whatever spelling, and a refusal opens no connection.

use std::net::TcpListener;

use pam_operator::pam::{
    AddressKind, AddressPolicy, AllowedHosts, Endpoint, EndpointError, Origins, PamClient, PamError,
};
use pam_simulator::{Effect, Fault};

use crate::support::{Pam, judge, list, request, short};

fn checked(entries: &[&str]) -> AddressPolicy {
    AddressPolicy::Checked { allowed_hosts: AllowedHosts::parse(entries.iter().copied()).unwrap() }
}

/// Something that listens on every loopback address of this machine, and can tell whether anybody came.
struct Trap(Vec<TcpListener>);

impl Trap {
    fn set() -> Self {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        // A machine may have no IPv6, and then nobody can come that way.
        let listeners: Vec<_> = [Some(first), TcpListener::bind(("::1", port)).ok()].into_iter().flatten().collect();
        for listener in &listeners {
            listener.set_nonblocking(true).unwrap();
        }
        Self(listeners)
    }

    fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/", self.0[0].local_addr().unwrap().port())
    }

    /// How many connections were made since this was last asked.
    fn visits(&self) -> usize {
        self.0.iter().map(|listener| std::iter::from_fn(|| listener.accept().ok()).count()).sum()
    }

    fn is_untouched(&self) -> bool {
        self.visits() == 0
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

/// Addresses of special meaning: decimal, hexadecimal, octal, short, mixed, percent-encoded, in other digits, with a final
/// dot, in other letters, and wrapped into IPv6 in every way there is.
const SPELLINGS: &[(AddressKind, &[&str])] = &[
    (
        AddressKind::Loopback,
        &[
            "127.0.0.1",
            "127.0.0.1.",
            "127.1",
            "127.0.1",
            "127.255.255.254",
            "2130706433",
            "0x7f000001",
            "0X7F000001",
            "0x7f.0x0.0x0.0x1",
            "0x7f.1",
            "017700000001",
            "0177.0.0.1",
            "0177.0x0.1",
            "00000177.0.0.1",
            "%31%32%37.0.0.1",
            "１２７.0.0.1",
            "127。0。0。1",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::FFFF:7F00:1]",
            "[0:0:0:0:0:ffff:7f00:0001]",
            "[::127.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[2002:7f00:1::]",
        ],
    ),
    (AddressKind::Unspecified, &["0", "0.0.0.0", "0x0", "[::]", "[::ffff:0.0.0.0]"]),
    (
        AddressKind::LinkLocal,
        &[
            "169.254.1.1",
            "2851995905",
            "0xa9fe0101",
            "0251.0376.1.1",
            "[fe80::1]",
            "[FE80::A:1]",
            "[::ffff:169.254.1.1]",
        ],
    ),
    (
        AddressKind::Metadata,
        &[
            "169.254.169.254",
            "169.254.169.254.",
            "169.254.43518",
            "2852039166",
            "0xa9fea9fe",
            "0xa9.0xfe.0xa9.0xfe",
            "0251.0376.0251.0376",
            "025177524776",
            "[::ffff:a9fe:a9fe]",
            "[::169.254.169.254]",
            "[64:ff9b::a9fe:a9fe]",
            "[fd00:ec2::254]",
            "100.100.100.200",
            "168.63.129.16",
        ],
    ),
];

#[tokio::test]
async fn an_address_in_any_spelling_is_refused_before_there_is_a_client() {
    let (pam, trap) = (Pam::start().await, Trap::set());
    let refusal = |host: &str, entries: &[&str]| {
        let endpoint = Endpoint { url: trap.url(host).parse().unwrap(), allowed: checked(entries), ..pam.endpoint() };
        PamClient::new(endpoint, &pam.origins, short()).map(|_| ()).unwrap_err()
    };
    let everything = ["*", "0.0.0.0/0", "::/0"];
    for (kind, hosts) in SPELLINGS {
        for host in *hosts {
            assert_eq!(refusal(host, &everything), EndpointError::AddressNotAllowed(*kind), "{host}");
            assert_eq!(refusal(host, &[]), EndpointError::AddressNotAllowed(*kind), "{host}, and nothing allowed");
        }
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

#[tokio::test]
async fn a_listed_name_in_another_spelling_leads_to_this_machine_as_little() {
    let (pam, trap) = (Pam::start().await, Trap::set());
    for host in ["localhost", "LOCALHOST", "LocalHost.", "localhost.", "%6cocalhost", "ｌｏｃａｌｈｏｓｔ"] {
        let url = trap.url(host).parse().unwrap();
        let endpoint = Endpoint { url, allowed: checked(&["localhost", "0.0.0.0/0", "::/0"]), ..pam.endpoint() };
        let client = PamClient::new(endpoint, &Origins::new(), short()).unwrap();
        // Every kind of call, since each could find its own way.
        let outcomes = [
            judge(client.authenticate().await),
            judge(list(&client).await),
            judge(client.upsert_credential(&request("one")).await),
            judge(client.disable_credential("1").await),
        ];
        // With its final dot the name may be unknown to a machine's resolver: then there is nothing to connect to.
        let unknown = host.ends_with('.') && outcomes == [("unavailable_connect", false); 4];
        assert!(unknown || outcomes == [("address_not_allowed", false); 4], "{host}: {outcomes:?}");
    }
    assert!(trap.is_untouched());
}

#[tokio::test]
async fn a_url_that_hides_its_host_is_refused_before_there_is_a_client() {
    let (pam, trap) = (Pam::start().await, Trap::set());
    let everything = ["*", "pam.example.com", "0.0.0.0/0", "::/0", "127.0.0.0/8", "::1"];
    let refusal = |url: &str| {
        let endpoint = Endpoint { url: url.parse().unwrap(), allowed: checked(&everything), ..pam.endpoint() };
        PamClient::new(endpoint, &pam.origins, short()).map(|_| ()).unwrap_err()
    };
    // The host that is read first is none: it is a user name.
    for host in
        ["pam.example.com@127.0.0.1", "pam.example.com:443@localhost", "pam.example.com%40x:y@[::1]", ":x@127.1"]
    {
        assert_eq!(refusal(&trap.url(host)), EndpointError::UserInfo, "{host}");
    }
    let (plain, hidden) = (trap.url("127.0.0.1"), trap.url("127.0.0.1") + "#@pam.example.com");
    assert_eq!(refusal(&plain.replace("https", "http")), EndpointError::NotHttps);
    assert_eq!(refusal(&hidden), EndpointError::QueryOrFragment);
    // A zone, an address too long or too large: no URL at all.
    for host in
        ["[fe80::1%25lo]", "[::1%25lo]", "[::1%lo]", "[fe80::1%eth0]", "127.0.0.1.1", "256.0.0.1", "4294967296", "0x"]
    {
        let parsed = trap.url(host).parse::<url::Url>();
        let refused = parsed.map_or(true, |url| {
            let endpoint = Endpoint { url, allowed: checked(&["*", "0.0.0.0/0", "::/0"]), ..pam.endpoint() };
            PamClient::new(endpoint, &pam.origins, short()).is_err()
        });
        assert!(refused, "{host}");
    }
    assert!(trap.is_untouched());
}

#[tokio::test]
async fn a_redirect_to_any_spelling_leads_nowhere_whatever_the_call_and_the_status() {
    let (pam, trap) = (Pam::start().await, Trap::set());
    let client = pam.client_of(Endpoint { allowed: checked(&["127.0.0.1"]), ..pam.endpoint() });
    client.authenticate().await.unwrap();
    for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]", "pam@127.0.0.1"] {
        pam.sim.inject(Fault::any(Effect::Redirect(trap.url(host))).times(3));
        assert_eq!(judge(list(&client).await).0, "redirected", "{host}");
        assert_eq!(judge(client.upsert_credential(&request("one")).await).0, "redirected", "{host}");
        assert_eq!(judge(client.disable_credential("1").await).0, "redirected", "{host}");
    }
    assert!(trap.is_untouched());
}

//! The PAM client against the simulated PAM, over TLS: what it sends, what it makes of every kind of answer, and
//! what it never does.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod allowed_hosts;
mod errors;
mod fields;
mod logins;
mod versions;

use std::io;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use futures::future::join_all;
use pam_operator::pam::{
    Account, CredentialRequest, Deadlines, Endpoint, EndpointError, Inventory, Limits, ListedCredential, OAuth2,
    Origins, Outcome, PamClient, PamError, ProductVersion, Retry, TlsFault, TokenRequest, Unavailable,
};
use pam_simulator::{
    Authorization, Certificate, Config, Effect, ExpiresIn, Fault, Kind, Outage, Seed, Shape, Simulator,
};
use secrecy::SecretString;
use tracing_subscriber::fmt::MakeWriter;

// Every test uses values with this word in them, and the last one looks for it in everything that was logged.
const CANARY: &str = "CANARY";
const VALUE: &str = "CANARY-value \"\\\n\u{e9}";
const CLIENT_SECRET: &str = "CANARY-client-secret";

/// A PAM with one device, and what is needed to talk to it.
struct Pam {
    sim: Simulator,
    origins: Origins,
}

impl Pam {
    async fn start() -> Self {
        Self::start_with(Config::default()).await
    }

    async fn start_with(config: Config) -> Self {
        capture_logs();
        let config = config.only_client("operator", CLIENT_SECRET).device("db01", "10.0.0.7");
        Self { sim: Simulator::start(config).await.unwrap(), origins: Origins::new() }
    }

    fn endpoint(&self) -> Endpoint {
        let oauth2 = OAuth2 { client_id: "operator".into(), client_secret: CLIENT_SECRET.into() };
        let version = ProductVersion::parse("4.2").unwrap();
        Endpoint {
            ca_bundle: Some(self.sim.ca_pem().into_bytes()),
            limits: Limits { requests_per_second: 0, ..Limits::default() },
            ..Endpoint::new(self.sim.url().parse().unwrap(), version, oauth2)
        }
    }

    fn client(&self) -> PamClient {
        self.client_of(self.endpoint())
    }

    fn client_of(&self, endpoint: Endpoint) -> PamClient {
        PamClient::new(endpoint, &self.origins, Deadlines::default()).unwrap()
    }

    fn count(&self, kind: Kind) -> usize {
        self.sim.journal().count(kind)
    }
}

/// For what never answers. Everything else has the usual deadlines, whatever the machine is busy with.
fn short() -> Deadlines {
    let deadline = Duration::from_secs(3);
    Deadlines { write: deadline, read: deadline, list: deadline }
}

fn request(identifier: &str) -> CredentialRequest {
    CredentialRequest {
        identifier: identifier.into(),
        username: format!("{CANARY}-{identifier}"),
        hostname: "db01".into(),
        ip: "10.0.0.7".into(),
        content: Some(SecretString::from(VALUE)),
        ..CredentialRequest::default()
    }
}

async fn list(client: &PamClient) -> Result<Vec<ListedCredential>, PamError> {
    let mut records = Vec::new();
    let count = client.list_credentials(&mut |record| records.push(record)).await?;
    assert_eq!(count, records.len());
    Ok(records)
}

/// What of an error matters to a caller. No error may hold anything of what was sent or answered.
fn judge<T>(result: Result<T, PamError>) -> (&'static str, bool) {
    match result {
        Ok(_) => ("ok", false),
        Err(error) => {
            let shown = format!("{error} {error:?} {}", error.summary());
            assert!(!shown.contains(CANARY) && !shown.contains("127.0.0.1"), "{shown}");
            (error.kind(), error.outcome_unknown())
        }
    }
}

// === what is sent ===

#[tokio::test]
async fn a_credential_is_created_updated_and_listed_with_one_login() {
    let pam = Pam::start().await;
    let client = pam.client();
    client.authenticate().await.unwrap();
    let created = client.upsert_credential(&request("one")).await.unwrap();
    assert_eq!((created.outcome, created.identifier.as_deref()), (Outcome::Created, Some("one")));
    assert_eq!(created.tenant.as_deref(), Some("acme"));
    assert_eq!(pam.sim.value_of(&created.id).as_deref(), Some(VALUE));
    let tags = CredentialRequest { content: None, fields: vec![fields::list("tags", &["a", "b"])], ..request("one") };
    let updated = client.upsert_credential(&tags).await.unwrap();
    assert_eq!((updated.outcome, &updated.id), (Outcome::Updated, &created.id));
    let journal = pam.sim.journal();
    assert!(journal.posts()[0].sent("content") && !journal.posts()[1].sent("content"));
    let body = pam.sim.body_of(journal.posts()[1].seq).unwrap();
    assert_eq!(body["tags"], "a,b");
    let listed = list(&client).await.unwrap();
    assert_eq!((listed.len(), &listed[0].id, listed[0].ip.as_str()), (1, &created.id, "10.0.0.7"));
    assert_eq!(listed[0].automatic_change, Some(false));
    assert_eq!((pam.count(Kind::Token), pam.sim.journal().len()), (1, 4));
    assert!(pam.sim.journal().secrets_handed_out().is_empty());
}

#[tokio::test]
async fn odd_lifetimes_do_not_mean_a_login_per_call() {
    let odd = [ExpiresIn::Seconds(0), ExpiresIn::Seconds(-1), ExpiresIn::Seconds(i64::MAX)];
    let odd = odd.into_iter().chain([ExpiresIn::Text("3600".into()), ExpiresIn::Missing]);
    let pam = Pam::start().await;
    for (number, expires_in) in odd.enumerate() {
        pam.sim.set_expires_in(expires_in);
        let client = pam.client();
        for _ in 0..5 {
            list(&client).await.unwrap();
        }
        assert_eq!(pam.count(Kind::Token), number + 1);
    }
}

#[tokio::test]
async fn no_more_requests_are_in_flight_than_the_strictest_connection_allows() {
    let pam = Pam::start().await;
    let client = pam.client();
    let mut strict = pam.endpoint();
    strict.limits.max_concurrent_requests = 2;
    let _strict = pam.client_of(strict);
    client.authenticate().await.unwrap();
    pam.sim.inject(Fault::on(Kind::ListCredentials, Effect::Delay(Duration::from_millis(200))).always());
    let began = Instant::now();
    let lists = join_all((0..6).map(|_| list(&client))).await;
    assert!(lists.iter().all(Result::is_ok));
    assert!(began.elapsed() >= Duration::from_millis(600), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_its_place_to_the_next() {
    let pam = Pam::start().await;
    let mut narrow = pam.endpoint();
    narrow.limits.max_concurrent_requests = 1;
    let client = pam.client_of(narrow);
    for kind in [Kind::Token, Kind::PostCredential, Kind::ListCredentials] {
        pam.sim.inject(Fault::on(kind, Effect::Hang(Duration::from_secs(2))));
        let calls = async {
            let _ = client.upsert_credential(&request("one")).await;
            let _ = list(&client).await;
        };
        tokio::time::timeout(Duration::from_millis(300), calls).await.unwrap_err();
        list(&client).await.unwrap();
    }
}

// === tokens ===

#[tokio::test]
async fn a_storm_of_calls_logs_in_once_and_once_more_when_all_tokens_are_revoked() {
    let pam = Pam::start().await;
    let client = pam.client();
    let names: Vec<_> = (0..40).map(|number| format!("c{number}")).collect();
    let storm = || join_all(names.iter().map(|name| async { client.upsert_credential(&request(name)).await }));
    assert!(storm().await.iter().all(|result| result.as_ref().unwrap().outcome == Outcome::Created));
    assert_eq!(pam.count(Kind::Token), 1);
    pam.sim.revoke_tokens();
    assert!(storm().await.iter().all(|result| result.as_ref().unwrap().outcome == Outcome::Updated));
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
    assert_eq!(client.authenticate().await.unwrap_err().retry(), Retry::Permanent);
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

// === the connection ===

#[tokio::test]
async fn only_the_connections_own_authority_under_its_own_name_and_in_time_is_trusted() {
    let pam = Pam::start().await;
    let cases = [
        (Certificate::UnknownCa, TlsFault::UnknownAuthority),
        (Certificate::WrongHost, TlsFault::WrongName),
        (Certificate::Expired, TlsFault::OutOfDate),
    ];
    for (certificate, fault) in cases {
        pam.sim.present(certificate).unwrap();
        let error = pam.client().upsert_credential(&request("one")).await.unwrap_err();
        assert!(matches!(error, PamError::Unavailable { why: Unavailable::Tls(found), .. } if found == fault));
        assert!(!error.outcome_unknown());
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
    assert_eq!(error(Endpoint { ca_bundle: Some(b"x".to_vec()), ..pam.endpoint() }), EndpointError::CaBundle);
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

// === answers ===

#[tokio::test]
async fn every_failure_of_a_write_has_its_meaning_and_says_whether_it_may_have_happened() {
    let cases = [
        (Effect::Code(1011), "device_not_found", false),
        (Effect::Code(1039), "permission_denied", false),
        (Effect::Code(1009), "permission_denied", false),
        (Effect::Code(1007), "not_found", false),
        (Effect::Code(1053), "rejected", false),
        (Effect::CodeInSuccess(1029), "rejected", false),
        (Effect::NotAuthorized, "permission_denied", false),
        (Effect::rate_limited(None), "rate_limited", false),
        (status(400, Shape::Html), "rejected", false),
        (status(404, Shape::Application), "misrouted", false),
        (Effect::UnexpectedError, "unavailable_server", true),
        (Effect::gateway(502), "unavailable_gateway", true),
        (Effect::gateway(504), "unavailable_gateway", true),
        (status(503, Shape::Html), "unavailable_gateway", true),
        (Effect::Reset, "unavailable_reset", true),
        (Effect::Close, "unavailable_reset", true),
        (Effect::Hang(Duration::from_secs(20)), "unavailable_timeout", true),
        (Effect::Garbage, "malformed", true),
        (Effect::Empty, "malformed", true),
        (Effect::WithoutId, "malformed", true),
        (Effect::CutJson, "malformed", true),
        (Effect::Truncated, "unavailable_reset", true),
        (Effect::Oversized(2 << 20), "too_large", true),
    ];
    let pam = Pam::start().await;
    for (effect, kind, unknown) in cases {
        // A PAM of its own for each: pauses and circuits must not carry over.
        let client = PamClient::new(pam.endpoint(), &Origins::new(), short()).unwrap();
        client.authenticate().await.unwrap();
        pam.sim.inject(Fault::on(Kind::PostCredential, effect.clone()));
        let posts = pam.count(Kind::PostCredential);
        let judged = judge(client.upsert_credential(&request("one")).await);
        assert_eq!(judged, (kind, unknown), "{effect:?}");
        assert_eq!(pam.count(Kind::PostCredential), posts + 1, "a write is never repeated: {effect:?}");
    }
}

fn status(status: u16, shape: Shape) -> Effect {
    Effect::Status { status, shape, message: Some(format!("{CANARY} text")), retry_after: None }
}

#[tokio::test]
async fn the_simulators_own_rules_come_back_as_meanings() {
    let pam = Pam::start().await;
    let client = pam.client();
    let nowhere = CredentialRequest { hostname: "db99".into(), ip: "10.9.9.9".into(), ..request("one") };
    assert_eq!(client.upsert_credential(&nowhere).await, Err(PamError::DeviceNotFound));
    let odd = CredentialRequest { identifier: "no blanks".into(), ..request("one") };
    assert_eq!(client.upsert_credential(&odd).await, Err(PamError::Rejected { code: Some(1053) }));
    pam.sim.change_authorization("operator", |auth| auth.read_only = true);
    let denied = client.upsert_credential(&request("one")).await;
    assert_eq!(denied, Err(PamError::PermissionDenied { code: Some(1039) }));
    pam.sim.change_authorization("operator", |auth| auth.pam_core = false);
    assert_eq!(list(&client).await, Err(PamError::PermissionDenied { code: None }));
}

#[tokio::test]
async fn odd_answers_are_passed_on_as_they_are() {
    let pam = Pam::start().await;
    let client = pam.client();
    let post = |effect| pam.sim.inject(Fault::on(Kind::PostCredential, effect));
    post(Effect::OtherId("999".into()));
    assert_eq!(client.upsert_credential(&request("one")).await.unwrap().id, "999");
    post(Effect::OtherIdentifier("other".into()));
    assert_eq!(client.upsert_credential(&request("one")).await.unwrap().identifier.as_deref(), Some("other"));
    post(Effect::NullIdentifier);
    assert_eq!(client.upsert_credential(&request("one")).await.unwrap().identifier, None);
    post(Effect::OtherTenant("umbrella".into()));
    assert_eq!(client.upsert_credential(&request("one")).await.unwrap().tenant.as_deref(), Some("umbrella"));
    post(Effect::OtherMessage("Feito".into()));
    assert_eq!(client.upsert_credential(&request("one")).await.unwrap().outcome, Outcome::Unstated);
}

#[tokio::test]
async fn a_pam_that_asks_for_a_pause_gets_it() {
    let pam = Pam::start().await;
    let client = pam.client();
    client.authenticate().await.unwrap();
    pam.sim.inject(Fault::on(Kind::PostCredential, Effect::rate_limited(Some("2"))));
    let error = client.upsert_credential(&request("one")).await.unwrap_err();
    assert_eq!(error.retry(), Retry::After(Duration::from_secs(2)));
    let mark = pam.sim.mark();
    assert_eq!(judge(list(&client).await), ("rate_limited", false));
    assert!(pam.sim.since(mark).is_empty());
    tokio::time::sleep(Duration::from_secs(2)).await;
    client.upsert_credential(&request("one")).await.unwrap();
}

#[tokio::test]
async fn a_pam_that_is_down_is_left_alone_and_found_again() {
    let pam = Pam::start().await;
    let client = pam.client();
    client.authenticate().await.unwrap();
    pam.sim.set_outage(Outage::Reset);
    let mut kinds = Vec::new();
    for _ in 0..50 {
        kinds.push(judge(list(&client).await).0);
    }
    assert!(kinds[..4].iter().all(|kind| *kind != "unavailable_circuit_open"), "{kinds:?}");
    assert!(kinds[6..].iter().all(|kind| *kind == "unavailable_circuit_open"), "{kinds:?}");
    pam.sim.set_outage(Outage::None);
    let began = Instant::now();
    while list(&client).await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

// === the list ===

#[tokio::test]
async fn a_damaged_list_is_an_error_and_never_a_short_list() {
    let pam = Pam::start().await;
    for number in 0..300 {
        pam.sim.seed(seed(number));
    }
    let cases = [
        (Effect::Truncated, "unavailable_reset"),
        (Effect::CutJson, "malformed"),
        (Effect::Garbage, "malformed"),
        (Effect::Empty, "malformed"),
        (raw("{}"), "malformed"),
        (raw(r#"{"response":{"message":"CANARY"},"credentials":null}"#), "malformed"),
        (raw(r#"{"credentials":[{"username":"CANARY without an id"}]}"#), "malformed"),
        (Effect::CodeInSuccess(1039), "permission_denied"),
        (Effect::Reset, "unavailable_reset"),
        (Effect::Drip { bytes: 100, pause: Duration::from_secs(1) }, "unavailable_timeout"),
    ];
    for (effect, kind) in cases {
        let client = PamClient::new(pam.endpoint(), &Origins::new(), short()).unwrap();
        pam.sim.inject(Fault::on(Kind::ListCredentials, effect.clone()));
        let listed = list(&client).await;
        let is_incomplete = listed.as_ref().is_err_and(PamError::list_is_incomplete);
        assert_eq!((judge(listed), is_incomplete), ((kind, false), kind == "malformed"), "{effect:?}");
    }
    let drip = Effect::Drip { bytes: 5000, pause: Duration::from_millis(5) };
    pam.sim.inject(Fault::on(Kind::ListCredentials, drip));
    assert_eq!(list(&pam.client()).await.unwrap().len(), 300);
}

fn raw(body: &str) -> Effect {
    Effect::Raw { status: 200, content_type: "application/json".into(), body: body.into() }
}

fn seed(number: usize) -> Seed {
    Seed::new(&format!("{CANARY}-user{number}"), "db01", "10.0.0.7")
        .identifier(&format!("seed{number}"))
        .visible_to(&["operator"])
}

#[tokio::test]
async fn an_empty_list_is_a_list() {
    let pam = Pam::start().await;
    assert_eq!(list(&pam.client()).await.unwrap(), []);
}

#[tokio::test]
async fn ssh_keys_and_rotated_records_are_told_apart() {
    let pam = Pam::start().await;
    pam.sim.seed(seed(1).ssh_key());
    pam.sim.seed(seed(2).automatic_change());
    let records = list(&pam.client()).await.unwrap();
    let of = |name: &str| records.iter().find(|record| record.identifier.as_deref() == Some(name)).unwrap();
    assert!(of("seed1").is_ssh_key() && !of("seed2").is_ssh_key());
    assert_eq!(of("seed2").automatic_change, Some(true));
    assert!(of("seed2").change.is_some());
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_found_in_the_next_list() {
    let pam = Pam::start().await;
    let (client, inventory) = (pam.client(), Inventory::new());
    pam.sim.inject(Fault::on(Kind::PostCredential, Effect::Reset).after_commit());
    let error = client.upsert_credential(&request("one")).await.unwrap_err();
    assert!(error.outcome_unknown());
    inventory.invalidate();
    let seen = inventory.fresh(&client, None).await.unwrap().look("one", &account("one"));
    assert_eq!((seen.identified.len(), &seen.identified), (1, &seen.same_account));
    assert_eq!(pam.count(Kind::PostCredential), 1);
}

#[tokio::test]
async fn first_pushes_share_one_list_and_see_each_others_writes() {
    let pam = Pam::start().await;
    let (client, inventory) = (pam.client(), Inventory::new());
    let looks = join_all((0..50).map(|_| inventory.fresh(&client, None))).await;
    assert!(looks.iter().all(|snapshot| snapshot.as_ref().unwrap().is_empty()));
    let upserted = client.upsert_credential(&request("one")).await.unwrap();
    let sent = request("one");
    inventory.note_written(ListedCredential {
        id: upserted.id.clone(),
        identifier: upserted.identifier,
        username: sent.username,
        hostname: sent.hostname,
        ip: sent.ip,
        ..ListedCredential::default()
    });
    let snapshot = inventory.fresh(&client, None).await.unwrap();
    assert_eq!(snapshot.look("two", &account("one")).same_account[0].id, upserted.id);
    assert_eq!((pam.count(Kind::ListCredentials), pam.count(Kind::Token)), (1, 1));
}

fn account(identifier: &str) -> Account {
    Account::new(&request(identifier).username.to_uppercase(), "DB01", "10.0.0.7")
}

#[tokio::test]
async fn a_long_list_is_read_whole() {
    let pam = Pam::start().await;
    pam.sim.seed_all((0..5000).map(seed));
    assert_eq!(list(&pam.client()).await.unwrap().len(), 5000);
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

// === what is never shown ===

/// Everything that was logged in this process at the most talkative level, by any crate.
#[derive(Clone, Default)]
struct Logs(Arc<Mutex<Vec<u8>>>);

impl io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn capture_logs() -> &'static Logs {
    static LOGS: OnceLock<Logs> = OnceLock::new();
    LOGS.get_or_init(|| {
        let logs = Logs::default();
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(logs.clone());
        subscriber.with_ansi(false).init();
        logs
    })
}

#[tokio::test]
async fn no_secret_is_in_any_log_line_at_trace_level() {
    let pam = Pam::start().await;
    let client = pam.client();
    let answer = r#"{"access_token":"CANARY-token","token_type":"Bearer","expires_in":60}"#;
    let raw = Effect::Raw { status: 200, content_type: "application/json".into(), body: answer.into() };
    pam.sim.inject(Fault::on(Kind::Token, raw));
    client.upsert_credential(&request("one")).await.unwrap();
    for effect in [Effect::Reset, Effect::Truncated, Effect::Garbage, status(500, Shape::Application)] {
        pam.sim.inject(Fault::on(Kind::PostCredential, effect));
        client.upsert_credential(&request("one")).await.unwrap_err();
    }
    list(&client).await.unwrap();
    list(&pam.client_of(Endpoint { token_request: TokenRequest::Basic, ..pam.endpoint() })).await.unwrap();
    let logs = capture_logs().0.lock().unwrap().clone();
    let logs = String::from_utf8_lossy(&logs);
    assert!(logs.contains("TRACE") && logs.contains("PAM call"), "nothing was captured");
    for line in logs.lines().filter(|line| !line.contains("pam_simulator")) {
        // The second one is how an HTTP Basic header begins: `operator:CANARY`.
        assert!(!line.contains(CANARY) && !line.contains("b3BlcmF0b3I6Q0FOQVJZ"), "{line}");
    }
}

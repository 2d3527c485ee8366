//! P10: what each answer of MySafe means, and whether the call may have been executed.

use std::time::Duration;

use pam_operator::pam::{EntryChange, EntryRefusal, Origins, PamClient, PamError, RetryAdvice};
use pam_simulator::{Authorization, Effect, EntrySeed, Fault, Kind, Shape};
use serde_json::json;

use super::{client, endpoint, plain, safe};
use crate::answers::status;
use crate::secrecy::no_log_line_has_a_secret;
use crate::support::{CLIENT_SECRET, Pam, judge, short};
use crate::versions::VERSIONS;

const CODES: [(u16, EntryRefusal, &str, &str); 6] = [
    (1001, EntryRefusal::Incomplete, "rejected", "requires a name, a username and a password"),
    (1005, EntryRefusal::NotFound, "not_found", "has no such entry"),
    (1006, EntryRefusal::NoAccess, "permission_denied", "share it with the right to edit"),
    (1009, EntryRefusal::Inactive, "rejected", "activate it there"),
    (1010, EntryRefusal::Other, "rejected", "MySafe's rules"),
    (1039, EntryRefusal::Other, "rejected", "MySafe's rules"),
];

/// The four writes.
const WRITES: [Kind; 4] =
    [Kind::PostSafePassword, Kind::PutSafePassword, Kind::DeactivateSafePassword, Kind::ActivateSafePassword];

async fn call(client: &PamClient, kind: Kind) -> Result<(), PamError> {
    match kind {
        Kind::PostSafePassword => client.my_safe().create_entry(&plain("one")).await.map(drop),
        Kind::PutSafePassword => client.my_safe().update_entry("9001", &change()).await.map(drop),
        Kind::DeactivateSafePassword => client.my_safe().deactivate_entry("9001").await,
        Kind::ActivateSafePassword => client.my_safe().activate_entry("9001").await,
        other => panic!("{other:?}"),
    }
}

fn change() -> EntryChange {
    EntryChange { password: Some("CANARY-next".into()), ..EntryChange::default() }
}

fn fresh(pam: &Pam, version: &str) -> PamClient {
    PamClient::new(endpoint(pam, version), &Origins::new(), short()).unwrap()
}

#[tokio::test]
async fn each_code_has_its_own_meaning_in_each_call_on_every_version() {
    for version in VERSIONS {
        let pam = safe(version).await;
        for (kind, (code, why, name, words)) in WRITES.iter().flat_map(|kind| CODES.map(|code| (*kind, code))) {
            for effect in [Effect::Code(code), Effect::CodeInSuccess(code)] {
                pam.sim.inject(Fault::on(kind, effect));
                let error = call(&fresh(&pam, version), kind).await.unwrap_err();
                assert_eq!(error, PamError::EntryRefused { why, code: Some(code) }, "{version} {kind:?}");
                assert!(error.summary().contains(words), "{error}");
                assert!(error.summary().ends_with(&format!("(PAM code {code})")), "{error}");
                assert_eq!((error.retry(), error.field()), (RetryAdvice::Permanent, None));
                assert_eq!(judge::<()>(Err(error)), (name, false));
            }
        }
        assert!(pam.sim.entries().is_empty());
    }
}

#[tokio::test]
async fn what_the_simulator_refuses_by_itself_has_the_same_meaning() {
    for version in VERSIONS {
        let pam = safe(version).await;
        let client = client(&pam, version);
        let mut nameless = plain("");
        assert_eq!(judge(client.my_safe().create_entry(&nameless).await), ("rejected", false), "{version}");
        nameless.name = "one".into();
        nameless.password = "".into();
        assert_eq!(judge(client.my_safe().create_entry(&nameless).await), ("rejected", false));
        assert_eq!(judge(client.my_safe().update_entry("1", &change()).await), ("not_found", false));
        let foreign = pam.sim.plant(EntrySeed::new("stranger", "theirs", "them"));
        assert_eq!(judge(client.my_safe().deactivate_entry(&foreign).await), ("permission_denied", false), "{version}");
        assert_eq!(judge(client.my_safe().activate_entry(&foreign).await), ("permission_denied", false));
        let update = judge(client.my_safe().update_entry(&foreign, &change()).await).0;
        assert_eq!(update == "not_found", crate::versions::is_legacy(version), "{version}: as its page says");
        assert_eq!(pam.sim.entry(&foreign).unwrap().value_writes, 1);
    }
}

#[tokio::test]
async fn every_failure_of_a_write_says_whether_it_may_have_happened() {
    let cases = [
        (Effect::NotAuthorized, "permission_denied", false),
        (Effect::rate_limited(None), "rate_limited", false),
        (status(400, Shape::Html), "intercepted", true),
        (status(404, Shape::Application), "misrouted", false),
        (Effect::UnexpectedError, "unavailable_server", true),
        (Effect::gateway(502), "unavailable_gateway", true),
        (Effect::gateway(504), "unavailable_gateway", true),
        (Effect::Reset, "unavailable_reset", true),
        (Effect::Close, "unavailable_reset", true),
        (Effect::Hang(Duration::from_secs(20)), "unavailable_timeout", true),
        (Effect::Garbage, "malformed", true),
        (Effect::Empty, "malformed", true),
        (Effect::CutJson, "malformed", true),
        (Effect::Truncated, "unavailable_reset", true),
        (Effect::Firewall, "intercepted", true),
        (Effect::Redirect("https://elsewhere.example".into()), "redirected", true),
        (Effect::Oversized(2 << 20), "too_large", true),
    ];
    let pam = safe("4.2").await;
    client(&pam, "4.2").my_safe().create_entry(&plain("one")).await.unwrap();
    for (effect, kind, unknown) in cases {
        for write in WRITES {
            let client = fresh(&pam, "4.2");
            client.authenticate().await.unwrap();
            pam.sim.inject(Fault::on(write, effect.clone()));
            let calls = pam.count(write);
            assert_eq!(judge(call(&client, write).await), (kind, unknown), "{write:?} {effect:?}");
            assert_eq!(pam.count(write), calls + 1, "a write is never repeated: {effect:?}");
        }
    }
    no_log_line_has_a_secret();
}

#[tokio::test]
async fn an_answer_that_names_no_entry_or_another_is_none() {
    let pam = safe("4.2").await;
    let client = client(&pam, "4.2");
    client.my_safe().create_entry(&plain("one")).await.unwrap();
    for effect in [Effect::WithoutId, Effect::NullIdentifier, Effect::OtherIdentifier("CANARY".into())] {
        pam.sim.inject(Fault::on(Kind::PostSafePassword, effect));
        assert_eq!(judge(client.my_safe().create_entry(&plain("one")).await), ("malformed", true));
    }
    for effect in [Effect::WithoutId, Effect::NullIdentifier] {
        pam.sim.inject(Fault::on(Kind::PutSafePassword, effect));
        client.my_safe().update_entry("9001", &change()).await.unwrap();
    }
    pam.sim.inject(Fault::on(Kind::PutSafePassword, Effect::OtherIdentifier("9002".into())));
    assert_eq!(judge(client.my_safe().update_entry("9001", &change()).await), ("malformed", true));
    pam.sim.change_behaviour(|knobs| knobs.envelope.numeric_ids = true);
    assert_eq!(&*client.my_safe().create_entry(&plain("one")).await.unwrap().identifier, "9005");
    client.my_safe().update_entry("9001", &change()).await.unwrap();
}

#[tokio::test]
async fn a_password_that_comes_back_as_the_identifier_is_kept_nowhere() {
    let pam = safe("4.2").await;
    let mut echoed = plain("one");
    echoed.password = "20310117".into();
    pam.sim.inject(Fault::on(Kind::PostSafePassword, Effect::OtherIdentifier("20310117".into())));
    let error = client(&pam, "4.2").my_safe().create_entry(&echoed).await.unwrap_err();
    assert!(error.outcome_unknown() && !format!("{error} {error:?}").contains("20310117"));
}

#[tokio::test]
async fn a_refused_login_is_not_repeated_and_a_token_that_ran_out_is_renewed_without_a_second_entry() {
    let pam = safe("4.2").await;
    let client = client(&pam, "4.2");
    client.my_safe().create_entry(&plain("one")).await.unwrap();
    pam.sim.expire_tokens();
    client.my_safe().create_entry(&plain("two")).await.unwrap();
    assert_eq!((pam.sim.entries().len(), pam.count(Kind::Token)), (2, 2));
    assert_eq!(pam.count(Kind::PostSafePassword), 3, "the first of them never came to MySafe");
    pam.sim.revoke_tokens();
    pam.sim.authorize(Authorization::access_key("key", "CANARY-another", "svc"));
    let later = fresh(&pam, "4.2");
    for _ in 0..5 {
        assert_eq!(judge(later.my_safe().deactivate_entry("9001").await), ("login_refused", false));
    }
    assert_eq!(pam.count(Kind::Token), 3, "no second login");
    let refused = later.my_safe().deactivate_entry("9001").await.unwrap_err().summary();
    assert!(refused.contains("for MySafe: the access key"), "{refused}");
    pam.sim.authorize(Authorization::access_key("key", CLIENT_SECRET, "svc"));
    later.retry_login().await.unwrap();
    later.my_safe().deactivate_entry("9001").await.unwrap();
}

#[tokio::test]
async fn no_problem_of_sharing_makes_a_failure_and_no_text_of_it_is_kept() {
    let pam = safe("4.2").await;
    let body = json!({ "response": { "error": false, "message": "CANARY" },
        "password_entity": { "identifier": "312", "shared_error": ["CANARY", { "CANARY": ["CANARY"] }] } });
    let raw = Effect::Raw { status: 201, content_type: "application/json".into(), body: body.to_string() };
    pam.sim.inject(Fault::on(Kind::PostSafePassword, raw));
    let made = client(&pam, "4.2").my_safe().create_entry(&plain("one")).await.unwrap();
    assert!(!format!("{made:?}").contains("CANARY") && &*made.identifier == "312");
}

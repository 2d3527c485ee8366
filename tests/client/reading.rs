//! Reading a value and giving custody back, as a person's tool does (API 4.1, 4.4): by id alone, once, and with each
//! documented answer told by its meaning (P8: none holds a byte of the value).

use std::time::Duration;

use pam_operator::domain::RecordId;
use pam_operator::pam::reading::{HandedOut, Reader, Released};
use pam_operator::pam::{Call, Endpoint, PamError, Product, ReadRefusal, RetryAdvice};
use pam_simulator::{Effect, Fault, Kind, Shape, ValueKeys, VaultEdit};
use secrecy::{ExposeSecret, SecretString};

use crate::answers::status;
use crate::secrecy::no_log_line_has_a_secret;
use crate::support::{CANARY, Pam, VALUE, judge, list, seed};
use crate::versions::{VERSIONS, client, is_legacy, pam};

/// A PAM of this version with one record, whose id is 101.
async fn vault(version: &str) -> Pam {
    let pam = pam(version).await;
    pam.sim.seed(seed(1).value(VALUE));
    pam
}

fn id(number: u64) -> RecordId {
    RecordId::from(number)
}

fn value(read: &HandedOut) -> Result<Option<String>, PamError> {
    let value = read.value(|text| Ok::<SecretString, PamError>(text.clone()))?;
    Ok(value.map(|value| value.expose_secret().to_owned()))
}

#[tokio::test]
async fn a_value_is_read_by_id_on_every_version_in_every_shape() {
    for version in VERSIONS {
        let pam = vault(version).await;
        let client = client(&pam, version);
        for keys in [ValueKeys::Both, ValueKeys::Password, ValueKeys::Content] {
            pam.sim.change_behaviour(|knobs| {
                knobs.reading.value_keys = keys;
                knobs.envelope.numeric_ids = keys == ValueKeys::Password;
            });
            let read = Reader::of(&client).read(&id(101)).await.unwrap();
            assert_eq!(value(&read), Ok(Some(VALUE.to_owned())), "{version} {keys:?}");
            assert_eq!((&*read.id, read.identifier.as_deref()), ("101", Some("seed1")), "{version}");
            assert_eq!((read.username.as_str(), read.hostname.as_str()), ("CANARY-user1", "db01"));
            assert!(!format!("{read:?}").contains(CANARY));
        }
        let prefix = if is_legacy(version) { "/iso" } else { "/api" };
        let journal = pam.sim.journal();
        let reads: Vec<_> = journal.of(Kind::GetCredential).collect();
        assert!(reads.iter().all(|entry| entry.path == format!("{prefix}/pam/credential/101")), "{version}");
        assert_eq!((reads.len(), pam.count(Kind::Token)), (3, 1), "{version}");
    }
    no_log_line_has_a_secret();
}

#[tokio::test]
async fn a_record_without_a_value_has_none() {
    let pam = pam("4.2").await;
    pam.sim.seed(seed(1));
    let read = Reader::of(&pam.client()).read(&id(101)).await.unwrap();
    assert_eq!(value(&read), Ok(None));
}

#[tokio::test]
async fn each_documented_refusal_is_told_by_its_meaning_on_every_version() {
    for version in VERSIONS {
        let pam = vault(version).await;
        pam.sim.seed(seed(2).visible_to(&[]));
        pam.sim.seed(seed(3).ssh_key());
        let client = client(&pam, version);
        let reader = Reader::of(&client);
        for (number, why, code) in [
            (999, ReadRefusal::NotFound, 1007),
            (102, ReadRefusal::NoAccess, 1009),
            (103, ReadRefusal::NotACredential, 1010),
        ] {
            let refused = PamError::ReadRefused { why, code: Some(code) };
            let error = reader.read(&id(number)).await.unwrap_err();
            assert_eq!(error, refused, "{version}");
            assert_eq!(reader.release_custody(&id(number)).await, Err(refused), "{version}");
            assert!(error.summary().ends_with(&format!("(PAM code {code})")), "{}", error.summary());
            assert_eq!((error.retry(), error.field()), (RetryAdvice::Permanent, None));
            judge::<()>(Err(error));
        }
        pam.sim.change_authorization("operator", |client| client.pam_core = false);
        let denied = reader.read(&id(101)).await.unwrap_err();
        assert_eq!(denied, PamError::ReadRefused { why: ReadRefusal::NotAuthorized, code: None }, "{version}");
        assert!(pam.sim.journal().secrets_handed_out().is_empty(), "{version}");
    }
}

#[tokio::test]
async fn each_answer_that_is_no_credential_is_told_by_its_meaning() {
    let pam = vault("4.2").await;
    let raw = |body: &str| Effect::Raw { status: 200, content_type: "application/json".into(), body: body.into() };
    let cases = [
        (Effect::UnexpectedError, ("unavailable_server", true)),
        (status(404, Shape::Application), ("misrouted", false)),
        (status(404, Shape::Gateway), ("misrouted", false)),
        (status(502, Shape::Gateway), ("unavailable_gateway", true)),
        (status(504, Shape::Gateway), ("unavailable_gateway", true)),
        (status(403, Shape::Html), ("intercepted", true)),
        (Effect::Code(1099), ("rejected", false)),
        (Effect::Garbage, ("malformed", true)),
        (Effect::Truncated, ("unavailable_reset", true)),
        (Effect::Reset, ("unavailable_reset", true)),
        (raw(r#"{"response":{"error":false},"credential":{"id":"8","password":"CANARY"}}"#), ("malformed", true)),
        (raw(r#"{"response":{"error":false},"credential":{"id":"101","password":123456}}"#), ("malformed", true)),
        (raw(r#"{"response":{"error":false},"credential":"CANARY"}"#), ("malformed", true)),
        (raw(r#"{"credential":{"id":"101","password":"CANARY"}}"#), ("malformed", true)),
    ];
    for (effect, expected) in cases {
        let told = format!("{effect:?}");
        pam.sim.inject(Fault::on(Kind::GetCredential, effect).always());
        let client = pam.client();
        let found = judge(Reader::of(&client).read(&id(101)).await);
        pam.sim.clear_faults();
        assert_eq!(found, expected, "{told}");
    }
    no_log_line_has_a_secret();
}

#[tokio::test]
async fn a_read_is_repeated_for_a_token_that_was_rejected_and_for_nothing_else() {
    let pam = vault("4.2").await;
    let client = pam.client();
    list(&client).await.unwrap();
    pam.sim.revoke_tokens();
    Reader::of(&client).read(&id(101)).await.unwrap();
    assert_eq!((pam.count(Kind::GetCredential), pam.sim.journal().secrets_handed_out().len()), (2, 1));
    pam.sim.inject(Fault::on(Kind::GetCredential, Effect::Reset));
    Reader::of(&client).read(&id(101)).await.unwrap_err();
    assert_eq!(pam.count(Kind::GetCredential), 3, "a lost answer is not asked for again");
}

#[tokio::test]
async fn custody_is_given_back_once_and_a_rotation_comes_later() {
    for version in VERSIONS {
        let pam = vault(version).await;
        pam.sim.edit("101", VaultEdit::AutomaticChange(true));
        pam.sim.change_behaviour(|knobs| knobs.rotation.delay = Duration::from_hours(1));
        let client = client(&pam, version);
        let reader = Reader::of(&client);
        assert_eq!(reader.release_custody(&id(101)).await, Ok(Released::NotHeld), "{version}");
        reader.read(&id(101)).await.unwrap();
        assert_eq!(pam.sim.record("101").unwrap().custody.as_deref(), Some("operator"));
        assert_eq!(reader.release_custody(&id(101)).await, Ok(Released::Now), "{version}");
        assert_eq!((pam.sim.record("101").unwrap().custody, pam.sim.rotations_waiting()), (None, 1), "{version}");
        assert_eq!(pam.sim.value_of("101").as_deref(), Some(VALUE), "{version}");
    }
}

#[tokio::test]
async fn custody_that_somebody_else_has_and_custody_that_cannot_be_given_back_are_told() {
    for version in VERSIONS {
        let pam = vault(version).await;
        let client = client(&pam, version);
        let reader = Reader::of(&client);
        pam.sim.change_behaviour(|knobs| knobs.reading.simultaneous = false);
        pam.sim.edit("101", VaultEdit::Custody(Some("a person".into())));
        let held = reader.read(&id(101)).await.unwrap_err();
        assert_eq!(held, PamError::ReadRefused { why: ReadRefusal::Other, code: Some(1099) }, "{version}");
        assert!(held.summary().contains("in custody"), "{}", held.summary());
        pam.sim.edit("101", VaultEdit::Custody(None));
        pam.sim.change_authorization("operator", |client| client.read_only = true);
        reader.read(&id(101)).await.unwrap();
        let kept = reader.release_custody(&id(101)).await;
        assert_eq!(kept, Err(PamError::ReadRefused { why: ReadRefusal::ReadOnly, code: Some(1039) }), "{version}");
        pam.sim.change_behaviour(|knobs| knobs.reading.release_needs_write = false);
        assert_eq!(reader.release_custody(&id(101)).await, Ok(Released::Now), "{version}");
        pam.sim.change_authorization("operator", |client| client.read_only = false);
        reader.read(&id(101)).await.unwrap();
        pam.sim.edit("101", VaultEdit::Active(false));
        let disabled = reader.release_custody(&id(101)).await;
        let expected = Err(PamError::ReadRefused { why: ReadRefusal::Disabled, code: Some(1008) });
        assert_eq!(disabled, if is_legacy(version) { Ok(Released::Now) } else { expected }, "{version}");
    }
}

#[tokio::test]
async fn only_the_pam_itself_can_say_that_custody_was_given_back() {
    let pam = vault("4.2").await;
    for (effect, expected) in [
        (Effect::Garbage, ("malformed", true)),
        (
            Effect::Raw { status: 200, content_type: "text/html".into(), body: "<html></html>".into() },
            ("intercepted", true),
        ),
        (status(502, Shape::Gateway), ("unavailable_gateway", true)),
    ] {
        pam.sim.inject(Fault::on(Kind::ReleaseCustody, effect).always());
        let client = pam.client();
        assert_eq!(judge(Reader::of(&client).release_custody(&id(101)).await), expected);
        pam.sim.clear_faults();
    }
}

/// A login of MySafe reaches no credential: nothing is sent.
#[tokio::test]
async fn a_connection_for_my_safe_reads_nothing() {
    let pam = vault("4.2").await;
    let client = pam.client_of(Endpoint { product: Product::MySafe, ..pam.endpoint() });
    let reader = Reader::of(&client);
    assert_eq!(reader.read(&id(101)).await.unwrap_err(), PamError::OtherProduct(Call::ReadCredential));
    assert_eq!(reader.release_custody(&id(101)).await, Err(PamError::OtherProduct(Call::ReleaseCustody)));
    assert!(pam.sim.journal().is_empty());
}

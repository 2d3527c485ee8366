//! P10: every documented failure of a POST has its meaning and its retry class on every version
//! (`tests/fixtures/errors.tsv`).

use std::time::Duration;

use pam_operator::pam::{
    CredentialRequest, Deadlines, Endpoint, Origins, PamClient, PamError, ProductVersion, RetryAdvice, WireField,
    field_of,
};
use pam_simulator::{Effect, Fault, Kind, Shape};

use crate::fields::{creating, everything, list, text};
use crate::support::{Pam, judge, request};
use crate::versions::{VERSIONS, is_legacy, pam};

/// answer, versions, kind, retry, field, words.
const TABLE: &str = include_str!("../fixtures/errors.tsv");

/// One row of the table.
struct Row {
    answer: &'static str,
    versions: &'static str,
    kind: &'static str,
    retry: &'static str,
    field: &'static str,
    words: &'static str,
}

fn rows() -> Vec<Row> {
    let mut lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(lines.next(), Some("answer\tversions\tkind\tretry\tfield\twords"));
    let row = |line: &'static str| match line.split('\t').collect::<Vec<_>>()[..] {
        [answer, versions, kind, retry, field, words] => Row { answer, versions, kind, retry, field, words },
        _ => panic!("{line}"),
    };
    lines.map(row).collect()
}

impl Row {
    fn is_of(&self, version: &str) -> bool {
        match self.versions {
            "all" => true,
            "old" => is_legacy(version),
            "new" => !is_legacy(version),
            other => panic!("{other}"),
        }
    }

    /// The call that is answered so, and the answer.
    fn fault(&self) -> (Kind, Effect) {
        if let Ok(code) = self.answer.parse() {
            return (Kind::PostCredential, Effect::Code(code));
        }
        let (kind, answer) = match self.answer.strip_prefix("login ") {
            Some(answer) => (Kind::Token, answer),
            None => (Kind::PostCredential, self.answer),
        };
        let [status, speaker, text] = answer.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{answer}") };
        let shape = match speaker {
            "gateway" => Shape::Gateway,
            "application" => Shape::Application,
            "html" => Shape::Html,
            other => panic!("{other}"),
        };
        let (status, message) = (status.parse().unwrap(), Some(text.to_owned()));
        (kind, Effect::Status { status, shape, message, retry_after: None })
    }
}

fn retry_name(retry: RetryAdvice) -> &'static str {
    match retry {
        RetryAdvice::Permanent => "permanent",
        RetryAdvice::Backoff => "backoff",
        RetryAdvice::Bounded => "bounded",
        RetryAdvice::After(_) => "after",
    }
}

/// A client that has met nothing yet: no open breaker, no refused login.
fn fresh_client(pam: &Pam, version: &str) -> PamClient {
    let endpoint = Endpoint { version: ProductVersion::parse(version).unwrap(), ..pam.endpoint() };
    PamClient::new(endpoint, &Origins::new(), Deadlines::default()).unwrap()
}

#[tokio::test]
async fn every_answer_has_its_meaning_its_retry_class_and_its_words_on_every_version() {
    for version in VERSIONS {
        let pam = pam(version).await;
        for row in rows().iter().filter(|row| row.is_of(version)) {
            let (kind, effect) = row.fault();
            pam.sim.inject(Fault::on(kind, effect).always());
            let client = fresh_client(&pam, version);
            let error = client.upsert_credential(&everything(creating())).await.unwrap_err();
            pam.sim.clear_faults();
            let told = format!("{version} {}: {error:?} {}", row.answer, error.summary());
            assert_eq!(error.kind(), row.kind, "{told}");
            assert_eq!(retry_name(error.retry()), row.retry, "{told}");
            assert_eq!(error.field().unwrap_or("-"), row.field, "{told}");
            assert!(error.summary().contains(row.words), "{told}");
            if let Ok(code) = row.answer.parse::<u16>() {
                assert_eq!((error.code(), error.field()), (Some(code), field_of(code)), "{told}");
                assert!(error.summary().ends_with(&format!("(PAM code {code})")), "{told}");
            }
            judge::<()>(Err(error));
        }
        assert!(pam.sim.records().is_empty());
    }
}

#[test]
fn every_code_of_the_catalogue_has_its_row() {
    let catalogue = [
        1003, 1004, 1005, 1007, 1008, 1009, 1010, 1011, 1013, 1014, 1015, 1016, 1017, 1018, 1019, 1020, 1021, 1022,
        1023, 1024, 1026, 1029, 1039, 1042, 1043, 1044, 1045, 1046, 1047, 1052, 1053,
    ];
    let rows = rows();
    for code in catalogue {
        let has = |version| rows.iter().filter(|row| row.answer == code.to_string() && row.is_of(version)).count();
        assert_eq!((has("3.32"), has("4.2")), (1, 1), "{code}");
    }
}

fn replace(request: &mut CredentialRequest, field: WireField) {
    request.fields.retain(|other| other.path != field.path);
    request.fields.push(field);
}

#[tokio::test]
async fn what_the_simulator_refuses_by_itself_comes_back_as_the_field_in_question() {
    for version in VERSIONS {
        let pam = pam(version).await;
        pam.sim.change_behaviour(|knobs| knobs.domain_registered = Some(true));
        let client = fresh_client(&pam, version);
        let field = async |change: fn(&mut CredentialRequest)| {
            let mut request = everything(creating());
            change(&mut request);
            let error = client.upsert_credential(&request).await.unwrap_err();
            (error.kind(), error.field())
        };
        let domains = field(|request| replace(request, list("device_domain", &["no.example"])));
        assert_eq!(domains.await, ("rejected", Some("device_domain")), "{version}");
        let domain = field(|request| replace(request, text("domain", "no.example")));
        assert_eq!(domain.await, ("rejected", Some("device_domain")), "{version}");
        let nowhere = field(|request| request.hostname = "db99".into());
        assert_eq!(nowhere.await, ("device_not_found", Some("hostname")), "{version}");
        let owner = |request: &mut CredentialRequest| {
            replace(request, text("additional_settings.user_credential_owner", "nobody"));
        };
        assert_eq!(field(owner).await, ("unavailable_server", None), "{version}");
        pam.sim.change_behaviour(|knobs| _ = knobs.templates.remove("Linux - Remove User"));
        assert_eq!(field(|_| {}).await, ("rejected", Some("jit_settings.credential_*_template")), "{version}");
        pam.sim.change_behaviour(|knobs| _ = knobs.plugins.remove("SSH"));
        assert_eq!(field(|_| {}).await, ("rejected", Some("jit_settings.credential_*_plugin")), "{version}");
        assert!(pam.sim.records().is_empty(), "{version}");
    }
}

#[tokio::test]
async fn other_credentials_that_are_not_there_are_told_as_such() {
    let pam = pam("4.2").await;
    pam.sim.change_behaviour(|knobs| knobs.references_exist = true);
    let error = fresh_client(&pam, "4.2").upsert_credential(&everything(creating())).await.unwrap_err();
    assert_eq!(error, PamError::NotFound { code: Some(1007) });
    assert!(error.summary().contains("other credentials that this one names"));
}

#[tokio::test]
async fn a_missing_device_heals_when_it_appears_and_a_fault_of_the_pam_when_it_is_over() {
    let pam = pam("4.2").await;
    pam.sim.remove_device("db01");
    let client = fresh_client(&pam, "4.2");
    let missing = client.upsert_credential(&request("one")).await.unwrap_err();
    assert_eq!((&missing, missing.retry()), (&PamError::DeviceNotFound, RetryAdvice::Backoff));
    pam.sim.add_device("db01", "10.0.0.7");
    client.upsert_credential(&request("one")).await.unwrap();
    pam.sim.inject(Fault::on(Kind::PostCredential, Effect::UnexpectedError));
    let fault = client.upsert_credential(&request("one")).await.unwrap_err();
    assert_eq!((fault.retry(), fault.outcome_unknown()), (RetryAdvice::Bounded, true));
    tokio::time::timeout(Duration::from_secs(30), client.upsert_credential(&request("one"))).await.unwrap().unwrap();
}

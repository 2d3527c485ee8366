//! The envelope of every answer, and what an answer means (API 1.6, 1.7, 2.7, 2.8).

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, IgnoredAny};

use super::lenient::{lenient_bool, lenient_i64, lenient_string};
use crate::pam::credential::{Outcome, Upserted};
use crate::pam::error::by_code;
use crate::pam::error::{AuthFailure, Call, PamError, Unavailable};
use crate::pam::transport::Answer;

/// An answer of the PAM Core resources. Every part may be missing, and unknown ones are passed over.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::pam) struct Envelope {
    #[serde(deserialize_with = "if_object")]
    response: Option<Status>,
    #[serde(deserialize_with = "if_object")]
    exception: Option<Exception>,
    #[serde(deserialize_with = "lenient_string")]
    tenant: Option<String>,
    #[serde(deserialize_with = "if_object")]
    credential: Option<Record>,
}

/// The `response` part.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::pam) struct Status {
    #[serde(deserialize_with = "lenient_string")]
    message: Option<String>,
    #[serde(deserialize_with = "lenient_string")]
    mensagem: Option<String>,
    #[serde(rename = "Message", deserialize_with = "lenient_string")]
    capital_message: Option<String>,
    #[serde(deserialize_with = "lenient_bool")]
    error: Option<bool>,
    #[serde(deserialize_with = "lenient_bool")]
    erro: Option<bool>,
}

/// The `exception` part.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::pam) struct Exception {
    #[serde(deserialize_with = "lenient_i64")]
    code: Option<i64>,
    #[serde(deserialize_with = "lenient_string")]
    message: Option<String>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Record {
    #[serde(deserialize_with = "lenient_string")]
    id: Option<String>,
    #[serde(deserialize_with = "lenient_string")]
    identifier: Option<String>,
    #[serde(deserialize_with = "lenient_string")]
    tag: Option<String>,
}

impl Envelope {
    /// The envelope in a body; one without any part if the body is none.
    pub(in crate::pam) fn of(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// An envelope of parts that were decoded one by one.
    pub(in crate::pam) fn of_parts(response: Option<Status>, exception: Option<Exception>) -> Self {
        Self { response, exception, ..Self::default() }
    }

    /// True if the application speaks; else it is the gateway, or not the PAM at all.
    pub(in crate::pam) fn is_present(&self) -> bool {
        self.response.is_some()
    }

    /// True if the answer says that the call failed, whatever its HTTP status says.
    pub(in crate::pam) fn says_error(&self) -> bool {
        self.response.as_ref().is_some_and(|status| status.error.or(status.erro) == Some(true))
    }

    pub(in crate::pam) fn message(&self) -> &str {
        self.messages().next().unwrap_or_default()
    }

    /// The message in each of its places that is filled (API 1.7).
    fn messages(&self) -> impl Iterator<Item = &str> {
        let places = self.response.iter().flat_map(|s| [&s.message, &s.mensagem, &s.capital_message]);
        places.flatten().map(String::as_str).filter(|text| !text.trim().is_empty())
    }

    /// The four-digit code: of the exception, else at the start of a message (API 1.7).
    pub(in crate::pam) fn code(&self) -> Option<u16> {
        let four_digits = |code: i64| u16::try_from(code).ok().filter(|code| (1000..10_000).contains(code));
        let exception = self.exception.as_ref();
        let stated = exception.and_then(|exception| exception.code).and_then(four_digits);
        let quoted = exception.and_then(|exception| exception.message.as_deref());
        let leading = |text: &str| text.get(..4)?.parse().ok().and_then(four_digits);
        stated.or_else(|| self.messages().chain(quoted).find_map(leading))
    }
}

/// `Some` for an object, `None` for anything else.
pub(in crate::pam) fn if_object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Either<T> {
        Object(T),
        Other(IgnoredAny),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Object(object) => Some(object),
        Either::Other(IgnoredAny) => None,
    })
}

/// A call that failed.
#[derive(Debug)]
pub(in crate::pam) struct Failure {
    pub(in crate::pam) error: PamError,
    /// True if a new token may help.
    pub(in crate::pam) token_suspect: bool,
}

impl From<PamError> for Failure {
    fn from(error: PamError) -> Self {
        Self { error, token_suspect: false }
    }
}

/// What an answer to a `POST` of a credential means.
pub(in crate::pam) fn upserted(answer: &Answer) -> Result<Upserted, Failure> {
    let call = Call::UpsertCredential;
    let envelope = Envelope::of(&answer.body);
    if !answer.is_success() || envelope.says_error() {
        return Err(failure_of(call, answer.status, answer.retry_after, &envelope));
    }
    let outcome = outcome(envelope.message());
    let record = envelope.credential.unwrap_or_default();
    let id = record.id.filter(|id| !id.is_empty());
    let identifier = record.identifier.filter(|text| !text.is_empty()).or(record.tag);
    Ok(Upserted {
        id: id.ok_or(PamError::Malformed { call, what: "does not name the record's id" })?,
        identifier: identifier.filter(|text| !text.is_empty()),
        outcome,
        tenant: envelope.tenant.filter(|text| !text.is_empty()),
    })
}

fn outcome(message: &str) -> Outcome {
    let message = message.to_ascii_lowercase();
    match (message.contains("registered"), message.contains("updated")) {
        (true, false) => Outcome::Created,
        (false, true) => Outcome::Updated,
        _ => Outcome::Unstated,
    }
}

/// What an answer means that is no success.
pub(in crate::pam) fn failure(call: Call, answer: &Answer) -> Failure {
    failure_of(call, answer.status, answer.retry_after, &Envelope::of(&answer.body))
}

/// The same for an answer whose body was decoded elsewhere.
pub(in crate::pam) fn failure_of(
    call: Call,
    status: u16,
    retry_after: Option<Duration>,
    envelope: &Envelope,
) -> Failure {
    if let Some(error) = envelope.code().map(by_code) {
        return error.into();
    }
    let unavailable = |why| PamError::Unavailable { call, why };
    match status {
        401 | 403 => token_suspect(PamError::AuthenticationFailed(AuthFailure::TokenRejected)),
        // The gateway answers a missing or unknown token with the same words as a missing route (API 1.6).
        404 if !envelope.is_present() => token_suspect(PamError::Misrouted(call)),
        404 | 405 => PamError::Misrouted(call).into(),
        408 => unavailable(Unavailable::Timeout).into(),
        429 => PamError::RateLimited { after: retry_after }.into(),
        500 => server_error(call, envelope).into(),
        501.. => unavailable(Unavailable::Gateway { status, after: retry_after }).into(),
        _ => PamError::Rejected { code: None }.into(),
    }
}

fn token_suspect(error: PamError) -> Failure {
    Failure { error, token_suspect: true }
}

/// The one case where a text decides: a missing right is answered with 500, like a fault (API 1.4).
fn server_error(call: Call, envelope: &Envelope) -> PamError {
    if envelope.message().to_ascii_lowercase().contains("not authorized") {
        PamError::PermissionDenied { code: None }
    } else {
        PamError::Unavailable { call, why: Unavailable::Server }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use zeroize::Zeroizing;

    fn answer(status: u16, body: &Value) -> Answer {
        Answer { status, retry_after: None, body: Zeroizing::new(body.to_string().into_bytes()) }
    }

    fn error(status: u16, body: &Value) -> (PamError, bool) {
        let failure = upserted(&answer(status, body)).unwrap_err();
        (failure.error, failure.token_suspect)
    }

    fn refusal(code: u16) -> Value {
        json!({"response": {"status": 400, "message": format!("{code}: words"), "error": true, "error_code": 1},
            "exception": {"code": code, "message": "words", "detail": null}})
    }

    #[test]
    fn a_success_is_read_whatever_is_missing_or_mistyped() {
        let full = json!({"code": 201, "response": {"status": 201, "message": "Credential successfully registered!",
            "error": false}, "tenant": "acme", "credential": {"id": "901", "identifier": "k8s-a"}});
        let expected = Upserted {
            id: "901".into(),
            identifier: Some("k8s-a".into()),
            outcome: Outcome::Created,
            tenant: Some("acme".into()),
        };
        assert_eq!(upserted(&answer(201, &full)).unwrap(), expected);
        let old = json!({"response": {"Message": "Credential updated successfully!", "erro": "0"},
            "exception": [], "credential": {"id": 901, "tag": null, "new": {}}});
        let bare = Upserted { identifier: None, tenant: None, outcome: Outcome::Updated, ..expected };
        assert_eq!(upserted(&answer(200, &old)).unwrap(), bare);
        let silent = json!({"credential": {"id": 901, "tag": "t"}});
        let told = upserted(&answer(200, &silent)).unwrap();
        assert_eq!((told.outcome, told.identifier.as_deref()), (Outcome::Unstated, Some("t")));
    }

    #[test]
    fn a_success_without_an_id_is_malformed_and_of_unknown_outcome() {
        for body in [json!({}), json!("hello"), json!({"credential": {"id": null}}), json!({"credential": []})] {
            let (error, suspect) = error(201, &body);
            assert!(matches!(error, PamError::Malformed { .. }) && error.outcome_unknown() && !suspect, "{body}");
        }
    }

    #[test]
    fn codes_decide_by_meaning_whatever_the_status() {
        assert_eq!(error(400, &refusal(1011)), (PamError::DeviceNotFound, false));
        assert_eq!(error(201, &refusal(1039)), (PamError::PermissionDenied { code: Some(1039) }, false));
        assert_eq!(error(403, &refusal(1009)), (PamError::PermissionDenied { code: Some(1009) }, false));
        assert_eq!(error(404, &refusal(1007)), (PamError::NotFound { code: Some(1007) }, false));
        assert_eq!(error(400, &refusal(1053)), (PamError::Rejected { code: Some(1053) }, false));
        let only_text = json!({"response": {"mensagem": "1042: nome", "erro": true}});
        assert_eq!(error(400, &only_text), (PamError::Rejected { code: Some(1042) }, false));
        let capital = json!({"response": {"message": "", "Message": "1042: name", "error": true}});
        assert_eq!(error(400, &capital), (PamError::Rejected { code: Some(1042) }, false));
        let quoted = json!({"response": {"error": true}, "exception": {"code": 400, "message": "1009: no"}});
        assert_eq!(error(400, &quoted), (PamError::PermissionDenied { code: Some(1009) }, false));
        let text_code = json!({"response": {"error": "1"}, "exception": {"code": "1029"}});
        assert_eq!(error(200, &text_code), (PamError::Rejected { code: Some(1029) }, false));
    }

    #[test]
    fn the_gateway_is_told_from_the_application() {
        let gateway = json!({"message": "no Route matched with those values"});
        let application = json!({"response": {"status": 404, "message": "Resource sub not found", "error": true}});
        let call = Call::UpsertCredential;
        assert_eq!(error(404, &gateway), (PamError::Misrouted(call), true));
        assert_eq!(error(404, &application), (PamError::Misrouted(call), false));
        let rejected = PamError::AuthenticationFailed(AuthFailure::TokenRejected);
        for status in [401, 403] {
            assert_eq!(error(status, &gateway), (rejected.clone(), true));
        }
    }

    #[test]
    fn a_500_is_a_missing_right_or_a_fault_and_never_suspects_the_token() {
        let with = |message: &str| json!({"response": {"message": message, "error": true}, "exception": {"code": 500}});
        let denied = error(500, &with("You are not authorized to access this resource"));
        assert_eq!(denied, (PamError::PermissionDenied { code: None }, false));
        let why = Unavailable::Server;
        let fault = PamError::Unavailable { call: Call::UpsertCredential, why };
        assert_eq!(error(500, &with("Unexpected error")), (fault.clone(), false));
        assert_eq!(error(500, &json!(null)), (fault, false));
        for status in [502, 503, 504, 599] {
            let why = Unavailable::Gateway { status, after: None };
            let gateway = PamError::Unavailable { call: Call::UpsertCredential, why };
            assert_eq!(error(status, &json!({"message": "x"})), (gateway, false));
        }
    }

    #[test]
    fn no_error_repeats_the_answer() {
        let body = json!({"response": {"message": "1053: CANARY", "error": true}, "exception": {"detail": "CANARY"}});
        for status in [200, 400, 401, 404, 429, 500, 502] {
            let (error, _) = error(status, &body);
            assert!(!format!("{error:?} {error}").contains("CANARY"));
        }
    }
}

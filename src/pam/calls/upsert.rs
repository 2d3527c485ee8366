//! What the PAM answers to the `POST` of a credential (API 2.7).

use crate::domain::{RecordId, RecordIdentifier, TenantName};
use crate::pam::credential::{CredentialRequest, UpsertEffect, Upserted};
use crate::pam::error::{Call, PamError};
use crate::pam::transport::HttpAnswer;
use crate::pam::wire::{Envelope, Failure, failure_of, unreadable};

/// Reads the answer to a `POST` of a credential.
pub(in crate::pam) fn upserted(answer: &HttpAnswer) -> Result<Upserted, Failure> {
    let call = Call::UpsertCredential;
    let envelope = Envelope::of(&answer.body);
    if !answer.is_success() || envelope.says_error() {
        return Err(failure_of(call, answer.status, answer.retry_after, &envelope));
    }
    let effect = effect(envelope.message());
    let record = envelope.credential.unwrap_or_default();
    let id = record.id.and_then(|id| RecordId::parse(&id));
    let identifier = record.identifier.filter(|text| !text.is_empty()).or(record.tag);
    Ok(Upserted {
        id: id.ok_or_else(|| unreadable(call, answer, "does not name the record's id"))?,
        identifier: identifier.filter(|text| !text.is_empty()).map(|text| RecordIdentifier::of(&text)),
        effect,
        tenant: envelope.tenant.and_then(|text| TenantName::parse(&text)),
    })
}

/// Returns an answer without what repeats a secret of the request: such an id makes the answer useless, and a tenant that is
/// not known proves nothing. The identifier may stay, since nothing shows one that is not ours.
pub(in crate::pam) fn without_secrets(upserted: Upserted, request: &CredentialRequest) -> Result<Upserted, Failure> {
    let call = Call::UpsertCredential;
    if request.is_secret(&upserted.id) {
        return Err(PamError::Malformed { call, what: "names a secret of the request as the record's id" }.into());
    }
    let tenant = upserted.tenant.filter(|tenant| !request.is_secret(tenant));
    Ok(Upserted { tenant, ..upserted })
}

/// Returns what the message says was done: the status is 201 whether the record was made or changed.
fn effect(message: &str) -> UpsertEffect {
    let message = message.to_ascii_lowercase();
    match (message.contains("registered"), message.contains("updated")) {
        (true, false) => UpsertEffect::Created,
        (false, true) => UpsertEffect::Updated,
        _ => UpsertEffect::Unstated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pam::{AuthFailure, PamError, Unavailable};
    use serde_json::{Value, json};
    use zeroize::Zeroizing;

    fn answer(status: u16, body: &Value) -> HttpAnswer {
        HttpAnswer { status, retry_after: None, body: Zeroizing::new(body.to_string().into_bytes()) }
    }

    fn error(status: u16, body: &Value) -> (PamError, bool) {
        let failure = upserted(&answer(status, body)).unwrap_err();
        (failure.error, failure.new_token_may_help)
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
            id: 901.into(),
            identifier: Some(RecordIdentifier::of("k8s-a")),
            effect: UpsertEffect::Created,
            tenant: TenantName::parse("acme"),
        };
        assert_eq!(upserted(&answer(201, &full)).unwrap(), expected);
        let old = json!({"response": {"Message": "Credential updated successfully!", "erro": "0"},
            "exception": [], "credential": {"id": 901, "tag": null, "new": {}}});
        let bare = Upserted { identifier: None, tenant: None, effect: UpsertEffect::Updated, ..expected };
        assert_eq!(upserted(&answer(200, &old)).unwrap(), bare);
        let silent = json!({"credential": {"id": 901, "tag": "t"}});
        let told = upserted(&answer(200, &silent)).unwrap();
        assert_eq!((told.effect, told.identifier.as_deref()), (UpsertEffect::Unstated, Some("t")));
    }

    #[test]
    fn a_success_without_an_id_is_malformed_and_of_unknown_outcome() {
        let ids = [json!(null), json!("secret"), json!("7\r\n"), json!("9".repeat(21)), json!(1e30), json!({"id": 7})];
        let named = ids.map(|id| json!({"credential": {"id": id}}));
        for body in [json!({}), json!("hello"), json!({"credential": []})].into_iter().chain(named) {
            let (error, suspect) = error(201, &body);
            assert!(matches!(error, PamError::Malformed { .. }) && error.outcome_unknown() && !suspect, "{body}");
        }
    }

    #[test]
    fn texts_that_are_no_identifier_and_no_tenant_are_told_as_such() {
        for text in ["a b", "a\u{1b}[31m", "a\r\nb", "\u{202e}a", &"a".repeat(1 << 19)] {
            let body = json!({"credential": {"id": "901", "identifier": text}, "tenant": text});
            let told = upserted(&answer(201, &body)).unwrap();
            assert_eq!((told.identifier.as_deref(), told.tenant), (Some("another one"), None));
        }
    }

    #[test]
    fn p8_an_answer_that_repeats_a_secret_is_malformed_or_names_no_tenant() {
        let told = |value: &str, id: &str, tenant: &str| {
            let body = json!({"credential": {"id": id}, "tenant": tenant});
            let request = CredentialRequest { content: Some(value.into()), ..CredentialRequest::default() };
            without_secrets(upserted(&answer(201, &body)).unwrap(), &request)
        };
        let malformed = told("20310117", "20310117", "acme").unwrap_err().error;
        assert!(malformed.kind() == "malformed" && malformed.outcome_unknown());
        assert_eq!(told("CANARY-1", "901", "CANARY-1").unwrap().tenant, None);
        assert_eq!(told("CANARY-1", "901", "x-CANARY-1-x").unwrap().tenant, None);
        assert_eq!(told("CANARY-1", "901", "acme").unwrap().tenant, TenantName::parse("acme"));
        assert_eq!(told("9", "901", "acme-9").unwrap().id, 901.into(), "chance says as much");
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

//! What the PAM answers to disabling and enabling a credential: `DELETE` and `PUT` by id (API 6.1).

use crate::domain::RecordId;
use crate::pam::error::{Call, PamError};
use crate::pam::transport::HttpAnswer;
use crate::pam::wire::{Dialect, Envelope, Failure, failure_of, unreadable};

/// How a credential came to be disabled. The PAM never deletes a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disabled {
    /// By this call.
    Now,
    /// The record was disabled before (1008; 1017 up to 3.32).
    AlreadyInactive,
}

/// How a credential came to be enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enabled {
    /// By this call.
    Now,
    /// The record was enabled before (1043; 1017 up to 3.32).
    AlreadyActive,
}

/// Reads the answer to a `DELETE`.
pub(in crate::pam) fn disabled(answer: &HttpAnswer, dialect: &Dialect) -> Result<Disabled, Failure> {
    let already = switched(Call::DisableCredential, answer, &[Some(1008), code_1017(dialect)])?;
    Ok(if already { Disabled::AlreadyInactive } else { Disabled::Now })
}

/// Reads the answer to a `PUT`.
pub(in crate::pam) fn enabled(answer: &HttpAnswer, dialect: &Dialect) -> Result<Enabled, Failure> {
    let already = switched(Call::EnableCredential, answer, &[Some(1043), code_1017(dialect)])?;
    Ok(if already { Enabled::AlreadyActive } else { Enabled::Now })
}

/// Returns true if the credential had that state before; the PAM says so with one of the codes `already`.
fn switched(call: Call, answer: &HttpAnswer, already: &[Option<u16>]) -> Result<bool, Failure> {
    let envelope = Envelope::of(&answer.body);
    let code = envelope.code();
    if code.is_some() && already.contains(&code) {
        return Ok(true);
    }
    if !answer.is_success() || envelope.says_error() {
        return Err(failure_of(call, answer.status, answer.retry_after, &envelope));
    }
    // An envelope is the only sign that the application answered: a proxy's page with status 200 disables nothing.
    if !envelope.is_present() && answer.status != 204 {
        return Err(unreadable(call, answer, "is not the PAM's").into());
    }
    Ok(false)
}

/// Returns 1017 in the dialects where that code means "already".
fn code_1017(dialect: &Dialect) -> Option<u16> {
    dialect.already_is_1017.then_some(1017)
}

/// Returns a record's id as a path segment. Only digits are one, so that no id can lead to another path.
pub(in crate::pam) fn id_segment(id: &str) -> Result<&str, PamError> {
    RecordId::parse(id).map(|_| id).ok_or(PamError::InvalidId)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pam::{Compatibility, Product, ProductVersion};
    use serde_json::{Value, json};
    use zeroize::Zeroizing;

    fn answer(status: u16, body: &Value) -> HttpAnswer {
        HttpAnswer { status, retry_after: None, body: Zeroizing::new(body.to_string().into_bytes()) }
    }

    fn dialect(version: &str) -> Dialect {
        Dialect::of(Product::PamCore, ProductVersion::parse(version).unwrap(), &Compatibility::default()).unwrap()
    }

    fn refusal(code: u16) -> HttpAnswer {
        let message = format!("{code}: words");
        answer(400, &json!({"response": {"status": 400, "mensagem": message, "erro": true}}))
    }

    fn disable(version: &str, answer: &HttpAnswer) -> Result<Disabled, PamError> {
        disabled(answer, &dialect(version)).map_err(|failure| failure.error)
    }

    fn enable(version: &str, answer: &HttpAnswer) -> Result<Enabled, PamError> {
        enabled(answer, &dialect(version)).map_err(|failure| failure.error)
    }

    #[test]
    fn what_was_so_already_is_told_from_what_was_done() {
        let done = answer(200, &json!({"response": {"status": 200, "Message": "Credential successfully deactivated"}}));
        for version in ["3.30", "3.32", "3.33", "4.2"] {
            assert_eq!(disable(version, &done), Ok(Disabled::Now));
            assert_eq!(enable(version, &done), Ok(Enabled::Now));
            assert_eq!(disable(version, &refusal(1008)), Ok(Disabled::AlreadyInactive));
            assert_eq!(enable(version, &refusal(1043)), Ok(Enabled::AlreadyActive));
        }
    }

    #[test]
    fn code_1017_means_already_up_to_3_32_and_an_ssh_key_since() {
        for version in ["3.30", "3.31", "3.32"] {
            assert_eq!(disable(version, &refusal(1017)), Ok(Disabled::AlreadyInactive));
            assert_eq!(enable(version, &refusal(1017)), Ok(Enabled::AlreadyActive));
        }
        for version in ["3.33", "3.33.1", "4.0", "4.2"] {
            assert_eq!(disable(version, &refusal(1017)), Err(PamError::Rejected { code: Some(1017) }));
            assert_eq!(enable(version, &refusal(1017)), Err(PamError::Rejected { code: Some(1017) }));
        }
    }

    #[test]
    fn every_other_code_is_a_failure_with_its_meaning() {
        let codes = [
            (1007, PamError::NotFound { code: Some(1007) }),
            (1009, PamError::PermissionDenied { code: Some(1009) }),
            (1010, PamError::Rejected { code: Some(1010) }),
            (1039, PamError::PermissionDenied { code: Some(1039) }),
        ];
        for (code, error) in codes {
            assert_eq!(disable("4.2", &refusal(code)), Err(error.clone()));
            assert_eq!(enable("3.32", &refusal(code)), Err(error));
        }
        assert_eq!(disable("4.2", &refusal(1043)), Err(PamError::Rejected { code: Some(1043) }));
        assert_eq!(enable("4.2", &refusal(1008)), Err(PamError::Rejected { code: Some(1008) }));
    }

    #[test]
    fn only_the_pam_itself_can_say_that_it_is_done() {
        for body in [json!(null), json!("<html>"), json!({}), json!({"message": "hello"})] {
            let error = disable("4.2", &answer(200, &body)).unwrap_err();
            assert!(matches!(error, PamError::Malformed { .. }) && error.outcome_unknown(), "{body}");
        }
        assert_eq!(disable("3.32", &answer(204, &json!(null))), Ok(Disabled::Now));
        let gateway = disabled(&answer(404, &json!({"message": "no Route matched"})), &dialect("4.2")).unwrap_err();
        assert_eq!((gateway.error, gateway.new_token_may_help), (PamError::Misrouted(Call::DisableCredential), true));
    }

    #[test]
    fn an_id_is_digits_and_nothing_else() {
        assert_eq!(id_segment("901"), Ok("901"));
        for id in ["", "custody/7", "../7", "7/..", "7?x", "7#", "%37", "-7", "+7", " 7", "7\n", "svc@db", "٧", "7.0"]
        {
            assert_eq!(id_segment(id), Err(PamError::InvalidId), "{id:?}");
        }
        assert_eq!(id_segment(&"9".repeat(21)), Err(PamError::InvalidId));
    }
}

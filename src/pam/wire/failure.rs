//! What an answer means that is no success (API 1.6, 2.8).

use std::time::Duration;

use super::envelope::Envelope;
use super::speaker::{Speaker, is_page};
use crate::pam::error::{AuthFailure, Call, PamError, Unavailable};
use crate::pam::transport::HttpAnswer;

/// A call that failed.
#[derive(Debug)]
pub(in crate::pam) struct Failure {
    pub(in crate::pam) error: PamError,
    /// True if the call may succeed with a new token.
    pub(in crate::pam) new_token_may_help: bool,
}

impl From<PamError> for Failure {
    fn from(error: PamError) -> Self {
        Self { error, new_token_may_help: false }
    }
}

/// Returns what an answer means that is no success.
pub(in crate::pam) fn failure(call: Call, answer: &HttpAnswer) -> Failure {
    failure_of(call, answer.status, answer.retry_after, &Envelope::of(&answer.body))
}

/// Returns what an answer means that is no success and whose body was decoded before.
pub(in crate::pam) fn failure_of(
    call: Call,
    status: u16,
    retry_after: Option<Duration>,
    envelope: &Envelope,
) -> Failure {
    if let Some(code) = envelope.code() {
        return PamError::of_code(call, code).into();
    }
    let unavailable = |why| PamError::Unavailable { call, why };
    match status {
        408 => unavailable(Unavailable::Timeout).into(),
        429 => PamError::RateLimited { after: retry_after }.into(),
        500 => server_error(call, envelope).into(),
        501.. => unavailable(Unavailable::Gateway { status, after: retry_after }).into(),
        // A 401 without a page may be the gateway's in words that are not known: a token that was revoked would stay until its
        // end. A firewall that says the same costs a login a minute at most, and only this call fails.
        401 if envelope.speaker() == Speaker::Stranger && envelope.may_refuse_token() => {
            with_new_token(PamError::Intercepted { call, status })
        }
        // What something before the PAM refuses says nothing of the token, which other requests use, too.
        400.. if envelope.speaker() == Speaker::Stranger => PamError::Intercepted { call, status }.into(),
        401 | 403 => with_new_token(PamError::AuthenticationFailed(AuthFailure::TokenRejected)),
        // The gateway answers a missing or unknown token with the same words as a missing route (API 1.6).
        404 if !envelope.is_present() => with_new_token(PamError::Misrouted(call)),
        404 | 405 => PamError::Misrouted(call).into(),
        _ => PamError::without_code(call).into(),
    }
}

/// Returns what a success status means whose body is not what the API promises; `what` says what is wrong with it. Some
/// firewalls refuse a request with 200 and a page.
pub(in crate::pam) fn unreadable(call: Call, answer: &HttpAnswer, what: &'static str) -> PamError {
    if is_page(&answer.body) {
        PamError::Intercepted { call, status: answer.status }
    } else {
        PamError::Malformed { call, what }
    }
}

/// Returns a failure that a new token may mend.
fn with_new_token(error: PamError) -> Failure {
    Failure { error, new_token_may_help: true }
}

/// Returns what a 500 means. Here alone a message decides: the PAM answers a missing right with 500, like a fault
/// (API 1.4).
fn server_error(call: Call, envelope: &Envelope) -> PamError {
    if envelope.message().to_ascii_lowercase().contains("not authorized") {
        PamError::not_authorized(call)
    } else {
        PamError::Unavailable { call, why: Unavailable::Server }
    }
}

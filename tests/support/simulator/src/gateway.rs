//! The gateway: it answers for missing routes, bad tokens and a sick application, in a JSON shape of its
//! own that has no envelope (API 1.6).

use std::time::Instant;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::authorization::Authorization;
use crate::call::Call;
use crate::oauth::Token;
use crate::state::State;

/// The largest request body that is forwarded, in bytes.
pub(crate) const MAX_BODY: usize = 8 << 20;

/// Who is calling, after the gateway let him in.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) client_id: String,
    pub(crate) tenant: String,
}

/// Checks the `Authorization` header, or answers in place of the application.
///
/// A missing or blank header is a missing *route* (404), since routes are matched by it.
pub(crate) fn admit(state: &State, call: &Call) -> Result<Caller, Answer> {
    let header =
        call.authorization.as_deref().map(str::trim).filter(|header| !header.is_empty()).ok_or_else(no_route)?;
    let text = bearer(header).ok_or_else(|| unauthorized(state, json!({ "message": "Unauthorized" })))?;
    let Some(token) = state.tokens.find(text) else {
        return Err(unauthorized(state, json!({ "message": "Invalid signature" })));
    };
    let client = state.authorizations.get(&token.client_id).filter(|_| !token.revoked);
    let client = client.ok_or_else(|| unauthorized(state, json!({ "message": "Unauthorized" })))?;
    if token.expires.is_some_and(|expires| expires <= Instant::now()) {
        return Err(unauthorized(state, json!({ "exp": "token expired" })));
    }
    if !within_restrictions(client, call) {
        return Err(says(403, Some("You cannot consume this service")));
    }
    Ok(Caller { client_id: token.client_id.clone(), tenant: token.tenant.clone() })
}

/// Whether a call comes with the client certificate and from the referrer that its client is restricted to
/// (API 1.4).
pub(crate) fn within_restrictions(client: &Authorization, call: &Call) -> bool {
    let certificate = client.certificate.as_deref().is_none_or(|wanted| {
        call.certificate.as_deref().is_some_and(|shown| wanted.replace(':', "").eq_ignore_ascii_case(shown))
    });
    let referrer = client.referrer.is_none() || client.referrer == call.referrer;
    certificate && referrer
}

/// The token that a header shows, be it good or not, if it was issued here.
pub(crate) fn shown<'a>(state: &'a State, authorization: Option<&str>) -> Option<&'a Token> {
    state.tokens.find(bearer(authorization?.trim())?)
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, text) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(text.trim())
}

/// The gateway's 404: no such route, or no `Authorization` header.
pub(crate) fn no_route() -> Answer {
    says(404, None)
}

/// What the gateway says with this status, or the given text.
pub(crate) fn says(status: u16, message: Option<&str>) -> Answer {
    let message = message.unwrap_or(match status {
        401 => "Unauthorized",
        403 => "Invalid signature",
        404 => "no Route matched with those values",
        413 => "Request size limit exceeded",
        429 => "API rate limit exceeded",
        502 => "An invalid response was received from the upstream server",
        503 => "failure to get a peer from the ring-balancer",
        504 => "The upstream server is timing out",
        _ => "An unexpected error occurred",
    });
    let mut body = json!({ "message": message });
    if status >= 500 {
        body["request_id"] = format!("{:032x}", rand::random::<u128>()).into();
    }
    Answer::json(status, &body)
}

#[allow(clippy::needless_pass_by_value, reason = "callers build it in place")]
fn unauthorized(state: &State, body: Value) -> Answer {
    Answer::json(state.behaviour.bad_token_status, &body).header("www-authenticate", "Bearer")
}

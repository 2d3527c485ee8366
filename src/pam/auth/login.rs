//! The login on the wire: the request for a token, and what the token endpoint's answers mean (API 1.2, 1.3, 1.6).

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use crate::pam::endpoint::{OAuth2, TokenRequest};
use crate::pam::error::{Call, PamError, Unavailable};
use crate::pam::transport::HttpAnswer;
use crate::pam::wire::{is_other_than_json, is_page, lenient_i64, lenient_string};

/// The documented lifetime (API 1.3), for answers that name none.
const DEFAULT_LIFETIME: i64 = 3600;
/// Lifetimes outside of this range are clamped: a shorter one would mean a login per call, and a longer one may be a
/// typing error.
const SANE_LIFETIME: std::ops::RangeInclusive<i64> = 30..=3600;

/// The longest token. Each connection keeps one, and servers refuse longer headers.
const LONGEST_TOKEN: usize = 16 << 10;

/// A token as the token endpoint granted it.
#[derive(Debug)]
pub(in crate::pam) struct Grant {
    pub(in crate::pam) header: HeaderValue,
    pub(in crate::pam) lifetime: Duration,
}

/// Everything that a token request is made of (API 1.2).
pub(in crate::pam) struct Login {
    pub(in crate::pam) oauth2: OAuth2,
    pub(in crate::pam) tenant: Option<String>,
    pub(in crate::pam) style: TokenRequest,
}

impl Login {
    /// Returns the request's body. The buffer is large enough from the start: one that grew would leave copies of the
    /// secret in freed memory.
    pub(in crate::pam) fn form(&self) -> Zeroizing<Vec<u8>> {
        let secret = self.oauth2.client_secret.expose_secret();
        let tenant = self.tenant.as_deref().unwrap_or_default();
        let longest = 3 * (self.oauth2.client_id.len() + secret.len() + tenant.len()) + 128;
        let mut form = Serializer::new(String::with_capacity(longest));
        form.append_pair("grant_type", "client_credentials");
        if self.style == TokenRequest::Form {
            form.append_pair("client_id", &self.oauth2.client_id);
            form.append_pair("client_secret", secret);
        }
        if !tenant.is_empty() {
            form.append_pair("tenant", tenant);
        }
        Zeroizing::new(form.finish().into_bytes())
    }

    /// Returns the Authorization header, where the login is sent as one. Id and secret are not form-encoded first, as
    /// RFC 6749 asks for: the vendor's old page and the usual servers take them unencoded.
    pub(in crate::pam) fn header(&self) -> Option<HeaderValue> {
        if self.style == TokenRequest::Form {
            return None;
        }
        let (id, secret) = (&self.oauth2.client_id, self.oauth2.client_secret.expose_secret());
        let mut pair = Zeroizing::new(Vec::with_capacity(id.len() + 1 + secret.len()));
        pair.extend_from_slice(id.as_bytes());
        pair.push(b':');
        pair.extend_from_slice(secret.as_bytes());
        let mut encoded = Zeroizing::new(vec![0; 4 * pair.len().div_ceil(3)]);
        let length = STANDARD.encode_slice(&*pair, &mut encoded).ok()?;
        sensitive("Basic ", &encoded[..length])
    }
}

#[derive(serde::Deserialize)]
struct TokenAnswer<'a> {
    #[serde(borrow)]
    access_token: Cow<'a, str>,
    #[serde(default, deserialize_with = "lenient_string")]
    token_type: Option<String>,
    #[serde(default, deserialize_with = "lenient_i64")]
    expires_in: Option<i64>,
}

/// Reads an answer of the token endpoint (API 1.3, 1.6).
pub(in crate::pam) fn granted(answer: &HttpAnswer) -> Result<Grant, PamError> {
    let call = Call::Token;
    let unavailable = |why| Err(PamError::Unavailable { call, why });
    let intercepted = Unavailable::Intercepted { status: answer.status };
    match answer.status {
        200..300 if is_page(&answer.body) => unavailable(intercepted),
        200..300 => grant(&answer.body).ok_or(PamError::Malformed { call, what: "holds no usable token" }),
        404 | 405 => Err(PamError::Misrouted(call)),
        408 => unavailable(Unavailable::Timeout),
        429 => Err(PamError::RateLimited { after: answer.retry_after }),
        500 => unavailable(Unavailable::Server),
        501.. => unavailable(Unavailable::Gateway { status: answer.status, after: answer.retry_after }),
        // The PAM refuses in JSON. A body that is empty counts as the PAM's all the same: asking again would get accounts
        // locked.
        _ if is_other_than_json(&answer.body) => unavailable(intercepted),
        // A refusal, and the message does not matter: asking again with the same login would get accounts locked.
        _ => Err(PamError::login_refused()),
    }
}

fn grant(body: &[u8]) -> Option<Grant> {
    let answer: TokenAnswer<'_> = serde_json::from_slice(body).ok()?;
    let is_bearer = answer.token_type.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    if !is_bearer || !(1..=LONGEST_TOKEN).contains(&answer.access_token.len()) {
        return None;
    }
    let seconds = answer.expires_in.unwrap_or(DEFAULT_LIFETIME);
    let seconds = seconds.clamp(*SANE_LIFETIME.start(), *SANE_LIFETIME.end());
    let header = sensitive("Bearer ", answer.access_token.as_bytes())?;
    Some(Grant { header, lifetime: Duration::from_secs(seconds.unsigned_abs()) })
}

/// Returns a header's value in a buffer that is wiped when the last clone is dropped.
fn sensitive(scheme: &str, credentials: &[u8]) -> Option<HeaderValue> {
    let mut text = Zeroizing::new(Vec::with_capacity(scheme.len() + credentials.len()));
    text.extend_from_slice(scheme.as_bytes());
    text.extend_from_slice(credentials);
    let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> HttpAnswer {
        HttpAnswer { status, retry_after: None, body: Zeroizing::new(body.as_bytes().to_vec()) }
    }

    fn lifetime(expires_in: &str) -> u64 {
        let body = format!(r#"{{"token_type":"bearer","access_token":"t","expires_in":{expires_in}}}"#);
        granted(&answer(200, &body)).unwrap().lifetime.as_secs()
    }

    #[test]
    fn odd_lifetimes_are_clamped() {
        let expected = [("600", 600), ("\"600\"", 600), ("0", 30), ("-5", 30), ("99999999999999999999", 3600)];
        for (expires_in, seconds) in expected {
            assert_eq!(lifetime(expires_in), seconds, "{expires_in}");
        }
        for unreadable in ["null", "\"soon\"", "[]"] {
            assert_eq!(lifetime(unreadable), 3600, "{unreadable}");
        }
        assert_eq!(granted(&answer(200, r#"{"access_token":"t"}"#)).unwrap().lifetime.as_secs(), 3600);
    }

    #[test]
    fn what_is_no_token_is_malformed() {
        let bodies = [
            "",
            "{}",
            "token",
            r#"{"access_token":""}"#,
            r#"{"access_token":5}"#,
            r#"{"access_token":"a\nb","token_type":"Bearer"}"#,
            r#"{"access_token":"t","token_type":"mac"}"#,
        ];
        for body in bodies {
            assert_eq!(granted(&answer(200, body)).unwrap_err().kind(), "malformed", "{body}");
        }
        let is_token =
            |length| granted(&answer(200, &format!(r#"{{"access_token":"{}"}}"#, "x".repeat(length)))).is_ok();
        assert!(is_token(LONGEST_TOKEN) && !is_token(LONGEST_TOKEN + 1));
    }

    #[test]
    fn a_refused_login_is_told_from_a_wrong_path_and_a_sick_pam() {
        let kind = |status| granted(&answer(status, "{}")).unwrap_err().kind();
        assert_eq!((kind(400), kind(401), kind(403)), ("login_refused", "login_refused", "login_refused"));
        assert_eq!((kind(404), kind(429), kind(500)), ("misrouted", "rate_limited", "unavailable_server"));
        assert_eq!((kind(502), kind(504)), ("unavailable_gateway", "unavailable_gateway"));
    }

    #[test]
    fn a_page_before_the_pam_refuses_no_login() {
        let kind = |status, body| granted(&answer(status, body)).unwrap_err().kind();
        for status in [200, 201, 400, 401, 403, 406, 451] {
            assert_eq!(kind(status, "<html>Request Rejected</html>"), "unavailable_intercepted", "{status}");
        }
        for status in [400, 401, 403] {
            assert_eq!(kind(status, "Forbidden"), "unavailable_intercepted", "{status}");
            assert_eq!(kind(status, r#"{"error":"invalid_client","message":"x"}"#), "login_refused", "{status}");
            assert_eq!(kind(status, " "), "login_refused", "{status}");
        }
        let html = [404, 408, 429, 500, 503].map(|status| kind(status, "<html>"));
        let expected =
            ["misrouted", "unavailable_timeout", "rate_limited", "unavailable_server", "unavailable_gateway"];
        assert_eq!(html, expected);
    }

    fn login(style: TokenRequest, tenant: Option<&str>) -> Login {
        let oauth2 = OAuth2 { client_id: "id".into(), client_secret: "CANARY &=\u{e9}".into() };
        Login { oauth2, tenant: tenant.map(str::to_owned), style }
    }

    #[test]
    fn a_tenant_is_asked_for_and_a_basic_login_stands_in_the_header_alone() {
        let form = String::from_utf8(login(TokenRequest::Form, Some("a&b")).form().to_vec()).unwrap();
        assert!(form.ends_with("&tenant=a%26b") && form.contains("client_secret="), "{form}");
        let basic = login(TokenRequest::Basic, Some("acme"));
        assert_eq!(*basic.form(), *b"grant_type=client_credentials&tenant=acme");
        assert_eq!(*login(TokenRequest::Basic, Some("")).form(), *b"grant_type=client_credentials");
        let header = basic.header().unwrap();
        assert_eq!(header.as_bytes(), b"Basic aWQ6Q0FOQVJZICY9w6k=");
        assert!(header.is_sensitive() && !format!("{header:?}").contains("aWQ6"));
    }

    #[test]
    fn neither_the_form_nor_the_header_shows_in_debug_and_the_form_is_encoded() {
        let login = login(TokenRequest::Form, None);
        assert!(!format!("{:?}", login.oauth2).contains("CANARY"));
        let text = "grant_type=client_credentials&client_id=id&client_secret=CANARY+%26%3D%C3%A9";
        assert_eq!(std::str::from_utf8(&login.form()).unwrap(), text);
        assert_eq!(login.header(), None);
        let grant = granted(&answer(200, r#"{"access_token":"CANARY"}"#)).unwrap();
        assert_eq!(grant.header.as_bytes(), b"Bearer CANARY");
        assert!(!format!("{grant:?}").contains("CANARY"));
    }
}

//! The token endpoint and the tokens it issued (API 1.2, 1.3).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::behaviour::TokenRequest;
use crate::call::{Call, Route};
use crate::config::ExpiresIn;
use crate::gateway::{no_route, within_restrictions};
use crate::state::{Executed, State};

/// How long tokens live where `expires_in` is no sane number (API 1.3).
const DEFAULT_LIFETIME: Duration = Duration::from_hours(1);

/// An issued token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// From 1, in order of issue.
    pub(crate) serial: u64,
    pub(crate) client_id: String,
    pub(crate) tenant: String,
    /// Absent: it outlives every test.
    pub(crate) expires: Option<Instant>,
    pub(crate) revoked: bool,
}

/// All tokens that this instance issued. Others are unknown to it: tokens are bound to their issuer.
#[derive(Default)]
pub(crate) struct Tokens {
    by_text: HashMap<String, Token>,
}

impl Tokens {
    /// The token behind this text.
    pub(crate) fn find(&self, text: &str) -> Option<&Token> {
        self.by_text.get(text)
    }

    /// How many were issued.
    pub(crate) fn issued(&self) -> usize {
        self.by_text.len()
    }

    /// Revokes all of them, as an administrator would.
    pub(crate) fn revoke_all(&mut self) {
        self.by_text.values_mut().for_each(|token| token.revoked = true);
    }

    /// Lets all of them run out now.
    pub(crate) fn expire_all(&mut self) {
        let now = Instant::now();
        self.by_text.values_mut().for_each(|token| token.expires = Some(now));
    }

    fn issue(&mut self, client_id: &str, tenant: &str, lifetime: Duration) -> (String, u64) {
        let serial = self.by_text.len() as u64 + 1;
        let text = token_text(client_id, tenant);
        let expires = Instant::now().checked_add(lifetime);
        let token =
            Token { serial, client_id: client_id.to_owned(), tenant: tenant.to_owned(), expires, revoked: false };
        self.by_text.insert(text.clone(), token);
        (text, serial)
    }
}

/// Answers a token call.
pub(crate) fn token(state: &mut State, call: &Call) -> Executed {
    let login = Login::of(call);
    let (answer, serial) = match problem(state, call, &login) {
        Some(answer) => (answer, None),
        None => issue(state, &login.client_id),
    };
    let mut done = Executed::answer(answer);
    done.login = Some((login.client_id, serial));
    done
}

/// What a token call carries. No `Debug`: it holds the secret.
struct Login {
    grant_type: Option<String>,
    client_id: String,
    secret: Option<String>,
    tenant: Option<String>,
    in_form: bool,
    in_header: bool,
}

impl Login {
    /// Id and secret come from the form, else from the header, as they are: not percent-encoded in there.
    fn of(call: &Call) -> Self {
        let field = |name: &str| call.form().find(|(key, _)| key == name).map(|(_, value)| value);
        let (id, secret) = (field("client_id"), field("client_secret"));
        let in_form = id.is_some() || secret.is_some();
        let header = call.authorization.as_deref().and_then(basic);
        let in_header = header.is_some();
        let (id, secret) = if in_form { (id, secret) } else { header.unzip() };
        let (grant_type, tenant) = (field("grant_type"), field("tenant"));
        Self { grant_type, client_id: id.unwrap_or_default(), secret, tenant, in_form, in_header }
    }

    /// Whether it names a client in a way that it may, with all that the client needs.
    fn is_good(&self, state: &State, call: &Call) -> bool {
        let way = match state.behaviour.token_request {
            TokenRequest::Either => true,
            TokenRequest::Form => self.in_form,
            TokenRequest::Basic => self.in_header && !self.in_form,
        };
        let Some(client) = state.authorizations.get(&self.client_id) else {
            return false;
        };
        // The pages on access keys name their token endpoint under `/api`, in every version.
        let place =
            client.access_key.is_none() || !call.path.starts_with("/iso/") || state.behaviour.token_path.is_some();
        let secret = self.secret.as_deref() == Some(client.client_secret.reveal());
        let tenant = match self.tenant.as_deref() {
            Some(tenant) => tenant == state.tenant_of(client),
            None => !state.behaviour.tenant_required,
        };
        let unrestricted = !state.behaviour.restrict_token_calls || within_restrictions(client, call);
        way && place && secret && tenant && unrestricted
    }
}

/// Id and secret of an HTTP Basic header.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, text) = header.trim().split_once(' ')?;
    let text = STANDARD.decode(text.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (id, secret) = std::str::from_utf8(&text).ok()?.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// What is wrong with a token call, as the answer that says so.
fn problem(state: &State, call: &Call, login: &Login) -> Option<Answer> {
    if !call.is_form() {
        return Some(oauth_error(400, "invalid_request", "pam-simulator: the token call takes a form body"));
    }
    if login.grant_type.as_deref() != Some("client_credentials") {
        return Some(oauth_error(400, "unsupported_grant_type", "The grant type is not supported"));
    }
    if let Some(key) = call.keys().iter().find(|key| !KEYS.contains(&key.as_str())) {
        return Some(oauth_error(400, "invalid_request", &format!("pam-simulator: unknown key \"{key}\"")));
    }
    if login.in_form && login.in_header {
        return Some(oauth_error(400, "invalid_request", "pam-simulator: the client is named in form and header"));
    }
    let is_a2a = state.authorizations.get(&login.client_id).is_some_and(|client| client.access_key.is_none());
    if call.route == Route::AccessKeyToken && is_a2a {
        return Some(no_route());
    }
    (!login.is_good(state, call)).then(|| oauth_error(401, "invalid_client", "Client authentication failed"))
}

const KEYS: [&str; 4] = ["grant_type", "client_id", "client_secret", "tenant"];

fn issue(state: &mut State, client_id: &str) -> (Answer, Option<u64>) {
    let tenant = state.authorizations.get(client_id).map(|client| state.tenant_of(client).to_owned());
    let lifetime = state.token_lifetime.unwrap_or_else(|| announced_lifetime(&state.expires_in));
    let (text, serial) = state.tokens.issue(client_id, &tenant.unwrap_or_default(), lifetime);
    let mut body = json!({ "token_type": "Bearer", "access_token": text });
    if let Some(expires_in) = announced(&state.expires_in) {
        body["expires_in"] = expires_in;
    }
    (Answer::json(200, &body), Some(serial))
}

fn announced(expires_in: &ExpiresIn) -> Option<Value> {
    match expires_in {
        ExpiresIn::Seconds(seconds) => Some((*seconds).into()),
        ExpiresIn::Text(text) => Some(text.as_str().into()),
        ExpiresIn::Missing => None,
    }
}

fn announced_lifetime(expires_in: &ExpiresIn) -> Duration {
    let seconds = match expires_in {
        ExpiresIn::Seconds(seconds) => u64::try_from(*seconds).ok(),
        ExpiresIn::Text(text) => text.parse().ok(),
        ExpiresIn::Missing => None,
    };
    seconds.filter(|&seconds| seconds > 0).map_or(DEFAULT_LIFETIME, Duration::from_secs)
}

/// An error of the authorisation server, in its own shape (API 1.6).
fn oauth_error(status: u16, error: &str, description: &str) -> Answer {
    let body = json!({ "error": error, "error_description": description, "message": description });
    Answer::json(status, &body).header("www-authenticate", "Basic realm=\"OAuth\"")
}

/// Three parts like a JWT; nobody but this instance can tell anything from it.
fn token_text(client_id: &str, tenant: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"RS256"}"#);
    let claims = json!({ "aud": client_id, "sub": "", "tenant": tenant, "scopes": [] }).to_string();
    let signature = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims))
}

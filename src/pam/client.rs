//! The client: one per connection.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{RequestBuilder, Response};
use url::Url;

use super::auth::{Grant, Login, Token, Tokens, granted};
use super::calls::{self, Disabled, Enabled, Listing, Most, id_segment, read_list};
use super::credential::{CredentialRequest, ListedCredential, Upserted};
use super::endpoint::{Deadlines, Endpoint, EndpointError};
use super::error::{Call, PamError};
use super::transport::{self, Answer, Origins, Permit, Seat};
use super::vault_id::{VaultId, host_of};
use super::wire::{Dialect, Failure, failure, failure_of, upserted};

/// Where the records of a list go.
type Sink<'a> = &'a mut (dyn FnMut(ListedCredential) + Send);
/// Who is told that the request for a list leaves.
type Sent<'a> = &'a (dyn Fn() + Sync);

/// A client of one PAM with one login. Cloning is cheap, and all clones share the token and the latch.
///
/// # Guarantees
///
/// - A call sends at most one request, but for a login where a token is missing, and for one repetition with a new
///   token where the PAM rejected the old one. Everything else is retried by the caller, or not.
/// - A refused login is not tried again, and later calls fail at once, until [`PamClient::retry_login`].
/// - The login and the token are sent to the endpoint's own origin only (P9).
/// - No credential is ever read by its id: that would hand out its value (P5).
#[derive(Clone)]
pub struct PamClient {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    vault: VaultId,
    token_url: Url,
    credential_url: Url,
    login: Login,
    dialect: Dialect,
    deadlines: Deadlines,
    tokens: Tokens,
    seat: Seat,
    longest_list: Most,
}

impl fmt::Debug for PamClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PamClient").field("origin", &self.inner.vault.origin).finish_non_exhaustive()
    }
}

impl PamClient {
    /// Makes a client; nothing is sent yet.
    pub fn new(endpoint: Endpoint, origins: &Origins, deadlines: Deadlines) -> Result<Self, EndpointError> {
        endpoint.check()?;
        let dialect = Dialect::of(endpoint.version, &endpoint.compatibility)?;
        let at = |path: &str| {
            let mut url = endpoint.url.clone();
            url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
            url
        };
        let inner = Inner {
            http: transport::client_for(&endpoint)?,
            token_url: at(&dialect.token_path),
            credential_url: at(&format!("{}/pam/credential", dialect.prefix)),
            longest_list: if endpoint.apart.is_some() { Most::APART } else { Most::USUAL },
            seat: origins.seat(&gate_of(&endpoint), endpoint.limits),
            vault: VaultId::new(&VaultId::origin_of(&endpoint.url), endpoint.tenant.as_deref()),
            login: Login { oauth2: endpoint.oauth2, tenant: endpoint.tenant, style: endpoint.token_request },
            dialect,
            deadlines,
            tokens: Tokens::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The PAM's address without a trailing slash: `https://host[:port][/path]`, the port only if it is not 443.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.inner.vault.origin
    }

    /// Where the client leads: its origin, and the tenant that the connection asks for.
    #[must_use]
    pub fn vault(&self) -> &VaultId {
        &self.inner.vault
    }

    /// Makes sure that there is a token: logs in unless a good one is held.
    pub async fn authenticate(&self) -> Result<(), PamError> {
        if self.inner.tokens.is_good() {
            return Ok(());
        }
        let permit = self.inner.enter(Call::Token).await?;
        self.inner.token(&permit).await.map(|_| ())
    }

    /// Logs in although the login was refused before: the slow second look. Success lets calls through again.
    pub async fn retry_login(&self) -> Result<(), PamError> {
        let permit = self.inner.seat.enter(Call::Token).await?;
        self.inner.tokens.second_look(|| self.inner.log_in(&permit)).await
    }

    /// Makes calls fail as after a refused login: for a refusal that is known from before a restart.
    pub fn remember_refused_login(&self) {
        self.inner.tokens.refuse();
    }

    /// Creates or updates a credential with one `POST` (API 2.6). An error may leave the outcome unknown:
    /// [`PamError::outcome_unknown`].
    pub async fn upsert_credential(&self, request: &CredentialRequest) -> Result<Upserted, PamError> {
        self.inner.upsert(request).await
    }

    /// Lists every credential that the authorization may see (API 4.2), and returns their number. The records go to
    /// `sink` while they arrive, and count only if the result is `Ok`.
    pub async fn list_credentials(&self, sink: &mut (dyn FnMut(ListedCredential) + Send)) -> Result<usize, PamError> {
        self.list_from(&|| (), sink).await
    }

    /// The same, and `sent` is called when the request leaves: after the login, and after the wait for others.
    pub(super) async fn list_from(&self, sent: Sent<'_>, sink: Sink<'_>) -> Result<usize, PamError> {
        self.inner.list(sent, sink).await
    }

    /// Disables the credential with this id by a `DELETE` (API 6.1); the PAM keeps the record. `NotFound` may also mean
    /// that this authorization does not see it. An error may leave the outcome unknown, and repeating it is safe.
    pub async fn disable_credential(&self, id: &str) -> Result<Disabled, PamError> {
        let inner = &self.inner;
        let url = inner.url_of(id)?;
        let request = || inner.http.delete(url.clone());
        inner.write(Call::DisableCredential, request, |answer| calls::disabled(answer, &inner.dialect)).await
    }

    /// Enables the credential with this id by a `PUT` without a body (API 6.1). Errors as for disabling.
    pub async fn enable_credential(&self, id: &str) -> Result<Enabled, PamError> {
        let inner = &self.inner;
        let url = inner.url_of(id)?;
        let request = || inner.http.put(url.clone());
        inner.write(Call::EnableCredential, request, |answer| calls::enabled(answer, &inner.dialect)).await
    }
}

impl Inner {
    /// A place for requests in flight; none for a login that was refused.
    async fn enter(&self, call: Call) -> Result<Permit<'_>, PamError> {
        self.tokens.check()?;
        self.seat.enter(call).await
    }

    async fn upsert(&self, request: &CredentialRequest) -> Result<Upserted, PamError> {
        let body = request.to_json(&self.dialect).map_err(|_| PamError::Rejected { code: None })?;
        let body = Bytes::from_owner(body);
        let post =
            || self.http.post(self.credential_url.clone()).header(CONTENT_TYPE, "application/json").body(body.clone());
        self.write(Call::UpsertCredential, post, upserted).await
    }

    /// The URL of one record.
    fn url_of(&self, id: &str) -> Result<Url, PamError> {
        let id = id_segment(id)?;
        let mut url = self.credential_url.clone();
        url.set_path(&format!("{}/{id}", url.path()));
        Ok(url)
    }

    /// A write: sent once, and once more with a new token where the PAM rejected the old one.
    async fn write<T>(
        &self,
        call: Call,
        request: impl Fn() -> RequestBuilder,
        meaning: impl Fn(&Answer) -> Result<T, Failure>,
    ) -> Result<T, PamError> {
        let permit = self.enter(call).await?;
        let token = self.token(&permit).await?;
        match self.write_once(call, &permit, with_token(request(), &token), &meaning).await {
            Err(failure) if failure.token_suspect => {
                let token = self.other_token(&permit, &token, failure.error).await?;
                let again = self.write_once(call, &permit, with_token(request(), &token), &meaning).await;
                again.map_err(|failure| failure.error)
            }
            outcome => outcome.map_err(|failure| failure.error),
        }
    }

    async fn list(&self, sent: Sent<'_>, sink: Sink<'_>) -> Result<usize, PamError> {
        let permit = self.enter(Call::ListCredentials).await?;
        let token = self.token(&permit).await?;
        match self.get_list(&permit, &token, sent, sink).await {
            // Such a failure comes before the first record, so that the sink has got nothing yet.
            Err(failure) if failure.token_suspect => {
                let token = self.other_token(&permit, &token, failure.error).await?;
                self.get_list(&permit, &token, sent, sink).await.map_err(|failure| failure.error)
            }
            outcome => outcome.map_err(|failure| failure.error),
        }
    }

    async fn write_once<T>(
        &self,
        call: Call,
        permit: &Permit<'_>,
        request: RequestBuilder,
        meaning: impl Fn(&Answer) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let pass = permit.pass(call).await?;
        let result = transport::exchange(call, request, self.deadlines.write).await;
        let mut suspect = false;
        let outcome = result.and_then(|answer| {
            meaning(&answer).map_err(|failure| {
                suspect = failure.token_suspect;
                failure.error
            })
        });
        pass.done(outcome).map_err(|error| Failure { error, token_suspect: suspect })
    }

    /// One list.
    async fn get_list(
        &self,
        permit: &Permit<'_>,
        token: &Token,
        sent: Sent<'_>,
        sink: Sink<'_>,
    ) -> Result<usize, Failure> {
        let call = Call::ListCredentials;
        let pass = permit.pass(call).await?;
        sent();
        let request = with_token(self.http.get(self.credential_url.clone()), token);
        let mut suspect = false;
        let outcome = transport::within(call, self.deadlines.list, async {
            let response = transport::send(call, request).await?;
            listed(response, self.longest_list, sink).await.map_err(|failure| {
                suspect = failure.token_suspect;
                failure.error
            })
        });
        let outcome = outcome.await;
        pass.done(outcome).map_err(|error| Failure { error, token_suspect: suspect })
    }

    async fn token(&self, permit: &Permit<'_>) -> Result<Token, PamError> {
        self.tokens.get(|| self.log_in(permit)).await
    }

    /// A token to repeat a call with whose token was rejected; `error` if there is none to be had now.
    async fn other_token(&self, permit: &Permit<'_>, rejected: &Token, error: PamError) -> Result<Token, PamError> {
        self.tokens.replace(rejected, error, || self.seat.may_refresh(), || self.log_in(permit)).await
    }

    /// One request for a token.
    async fn log_in(&self, permit: &Permit<'_>) -> Result<Grant, PamError> {
        let pass = permit.pass(Call::Token).await?;
        let mut request = self
            .http
            .post(self.token_url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(Bytes::from_owner(self.login.form()));
        if let Some(header) = self.login.header() {
            request = request.header(AUTHORIZATION, header);
        }
        let answer = transport::exchange(Call::Token, request, self.deadlines.read).await;
        pass.done(answer.and_then(|answer| granted(&answer)))
    }
}

fn with_token(request: RequestBuilder, token: &Token) -> RequestBuilder {
    request.header(AUTHORIZATION, token.header.clone()).header(ACCEPT, "application/json")
}

/// What an answer to a list request means.
async fn listed(response: Response, most: Most, sink: Sink<'_>) -> Result<usize, Failure> {
    let call = Call::ListCredentials;
    if !response.status().is_success() {
        let answer = transport::read(call, response).await?;
        return Err(failure(call, &answer));
    }
    let status = response.status().as_u16();
    let listing: Listing = read_list(response, most, sink).await?;
    if listing.envelope.says_error() {
        return Err(failure_of(call, status, None, &listing.envelope));
    }
    if !listing.is_list() {
        return Err(PamError::Malformed { call, what: "is no list" }.into());
    }
    Ok(listing.count)
}

/// Who shares limits and troubles.
fn gate_of(endpoint: &Endpoint) -> String {
    format!("{} {}", host_of(&endpoint.url), endpoint.apart.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pam::Inventory;

    /// Compiles only if the calls can run on any thread.
    #[allow(dead_code)]
    fn calls_can_be_spawned(client: &PamClient, inventory: &Inventory, request: &CredentialRequest) {
        fn spawnable(_: impl Send) {}
        spawnable(client.authenticate());
        spawnable(client.retry_login());
        spawnable(client.upsert_credential(request));
        spawnable(client.list_credentials(&mut |_| ()));
        spawnable(client.disable_credential("1"));
        spawnable(client.enable_credential("1"));
        spawnable(inventory.fresh(client, None));
    }
}

//! How the calls of one client are sent: with the client's token, within the limits of the origin, and a second time
//! with a new token where the PAM rejected the old one.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{RequestBuilder, Response};
use url::Url;

use super::list::{ListLimits, ListRow, Listing, read_list};
use super::switch::{Disabled, Enabled, disabled, enabled, id_segment};
use super::upsert::{upserted, without_secrets};
use crate::domain::Turn;
use crate::pam::auth::{Grant, Login, Token, Tokens, granted};
use crate::pam::credential::{CredentialRequest, ListedCredential, Upserted};
use crate::pam::endpoint::{Deadlines, Endpoint, EndpointError, Product};
use crate::pam::error::{Call, PamError};
use crate::pam::transport::{self, HttpAnswer, Member, Origins, Permit};
use crate::pam::vault_id::host_of;
use crate::pam::wire::{Dialect, Failure, failure, failure_of};

/// Takes the records of a list, one by one.
pub(in crate::pam) type Sink<'a, R = ListedCredential> = &'a mut (dyn FnMut(R) + Send);
/// Is called when the request for a list leaves.
pub(in crate::pam) type Sent<'a> = &'a (dyn Fn() + Sync);

/// Names a write, and whose turn it takes.
pub(in crate::pam) struct Write<'a> {
    pub(in crate::pam) call: Call,
    pub(in crate::pam) turn: &'a Turn,
}

/// Makes the calls of one client.
pub(in crate::pam) struct Caller {
    pub(in crate::pam) http: reqwest::Client,
    token_url: Url,
    /// The URL of what the connection's product keeps, and of nothing of another product.
    pub(in crate::pam) resource_url: Url,
    product: Product,
    login: Login,
    pub(super) dialect: Dialect,
    deadlines: Deadlines,
    tokens: Tokens,
    member: Member,
    /// Whether all calls are of one party, so that the party needs no turns.
    of_one_party: bool,
    list_limits: ListLimits,
}

impl Caller {
    /// Makes a caller; nothing is sent yet.
    pub(in crate::pam) fn new(
        endpoint: Endpoint,
        origins: &Origins,
        deadlines: Deadlines,
    ) -> Result<Self, EndpointError> {
        endpoint.check()?;
        let dialect = Dialect::of(endpoint.product, endpoint.version, &endpoint.compatibility)?;
        Ok(Self {
            http: transport::client_for(&endpoint)?,
            token_url: at_path(&endpoint.url, &dialect.token_path),
            resource_url: at_path(&endpoint.url, &format!("{}{}", dialect.prefix, endpoint.product.resource())),
            product: endpoint.product,
            list_limits: if endpoint.apart.is_some() { ListLimits::TENANT } else { ListLimits::OWNER },
            of_one_party: endpoint.apart.is_some(),
            member: origins.join(&group_of(&endpoint), endpoint.limits),
            login: Login { oauth2: endpoint.oauth2, tenant: endpoint.tenant, style: endpoint.token_request },
            dialect,
            deadlines,
            tokens: Tokens::default(),
        })
    }

    /// Makes sure that there is a token: logs in unless there is a fresh one.
    pub(in crate::pam) async fn authenticate(&self) -> Result<(), PamError> {
        if self.tokens.is_good() {
            return Ok(());
        }
        let permit = self.enter(Call::Token, &Turn::default()).await?;
        self.token(&permit).await.map(|_| ())
    }

    /// Logs in although the login was refused before. Success lets calls through again.
    pub(in crate::pam) async fn retry_login(&self) -> Result<(), PamError> {
        let permit = self.member.enter(Call::Token, &Turn::default()).await?;
        self.tokens.retry_refused(|| self.log_in(&permit)).await
    }

    /// Returns for how long the PAM has been left alone but for single probes.
    pub(in crate::pam) fn open_for(&self) -> Option<Duration> {
        self.member.open_for()
    }

    /// Returns how long until the next probe of a PAM that does not answer.
    pub(in crate::pam) fn next_probe(&self) -> Option<Duration> {
        self.member.next_probe()
    }

    /// Makes calls fail as after a refused login.
    pub(in crate::pam) fn remember_refused_login(&self) {
        self.tokens.refuse();
    }

    /// Creates or updates a credential with one `POST`.
    pub(in crate::pam) async fn upsert(&self, request: &CredentialRequest, turn: &Turn) -> Result<Upserted, PamError> {
        let body = request.to_json(&self.dialect).map_err(|_| PamError::Rejected { code: None })?;
        let body = Bytes::from_owner(body);
        let post = || with_body(self.http.post(self.resource_url.clone()), &body);
        let meaning = |answer: &HttpAnswer| upserted(answer).and_then(|upserted| without_secrets(upserted, request));
        self.write(Write { call: Call::UpsertCredential, turn }, post, meaning).await
    }

    /// Disables the credential with this id.
    pub(in crate::pam) async fn disable(&self, id: &str, turn: &Turn) -> Result<Disabled, PamError> {
        let url = self.url_of(id)?;
        let delete = || self.http.delete(url.clone());
        self.write(Write { call: Call::DisableCredential, turn }, delete, |answer| disabled(answer, &self.dialect))
            .await
    }

    /// Enables the credential with this id.
    pub(in crate::pam) async fn enable(&self, id: &str, turn: &Turn) -> Result<Enabled, PamError> {
        let url = self.url_of(id)?;
        let put = || self.http.put(url.clone());
        self.write(Write { call: Call::EnableCredential, turn }, put, |answer| enabled(answer, &self.dialect)).await
    }

    /// Lists the credentials, and returns their number. `sent` is called when the request leaves: after the login, and
    /// after the wait for other requests.
    pub(in crate::pam) async fn list(&self, sent: Sent<'_>, sink: Sink<'_>) -> Result<usize, PamError> {
        self.list_at(&self.resource_url, sent, sink).await
    }

    /// Lists what a URL leads to, as [`Caller::list`] does.
    pub(super) async fn list_at<R: ListRow>(
        &self,
        url: &Url,
        sent: Sent<'_>,
        sink: Sink<'_, R>,
    ) -> Result<usize, PamError> {
        let permit = self.enter(R::CALL, &Turn::default()).await?;
        let token = self.token(&permit).await?;
        let request = || self.http.get(url.clone());
        match self.list_once(&permit, with_token(request(), &token), sent, sink).await {
            // Such a failure comes before the first record, so that the sink has got nothing yet.
            Err(failure) if failure.new_token_may_help => {
                let token = self.other_token(&permit, &token, failure.error).await?;
                let second = self.list_once(&permit, with_token(request(), &token), sent, sink).await;
                second.map_err(|failure| failure.error)
            }
            outcome => outcome.map_err(|failure| failure.error),
        }
    }

    /// Waits until one more request may be in flight. Fails at once if the login was refused, or the call is another
    /// product's than the connection's.
    async fn enter(&self, call: Call, turn: &Turn) -> Result<Permit<'_>, PamError> {
        if call.product().is_some_and(|product| product != self.product) {
            return Err(PamError::OtherProduct(call));
        }
        self.tokens.check()?;
        if self.of_one_party {
            return self.member.enter(call, &turn.for_all()).await;
        }
        self.member.enter(call, turn).await
    }

    /// Returns the URL of one record.
    fn url_of(&self, id: &str) -> Result<Url, PamError> {
        let id = id_segment(id)?;
        let mut url = self.resource_url.clone();
        url.set_path(&format!("{}/{id}", url.path()));
        Ok(url)
    }

    /// Sends a write, or a read that changes something, and a second time with a new token where the PAM rejected the old one.
    pub(in crate::pam) async fn write<T>(
        &self,
        Write { call, turn }: Write<'_>,
        request: impl Fn() -> RequestBuilder,
        meaning: impl Fn(&HttpAnswer) -> Result<T, Failure>,
    ) -> Result<T, PamError> {
        let permit = self.enter(call, turn).await?;
        let token = self.token(&permit).await?;
        match self.write_once(call, &permit, with_token(request(), &token), &meaning).await {
            Err(failure) if failure.new_token_may_help => {
                let token = self.other_token(&permit, &token, failure.error).await?;
                let second = self.write_once(call, &permit, with_token(request(), &token), &meaning).await;
                second.map_err(|failure| failure.error)
            }
            outcome => outcome.map_err(|failure| failure.error),
        }
    }

    async fn write_once<T>(
        &self,
        call: Call,
        permit: &Permit<'_>,
        request: RequestBuilder,
        meaning: impl Fn(&HttpAnswer) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let ticket = permit.ticket(call).await?;
        let result = transport::exchange(call, request, self.deadlines.write).await;
        let mut new_token_may_help = false;
        let outcome = result.and_then(|answer| {
            meaning(&answer).map_err(|failure| {
                new_token_may_help = failure.new_token_may_help;
                failure.error
            })
        });
        ticket.done(outcome).map_err(|error| Failure { error, new_token_may_help })
    }

    async fn list_once<R: ListRow>(
        &self,
        permit: &Permit<'_>,
        request: RequestBuilder,
        sent: Sent<'_>,
        sink: Sink<'_, R>,
    ) -> Result<usize, Failure> {
        let call = R::CALL;
        let ticket = permit.ticket(call).await?;
        sent();
        let mut new_token_may_help = false;
        let outcome = transport::within(call, self.deadlines.list, async {
            let response = transport::send(call, request).await?;
            listed(response, self.list_limits, sink).await.map_err(|failure| {
                new_token_may_help = failure.new_token_may_help;
                failure.error
            })
        });
        let outcome = outcome.await;
        ticket.done(outcome).map_err(|error| Failure { error, new_token_may_help })
    }

    async fn token(&self, permit: &Permit<'_>) -> Result<Token, PamError> {
        self.tokens.get(|| self.log_in(permit)).await
    }

    /// Returns a token to repeat a call with whose token the PAM rejected; `error` if there can be none now.
    async fn other_token(&self, permit: &Permit<'_>, rejected: &Token, error: PamError) -> Result<Token, PamError> {
        self.tokens.replace(rejected, error, || self.member.may_refresh(), || self.log_in(permit)).await
    }

    /// Sends one request for a token.
    async fn log_in(&self, permit: &Permit<'_>) -> Result<Grant, PamError> {
        let ticket = permit.ticket(Call::Token).await?;
        let mut request = self
            .http
            .post(self.token_url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(Bytes::from_owner(self.login.form()));
        if let Some(header) = self.login.header() {
            request = request.header(AUTHORIZATION, header);
        }
        let grant = transport::exchange(Call::Token, request, self.deadlines.read).await.and_then(|got| granted(&got));
        ticket.done(grant).inspect(|_| self.member.refreshed(self.tokens.refresh()))
    }
}

/// Adds a body to a request.
pub(super) fn with_body(request: RequestBuilder, body: &Bytes) -> RequestBuilder {
    request.header(CONTENT_TYPE, "application/json").body(body.clone())
}

fn with_token(request: RequestBuilder, token: &Token) -> RequestBuilder {
    request.header(AUTHORIZATION, token.header.clone()).header(ACCEPT, "application/json")
}

/// Reads the answer to a list request.
async fn listed<R: ListRow>(response: Response, limits: ListLimits, sink: Sink<'_, R>) -> Result<usize, Failure> {
    let call = R::CALL;
    if !response.status().is_success() {
        let answer = transport::read(call, response).await?;
        return Err(failure(call, &answer));
    }
    let status = response.status().as_u16();
    let listing: Listing = read_list(response, limits, sink).await?;
    if listing.envelope.says_error() {
        return Err(failure_of(call, status, None, &listing.envelope));
    }
    if !listing.is_list() {
        return Err(PamError::Malformed { call, what: "is no list" }.into());
    }
    Ok(listing.count)
}

/// Returns the URL of a path below the PAM's address.
fn at_path(address: &Url, path: &str) -> Url {
    let mut url = address.clone();
    url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
    url
}

/// Returns the name of the group of clients that share limits and failures.
fn group_of(endpoint: &Endpoint) -> String {
    format!("{} {}", host_of(&endpoint.url), endpoint.apart.as_deref().unwrap_or_default())
}

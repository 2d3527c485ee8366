//! The token of one login. One request fetches the token for all calls that wait for one; the token is renewed early,
//! and after a refusal no login is sent (P10: accounts get locked).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::time::Instant;

use super::login::Grant;
use crate::pam::error::PamError;
use crate::pam::transport::TokenRefresh;

/// The time from an early renewal that failed to the next attempt; until then the old token is used.
const EARLY_RETRY: Duration = Duration::from_secs(30);
/// The time from a login that something before the PAM refused to the next attempt. All calls of the connection that need a
/// token would ask for one; should the refusal be the PAM's in a shape that nobody knows, that would get the account locked.
const INTERCEPTED_RETRY: Duration = Duration::from_mins(1);

/// A bearer token. `Debug` shows no part of it.
#[derive(Clone, Debug)]
pub(in crate::pam) struct Token {
    /// The value of the Authorization header; marked sensitive, and wiped when the last clone is dropped.
    pub(in crate::pam) header: HeaderValue,
    /// The token's number among those of its login, to tell a call's token from a newer one.
    number: u64,
    renew_at: Instant,
    expires_at: Instant,
}

/// The token of one login, and whether the login was refused.
#[derive(Debug, Default)]
pub(in crate::pam) struct Tokens {
    state: Mutex<State>,
    /// Held by the one call that asks for a token.
    flight: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    token: Option<Token>,
    refused: bool,
    /// The number of answers so far, tokens and failures together.
    answers: u64,
    failure: Option<PamError>,
    /// Until when `failure` is the answer to every login.
    withheld_until: Option<Instant>,
}

/// The state of the token that a login has.
enum TokenState {
    Fresh(Token),
    /// The token can be used, and its renewal is due.
    Aging(Token),
    Missing,
}

impl Tokens {
    /// Fails if the login was refused.
    pub(in crate::pam) fn check(&self) -> Result<(), PamError> {
        if self.state().refused { Err(PamError::login_refused()) } else { Ok(()) }
    }

    /// Returns true if a call could be made without a login.
    pub(in crate::pam) fn is_good(&self) -> bool {
        matches!(self.token_state(), TokenState::Fresh(_))
    }

    /// Returns why a token is asked for now although there was one; `None` if there was none, or the login was refused.
    pub(in crate::pam) fn refresh(&self) -> Option<TokenRefresh> {
        let state = self.state();
        match &state.token {
            Some(_) => Some(TokenRefresh::Expiry),
            // Only a token that the PAM rejected is dropped without a failure of a login.
            None => (state.answers > 0 && !state.refused && state.failure.is_none()).then_some(TokenRefresh::Rejected),
        }
    }

    /// Makes calls fail as after a refused login.
    pub(in crate::pam) fn refuse(&self) {
        let mut state = self.state();
        state.refused = true;
        state.token = None;
    }

    /// Returns a token that can be used now: the present one, or the one that `login` brings. All calls that wait share
    /// one login and its outcome.
    pub(in crate::pam) async fn get<F>(&self, login: impl FnOnce() -> F) -> Result<Token, PamError>
    where
        F: Future<Output = Result<Grant, PamError>>,
    {
        self.check()?;
        match self.token_state() {
            TokenState::Fresh(token) => Ok(token),
            TokenState::Aging(token) => self.renew_early(token, login).await,
            TokenState::Missing => self.renew(login).await,
        }
    }

    /// Returns another token than `rejected`: a newer one that is there already, or one from a login if `may_log_in` says
    /// so; else `error`. Of all calls that wait, only the one that would log in asks `may_log_in`.
    pub(in crate::pam) async fn replace<F>(
        &self,
        rejected: &Token,
        error: PamError,
        may_log_in: impl FnOnce() -> bool,
        login: impl FnOnce() -> F,
    ) -> Result<Token, PamError>
    where
        F: Future<Output = Result<Grant, PamError>>,
    {
        let answers_before = self.state().answers;
        let _flight = self.flight.lock().await;
        if let Some(shared) = self.answered_since(answers_before, Some(rejected.number)) {
            return shared;
        }
        if !may_log_in() {
            return Err(error);
        }
        // Dropped before the login, so that calls which begin now wait for the new token.
        self.state().token = None;
        self.log_in(login).await
    }

    /// Logs in although the login was refused before. A success lets calls through again.
    pub(in crate::pam) async fn retry_refused<F>(&self, login: impl FnOnce() -> F) -> Result<(), PamError>
    where
        F: Future<Output = Result<Grant, PamError>>,
    {
        let _flight = self.flight.lock().await;
        self.log_in(login).await.map(|_| ())
    }

    /// Renews an aging token. Only one call renews it; the others, and this one if the renewal fails, use the aging token.
    /// If the login is refused, the call fails.
    async fn renew_early<F>(&self, token: Token, login: impl FnOnce() -> F) -> Result<Token, PamError>
    where
        F: Future<Output = Result<Grant, PamError>>,
    {
        let Ok(_flight) = self.flight.try_lock() else {
            return Ok(token);
        };
        match self.log_in(login).await {
            Err(error) if error != PamError::login_refused() => {
                self.postpone_renewal();
                Ok(token)
            }
            renewed => renewed,
        }
    }

    async fn renew<F>(&self, login: impl FnOnce() -> F) -> Result<Token, PamError>
    where
        F: Future<Output = Result<Grant, PamError>>,
    {
        let answers_before = self.state().answers;
        let _flight = self.flight.lock().await;
        match self.answered_since(answers_before, None) {
            Some(shared) => shared,
            None => self.log_in(login).await,
        }
    }

    /// Returns the outcome of a login that ended while this call waited: a token other than the rejected one, or the
    /// login's failure. `None` if no login ended.
    fn answered_since(&self, answers: u64, rejected: Option<u64>) -> Option<Result<Token, PamError>> {
        let state = self.state();
        if state.refused {
            return Some(Err(PamError::login_refused()));
        }
        let now = Instant::now();
        let usable = |token: &Token| Some(token.number) != rejected && now < token.expires_at;
        if let Some(token) = state.token.clone().filter(usable) {
            return Some(Ok(token));
        }
        state.failure.clone().filter(|_| state.answers > answers).map(Err)
    }

    /// Asks for a token and keeps the outcome. The caller holds `flight`.
    async fn log_in<F>(&self, login: impl FnOnce() -> F) -> Result<Token, PamError>
    where
        F: Future<Output = Result<Grant, PamError>>,
    {
        // Taken before the request: the lifetime counts from when the token was made, not from when it arrived.
        let began = Instant::now();
        if let Some(error) = self.state().withheld(began) {
            return Err(error);
        }
        let outcome = login().await;
        let mut state = self.state();
        state.answers += 1;
        match outcome {
            Ok(grant) => Ok(state.keep(grant, began, rand::random())),
            Err(error) => {
                if error == PamError::login_refused() {
                    state.refused = true;
                    state.token = None;
                }
                state.withheld_until = error.is_intercepted_login().then(|| Instant::now() + INTERCEPTED_RETRY);
                state.failure = Some(error.clone());
                Err(error)
            }
        }
    }

    fn token_state(&self) -> TokenState {
        let now = Instant::now();
        match &self.state().token {
            Some(token) if now < token.renew_at => TokenState::Fresh(token.clone()),
            Some(token) if now < token.expires_at => TokenState::Aging(token.clone()),
            _ => TokenState::Missing,
        }
    }

    fn postpone_renewal(&self) {
        if let Some(token) = &mut self.state().token {
            token.renew_at = (Instant::now() + EARLY_RETRY).min(token.expires_at);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns the failure of the last login while no other login is sent for it.
    fn withheld(&self, now: Instant) -> Option<PamError> {
        self.failure.clone().filter(|_| self.withheld_until.is_some_and(|until| now < until))
    }

    /// Keeps a new token. Its renewal is due between 75 % and 85 % of the lifetime, so that many operators do not ask at
    /// the same time.
    fn keep(&mut self, grant: Grant, began: Instant, jitter: f64) -> Token {
        let token = Token {
            header: grant.header,
            number: self.answers,
            renew_at: began + grant.lifetime.mul_f64(0.75 + jitter / 10.0),
            expires_at: began + grant.lifetime,
        };
        self.refused = false;
        self.failure = None;
        self.withheld_until = None;
        self.token.insert(token).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pam::auth::login;
    use crate::pam::transport::HttpAnswer;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::time::{advance, sleep};

    fn granted(status: u16, body: &str) -> Result<Grant, PamError> {
        let body = zeroize::Zeroizing::new(body.as_bytes().to_vec());
        login::granted(&HttpAnswer { status, retry_after: None, body })
    }

    /// A token endpoint that takes a second and counts.
    #[derive(Default)]
    struct Endpoint(AtomicU32);

    impl Endpoint {
        async fn login(&self) -> Result<Grant, PamError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            sleep(Duration::from_secs(1)).await;
            granted(200, r#"{"access_token":"t","expires_in":100}"#)
        }

        async fn fail(&self, status: u16) -> Result<Grant, PamError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            sleep(Duration::from_secs(1)).await;
            granted(status, "")
        }

        fn count_one(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }

        fn count(&self) -> u32 {
            self.0.load(Ordering::SeqCst)
        }
    }

    async fn all_at_once<T, F>(calls: u32, call: impl Fn() -> F) -> Vec<T>
    where
        F: Future<Output = T>,
    {
        futures::future::join_all((0..calls).map(|_| call())).await
    }

    #[tokio::test(start_paused = true)]
    async fn many_callers_share_one_login() {
        let (tokens, endpoint) = (Tokens::default(), Endpoint::default());
        let got = all_at_once(50, || tokens.get(|| endpoint.login())).await;
        assert!(got.iter().all(Result::is_ok));
        assert_eq!(endpoint.count(), 1);
        let token = tokens.get(|| endpoint.login()).await.unwrap();
        let leaves = AtomicU32::new(0);
        let leave = || leaves.fetch_add(1, Ordering::SeqCst) == 0;
        let replace = || tokens.replace(&token, PamError::DeviceNotFound, leave, || endpoint.login());
        assert!(all_at_once(50, replace).await.iter().all(|got| got.as_ref().unwrap().number == 2));
        assert_eq!((endpoint.count(), leaves.load(Ordering::SeqCst)), (2, 1));
        assert_eq!(replace().await.unwrap().number, 2, "a late one takes the newer token");
    }

    #[tokio::test(start_paused = true)]
    async fn without_leave_the_calls_own_error_stands_and_the_token_stays() {
        let (tokens, endpoint) = (Tokens::default(), Endpoint::default());
        let token = tokens.get(|| endpoint.login()).await.unwrap();
        let denied = tokens.replace(&token, PamError::DeviceNotFound, || false, || endpoint.login()).await;
        assert_eq!(denied.unwrap_err(), PamError::DeviceNotFound);
        assert_eq!(tokens.get(|| endpoint.login()).await.unwrap().number, 1);
        assert_eq!(endpoint.count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_begin_during_a_replacement_wait_for_the_new_token() {
        let (tokens, endpoint) = (Tokens::default(), Endpoint::default());
        let token = tokens.get(|| endpoint.login()).await.unwrap();
        let replacing = tokens.replace(&token, PamError::DeviceNotFound, || true, || endpoint.login());
        let (replaced, got) = futures::join!(replacing, tokens.get(|| endpoint.login()));
        assert_eq!((replaced.unwrap().number, got.unwrap().number), (2, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn many_callers_share_one_failure_and_the_next_one_tries_again() {
        let (tokens, endpoint) = (Tokens::default(), Endpoint::default());
        let got = all_at_once(50, || tokens.get(|| endpoint.fail(502))).await;
        assert!(got.iter().all(|got| got.as_ref().unwrap_err().kind() == "unavailable_gateway"));
        assert_eq!(endpoint.count(), 1);
        tokens.get(|| endpoint.login()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_silences_the_login_until_it_is_retried() {
        let (tokens, endpoint) = (Tokens::default(), Endpoint::default());
        all_at_once(50, || tokens.get(|| endpoint.fail(401))).await;
        for _ in 0..10 {
            assert_eq!(tokens.get(|| endpoint.login()).await.unwrap_err(), PamError::login_refused());
        }
        assert_eq!(endpoint.count(), 1);
        assert_eq!(tokens.retry_refused(|| endpoint.fail(401)).await, Err(PamError::login_refused()));
        assert_eq!(tokens.check(), Err(PamError::login_refused()));
        tokens.retry_refused(|| endpoint.login()).await.unwrap();
        tokens.get(|| endpoint.login()).await.unwrap();
        assert_eq!(endpoint.count(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_that_something_before_the_pam_refused_is_tried_again_once_a_minute() {
        let (tokens, endpoint) = (Tokens::default(), Endpoint::default());
        let page = || async {
            endpoint.count_one();
            granted(403, "<html>")
        };
        for minute in 1..=3 {
            for _ in 0..10 {
                let error = tokens.get(page).await.unwrap_err();
                assert_eq!((error.kind(), endpoint.count()), ("unavailable_intercepted", minute));
                assert_eq!(tokens.retry_refused(page).await.unwrap_err().kind(), "unavailable_intercepted");
            }
            advance(INTERCEPTED_RETRY).await;
        }
        tokens.get(|| endpoint.login()).await.unwrap();
        advance(Duration::from_secs(86)).await;
        tokens.get(page).await.unwrap();
        tokens.get(page).await.unwrap();
        assert_eq!(endpoint.count(), 5, "a token that is good stays in use");
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_early_by_one_caller_while_the_others_go_on() {
        let (tokens, endpoint) = (Tokens::default(), Endpoint::default());
        tokens.get(|| endpoint.login()).await.unwrap();
        advance(Duration::from_secs(73)).await;
        tokens.get(|| endpoint.login()).await.unwrap();
        assert_eq!(endpoint.count(), 1);
        advance(Duration::from_secs(12)).await;
        let began = Instant::now();
        let got = all_at_once(20, || tokens.get(|| endpoint.login())).await;
        assert_eq!(endpoint.count(), 2);
        assert_eq!(got.iter().filter(|got| got.as_ref().unwrap().number == 1).count(), 19);
        assert_eq!(began.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_early_renewal_that_fails_does_not_fail_the_call_nor_repeat_at_once() {
        let (tokens, endpoint) = (Tokens::default(), Endpoint::default());
        tokens.get(|| endpoint.login()).await.unwrap();
        advance(Duration::from_secs(86)).await;
        for _ in 0..5 {
            tokens.get(|| endpoint.fail(502)).await.unwrap();
        }
        assert_eq!(endpoint.count(), 2);
        advance(Duration::from_secs(20)).await;
        tokens.get(|| endpoint.login()).await.unwrap();
        assert_eq!(endpoint.count(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_that_is_cancelled_leaves_the_way_free() {
        let tokens = Arc::new(Tokens::default());
        let endpoint = Arc::new(Endpoint::default());
        let cancelled = tokio::spawn({
            let (tokens, endpoint) = (Arc::clone(&tokens), Arc::clone(&endpoint));
            async move { tokens.get(|| endpoint.login()).await.map(|_| ()) }
        });
        sleep(Duration::from_millis(500)).await;
        cancelled.abort();
        tokens.get(|| endpoint.login()).await.unwrap();
        assert_eq!(endpoint.count(), 2);
    }
}

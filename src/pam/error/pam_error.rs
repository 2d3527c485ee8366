//! What went wrong, by meaning: callers match on what they will do, not on a status.
//!
//! No variant carries text of an answer, a URL, a header or a body. Everything that is shown is our own words.

use std::time::Duration;

use super::call::Call;
use super::code::{Meaning, field_of, meaning_of};
use super::entry_refusal::EntryRefusal;
use super::read_refusal::ReadRefusal;
use super::retry::RetryAdvice;
use super::summary;
use super::unavailable::{AuthFailure, Unavailable};
use crate::pam::endpoint::{AddressKind, Product};

/// A failed call to the PAM, by meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PamError {
    /// No such credential, or none that this authorization may see (1007).
    NotFound {
        /// The PAM's four-digit code, if it gave one.
        code: Option<u16>,
    },
    /// The device does not exist, or this authorization may not see it (1011). The error ends when the device is registered.
    DeviceNotFound,
    /// The PAM understood the request and refuses what it says (API 2.8). Sending the request again changes nothing.
    Rejected {
        /// The PAM's four-digit code, if it gave one.
        code: Option<u16>,
    },
    /// The authorization lacks a right: write permission (1039), this credential (1009), or the resource (500).
    PermissionDenied {
        /// The PAM's four-digit code, if it gave one.
        code: Option<u16>,
    },
    /// MySafe refuses a call about an entry. Sending the request again changes nothing.
    EntryRefused {
        /// What MySafe refuses.
        why: EntryRefusal,
        /// MySafe's four-digit code, if it gave one. Its codes mean other things than PAM Core's (API 1.7).
        code: Option<u16>,
    },
    /// PAM Core refuses the reading of a credential, or the release of its custody. Sending the request again changes
    /// nothing.
    ReadRefused {
        /// What PAM Core refuses.
        why: ReadRefusal,
        /// The PAM's four-digit code, if it gave one.
        code: Option<u16>,
    },
    /// The connection is for another product than the call. Nothing was sent.
    OtherProduct(Call),
    /// The PAM does not accept our login.
    AuthenticationFailed(AuthFailure),
    /// The connection's host leads to an address that a tenant's connection may not lead to. Nothing was sent.
    AddressNotAllowed(AddressKind),
    /// The id is not a number, so that no record can have it. Nothing was sent.
    InvalidId,
    /// Something other than the PAM's API answered: wrong URL or product version. Never "does not exist".
    Misrouted(Call),
    /// Something before the PAM, such as a firewall, answered in place of the PAM. That concerns this request alone: it
    /// says nothing of the token, of the PAM, or of other requests. (A login that ends so is
    /// [`Unavailable::Intercepted`].)
    Intercepted {
        /// The call that was answered.
        call: Call,
        /// The HTTP status.
        status: u16,
    },
    /// The PAM asked to slow down (429).
    RateLimited {
        /// How long the PAM asked to wait, if it said.
        after: Option<Duration>,
    },
    /// The next list is not due yet: lists are asked for no more often than the inventory allows.
    ListThrottled {
        /// Until the next list is allowed.
        after: Duration,
    },
    /// The PAM could not be reached, or did not answer properly.
    Unavailable {
        /// The call that failed.
        call: Call,
        /// What failed.
        why: Unavailable,
    },
    /// The answer is not what the API promises.
    Malformed {
        /// The call that was answered.
        call: Call,
        /// What is wrong with the answer, in our own words.
        what: &'static str,
    },
    /// The answer is a redirect, which is never followed: it would carry the token elsewhere.
    Redirected(Call),
    /// The answer is larger than allowed.
    TooLarge(Call),
    /// The list has no room beside the other lists of tenants' connections.
    ListNotKept,
}

impl PamError {
    /// Returns the error that a four-digit code of the PAM means in the answer to a call.
    #[must_use]
    pub fn of_code(call: Call, number: u16) -> Self {
        let code = Some(number);
        if call.product() == Some(Product::MySafe) {
            return Self::EntryRefused { why: EntryRefusal::of_code(number), code };
        }
        if call.is_reading() {
            return Self::ReadRefused { why: ReadRefusal::of_code(number), code };
        }
        match meaning_of(number) {
            Meaning::NotFound => Self::NotFound { code },
            Meaning::DeviceNotFound => Self::DeviceNotFound,
            Meaning::Denied => Self::PermissionDenied { code },
            Meaning::Rejected => Self::Rejected { code },
        }
    }

    /// Returns the error of a call that the PAM refuses without a code.
    pub(in crate::pam) fn without_code(call: Call) -> Self {
        match call.product() {
            Some(Product::MySafe) => Self::EntryRefused { why: EntryRefusal::Other, code: None },
            _ if call.is_reading() => Self::ReadRefused { why: ReadRefusal::Other, code: None },
            _ => Self::Rejected { code: None },
        }
    }

    /// Returns the error of a call that the login is not authorized for at all.
    pub(in crate::pam) fn not_authorized(call: Call) -> Self {
        match call.product() {
            Some(Product::MySafe) => Self::EntryRefused { why: EntryRefusal::NotAuthorized, code: None },
            _ if call.is_reading() => Self::ReadRefused { why: ReadRefusal::NotAuthorized, code: None },
            _ => Self::PermissionDenied { code: None },
        }
    }

    /// Returns the error of a login that the token endpoint refused.
    pub(in crate::pam) fn login_refused() -> Self {
        Self::AuthenticationFailed(AuthFailure::LoginRefused)
    }

    /// Returns true if something before the PAM answered in place of the token endpoint.
    pub(in crate::pam) fn is_intercepted_login(&self) -> bool {
        matches!(self, Self::Unavailable { why: Unavailable::Intercepted { .. }, .. })
    }

    /// Returns what happened and what to do about it: our own words, with the PAM's code where it gave one.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::NotFound { .. } | Self::DeviceNotFound => summary::not_found(self.code()),
            Self::Rejected { code } => summary::rejected(*code),
            Self::PermissionDenied { code } => summary::denied(*code),
            Self::EntryRefused { why, code } => summary::with_code(why.words(), *code),
            Self::ReadRefused { why, code } => summary::with_code(why.words(), *code),
            Self::OtherProduct(call) => summary::other_product(*call),
            Self::AuthenticationFailed(failure) => summary::authentication_failed(*failure).to_owned(),
            Self::AddressNotAllowed(kind) => summary::address_not_allowed(*kind),
            Self::InvalidId => "the record's id is not a number: the PAM was not asked".to_owned(),
            Self::Misrouted(call) => summary::misrouted(*call),
            Self::Intercepted { call, status } => summary::intercepted(*call, *status),
            Self::RateLimited { .. } => "the PAM asks for fewer requests (429)".to_owned(),
            Self::ListThrottled { after } => summary::list_throttled(*after),
            Self::Unavailable { call, why } => summary::unavailable(*call, *why),
            Self::Malformed { call, what } => summary::malformed(*call, what),
            Self::Redirected(call) => summary::redirected(*call),
            Self::TooLarge(call) => summary::too_large(*call),
            Self::ListNotKept => summary::LIST_NOT_KEPT.to_owned(),
        }
    }

    /// Returns true if the PAM may have executed a *write* in spite of the error, now or later. Always false for reads
    /// and logins.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::Unavailable { call, why } => call.is_write() && why.after_sending(),
            // A firewall that looks at answers refuses after the PAM has executed the call.
            Self::Intercepted { call, .. }
            | Self::Malformed { call, .. }
            | Self::Redirected(call)
            | Self::TooLarge(call) => call.is_write(),
            _ => false,
        }
    }

    /// Returns true if something before the PAM answered a *write* with a page or a redirect. Whoever chooses the path of a
    /// connection gets such an answer without any right to write: it must keep no other object from writing.
    #[must_use]
    pub fn is_write_answered_before_pam(&self) -> bool {
        match self {
            Self::Intercepted { call, .. } | Self::Redirected(call) => call.is_write(),
            _ => false,
        }
    }

    /// Returns what to do next.
    #[must_use]
    pub fn retry(&self) -> RetryAdvice {
        match self {
            Self::NotFound { .. }
            | Self::Rejected { .. }
            | Self::PermissionDenied { .. }
            | Self::EntryRefused { .. }
            | Self::ReadRefused { .. }
            | Self::OtherProduct(_)
            | Self::AuthenticationFailed(AuthFailure::LoginRefused)
            | Self::AddressNotAllowed(_)
            | Self::InvalidId
            | Self::Misrouted(_)
            | Self::Intercepted { .. }
            | Self::Redirected(_) => RetryAdvice::Permanent,
            Self::RateLimited { after } => after.map_or(RetryAdvice::Backoff, RetryAdvice::After),
            Self::ListThrottled { after } => RetryAdvice::After(*after),
            Self::Unavailable { call, why: Unavailable::Server } if call.has_content() => RetryAdvice::Bounded,
            Self::Unavailable { why, .. } => why.retry(),
            Self::DeviceNotFound
            | Self::AuthenticationFailed(AuthFailure::TokenRejected)
            | Self::Malformed { .. }
            | Self::TooLarge(_)
            | Self::ListNotKept => RetryAdvice::Backoff,
        }
    }

    /// Returns true if the PAM answered with a list that may not be complete: the list ends early, is damaged, holds no
    /// `credentials`, is too large, or was not kept. False where there was no answer to judge: a PAM that is out of
    /// reach, a connection that broke, a login refused, a list not due yet.
    #[must_use]
    pub fn list_is_incomplete(&self) -> bool {
        matches!(
            self,
            Self::Malformed { call: Call::ListCredentials | Call::ListEntries, .. }
                | Self::TooLarge(Call::ListCredentials | Call::ListEntries)
                | Self::ListNotKept
        )
    }

    /// Returns the PAM's four-digit code, if it gave one.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::NotFound { code }
            | Self::Rejected { code }
            | Self::PermissionDenied { code }
            | Self::EntryRefused { code, .. }
            | Self::ReadRefused { code, .. } => *code,
            Self::DeviceNotFound => Some(1011),
            _ => None,
        }
    }

    /// Returns the field that the PAM complains about, by its name in the API, if its code tells: see [`field_of`].
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        let is_of_a_write = !matches!(self, Self::EntryRefused { .. } | Self::ReadRefused { .. });
        self.code().filter(|_| is_of_a_write).and_then(field_of)
    }

    /// Returns a constant name of the meaning, for metrics and logs: `not_found`, `rejected`, `unavailable_timeout`, …
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::DeviceNotFound => "device_not_found",
            Self::Rejected { .. } => "rejected",
            Self::PermissionDenied { .. } => "permission_denied",
            Self::EntryRefused { why, .. } => why.kind(),
            Self::ReadRefused { why, .. } => why.kind(),
            Self::OtherProduct(_) => "other_product",
            Self::AuthenticationFailed(AuthFailure::LoginRefused) => "login_refused",
            Self::AuthenticationFailed(AuthFailure::TokenRejected) => "token_rejected",
            Self::AddressNotAllowed(_) => "address_not_allowed",
            Self::InvalidId => "invalid_id",
            Self::Misrouted(_) => "misrouted",
            Self::Intercepted { .. } => "intercepted",
            Self::RateLimited { .. } => "rate_limited",
            Self::ListThrottled { .. } => "list_throttled",
            Self::Unavailable { why, .. } => why.kind(),
            Self::Malformed { .. } => "malformed",
            Self::Redirected(_) => "redirected",
            Self::TooLarge(_) => "too_large",
            Self::ListNotKept => "list_not_kept",
        }
    }
}

impl std::fmt::Display for PamError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.summary())
    }
}

impl std::error::Error for PamError {}

#[cfg(test)]
mod tests {
    use super::super::{ProxyFault, TlsFault};
    use super::*;

    #[test]
    fn only_a_list_that_was_answered_and_is_not_whole_is_incomplete() {
        let list = Call::ListCredentials;
        let malformed = |call| PamError::Malformed { call, what: "is no complete list" };
        assert!(malformed(list).list_is_incomplete() && PamError::TooLarge(list).list_is_incomplete());
        assert!(PamError::ListNotKept.list_is_incomplete());
        let after = Duration::from_secs(1);
        let unavailable = [
            Unavailable::Tls(TlsFault::Refused),
            Unavailable::Proxy(ProxyFault::Refused),
            Unavailable::Connect,
            Unavailable::Timeout,
            Unavailable::Reset,
            Unavailable::Gateway { status: 502, after: None },
            Unavailable::Server,
            Unavailable::CircuitOpen { retry_after: after },
        ];
        let others = [
            malformed(Call::Token),
            malformed(Call::UpsertCredential),
            PamError::TooLarge(Call::Token),
            PamError::ListThrottled { after },
            PamError::RateLimited { after: None },
            PamError::AuthenticationFailed(AuthFailure::LoginRefused),
            PamError::AuthenticationFailed(AuthFailure::TokenRejected),
            PamError::PermissionDenied { code: None },
            PamError::Rejected { code: None },
            PamError::NotFound { code: None },
            PamError::Misrouted(list),
            PamError::Intercepted { call: list, status: 403 },
            PamError::Redirected(list),
            PamError::InvalidId,
            PamError::DeviceNotFound,
        ];
        let unavailable = unavailable.map(|why| PamError::Unavailable { call: list, why });
        for error in others.into_iter().chain(unavailable) {
            assert!(!error.list_is_incomplete(), "{error:?}");
        }
    }

    #[test]
    fn a_code_is_part_of_the_sentence() {
        let error = PamError::PermissionDenied { code: Some(1039) };
        assert!(error.summary().contains("read and write"));
        assert!(error.summary().ends_with("(PAM code 1039)"));
        assert!(PamError::DeviceNotFound.summary().contains("1011"));
        assert!(PamError::Rejected { code: Some(4321) }.summary().contains("4321"));
    }

    #[test]
    fn only_a_write_that_may_have_arrived_is_of_unknown_outcome() {
        let at = |call, why| PamError::Unavailable { call, why }.outcome_unknown();
        let gateway = Unavailable::Gateway { status: 504, after: None };
        for why in [Unavailable::Timeout, Unavailable::Reset, gateway, Unavailable::Server] {
            assert!(at(Call::UpsertCredential, why), "{why:?}");
            assert!(!at(Call::Token, why) && !at(Call::ListCredentials, why), "{why:?}");
        }
        let open = Unavailable::CircuitOpen { retry_after: Duration::from_secs(1) };
        let proxy = Unavailable::Proxy(ProxyFault::Interrupted);
        for why in [Unavailable::Connect, proxy, Unavailable::Tls(TlsFault::WrongName), open] {
            assert!(!at(Call::UpsertCredential, why), "{why:?}");
        }
        let entries = [Call::CreateEntry, Call::UpdateEntry, Call::DeactivateEntry, Call::ActivateEntry];
        for call in [Call::DisableCredential, Call::EnableCredential].into_iter().chain(entries) {
            assert!(at(call, Unavailable::Timeout) && !at(call, Unavailable::Connect), "{call:?}");
        }
        assert!(PamError::Malformed { call: Call::UpsertCredential, what: "x" }.outcome_unknown());
        let intercepted = |call| PamError::Intercepted { call, status: 403 }.outcome_unknown();
        assert!(intercepted(Call::UpsertCredential) && intercepted(Call::DisableCredential));
        assert!(!intercepted(Call::ListCredentials));
        assert!(!PamError::Rejected { code: Some(1053) }.outcome_unknown());
    }

    #[test]
    fn only_a_page_or_a_redirect_in_place_of_a_writes_answer_is_an_answer_before_the_pam() {
        let at = |call| {
            let errors = [PamError::Intercepted { call, status: 403 }, PamError::Redirected(call)];
            errors.map(|error| error.is_write_answered_before_pam())
        };
        assert_eq!(at(Call::UpsertCredential), [true; 2]);
        assert_eq!(at(Call::ListCredentials), [false; 2], "the list that a write's answer is judged by");
        let gateway = Unavailable::Gateway { status: 502, after: None };
        for why in [gateway, Unavailable::Timeout, Unavailable::Reset, Unavailable::Server] {
            let lost = PamError::Unavailable { call: Call::UpsertCredential, why };
            assert!(
                !lost.is_write_answered_before_pam(),
                "a proxy may say so after the PAM executed the write: {why:?}"
            );
        }
        let malformed = PamError::Malformed { call: Call::UpsertCredential, what: "x" };
        assert!(!malformed.is_write_answered_before_pam(), "it may be the PAM's own answer, cut short");
    }

    #[test]
    fn the_pams_own_delay_wins() {
        let delay = Duration::from_secs(7);
        assert_eq!(PamError::RateLimited { after: Some(delay) }.retry(), RetryAdvice::After(delay));
        assert_eq!(PamError::RateLimited { after: None }.retry(), RetryAdvice::Backoff);
        let why = Unavailable::Gateway { status: 503, after: Some(delay) };
        assert_eq!(PamError::Unavailable { call: Call::Token, why }.retry(), RetryAdvice::After(delay));
    }

    #[test]
    fn a_code_names_its_field() {
        assert_eq!(PamError::DeviceNotFound.field(), Some("hostname"));
        assert_eq!(PamError::Rejected { code: None }.field(), None);
    }

    #[test]
    fn an_unknown_code_is_a_refusal() {
        assert_eq!(PamError::of_code(Call::UpsertCredential, 4321), PamError::Rejected { code: Some(4321) });
    }

    #[test]
    fn one_code_has_another_meaning_in_each_product() {
        let of = |call| PamError::of_code(call, 1005);
        assert_eq!(of(Call::UpsertCredential), PamError::Rejected { code: Some(1005) });
        let entry = of(Call::UpdateEntry);
        assert_eq!(entry, PamError::EntryRefused { why: EntryRefusal::NotFound, code: Some(1005) });
        assert_eq!((entry.kind(), entry.field(), entry.code()), ("not_found", None, Some(1005)));
        assert!(entry.summary().ends_with("(PAM code 1005)") && !entry.summary().contains("address"));
        let denied = PamError::not_authorized(Call::ListEntries);
        assert!(denied.kind() == "permission_denied" && denied.summary().contains("access key"));
        let other = PamError::OtherProduct(Call::UpsertCredential);
        assert!(other.summary().contains("PAM Core") && !other.outcome_unknown());
    }
}

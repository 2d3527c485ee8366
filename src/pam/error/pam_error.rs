//! What went wrong, by meaning: callers match on what they will do, not on a status.
//!
//! No variant carries text of an answer, a URL, a header or a body. Everything that is shown is our own words.

use std::time::Duration;

use super::code::field_of;
use crate::pam::endpoint::AddressKind;

/// A failed call to the PAM, by meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PamError {
    /// No such credential, or none that this authorization may see (1007).
    NotFound {
        /// The PAM's four-digit code, if it gave one.
        code: Option<u16>,
    },
    /// The device does not exist, or this authorization may not see it (1011). Heals when it is registered.
    DeviceNotFound,
    /// The PAM understood the request and refuses what it says (API 2.8). Sending it again changes nothing.
    Rejected {
        /// The PAM's four-digit code, if it gave one.
        code: Option<u16>,
    },
    /// The authorization lacks a right: write permission (1039), this credential (1009), or the resource (500).
    PermissionDenied {
        /// The PAM's four-digit code, if it gave one.
        code: Option<u16>,
    },
    /// The PAM does not know us.
    AuthenticationFailed(AuthFailure),
    /// The connection's host leads to an address that a tenant's connection may not lead to. Nothing was sent.
    AddressNotAllowed(AddressKind),
    /// The id is not a number, so that no record can have it. Nothing was sent.
    InvalidId,
    /// Something answered that is not the PAM's API: wrong URL or product version. Never "does not exist".
    Misrouted(Call),
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
}

/// Which call to the PAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Asking the token endpoint for a token.
    Token,
    /// `POST` of a credential.
    UpsertCredential,
    /// `GET` of all credentials.
    ListCredentials,
    /// `DELETE` of a credential, which disables it.
    DisableCredential,
    /// `PUT` of a credential, which enables it.
    EnableCredential,
}

impl Call {
    /// A constant name, for metrics and logs: `token`, `upsert_credential`, `list_credentials`,
    /// `disable_credential`, `enable_credential`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::UpsertCredential => "upsert_credential",
            Self::ListCredentials => "list_credentials",
            Self::DisableCredential => "disable_credential",
            Self::EnableCredential => "enable_credential",
        }
    }

    /// True if the call changes something in the PAM.
    #[must_use]
    pub fn is_write(self) -> bool {
        matches!(self, Self::UpsertCredential | Self::DisableCredential | Self::EnableCredential)
    }
}

/// How the PAM showed that it does not know us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthFailure {
    /// The token endpoint refused the client id or secret. The client stays silent from then on.
    LoginRefused,
    /// The login is good, but the PAM does not accept the token it gave.
    TokenRejected,
}

/// Why the PAM counts as unavailable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// The TLS handshake failed: nothing was sent.
    Tls(TlsFault),
    /// No connection: refused, unreachable, or the name does not resolve. Nothing was sent.
    Connect,
    /// No answer within the deadline.
    Timeout,
    /// The connection broke before the answer was complete.
    Reset,
    /// The gateway answered for the application (502, 503, 504 and the like).
    Gateway {
        /// The HTTP status.
        status: u16,
        /// `Retry-After`, if there was one.
        after: Option<Duration>,
    },
    /// The application failed (500 "Unexpected error"): a fault, or an input that it cannot cope with (API 2.8).
    Server,
    /// Not even tried: this PAM failed repeatedly, and another call is probing it.
    CircuitOpen {
        /// When the next probe is due.
        retry_after: Duration,
    },
}

/// Why a TLS handshake failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// The certificate was issued by an authority that is not trusted.
    UnknownAuthority,
    /// The certificate is for another name.
    WrongName,
    /// The certificate has expired, or is not valid yet.
    OutOfDate,
    /// The certificate cannot be used for another reason, such as a key or a signature too weak.
    BadCertificate,
    /// The peer asks for a client certificate, or refused the handshake.
    Refused,
    /// Whatever answered does not speak TLS as it should.
    Protocol,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Nothing but a change, or a slow second look, helps.
    Permanent,
    /// Try again with exponential backoff.
    Backoff,
    /// Try again with exponential backoff, but a few times only; then as for [`Retry::Permanent`]. The PAM may be at
    /// fault, or it cannot cope with what is sent to it (API 7 #21).
    Bounded,
    /// Try again, not before this time has passed.
    After(Duration),
}

impl PamError {
    /// True if the PAM may have executed a *write* all the same, now or later. Always false for reads and logins.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::Unavailable { call, why } => call.is_write() && why.after_sending(),
            Self::Malformed { call, .. } | Self::Redirected(call) | Self::TooLarge(call) => call.is_write(),
            _ => false,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::NotFound { .. }
            | Self::Rejected { .. }
            | Self::PermissionDenied { .. }
            | Self::AuthenticationFailed(AuthFailure::LoginRefused)
            | Self::AddressNotAllowed(_)
            | Self::InvalidId
            | Self::Misrouted(_)
            | Self::Redirected(_) => Retry::Permanent,
            Self::RateLimited { after } => after.map_or(Retry::Backoff, Retry::After),
            Self::ListThrottled { after } => Retry::After(*after),
            Self::Unavailable { call: Call::UpsertCredential, why: Unavailable::Server } => Retry::Bounded,
            Self::Unavailable { why, .. } => why.retry(),
            Self::DeviceNotFound
            | Self::AuthenticationFailed(AuthFailure::TokenRejected)
            | Self::Malformed { .. }
            | Self::TooLarge(_) => Retry::Backoff,
        }
    }

    /// True if the PAM answered with a list that cannot be trusted to be all of it: it ends early, is damaged, holds no
    /// `credentials`, or is larger than what is read. False where there was no answer to judge: a PAM that is out of
    /// reach, a connection that broke, a login refused, a list not due yet.
    #[must_use]
    pub fn list_is_incomplete(&self) -> bool {
        matches!(self, Self::Malformed { call: Call::ListCredentials, .. } | Self::TooLarge(Call::ListCredentials))
    }

    /// The PAM's four-digit code, if it gave one.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::NotFound { code } | Self::Rejected { code } | Self::PermissionDenied { code } => *code,
            Self::DeviceNotFound => Some(1011),
            _ => None,
        }
    }

    /// The field that the PAM complains about, by its name in the API, if its code tells: see [`field_of`].
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        field_of(self.code()?)
    }

    /// A constant name of the meaning, for metrics and logs: `not_found`, `rejected`, `unavailable_timeout`, …
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::DeviceNotFound => "device_not_found",
            Self::Rejected { .. } => "rejected",
            Self::PermissionDenied { .. } => "permission_denied",
            Self::AuthenticationFailed(AuthFailure::LoginRefused) => "login_refused",
            Self::AuthenticationFailed(AuthFailure::TokenRejected) => "token_rejected",
            Self::AddressNotAllowed(_) => "address_not_allowed",
            Self::InvalidId => "invalid_id",
            Self::Misrouted(_) => "misrouted",
            Self::RateLimited { .. } => "rate_limited",
            Self::ListThrottled { .. } => "list_throttled",
            Self::Unavailable { why, .. } => why.kind(),
            Self::Malformed { .. } => "malformed",
            Self::Redirected(_) => "redirected",
            Self::TooLarge(_) => "too_large",
        }
    }
}

impl Unavailable {
    /// True if the request may have reached the PAM.
    fn after_sending(self) -> bool {
        match self {
            Self::Timeout | Self::Reset | Self::Gateway { .. } | Self::Server => true,
            Self::Tls(_) | Self::Connect | Self::CircuitOpen { .. } => false,
        }
    }

    fn retry(self) -> Retry {
        match self {
            Self::CircuitOpen { retry_after } => Retry::After(retry_after),
            Self::Gateway { after: Some(after), .. } => Retry::After(after),
            _ => Retry::Backoff,
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Tls(_) => "unavailable_tls",
            Self::Connect => "unavailable_connect",
            Self::Timeout => "unavailable_timeout",
            Self::Reset => "unavailable_reset",
            Self::Gateway { .. } => "unavailable_gateway",
            Self::Server => "unavailable_server",
            Self::CircuitOpen { .. } => "unavailable_circuit_open",
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
    use super::*;

    #[test]
    fn only_a_list_that_was_answered_and_is_not_whole_is_incomplete() {
        let list = Call::ListCredentials;
        let malformed = |call| PamError::Malformed { call, what: "is no complete list" };
        assert!(malformed(list).list_is_incomplete() && PamError::TooLarge(list).list_is_incomplete());
        let after = Duration::from_secs(1);
        let unavailable = [
            Unavailable::Tls(TlsFault::Refused),
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
            PamError::Redirected(list),
            PamError::InvalidId,
            PamError::DeviceNotFound,
        ];
        let unavailable = unavailable.map(|why| PamError::Unavailable { call: list, why });
        for error in others.into_iter().chain(unavailable) {
            assert!(!error.list_is_incomplete(), "{error:?}");
        }
    }
}

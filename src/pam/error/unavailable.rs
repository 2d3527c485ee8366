//! Why a PAM could not be used: no connection, no proper answer, or no accepted login.

use std::time::Duration;

use super::retry::RetryAdvice;

/// How the PAM showed that it does not know our login.
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
    /// No connection through the proxy: nothing was sent to the PAM.
    Proxy(ProxyFault),
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
    /// Something before the PAM, such as a firewall, answered in place of the token endpoint. The login was not refused.
    Intercepted {
        /// The HTTP status.
        status: u16,
    },
    /// The application failed (500 "Unexpected error"): a fault, or a value that the PAM cannot cope with (API 2.8).
    Server,
    /// Nothing was sent: this PAM failed several times in a row, and the next probe is not due or is under way.
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
    /// The certificate names no host: it has no subject alternative name, and a common name does not count.
    NoAlternativeName,
    /// The certificate has expired, or is not valid yet.
    OutOfDate,
    /// The certificate cannot be used for another reason, such as a key or a signature too weak.
    BadCertificate,
    /// The peer asks for a client certificate, or refused the handshake.
    Refused,
    /// The peer does not speak TLS as it should.
    Protocol,
}

/// Why there is no connection through a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyFault {
    /// No connection to the proxy.
    Unreachable,
    /// The proxy asks for a login, or does not accept the one given (407).
    LoginRefused,
    /// The proxy answered, and made no connection to the PAM.
    Refused,
    /// The proxy did not answer in time, or the connection broke before there was TLS with the PAM.
    Interrupted,
}

impl Unavailable {
    /// Returns true if the request may have reached the PAM.
    pub(super) fn after_sending(self) -> bool {
        match self {
            Self::Timeout | Self::Reset | Self::Gateway { .. } | Self::Server => true,
            Self::Tls(_) | Self::Proxy(_) | Self::Connect | Self::Intercepted { .. } | Self::CircuitOpen { .. } => {
                false
            }
        }
    }

    /// Returns what to do next.
    pub(super) fn retry(self) -> RetryAdvice {
        match self {
            Self::CircuitOpen { retry_after } => RetryAdvice::After(retry_after),
            Self::Gateway { after: Some(after), .. } => RetryAdvice::After(after),
            _ => RetryAdvice::Backoff,
        }
    }

    /// Returns a constant name, for metrics and logs.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Tls(_) => "unavailable_tls",
            Self::Proxy(_) => "unavailable_proxy",
            Self::Connect => "unavailable_connect",
            Self::Timeout => "unavailable_timeout",
            Self::Reset => "unavailable_reset",
            Self::Gateway { .. } => "unavailable_gateway",
            Self::Intercepted { .. } => "unavailable_intercepted",
            Self::Server => "unavailable_server",
            Self::CircuitOpen { .. } => "unavailable_circuit_open",
        }
    }
}

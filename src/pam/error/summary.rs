//! What a failure means and what to do about it, in sentences for users (API 1.6 and 2.8).

use super::code::words_of;
use super::pam_error::{AuthFailure, Call, PamError, TlsFault, Unavailable};

impl PamError {
    /// What happened and what to do about it: our own words, with the PAM's code where it gave one.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::NotFound { code } => coded(*code, NOT_FOUND),
            Self::DeviceNotFound => coded(self.code(), NOT_FOUND),
            Self::Rejected { code: None } => REJECTED_WITHOUT_CODE.to_owned(),
            Self::Rejected { code } => coded(*code, REJECTED),
            Self::PermissionDenied { code } => coded(*code, DENIED),
            Self::AuthenticationFailed(failure) => authentication_failed(*failure).to_owned(),
            Self::AddressNotAllowed(kind) => format!(
                "the connection's host leads to {kind}, and no connection was made: correct the url, or let whoever \
                 runs the operator add that very address to the chart's allowedHosts (--allowed-hosts)"
            ),
            Self::InvalidId => "the record's id is not a number: the PAM was not asked".to_owned(),
            Self::Misrouted(call) => misrouted(*call),
            Self::RateLimited { .. } => "the PAM asks for fewer requests (429)".to_owned(),
            Self::ListThrottled { after } => {
                format!("the PAM's list is asked for again in {} s", after.as_secs().max(1))
            }
            Self::Unavailable { call, why } => unavailable(*call, *why),
            Self::Malformed { call, what } => format!("the PAM's answer to {} {what}", words(*call)),
            Self::Redirected(call) => format!(
                "{} was answered with a redirect, which is not followed: set the connection's url \
                 to the address that the PAM itself answers at",
                words(*call)
            ),
            Self::TooLarge(call) => format!("the PAM's answer to {} is larger than allowed", words(*call)),
        }
    }
}

fn with_code(text: &str, code: Option<u16>) -> String {
    match code {
        Some(code) => format!("{text} (PAM code {code})"),
        None => text.to_owned(),
    }
}

fn words(call: Call) -> &'static str {
    match call {
        Call::Token => "the login",
        Call::UpsertCredential => "the write of the credential",
        Call::ListCredentials => "the list of credentials",
        Call::DisableCredential => "the disabling of the credential",
        Call::EnableCredential => "the enabling of the credential",
    }
}

/// The words of a code, or `otherwise`; the code itself stands behind.
fn coded(code: Option<u16>, otherwise: &str) -> String {
    with_code(code.and_then(words_of).unwrap_or(otherwise), code)
}

const REJECTED: &str = "the PAM refused the credential: look the code up in the PAM's API documentation";
const REJECTED_WITHOUT_CODE: &str =
    "the PAM refused the credential without naming a reason: compare its fields with the PAM's rules";
const DENIED: &str = "the authorization may not use this part of the API: give it the resource \"PAM Core\" \
                      with read and write permission in the PAM";
const NOT_FOUND: &str = "the PAM has no such credential, or the authorization may not see it: \
                         add the credential to the authorization in the PAM";

fn authentication_failed(failure: AuthFailure) -> &'static str {
    match failure {
        AuthFailure::LoginRefused => {
            "the PAM refused the login: check client id and client secret in the connection's Secret, \
             the tenant and the client certificate where they are set, and that the authorization is active and not expired"
        }
        AuthFailure::TokenRejected => {
            "the PAM gave a token and then did not accept it: check that url is the address of the tenant \
             that the authorization belongs to, and the clocks of the PAM's nodes"
        }
    }
}

fn misrouted(call: Call) -> String {
    format!(
        "whatever answered {} does not know this path: check the connection's url and productVersion, \
         and apiPrefix and tokenPath where they are set (404)",
        words(call)
    )
}

fn unavailable(call: Call, why: Unavailable) -> String {
    let is_upsert = call == Call::UpsertCredential;
    let call = words(call);
    match why {
        Unavailable::Tls(fault) => tls(fault).to_owned(),
        Unavailable::Connect => "no connection to the PAM: check the connection's url, name resolution, \
                                 and that the network lets the operator through"
            .to_owned(),
        Unavailable::Timeout => format!("the PAM did not answer {call} in time"),
        Unavailable::Reset => format!("the connection to the PAM broke during {call}"),
        Unavailable::Gateway { status, .. } => {
            format!("the PAM's gateway could not reach the PAM for {call} ({status})")
        }
        // An unknown owner is the one input that is known to be answered so (API 2.4).
        Unavailable::Server if is_upsert => format!(
            "the PAM failed at {call} (500): if it repeats, check that its owner is a user of \
             the PAM, look for another field value that the PAM cannot cope with, and into the PAM's logs"
        ),
        Unavailable::Server => format!("the PAM failed at {call} (500): if it repeats, look into the PAM's logs"),
        Unavailable::CircuitOpen { retry_after } => {
            let seconds = retry_after.as_secs().max(1);
            format!("the PAM failed several times in a row and is left alone; next try in {seconds} s")
        }
    }
}

fn tls(fault: TlsFault) -> &'static str {
    match fault {
        TlsFault::UnknownAuthority => {
            "the PAM's certificate comes from an authority that is not trusted: \
             give that authority's certificate as the connection's caBundle"
        }
        TlsFault::WrongName => {
            "the PAM's certificate is for another name: set the connection's url to a name in the certificate, \
             or replace the certificate"
        }
        TlsFault::OutOfDate => "the PAM's certificate has expired or is not valid yet: renew it in the PAM",
        TlsFault::BadCertificate => {
            "the PAM's certificate cannot be used: replace it by one with a key of 2048 bits or more \
             and a current signature"
        }
        TlsFault::Refused => {
            "the PAM refused the TLS handshake: it may require a client certificate, or does not accept the one given"
        }
        TlsFault::Protocol => "what answers at the connection's url does not speak TLS: check host and port",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pam::error::Retry;
    use std::time::Duration;

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
        for why in [Unavailable::Connect, Unavailable::Tls(TlsFault::WrongName), open] {
            assert!(!at(Call::UpsertCredential, why), "{why:?}");
        }
        for call in [Call::DisableCredential, Call::EnableCredential] {
            assert!(at(call, Unavailable::Timeout) && !at(call, Unavailable::Connect), "{call:?}");
        }
        assert!(PamError::Malformed { call: Call::UpsertCredential, what: "x" }.outcome_unknown());
        assert!(!PamError::Rejected { code: Some(1053) }.outcome_unknown());
    }

    #[test]
    fn the_pams_own_delay_wins() {
        let delay = Duration::from_secs(7);
        assert_eq!(PamError::RateLimited { after: Some(delay) }.retry(), Retry::After(delay));
        assert_eq!(PamError::RateLimited { after: None }.retry(), Retry::Backoff);
        let why = Unavailable::Gateway { status: 503, after: Some(delay) };
        assert_eq!(PamError::Unavailable { call: Call::Token, why }.retry(), Retry::After(delay));
    }
}

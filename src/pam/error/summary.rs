//! What a failure means and what to do about it, in sentences for users (API 1.6 and 2.8).

use std::time::Duration;

use super::call::Call;
use super::code::words_of;
use super::unavailable::{AuthFailure, ProxyFault, TlsFault, Unavailable};
use crate::pam::endpoint::AddressKind;

/// Returns the sentence for a credential that was not found.
pub(super) fn not_found(code: Option<u16>) -> String {
    coded(code, NOT_FOUND)
}

/// Returns the sentence for a request that the PAM refuses.
pub(super) fn rejected(code: Option<u16>) -> String {
    coded(code, if code.is_some() { REJECTED } else { REJECTED_WITHOUT_CODE })
}

/// Returns the sentence for a missing right.
pub(super) fn denied(code: Option<u16>) -> String {
    coded(code, DENIED)
}

/// Returns the sentence for an address that a tenant's connection may not lead to.
pub(super) fn address_not_allowed(kind: AddressKind) -> String {
    format!(
        "the connection's host leads to {kind}, and no connection was made: correct the url, or ask the people \
         who run the operator to add that very address to the chart's allowedHosts (--allowed-hosts)"
    )
}

/// Returns the sentence for a list that is not due yet.
pub(super) fn list_throttled(after: Duration) -> String {
    format!("the PAM's list is asked for again in {} s", after.as_secs().max(1))
}

/// Returns the sentence for an answer that the API does not promise; `what` says what is wrong with the answer.
pub(super) fn malformed(call: Call, what: &str) -> String {
    format!("the PAM's answer to {} {what}", words(call))
}

/// Returns the sentence for a call of another product than the connection's.
pub(super) fn other_product(call: Call) -> String {
    let product = call.product().map(|product| product.to_string()).unwrap_or_default();
    format!(
        "{} is a call of {product}, and the connection is for another product, so that nothing was sent: name a \
         connection for {product}",
        words(call)
    )
}

/// Returns the sentence for a redirect.
pub(super) fn redirected(call: Call) -> String {
    format!(
        "{} was answered with a redirect, which is not followed: set the connection's url \
         to the address that the PAM itself answers at",
        words(call)
    )
}

/// The sentence for a list that has no room.
pub(super) const LIST_NOT_KEPT: &str = "the PAM's list was not kept: the lists of PamConnections, of this namespace or of all, would take more memory than they may. Give the OAuth client access to fewer records, or delete PamConnections that are not needed";

/// Returns the sentence for an answer that is too large.
pub(super) fn too_large(call: Call) -> String {
    format!("the PAM's answer to {} is larger than allowed", words(call))
}

/// Returns a sentence followed by the PAM's code.
pub(super) fn with_code(text: &str, code: Option<u16>) -> String {
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
        Call::ReadCredential => "the reading of the credential",
        Call::ReleaseCustody => "the release of the custody",
        Call::CreateEntry => "the creation of the entry",
        Call::UpdateEntry => "the change of the entry",
        Call::ListEntries => "the list of entries",
        Call::DeactivateEntry => "the deactivation of the entry",
        Call::ActivateEntry => "the activation of the entry",
    }
}

/// Returns the words of a code, or `otherwise` where the catalogue has none, followed by the code itself.
fn coded(code: Option<u16>, otherwise: &str) -> String {
    with_code(code.and_then(words_of).unwrap_or(otherwise), code)
}

const REJECTED: &str = "the PAM refused the credential: look the code up in the PAM's API documentation";
const REJECTED_WITHOUT_CODE: &str =
    "the PAM refused the credential without naming a reason: compare its fields with the PAM's rules";
const DENIED: &str = "the authorization is not allowed to use this part of the API: give it the resource \"PAM Core\" \
                      with read and write permission in the PAM";
const NOT_FOUND: &str = "the PAM has no such credential, or the authorization does not see it: \
                         add the credential to the authorization in the PAM";

/// Returns the sentence for a login that the PAM does not accept.
pub(super) fn authentication_failed(failure: AuthFailure) -> &'static str {
    match failure {
        AuthFailure::LoginRefused => {
            "the PAM refused the login: check client id and client secret in the connection's Secret, \
             the tenant and the client certificate where they are set, and that the authorization (for MySafe: the access \
             key) is active and not expired"
        }
        AuthFailure::TokenRejected => {
            "the PAM gave a token and then did not accept it: check that url is the address of the tenant \
             that the authorization (for MySafe: the access key) belongs to, and the clocks of the PAM's nodes"
        }
    }
}

/// Returns the sentence for an answer of something other than the PAM's API.
pub(super) fn misrouted(call: Call) -> String {
    format!(
        "the server that answered {} does not know this path: check the connection's url and productVersion, \
         and apiPrefix and tokenPath where they are set (404)",
        words(call)
    )
}

/// Returns the sentence for an answer of a firewall or a proxy.
pub(super) fn intercepted(call: Call, status: u16) -> String {
    format!(
        "something before the PAM refused this request, {} ({status}): have the firewall or proxy between the operator \
         and the PAM let it pass; if every request is refused so, check the connection's url",
        words(call)
    )
}

/// Returns the sentence for a PAM that could not be reached, or did not answer properly.
pub(super) fn unavailable(call: Call, why: Unavailable) -> String {
    let is_upsert = call == Call::UpsertCredential;
    let name = words(call);
    match why {
        Unavailable::Tls(fault) => tls(fault).to_owned(),
        Unavailable::Proxy(fault) => proxy(fault).to_owned(),
        Unavailable::Connect => "no connection to the PAM: check the connection's url, name resolution, \
                                 and that the network lets the operator through"
            .to_owned(),
        Unavailable::Timeout => format!(
            "the PAM did not answer {name} in time. The operator tries again by itself; if this stays, check the PAM's load and the network"
        ),
        Unavailable::Reset => format!("the connection to the PAM broke during {name}"),
        Unavailable::Gateway { status, .. } => {
            format!("the PAM's gateway could not reach the PAM for {name} ({status})")
        }
        Unavailable::Intercepted { status } => intercepted(call, status),
        // An unknown owner is the only value that is known to cause a 500 (API 2.4).
        Unavailable::Server if is_upsert => format!(
            "the PAM failed at {name} (500): if it repeats, check that its owner is a user of \
             the PAM, then the other field values, then the PAM's logs"
        ),
        Unavailable::Server => format!("the PAM failed at {name} (500): if it repeats, look into the PAM's logs"),
        Unavailable::CircuitOpen { retry_after } => {
            let seconds = retry_after.as_secs().max(1);
            format!("the PAM failed several times in a row, so the operator pauses; next try in {seconds} s")
        }
    }
}

/// Returns the sentence for a proxy that made no connection. No byte of its answer is in the sentence.
fn proxy(fault: ProxyFault) -> &'static str {
    match fault {
        ProxyFault::Unreachable => {
            "no connection to the proxy of the connection's spec.proxy.url: check that address, name resolution, and that the \
             network lets the operator through to the proxy"
        }
        ProxyFault::LoginRefused => {
            "the proxy of the connection's spec.proxy.url does not accept the login, or asks for one (407): put user name and \
             password into a Secret of type kubernetes.io/basic-auth, and name it in spec.proxy.basicAuthSecretRef"
        }
        ProxyFault::Refused => {
            "the proxy of the connection's spec.proxy.url did not connect to the PAM: have the proxy allow CONNECT to the host \
             and port of the connection's url, and check that the proxy itself reaches the PAM"
        }
        ProxyFault::Interrupted => {
            "the connection through the proxy of the connection's spec.proxy.url broke or took too long before the PAM answered: \
             check that spec.proxy.url is an HTTP proxy, and that the proxy reaches the PAM"
        }
    }
}

fn tls(fault: TlsFault) -> &'static str {
    match fault {
        TlsFault::UnknownAuthority => {
            "the PAM's certificate comes from an authority that is not trusted: \
             put that authority's certificate into a ConfigMap and name it in the connection's spec.tls.caBundleRef"
        }
        TlsFault::WrongName => {
            "the PAM's certificate is for another name: set the connection's url to a name in the certificate, \
             or replace the certificate"
        }
        TlsFault::NoAlternativeName => {
            "the PAM's certificate lacks a subject alternative name, and its common name does not count: \
             replace it by one that has the host of the connection's url as a subject alternative name"
        }
        TlsFault::OutOfDate => "the PAM's certificate has expired or is not valid yet: renew it in the PAM",
        TlsFault::BadCertificate => {
            "the PAM's certificate cannot be used: replace it by one with a key of 2048 bits or more \
             and a current signature"
        }
        TlsFault::Refused => {
            "the PAM refused the TLS handshake: it may require a client certificate, or does not accept the one given"
        }
        TlsFault::Protocol => "the server at the connection's url does not use TLS: check host and port",
    }
}

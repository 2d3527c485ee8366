//! Problems, in words for the `Ready` condition: what stands in the way, and what to do about it.

use crate::api::CaBundleKind;
use crate::domain::{Reason, StrayCharacter};
use crate::kubernetes::NamespacedName;
use crate::message::connection::{connection_missing, connection_not_ready};
use crate::message::pam_error;
use crate::pam::{EndpointError, PamError};
use crate::secret::value::Unusable;

/// Something that stands in the way, for the `Ready` condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The reason, as `Ready` has it.
    pub reason: Reason,
    /// What is missing or wrong, and what to do about it.
    pub message: String,
}

impl Problem {
    fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }

    pub(crate) fn not_served(why: &str) -> Self {
        let message = format!(
            "{why}, so that this operator, which served this object before, does not serve it any more: nothing is sent, whatever changes. Undo that, or let another operator serve the object"
        );
        Self::new(Reason::NotServed, message)
    }

    pub(crate) fn secret_missing(secret: &NamespacedName) -> Self {
        let NamespacedName { namespace, name } = secret;
        let message =
            format!("Secret {name} does not exist in namespace {namespace}: create it, or correct the reference to it");
        Self::new(Reason::SecretNotFound, message)
    }

    pub(crate) fn key_missing(secret: &NamespacedName, key: &str) -> Self {
        let name = &secret.name;
        let message = format!("Secret {name} has no key {key}: add it, or correct the reference's key");
        Self::new(Reason::SecretKeyNotFound, message)
    }

    pub(crate) fn unusable(secret: &NamespacedName, key: &str, field: &str, why: Unusable) -> Self {
        let name = &secret.name;
        let remedy = match why {
            Unusable::Stray { trim_mends: true, .. } => {
                format!("take it out of the Secret, or set {field}.trim to Whitespace")
            }
            Unusable::Stray { .. } => "take it out of the Secret".to_owned(),
            _ => "put another value into the Secret".to_owned(),
        };
        let message = format!("key {key} of Secret {name} ({field}) {}: {remedy}", unusable(why));
        Self::new(Reason::SecretInvalid, message)
    }

    pub(crate) fn ca_bundle_missing(kind: CaBundleKind, bundle: &NamespacedName) -> Self {
        let NamespacedName { namespace, name } = bundle;
        let message = format!(
            "{kind:?} {name} of spec.tls.caBundleRef does not exist in namespace {namespace}: create it, or correct the reference"
        );
        Self::new(Reason::SecretNotFound, message)
    }

    pub(crate) fn ca_bundle_key_missing(kind: CaBundleKind, bundle: &NamespacedName, key: &str) -> Self {
        let name = &bundle.name;
        let message =
            format!("{kind:?} {name} of spec.tls.caBundleRef has no key {key}: add it, or correct the reference's key");
        Self::new(Reason::SecretKeyNotFound, message)
    }

    pub(crate) fn ca_bundle_not_base64() -> Self {
        Self::new(
            Reason::ConnectionNotReady,
            "spec.tls.caBundle is not base64: it takes PEM certificates, as a whole encoded with base64",
        )
    }

    /// Returns the problem of a connection whose `spec.url` is not a URL.
    #[must_use]
    pub fn url_invalid() -> Self {
        Self::new(
            Reason::ConnectionNotReady,
            "spec.url is not a URL: give https://, a host, and where needed a port and a path",
        )
    }

    pub(crate) fn version_invalid() -> Self {
        Self::new(
            Reason::ConnectionNotReady,
            "spec.productVersion is not a version: give it as the PAM shows it, such as 4.2",
        )
    }

    /// Says why a connection cannot be used, found without a request.
    #[must_use]
    pub fn unusable_connection(error: &EndpointError) -> Self {
        let reason = match error {
            EndpointError::HostNotAllowed | EndpointError::AddressNotAllowed(_) | EndpointError::ProxyNotAllowed => {
                Reason::ConnectionNotAllowed
            }
            _ => Reason::ConnectionNotReady,
        };
        Self::new(reason, format!("the connection cannot be used: {error}"))
    }

    /// Says that a connection does not exist. `connection` is its kind and name.
    pub(crate) fn connection_gone(connection: &str) -> Self {
        Self::new(Reason::ConnectionNotFound, connection_missing(connection, false))
    }

    /// Returns the problem of a connection as a dependent of the connection reports it. What the connection lacks is left out: it
    /// may be in the operator's own namespace, which is no business of the dependent's users.
    pub(crate) fn of_connection(self, connection: &str) -> Self {
        if matches!(self.reason, Reason::ConnectionNotFound | Reason::ConnectionNotAllowed) {
            return self;
        }
        Self::new(Reason::ConnectionNotReady, connection_not_ready(connection, Some(self.reason), ""))
    }

    pub(crate) fn refused_by_pam(error: &PamError) -> Self {
        Self::new(pam_error::reason(error), error.summary())
    }
}

/// Says what is wrong with a text of a Secret.
fn unusable(why: Unusable) -> String {
    match why {
        Unusable::Empty => "is empty".to_owned(),
        Unusable::NotUtf8 => "is not UTF-8 text, and the PAM takes nothing else".to_owned(),
        Unusable::Utf16 => "is UTF-16 text, and the PAM takes UTF-8 alone".to_owned(),
        Unusable::TooLong { characters, longest } => {
            format!("has {characters} characters, and the PAM takes at most {longest}")
        }
        Unusable::NotBase32 => {
            "is not base32 (A to Z and 2 to 7), as the seed of one-time passwords has to be".to_owned()
        }
        Unusable::Stray { stray: StrayCharacter { character, position }, .. } => {
            format!("has {} (U+{:04X}) at position {position}", kind_of(character), u32::from(character))
        }
    }
}

/// Returns what users call a character that can only be a mistake.
const fn kind_of(character: char) -> &'static str {
    match character {
        ' ' => "a space",
        '\t' => "a tab",
        '\n' | '\r' => "a line break",
        '\0' => "a NUL",
        '\u{feff}' => "a byte order mark",
        _ => "an invisible character",
    }
}

//! What users read. Our own words, with names, the PAM's four-digit code and what to do about it; never text of
//! an answer, and never a value.

use crate::api::CaBundleKind;
use crate::controller::connection::object::spoken;
use crate::controller::runtime::metadata_cache::Key;
use crate::controller::secret::value::Unusable;
use crate::domain::{Disabling, Reason, ReleaseReason};
use crate::pam::{Enabled, EndpointError, PamError};

/// Something that stands in the way, for the `Ready` condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) reason: Reason,
    pub(crate) message: String,
}

impl Problem {
    fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }

    pub(crate) fn secret_missing((namespace, name): &Key) -> Self {
        let message =
            format!("Secret {name} does not exist in namespace {namespace}: create it, or correct the reference to it");
        Self::new(Reason::SecretNotFound, message)
    }

    pub(crate) fn key_missing((_, name): &Key, key: &str) -> Self {
        let message = format!("Secret {name} has no key {key}: add it, or correct the reference's key");
        Self::new(Reason::SecretKeyNotFound, message)
    }

    pub(crate) fn unusable((_, name): &Key, key: &str, field: &str, why: Unusable) -> Self {
        let why = match why {
            Unusable::Empty => "is empty".to_owned(),
            Unusable::NotUtf8 => "is not UTF-8 text, and the PAM takes nothing else".to_owned(),
            Unusable::TooLong { characters, longest } => {
                format!("has {characters} characters, and the PAM takes at most {longest}")
            }
            Unusable::NotBase32 => {
                "is not base32 (A to Z and 2 to 7), as the seed of one-time passwords has to be".to_owned()
            }
            Unusable::Unclean => "has a control character, or a blank or line break at its ends".to_owned(),
        };
        let message = format!("key {key} of Secret {name} ({field}) {why}: put another value into the Secret");
        Self::new(Reason::SecretInvalid, message)
    }

    pub(crate) fn login_not_text((_, name): &Key, key: &str) -> Self {
        Self::new(
            Reason::SecretInvalid,
            format!(
                "key {key} of Secret {name} is not UTF-8 text: put the PAM's client id and client secret into it as they are"
            ),
        )
    }

    pub(crate) fn login_empty((_, name): &Key, key: &str) -> Self {
        Self::new(
            Reason::SecretInvalid,
            format!("key {key} of Secret {name} is empty: put the PAM's client id and client secret into it"),
        )
    }

    pub(crate) fn ca_bundle_missing(kind: CaBundleKind, (namespace, name): &Key) -> Self {
        let message = format!(
            "{kind:?} {name} of spec.tls.caBundleRef does not exist in namespace {namespace}: create it, or correct the reference"
        );
        Self::new(Reason::SecretNotFound, message)
    }

    pub(crate) fn ca_bundle_key_missing(kind: CaBundleKind, (_, name): &Key, key: &str) -> Self {
        let message =
            format!("{kind:?} {name} of spec.tls.caBundleRef has no key {key}: add it, or correct the reference's key");
        Self::new(Reason::SecretKeyNotFound, message)
    }

    pub(crate) fn ca_bundle_not_base64() -> Self {
        Self::new(
            Reason::ConnectionNotReady,
            "spec.tls.caBundle is not base64: it takes PEM certificates encoded with base64 once more",
        )
    }

    pub(crate) fn url_invalid() -> Self {
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

    pub(crate) fn unusable_connection(error: &EndpointError) -> Self {
        let reason = match error {
            EndpointError::HostNotAllowed | EndpointError::AddressNotAllowed(_) => Reason::ConnectionNotAllowed,
            _ => Reason::ConnectionNotReady,
        };
        Self::new(reason, format!("the connection cannot be used: {error}"))
    }

    pub(crate) fn connection_gone(key: &Key) -> Self {
        Self::new(Reason::ConnectionNotFound, connection_missing(key, false))
    }

    /// What a credential says of a problem of its connection. What the connection lacks lies in the operator's own
    /// namespace, which is no business of this one.
    pub(crate) fn of_connection(self, key: &Key) -> Self {
        if matches!(self.reason, Reason::ConnectionNotFound | Reason::ConnectionNotAllowed) {
            return self;
        }
        Self::new(Reason::ConnectionNotReady, connection_not_ready(key, Some(self.reason), ""))
    }

    pub(crate) fn refused_by_pam(error: &PamError) -> Self {
        Self::new(crate::controller::message::pam_error::reason(error), error.summary())
    }
}

/// A connection that is not there, or not for us.
pub(crate) fn connection_missing(key: &Key, selects: bool) -> String {
    let hint = if selects { ", or is not selected by this operator's --connection-selector" } else { "" };
    format!("{} does not exist{hint}: create it, or correct spec.connectionRef", spoken(key))
}

/// A connection that is not ready. What the PAM said to it is said to its credentials too.
pub(crate) fn connection_not_ready(key: &Key, reason: Option<Reason>, by_pam: &str) -> String {
    let name = spoken(key);
    match reason {
        _ if !by_pam.is_empty() => format!("{name}: {by_pam}"),
        Some(reason) if reason != Reason::Progressing => {
            format!("{name} is not ready ({}): its own status says what to do", reason.as_str())
        }
        _ => format!("{name} has not been checked yet"),
    }
}

/// The PAM holds what it should.
pub(crate) fn synced(id: &str, identifier: &str, surely_enabled: bool) -> String {
    format!("The PAM holds this credential as record {id}, identifier {identifier}{}", past(surely_enabled))
}

/// The list does not tell whether a record that was there before is enabled.
const fn past(surely_enabled: bool) -> &'static str {
    if surely_enabled {
        ""
    } else {
        "; the record was there before: if it is disabled in the PAM, it stays so (spec.ensureEnabled: true enables it)"
    }
}

/// Why a value was held back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Held {
    /// The vault rotates it.
    Rotates,
    /// The key of the digests was lost.
    KeyLost,
    /// One of the two; which is no longer known.
    Earlier,
}

/// The fields are written, the value was held back.
pub(crate) fn adopted(id: &str, identifier: &str, why: Held, surely_enabled: bool) -> String {
    let why = match why {
        Held::Rotates => "the vault rotates its value",
        Held::KeyLost => "the key of the digests in status was lost, so that the value may be older than the vault's",
        Held::Earlier => "the vault may have a newer one",
    };
    format!(
        "The fields were written to record {id}, identifier {identifier}; the value was not sent, since {why}. To send it, annotate this object with {}=<any new text>{}",
        crate::api::PUSH_VALUE_REQUESTED_AT,
        past(surely_enabled)
    )
}

/// The record was there before, was written, and comes to be enabled.
pub(crate) fn to_be_enabled(id: &str) -> String {
    format!("Record {id} was written, and is about to be enabled (spec.ensureEnabled)")
}

/// Another OAuth client logs in than the one that last wrote, and its list does not show the record.
pub(crate) fn out_of_sight(id: &str, identifier: &str) -> String {
    format!(
        "Nothing was written: the OAuth client that logs in now is not shown record {id}, identifier {identifier}, that another client wrote. Give its authorization access to the record; or, if it is another tenant's and the record is to be created there, name that tenant in the connection's spec.auth.oauth2.tenant"
    )
}

/// The record could not be enabled.
pub(crate) fn not_enabled(id: &str, why: &str) -> String {
    format!("Record {id} was written, but not enabled yet (spec.ensureEnabled): {why}")
}

/// The event of a record that was enabled.
pub(crate) fn enabled(how: Enabled, id: &str) -> String {
    match how {
        Enabled::Now => {
            format!("Record {id} was enabled in the PAM: whether it had been disabled, its list does not tell")
        }
        Enabled::AlreadyActive => format!("Record {id} was enabled in the PAM already"),
    }
}

/// The record is not disabled yet.
pub(crate) fn leaving(what: &str) -> String {
    format!(
        "The record is to be disabled before this object goes. {what}. To let it go and leave the record as it is, set spec.deletionPolicy to Retain"
    )
}

/// The PAM's answer to the DELETE stands in the way.
pub(crate) fn deletion_refused(answer: Disabling, id: &str) -> String {
    match answer {
        Disabling::NoAccess => {
            format!("The PAM gives this authorization no access to record {id} (1009): give it access")
        }
        _ => format!(
            "The PAM does not show record {id} to this authorization (1007), nor any other of this cluster's: give it access"
        ),
    }
}

/// The event of a record that was disabled.
pub(crate) fn disabled(answer: Disabling, id: &str, identifier: &str) -> String {
    let what = match answer {
        Disabling::Disabled => "was disabled",
        Disabling::AlreadyInactive => "was disabled already",
        Disabling::NotFound | Disabling::NoAccess => "is no longer there",
    };
    format!("Record {id}, identifier {identifier}, {what} in the PAM")
}

/// The event of an object that was let go without a call.
pub(crate) const fn release_reason(why: ReleaseReason) -> &'static str {
    match why {
        ReleaseReason::Retained => "Retained",
        ReleaseReason::NothingWritten => "NothingWritten",
        ReleaseReason::HandedOver => "HandedOver",
        ReleaseReason::LeftEnabled => "LeftEnabled",
    }
}

/// Its note.
pub(crate) fn release(why: ReleaseReason, identifier: &str) -> String {
    match why {
        ReleaseReason::Retained => format!("The record of identifier {identifier} stays as it is in the PAM"),
        ReleaseReason::NothingWritten => "Nothing was written to the PAM for this object".to_owned(),
        ReleaseReason::HandedOver => {
            format!("Another object keeps the record of identifier {identifier}: it stays enabled")
        }
        ReleaseReason::LeftEnabled => {
            format!("The record of identifier {identifier} stays enabled: its connection or login went first")
        }
    }
}

/// Suspended before the first sync.
pub(crate) const SUSPENDED_UNSEEN: &str = "Suspended before the first sync: nothing was sent to the PAM";
/// The `Suspended` condition.
pub(crate) const SUSPENDED: &str = "spec.suspend is true: no call to the PAM is made for this object";
/// The event of a value that ends in a newline.
pub(crate) const NEWLINE: &str = "The value ends in a newline and was sent as it is. If that is not meant, set spec.contentSecretRef.trim to TrailingNewline";
/// The event of a value that is longer than the PAM's own pages take where the vault rotates it.
pub(crate) const LONG: &str = "The value has more than 70 characters and was sent as it is. The PAM's own pages take no more where the vault rotates it (spec.executionSettings.automaticChange): if it does not work, put a shorter one into the Secret";
/// The object is being deleted, and its mode is `Plan`.
pub(crate) const PLANNED_LEAVING: &str =
    "spec.mode is Plan: nothing is sent to the PAM (see status.plan). Set spec.mode to Apply to disable the record";
/// Another operator serves the same object.
pub(crate) const ANOTHER_OPERATOR: &str = "Another operator writes this object's status, too: its digests were made with another key, again and again. Let only one of them serve this namespace (watchNamespaces, connectionSelector); nothing is sent until then";
/// The list cannot be trusted.
pub(crate) const INCOMPLETE: &str = "The PAM's list lacks, or shows moved, many records that this cluster wrote: nothing is created, moved, corrected or disabled until that is explained. The connection's condition InventoryIncomplete says more";
/// The connection is not to list, and the record is to be disabled.
pub(crate) const NOT_LISTED: &str = "The connection's inventory.enabled is false: without a list it is not known whether the record still is this object's";
/// A write may still be executed.
pub(crate) const UNSETTLED: &str = "A write to the PAM was not answered, and may still be executed: the record is disabled once that is over, 90 s after it";

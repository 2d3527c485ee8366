//! Who may log in, and what he may do.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::secret::Hidden;

/// One authorization of an application: a client and what it may do (API 1.4).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorization {
    /// The OAuth client id.
    pub client_id: String,
    /// The OAuth client secret.
    pub client_secret: Hidden,
    /// The tenant it belongs to; absent: the simulator's default tenant.
    #[serde(default)]
    pub tenant: Option<String>,
    /// Whether writing is refused with 1039.
    #[serde(default)]
    pub read_only: bool,
    /// Whether the resource PAM Core is allowed; without it every call answers 500 "not authorized".
    #[serde(default = "yes")]
    pub pam_core: bool,
    /// Fingerprint of the only client certificate that it may be used with: SHA-256 in hexadecimal digits, in
    /// either case, with or without colons. Absent: it takes none, and any.
    #[serde(default)]
    pub certificate: Option<String>,
    /// The only `Referer` header that it may be used with. Absent: it takes none, and any.
    #[serde(default)]
    pub referrer: Option<String>,
    /// The public key that values are encrypted for in the answers to this client, an RSA key as `PUBLIC KEY` in PEM.
    /// Absent: values are answered as they are. Nothing in an answer tells which.
    #[serde(default)]
    pub encryption_key: Option<String>,
    /// What makes it an access key of MySafe, which reaches no other resource. Absent: it is an A2A authorization, which
    /// cannot be given MySafe.
    #[serde(default)]
    pub access_key: Option<AccessKey>,
}

/// An access key of MySafe: a client that a user makes for the entries that he has access to (API 5).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKey {
    /// The user.
    pub user: String,
    /// The identifiers of the entries that it was made for, as "Specify data"; absent: full access.
    #[serde(default)]
    pub specified: Option<BTreeSet<String>>,
}

impl Authorization {
    /// A client of the default tenant that may read and write.
    #[must_use]
    pub fn new(client_id: &str, client_secret: impl Into<Hidden>) -> Self {
        Self {
            client_id: client_id.to_owned(),
            client_secret: client_secret.into(),
            tenant: None,
            read_only: false,
            pam_core: true,
            certificate: None,
            referrer: None,
            encryption_key: None,
            access_key: None,
        }
    }

    /// An access key of MySafe with full access to the entries of this user of the default tenant.
    #[must_use]
    pub fn access_key(client_id: &str, client_secret: impl Into<Hidden>, user: &str) -> Self {
        let access_key = Some(AccessKey { user: user.to_owned(), specified: None });
        Self { access_key, ..Self::new(client_id, client_secret) }
    }

    /// Puts it into another tenant than the default one.
    #[must_use]
    pub fn tenant(mut self, tenant: &str) -> Self {
        self.tenant = Some(tenant.to_owned());
        self
    }

    /// Binds it to the client certificate of this fingerprint.
    #[must_use]
    pub fn certificate(mut self, fingerprint: impl Into<String>) -> Self {
        self.certificate = Some(fingerprint.into());
        self
    }

    /// Binds it to this `Referer`.
    #[must_use]
    pub fn referrer(mut self, referrer: &str) -> Self {
        self.referrer = Some(referrer.to_owned());
        self
    }

    /// Has values encrypted for this public key.
    #[must_use]
    pub fn encrypted_for(mut self, public_key_pem: &str) -> Self {
        self.encryption_key = Some(public_key_pem.to_owned());
        self
    }
}

const fn yes() -> bool {
    true
}

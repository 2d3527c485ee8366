//! Where a PAM is, how to log in, and how hard it may be worked.

mod address;
mod version;

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::pam::wire::Compatibility;

pub use address::{AddressKind, AddressPolicy, AllowedHostError, AllowedHosts};
pub use version::{ProductVersion, VersionError};

/// Where a PAM is and how to log in there: everything a [`PamClient`](crate::pam::PamClient) is made from.
///
/// `Debug` shows origin and version only: a URL that was not checked yet may hold a password.
#[derive(Clone)]
pub struct Endpoint {
    /// The PAM's address. https; a path is kept and comes before every other path; no user, query or fragment.
    pub url: Url,
    /// The product version, which fixes paths and wire quirks.
    pub version: ProductVersion,
    /// The login.
    pub oauth2: OAuth2,
    /// PEM certificates of the authorities to trust, *instead* of the system's. A certificate that the PAM
    /// itself presents may stand here too (self-signed appliances).
    pub ca_bundle: Option<Vec<u8>>,
    /// How hard this PAM may be worked. Counted per origin: the strictest of all live clients of one origin holds.
    pub limits: Limits,
    /// Overrides of what the version means on the wire.
    pub compatibility: Compatibility,
    /// The tenant to ask for in the login; needed where the URL's host is an address (API 1.2).
    pub tenant: Option<String>,
    /// How the login is sent.
    pub token_request: TokenRequest,
    /// Our own certificate, for authorizations that are bound to its fingerprint (API 1.4).
    pub client_certificate: Option<ClientCertificate>,
    /// The `Referer` header of every request, for authorizations that are bound to one (API 1.4).
    pub referrer: Option<String>,
    /// Where the connection may lead.
    pub allowed: AddressPolicy,
    /// Whose limits and failures are counted apart from those of others at the same origin: a tenant's, lest one
    /// tenant's settings or troubles slow or stop everybody.
    pub apart: Option<String>,
}

impl Endpoint {
    /// An endpoint with everything that may be left out left out: the system's authorities, the usual limits, no
    /// overrides, and leave to lead anywhere.
    #[must_use]
    pub fn new(url: Url, version: ProductVersion, oauth2: OAuth2) -> Self {
        Self {
            url,
            version,
            oauth2,
            ca_bundle: None,
            limits: Limits::default(),
            compatibility: Compatibility::default(),
            tenant: None,
            token_request: TokenRequest::default(),
            client_certificate: None,
            referrer: None,
            allowed: AddressPolicy::default(),
            apart: None,
        }
    }

    /// What can be said about it without asking anybody.
    pub(in crate::pam) fn check(&self) -> Result<(), EndpointError> {
        self.check_url()?;
        if !self.version.is_supported() {
            return Err(EndpointError::UnsupportedVersion(self.version));
        }
        let login = &self.oauth2;
        if login.client_id.is_empty() || login.client_secret.expose_secret().is_empty() {
            return Err(EndpointError::EmptyLogin);
        }
        if self.token_request == TokenRequest::Basic && login.client_id.contains(':') {
            return Err(EndpointError::ClientIdForBasic);
        }
        Ok(())
    }

    fn check_url(&self) -> Result<(), EndpointError> {
        let url = &self.url;
        let Some(host) = url.host().filter(|_| url.scheme() == "https") else {
            return Err(EndpointError::NotHttps);
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::UserInfo);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(EndpointError::QueryOrFragment);
        }
        self.allowed.check_host(&host)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("origin", &self.url.origin().ascii_serialization())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// An OAuth 2.0 client of the PAM (API 1.2). Both parts come from a Secret, and `Debug` shows neither.
#[derive(Clone)]
pub struct OAuth2 {
    /// The client id: no secret, but sent only with the secret.
    pub client_id: String,
    /// The client secret. It is sent to the token endpoint of [`Endpoint::url`] and nowhere else.
    pub client_secret: SecretString,
}

impl fmt::Debug for OAuth2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2").finish_non_exhaustive()
    }
}

/// How the login is sent to the token endpoint (API 1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TokenRequest {
    /// Client id and secret in the form, as every known client does.
    #[default]
    Form,
    /// Client id and secret as HTTP Basic credentials, as old pages ask for.
    Basic,
}

/// A client certificate with its key. `Debug` shows neither.
#[derive(Clone)]
pub struct ClientCertificate {
    /// The certificate, and what leads from it to its authority, as PEM.
    pub cert_pem: Vec<u8>,
    /// Its private key as PEM, not encrypted.
    pub key_pem: SecretString,
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

/// How hard one PAM may be worked (P10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests in flight at the same time; 0 counts as 1.
    pub max_concurrent_requests: u32,
    /// Requests per second in the long run; 0 means no limit.
    pub requests_per_second: u32,
    /// Requests that may be made at once after a pause; 0 counts as 1. Without meaning if there is no limit.
    pub burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_concurrent_requests: 4, requests_per_second: 10, burst: 20 }
    }
}

impl Limits {
    /// The stricter of two, value by value.
    #[must_use]
    pub fn strictest(self, other: Self) -> Self {
        Self {
            max_concurrent_requests: self.max_concurrent_requests.min(other.max_concurrent_requests),
            requests_per_second: match (self.requests_per_second, other.requests_per_second) {
                (0, limit) | (limit, 0) => limit,
                (a, b) => a.min(b),
            },
            burst: self.burst.min(other.burst),
        }
    }
}

/// How long a request may take on the wire. Waiting for the origin's gate is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Writes. The gateway gives up at 60 s: a shorter deadline here would manufacture doubt about writes.
    pub write: Duration,
    /// Reads and logins.
    pub read: Duration,
    /// The list, its body included.
    pub list: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { write: Duration::from_secs(75), read: Duration::from_secs(30), list: Duration::from_mins(2) }
    }
}

/// Why no client can be made of an [`Endpoint`]. The texts are for users: they name the remedy and no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// The URL's scheme is not https, or it has no host.
    #[error("the URL must begin with https:// and name a host")]
    NotHttps,
    /// The URL holds a user name or password.
    #[error("the URL must not hold a user name or a password: the login belongs into the Secret")]
    UserInfo,
    /// The URL holds a query or a fragment.
    #[error("the URL must not hold a query (?) or a fragment (#)")]
    QueryOrFragment,
    /// The client does not speak this version's dialect.
    #[error("product version {0} is not supported: supported are 3.30 and later versions of 3, and all of 4")]
    UnsupportedVersion(ProductVersion),
    /// The CA bundle cannot be used.
    #[error("the CA bundle holds no usable certificate: it must be one or more PEM blocks \"CERTIFICATE\"")]
    CaBundle,
    /// No CA bundle was given, and the system has no certificates either.
    #[error("the operator's image has no certificate authorities: give the PAM's as caBundle")]
    NoSystemRoots,
    /// The client id or client secret is empty.
    #[error("the client id and the client secret must not be empty")]
    EmptyLogin,
    /// HTTP Basic cannot carry the client id.
    #[error("a client id that holds a colon cannot be sent as HTTP Basic: send the login as a form")]
    ClientIdForBasic,
    /// The override of the API's prefix is no path.
    #[error("apiPrefix must be a plain path that begins with a slash, such as /api or /iso")]
    ApiPrefix,
    /// The override of the token path is no path.
    #[error("tokenPath must be a plain path that begins with a slash, such as /iso/oauth2/token")]
    TokenPath,
    /// The referrer cannot stand in a header.
    #[error("the referrer must be a URL of plain ASCII characters without blanks")]
    Referrer,
    /// The client certificate or its key cannot be used.
    #[error(
        "the client certificate cannot be used: it must be PEM blocks \"CERTIFICATE\" and one unencrypted private key \
         that belongs to the first of them"
    )]
    ClientCertificate,
    /// The URL's host is not on the list for tenants' connections.
    #[error(
        "the operator may not connect to the URL's host: whoever runs the operator can add the host to the chart's \
         allowedHosts (--allowed-hosts)"
    )]
    HostNotAllowed,
    /// The URL's host is an address that is refused unless it is listed itself.
    #[error(
        "the URL's host is {0}, which the operator never connects to unless the chart's allowedHosts \
         (--allowed-hosts) lists that very address: give the PAM's own address"
    )]
    AddressNotAllowed(AddressKind),
    /// The HTTP client could not be made, for a reason that no setting explains.
    #[error("the HTTP client could not be set up")]
    Setup,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_part_of_the_login() {
        let url = "https://CANARY:CANARY@pam.example.com/CANARY?CANARY".parse().unwrap();
        let oauth2 = OAuth2 { client_id: "CANARY".into(), client_secret: "CANARY".into() };
        let mut endpoint = Endpoint::new(url, ProductVersion::parse("4.2").unwrap(), oauth2);
        let certificate = ClientCertificate { cert_pem: b"CANARY".to_vec(), key_pem: "CANARY".into() };
        endpoint.client_certificate = Some(certificate.clone());
        let shown = format!("{endpoint:?} {:?} {certificate:?}", endpoint.oauth2);
        assert!(!shown.contains("CANARY") && shown.contains("https://pam.example.com"), "{shown}");
    }

    #[test]
    fn the_strictest_limit_wins_and_zero_rate_means_none() {
        let a = Limits { max_concurrent_requests: 4, requests_per_second: 0, burst: 20 };
        let b = Limits { max_concurrent_requests: 8, requests_per_second: 5, burst: 10 };
        let both = Limits { max_concurrent_requests: 4, requests_per_second: 5, burst: 10 };
        assert_eq!(a.strictest(b), both);
        assert_eq!(b.strictest(a), both);
    }
}

//! Where a PAM is, how to log in, and how many requests the PAM may get: the plain data that a client is made from.
//!
//! Every check here is made without a request.

mod address;
mod compatibility;
mod error;
mod limits;
mod login;
mod pem;
mod policy;
mod product;
mod proxy;
mod version;

use std::fmt;

use secrecy::ExposeSecret;
use url::Url;

pub use address::{AddressKind, AllowedHostError, AllowedHosts, NoProxy};
pub use compatibility::{
    AdditionalSettingsShape, BooleanForm, Compatibility, CriticalityCase, NotesPlacement, NumberForm,
};
pub use error::EndpointError;
pub use limits::{Deadlines, Limits};
pub use login::{ClientCertificate, OAuth2, TokenRequest};
pub(in crate::pam) use pem::PemBundle;
pub use pem::UnusedBlocks;
pub use policy::AddressPolicy;
pub use product::Product;
pub use proxy::{Proxy, ProxyLogin};
pub use version::{ProductVersion, VersionError};

/// Where a PAM is and how to log in there: everything that a [`PamClient`](crate::pam::PamClient) is made from.
///
/// `Debug` shows origin and version only: a URL that was not checked yet may hold a password.
#[derive(Clone)]
pub struct Endpoint {
    /// The PAM's address. https; a path is kept and comes before every other path; no user, query or fragment.
    pub url: Url,
    /// The product that the connection is for. The client makes the calls of this product and no others.
    pub product: Product,
    /// The product version, which fixes paths and wire quirks.
    pub version: ProductVersion,
    /// The login.
    pub oauth2: OAuth2,
    /// PEM certificates of the authorities to trust, *instead* of the system's. The bundle may also hold a certificate
    /// that the PAM itself presents (self-signed appliances).
    pub ca_bundle: Option<Vec<u8>>,
    /// How many requests this PAM may get. The strictest limits of all live clients hold that have the same host and the
    /// same [`apart`](Endpoint::apart).
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
    /// The proxy that the PAM is reached through; `None` if the client connects directly. The proxy alone resolves the PAM's
    /// name, so that a connection whose addresses are checked has none.
    pub proxy: Option<Proxy>,
    /// The addresses that the connection may lead to.
    pub allowed: AddressPolicy,
    /// The tenant namespace of the connection; `None` for a cluster connection. All clients of one host and one tenant
    /// share one request budget and one circuit breaker, which no other client uses: the settings or failures of one
    /// tenant must not slow or stop the requests of others to the same PAM.
    pub apart: Option<String>,
}

impl Endpoint {
    /// Returns an endpoint of PAM Core without the optional parts: the system's authorities, the usual limits, no overrides, and
    /// permission to lead anywhere.
    #[must_use]
    pub fn new(url: Url, version: ProductVersion, oauth2: OAuth2) -> Self {
        Self {
            url,
            product: Product::default(),
            version,
            oauth2,
            ca_bundle: None,
            limits: Limits::default(),
            compatibility: Compatibility::default(),
            tenant: None,
            token_request: TokenRequest::default(),
            client_certificate: None,
            referrer: None,
            proxy: None,
            allowed: AddressPolicy::default(),
            apart: None,
        }
    }

    /// Returns which blocks of the CA bundle and of the client certificate cannot be used, and what to do about them;
    /// `None` if all can be.
    #[must_use]
    pub fn unused_blocks(&self) -> Option<String> {
        let bundle = self.ca_bundle.as_deref().map(PemBundle::of_authorities);
        let chain = self.client_certificate.as_ref().map(|own| PemBundle::of_chain(&own.cert_pem));
        let named = [(bundle, "the CA bundle"), (chain, "the client certificate")];
        let sentences = named.into_iter().filter_map(|(bundle, of)| bundle?.unused.sentence(of));
        sentences.reduce(|one, other| format!("{one}; {other}"))
    }

    /// Checks what can be checked without a request.
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
        self.allowed.check_host(&host)?;
        match (&self.proxy, &self.allowed) {
            (None, _) => Ok(()),
            (Some(_), AddressPolicy::Checked { .. }) => Err(EndpointError::ProxyNotAllowed),
            (Some(proxy), AddressPolicy::Any) => proxy.check(&host),
        }
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
}

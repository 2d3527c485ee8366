//! The login of a connection: an OAuth 2.0 client, and a client certificate where the PAM asks for one.

use std::fmt;

use secrecy::SecretString;

/// An OAuth 2.0 client of the PAM (API 1.2). Both parts come from a Secret, and `Debug` shows neither.
#[derive(Clone)]
pub struct OAuth2 {
    /// The client id: no secret, but sent only with the secret.
    pub client_id: String,
    /// The client secret. It is sent to the token endpoint of [`Endpoint::url`](crate::pam::Endpoint::url) and nowhere
    /// else.
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
    /// The certificate and the chain from the certificate to its authority, as PEM.
    pub cert_pem: Vec<u8>,
    /// The certificate's private key as PEM, not encrypted.
    pub key_pem: SecretString,
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

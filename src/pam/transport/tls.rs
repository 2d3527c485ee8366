//! The trust in a PAM's certificate: by a connection's own authorities alone, or by the system's.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::pam::endpoint::{ClientCertificate, EndpointError, PemBundle};
use crate::pam::error::TlsFault;

/// Returns a client configuration that trusts the usable certificates of a PEM bundle and nothing else, and shows `own` to a
/// server that asks for a certificate.
pub(super) fn config_for(bundle: &[u8], own: Option<&ClientCertificate>) -> Result<ClientConfig, EndpointError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = BundleVerifier::new(bundle, Arc::clone(&provider))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| EndpointError::Setup)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let Some(own) = own else {
        return Ok(config.with_no_client_auth());
    };
    let (chain, key) = pair(own)?;
    config.with_client_auth_cert(chain.certificates, key).map_err(|_| EndpointError::ClientCertificate(chain.unused))
}

/// Returns a client certificate for the HTTP client's own configuration, which trusts the system's authorities.
pub(super) fn identity(own: &ClientCertificate) -> Result<reqwest::Identity, EndpointError> {
    let (chain, key) = pair(own)?;
    let unusable = || EndpointError::ClientCertificate(chain.unused.clone());
    // Tried here, since the HTTP client's own error would not say that the certificate is at fault.
    CertifiedKey::from_der(chain.certificates.clone(), key, &ring::default_provider()).map_err(|_| unusable())?;
    let pem = Zeroizing::new([chain.to_pem().as_bytes(), own.key_pem.expose_secret().as_bytes()].concat());
    reqwest::Identity::from_pem(&pem).map_err(|_| unusable())
}

fn pair(own: &ClientCertificate) -> Result<(PemBundle, PrivateKeyDer<'static>), EndpointError> {
    let chain = PemBundle::of_chain(&own.cert_pem);
    match PrivateKeyDer::from_pem_slice(own.key_pem.expose_secret().as_bytes()) {
        Ok(key) if !chain.certificates.is_empty() => Ok((chain, key)),
        _ => Err(EndpointError::ClientCertificate(chain.unused)),
    }
}

/// Makes ring the process's provider unless one is set: without any, the system's verifier would panic.
pub(super) fn ensure_default_provider() {
    if CryptoProvider::get_default().is_none() {
        // The installation fails only if another thread has installed a provider, which is as good.
        let _ = ring::default_provider().install_default();
    }
}

/// Returns why a handshake failed.
pub(super) fn fault_of(error: &Error) -> TlsFault {
    match error {
        Error::InvalidCertificate(certificate) => certificate_fault(certificate),
        Error::AlertReceived(_) => TlsFault::Refused,
        _ => TlsFault::Protocol,
    }
}

fn certificate_fault(error: &CertificateError) -> TlsFault {
    use CertificateError as E;
    match error {
        // A wrong signature under the right name comes from an authority that was replaced under its old name.
        E::UnknownIssuer | E::BadSignature => TlsFault::UnknownAuthority,
        E::NotValidForNameContext { presented, .. } if presented.is_empty() => TlsFault::NoAlternativeName,
        E::NotValidForName | E::NotValidForNameContext { .. } => TlsFault::WrongName,
        // Certificates of version 1 have no extensions, and so no alternative name.
        E::Other(other) if other.0.to_string() == "UnsupportedCertVersion" => TlsFault::NoAlternativeName,
        E::Expired | E::ExpiredContext { .. } | E::NotValidYet | E::NotValidYetContext { .. } => TlsFault::OutOfDate,
        _ => TlsFault::BadCertificate,
    }
}

/// Returns the fault, if an alert *after* the handshake means that the peer did not accept us. In TLS 1.3 a server that
/// requires a client certificate says so only when the client takes the handshake for done.
pub(super) fn late_refusal(error: &Error) -> Option<TlsFault> {
    use AlertDescription as A;
    let Error::AlertReceived(alert) = error else {
        return None;
    };
    let refused = matches!(
        alert,
        A::CertificateRequired
            | A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateRevoked
            | A::CertificateExpired
            | A::CertificateUnknown
            | A::UnknownCA
            | A::AccessDenied
            | A::HandshakeFailure
    );
    refused.then_some(TlsFault::Refused)
}

/// Verifies certificates as usual, with one addition: a certificate that the bundle itself holds is accepted from the
/// server that presents it, although the certificate is marked as an authority's. Most self-signed certificates of
/// appliances are, and a verifier that insists on the difference would leave their owners only one way: to switch
/// verification off. Name and validity are still checked, and the handshake proves the key.
#[derive(Debug)]
struct BundleVerifier {
    usual: Arc<WebPkiServerVerifier>,
    bundle: Vec<CertificateDer<'static>>,
}

impl BundleVerifier {
    fn new(pem: &[u8], provider: Arc<CryptoProvider>) -> Result<Self, EndpointError> {
        let PemBundle { certificates: bundle, unused } = PemBundle::of_authorities(pem);
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(bundle.iter().cloned());
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|_| EndpointError::CaBundle(unused))?;
        Ok(Self { usual, bundle })
    }

    /// Returns true if the only error is that a server uses an authority's certificate. The library offers no better mark
    /// than this word, and checks the validity before. If the word changes, fewer certificates are trusted, never more.
    fn only_marked_as_authority(error: &Error) -> bool {
        matches!(error, Error::InvalidCertificate(CertificateError::Other(other))
            if other.0.to_string() == "CaUsedAsEndEntity")
    }
}

impl ServerCertVerifier for BundleVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let usual = self.usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match usual {
            Err(error) if Self::only_marked_as_authority(&error) && self.bundle.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            usual => usual,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Certificates for `pam.example.com`, made with openssl, valid from 2026 to 2126.
    const SELF_SIGNED: &[u8] = include_bytes!("testdata/self-signed-ca.pem");
    const STRANGER: &[u8] = include_bytes!("testdata/stranger-ca.pem");

    fn verify(bundle: &[u8], certificate: &[u8], name: &str, seconds: u64) -> Result<(), TlsFault> {
        let verifier = BundleVerifier::new(bundle, Arc::new(ring::default_provider())).unwrap();
        let certificate = CertificateDer::from_pem_slice(certificate).unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        verifier.verify_server_cert(&certificate, &[], &name, &[], now).map(|_| ()).map_err(|e| fault_of(&e))
    }

    const IN_2030: u64 = 1_900_000_000;

    #[test]
    fn a_self_signed_appliance_is_trusted_by_its_own_certificate_and_by_no_other() {
        assert_eq!(verify(SELF_SIGNED, SELF_SIGNED, "pam.example.com", IN_2030), Ok(()));
        let both = [STRANGER, SELF_SIGNED].concat();
        assert_eq!(verify(&both, SELF_SIGNED, "pam.example.com", IN_2030), Ok(()));
        let fault = verify(STRANGER, SELF_SIGNED, "pam.example.com", IN_2030).unwrap_err();
        assert!(matches!(fault, TlsFault::UnknownAuthority | TlsFault::BadCertificate), "{fault:?}");
    }

    #[test]
    fn its_name_and_validity_are_still_checked() {
        assert_eq!(verify(SELF_SIGNED, SELF_SIGNED, "evil.example.com", IN_2030), Err(TlsFault::WrongName));
        assert_eq!(verify(SELF_SIGNED, SELF_SIGNED, "pam.example.com", 1_000_000), Err(TlsFault::OutOfDate));
        assert_eq!(verify(SELF_SIGNED, SELF_SIGNED, "pam.example.com", 9_000_000_000), Err(TlsFault::OutOfDate));
    }

    #[test]
    fn a_certificate_without_an_alternative_name_is_told_from_one_for_another_name() {
        let name_less = [
            include_bytes!("testdata/common-name-only.pem").as_slice(),
            include_bytes!("testdata/common-name-only-ca.pem"),
            include_bytes!("testdata/version-1.pem"),
        ];
        for certificate in name_less {
            for name in ["pam.example.com", "other.example.com", "10.0.0.7"] {
                assert_eq!(verify(certificate, certificate, name, IN_2030), Err(TlsFault::NoAlternativeName), "{name}");
            }
        }
        assert_eq!(verify(SELF_SIGNED, SELF_SIGNED, "10.0.0.7", IN_2030), Err(TlsFault::WrongName));
    }

    #[test]
    fn a_bundle_with_a_bad_block_trusts_the_others() {
        let joined = [STRANGER, b"-----BEGIN PRIVATE KEY-----\nCANARY\n", SELF_SIGNED].concat();
        assert_eq!(verify(&joined, SELF_SIGNED, "pam.example.com", IN_2030), Ok(()));
    }

    #[test]
    fn a_bundle_without_a_certificate_is_refused() {
        for bundle in [&b""[..], b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let error = config_for(bundle, None).map(|_| ()).unwrap_err();
            assert!(matches!(&error, EndpointError::CaBundle(_)), "{error}");
            assert_eq!(error.to_string().contains("block 1"), bundle.starts_with(b"-----"), "{error}");
        }
        assert!(config_for(SELF_SIGNED, None).is_ok());
    }
}

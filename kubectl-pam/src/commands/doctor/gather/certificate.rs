//! Looks at the certificate that a server shows. It is trusted by nobody here, and nothing of ours is sent over the connection
//! but a question for the time.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Remembers until when the certificates are valid that a server shows.
#[derive(Debug)]
pub struct Looker {
    provider: Arc<CryptoProvider>,
    until: Mutex<Option<Timestamp>>,
}

impl Looker {
    /// Returns one that has seen nothing yet.
    pub fn new() -> Arc<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Arc::new(Self { provider, until: Mutex::new(None) })
    }

    /// Returns the settings of a client that looks and does not judge.
    pub fn config(self: &Arc<Self>) -> Result<ClientConfig, Error> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider));
        let verifier: Arc<dyn ServerCertVerifier> = Arc::<Self>::clone(self);
        let builder = builder.with_safe_default_protocol_versions()?.dangerous();
        Ok(builder.with_custom_certificate_verifier(verifier).with_no_client_auth())
    }

    /// Returns until when the server's certificate is valid, and every one that the server sent with it.
    pub fn until(&self) -> Option<Timestamp> {
        self.until.lock().ok().and_then(|until| *until)
    }
}

/// Returns until when a certificate is valid.
fn end_of(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Timestamp::from_second(parsed.validity().not_after.timestamp()).ok()
}

impl ServerCertVerifier for Looker {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let all = std::iter::once(end_entity).chain(intermediates);
        if let Ok(mut until) = self.until.lock() {
            *until = all.filter_map(end_of).min();
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

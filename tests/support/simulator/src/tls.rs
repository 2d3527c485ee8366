//! A private CA, and the certificates it signs.

use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::net::AnyClient;

/// Which certificate the simulator presents to connections made from now on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certificate {
    /// For `127.0.0.1`, `::1` and `localhost`, signed by the CA of [`crate::Simulator::ca_pem`].
    #[default]
    Proper,
    /// Signed by that CA, for another host.
    WrongHost,
    /// Signed by that CA, with a common name and no subject alternative name.
    CommonNameOnly,
    /// Signed by that CA, run out years ago.
    Expired,
    /// As `Proper`, signed by a CA that nobody was given.
    UnknownCa,
}

/// The CA of one simulator. Its key lives as long as the process and is written nowhere.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    stranger: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// Makes a fresh CA, and a second one for [`Certificate::UnknownCa`].
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { issuer: ca("pam-simulator CA")?, stranger: ca("somebody else's CA")? })
    }

    /// The CA's certificate in PEM.
    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A new client certificate and its key, both in PEM.
    pub(crate) fn client_certificate(&self) -> Result<(String, String)> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, format!("client {:08x}", rand::random::<u32>()));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }

    /// A server configuration that presents this kind of certificate over HTTP/1.1.
    pub(crate) fn server_config(&self, kind: Certificate) -> Result<Arc<ServerConfig>> {
        let key = KeyPair::generate()?;
        let issuer = if kind == Certificate::UnknownCa { &self.stranger } else { &self.issuer };
        let leaf = leaf_params(kind)?.signed_by(&key, issuer)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(Arc::new(AnyClient::new(&provider)))
            .with_single_cert(
                vec![CertificateDer::clone(leaf.der())],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .context("the simulator's own certificate was refused")?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// SHA-256 of a certificate, in lower-case hexadecimal digits.
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    Sha256::digest(certificate).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// The same of a certificate in PEM, of the first if there are several.
pub(crate) fn fingerprint_of_pem(pem: &str) -> Result<String> {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).context("no certificate in PEM")?;
    Ok(fingerprint(&certificate))
}

fn ca(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, format!("{name} {:08x}", rand::random::<u32>()));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn leaf_params(kind: Certificate) -> Result<CertificateParams> {
    let hosts: &[&str] = match kind {
        Certificate::WrongHost => &["pam.elsewhere.invalid"],
        Certificate::CommonNameOnly => &[],
        _ => &["127.0.0.1", "::1", "localhost"],
    };
    let names: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    let name = if kind == Certificate::CommonNameOnly { "localhost" } else { "pam-simulator" };
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    if kind == Certificate::Expired {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    }
    Ok(params)
}

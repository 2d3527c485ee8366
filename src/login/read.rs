//! Reads the Secrets and the ConfigMap that a connection names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::Client;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::endpoint::{endpoint, proxy_url};
use crate::api::{CaBundleKind, CaBundleRef, ConnectionSpec, SourceSecret, Trim};
use crate::kubernetes::{CallError, NamespacedName, Version};
use crate::message::Problem;
use crate::pam::{ClientCertificate, Endpoint, OAuth2, Proxy, ProxyLogin};
use crate::secret::read::{self, SecretValues};
use crate::secret::value::{self, Unusable};

/// Everything that a login depends on.
#[derive(Debug)]
pub struct Login {
    /// What a client is made from. It may lead anywhere, and shares its limits with cluster connections.
    pub endpoint: Endpoint,
    /// The versions of the Secrets and of the ConfigMap that were read.
    pub versions: Vec<SourceSecret>,
}

/// Why a login cannot be read.
#[derive(Debug)]
pub enum LoginError {
    /// Something in the cluster is missing or wrong, and users can mend that.
    Problem(Problem),
    /// The Kubernetes API failed, or refused a call.
    Kubernetes(CallError),
}

impl From<Problem> for LoginError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<CallError> for LoginError {
    fn from(error: CallError) -> Self {
        Self::Kubernetes(error)
    }
}

/// Reads everything that a login depends on. `namespace` is where the connection's Secrets are: its own namespace, or that of
/// the operator for a cluster connection.
pub async fn read(client: &Client, spec: &ConnectionSpec, namespace: &str) -> Result<Login, LoginError> {
    let mut reader = Reader { client, spec, namespace, versions: Vec::new() };
    let oauth2 = reader.oauth2().await?;
    reader.rest(oauth2).await
}

/// Reads everything that a login depends on but the OAuth client, which is given.
pub async fn read_with(
    client: &Client,
    spec: &ConnectionSpec,
    namespace: &str,
    oauth2: OAuth2,
) -> Result<Login, LoginError> {
    Reader { client, spec, namespace, versions: Vec::new() }.rest(oauth2).await
}

/// Reads the parts one by one.
struct Reader<'a> {
    client: &'a Client,
    spec: &'a ConnectionSpec,
    /// The namespace that all parts are in.
    namespace: &'a str,
    versions: Vec<SourceSecret>,
}

impl Reader<'_> {
    async fn rest(mut self, oauth2: OAuth2) -> Result<Login, LoginError> {
        let ca_bundle = self.ca_bundle().await?;
        let client_certificate = self.client_certificate().await?;
        let proxy = self.proxy().await?;
        let endpoint = Endpoint { ca_bundle, client_certificate, proxy, ..endpoint(self.spec, oauth2)? };
        Ok(Login { endpoint, versions: self.versions })
    }

    async fn oauth2(&mut self) -> Result<OAuth2, LoginError> {
        let reference = &self.spec.auth.oauth2.client_secret_ref;
        let key = NamespacedName::new(self.namespace, &reference.name);
        let wanted = [reference.client_id_key.as_str(), reference.client_secret_key.as_str()];
        let read = self.read_own(&key, &wanted).await?;
        let found = Found { secret: &key, field: "spec.auth.oauth2.clientSecretRef", read: &read };
        let login = |bytes: &[u8]| value::login(bytes, reference.trim);
        let client_id = found.text(wanted[0], login)?.as_str().to_owned();
        let client_secret = SecretString::from(found.text(wanted[1], login)?.as_str());
        Ok(OAuth2 { client_id, client_secret })
    }

    async fn ca_bundle(&mut self) -> Result<Option<Vec<u8>>, LoginError> {
        let Some(tls) = &self.spec.tls else { return Ok(None) };
        if let Some(inline) = &tls.ca_bundle {
            return Ok(Some(STANDARD.decode(inline.trim()).map_err(|_| Problem::ca_bundle_not_base64())?));
        }
        match &tls.ca_bundle_ref {
            Some(reference) => self.referred_bundle(reference).await.map(Some),
            None => Ok(None),
        }
    }

    async fn referred_bundle(&mut self, reference: &CaBundleRef) -> Result<Vec<u8>, LoginError> {
        let key = NamespacedName::new(self.namespace, &reference.name);
        let missing = || Problem::ca_bundle_missing(reference.kind, &key);
        let (version, bundle) = match reference.kind {
            CaBundleKind::ConfigMap => {
                let found = read::read_config_map(self.client, &key, &reference.key).await?;
                let (version, text) = found.ok_or_else(missing)?;
                (version, text.map(String::into_bytes))
            }
            CaBundleKind::Secret => {
                let found = read::read(self.client, &key, &[&reference.key]).await?;
                let mut read = found.ok_or_else(missing)?;
                (read.version, read.values.remove(&reference.key).map(|bytes| bytes.to_vec()))
            }
        };
        self.note(&key, version);
        let bundle = bundle.ok_or_else(|| Problem::ca_bundle_key_missing(reference.kind, &key, &reference.key))?;
        Ok(bundle)
    }

    async fn client_certificate(&mut self) -> Result<Option<ClientCertificate>, LoginError> {
        let reference = self.spec.tls.as_ref().and_then(|tls| tls.client_certificate_secret_ref.as_ref());
        let Some(reference) = reference else { return Ok(None) };
        let key = NamespacedName::new(self.namespace, &reference.name);
        let read = self.read_own(&key, &["tls.crt", "tls.key"]).await?;
        let found = Found { secret: &key, field: "spec.tls.clientCertificateSecretRef", read: &read };
        let cert_pem = found.text("tls.crt", value::certificate)?.as_bytes().to_vec();
        let key_pem = SecretString::from(found.text("tls.key", value::certificate)?.as_str());
        Ok(Some(ClientCertificate { cert_pem, key_pem }))
    }

    /// Reads the login at the proxy even where the PAM's host needs no proxy: which versions a login depends on is a matter of
    /// the references alone.
    async fn proxy(&mut self) -> Result<Option<Proxy>, LoginError> {
        let reference = self.spec.proxy.as_ref().and_then(|proxy| proxy.basic_auth_secret_ref.as_ref());
        let login = match reference {
            Some(reference) => Some(self.proxy_login(&NamespacedName::new(self.namespace, &reference.name)).await?),
            None => None,
        };
        Ok(proxy_url(self.spec)?.map(|url| Proxy { url, login }))
    }

    async fn proxy_login(&mut self, key: &NamespacedName) -> Result<ProxyLogin, LoginError> {
        let read = self.read_own(key, &["username", "password"]).await?;
        let found = Found { secret: key, field: "spec.proxy.basicAuthSecretRef", read: &read };
        let text = |bytes: &[u8]| value::login(bytes, Trim::TrailingNewline);
        let username = found.text("username", text)?.as_str().to_owned();
        Ok(ProxyLogin { username, password: SecretString::from(found.text("password", text)?.as_str()) })
    }

    async fn read_own(&mut self, key: &NamespacedName, wanted: &[&str]) -> Result<SecretValues, LoginError> {
        let read = read::read(self.client, key, wanted).await?.ok_or_else(|| Problem::secret_missing(key))?;
        self.note(key, read.version.clone());
        Ok(read)
    }

    fn note(&mut self, key: &NamespacedName, version: Version) {
        let Version { uid, resource_version } = version;
        self.versions.push(SourceSecret { name: key.name.clone(), uid, resource_version });
    }
}

/// A Secret that was read, and the field of the spec that refers to it.
struct Found<'a> {
    secret: &'a NamespacedName,
    field: &'static str,
    read: &'a SecretValues,
}

impl Found<'_> {
    /// Returns what `make` makes of the bytes under a key.
    fn text(
        &self,
        key: &str,
        make: impl Fn(&[u8]) -> Result<Zeroizing<String>, Unusable>,
    ) -> Result<Zeroizing<String>, Problem> {
        let bytes = self.read.values.get(key).ok_or_else(|| Problem::key_missing(self.secret, key))?;
        make(bytes).map_err(|why| Problem::unusable(self.secret, key, self.field, why))
    }
}

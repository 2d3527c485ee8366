//! Reads from the cluster everything that a login to a PAM depends on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;
use zeroize::Zeroizing;

use crate::api::{self, CaBundleKind, CaBundleRef, ConnectionKind, ConnectionSpec, SourceSecret};
use crate::controller::connection::object::{AnyConnection, dependencies_of};
use crate::controller::runtime::cluster::Cluster;
use crate::controller::runtime::dependencies::Dependency;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::secret::digest::DigestKey;
use crate::controller::secret::versions::source;
use crate::kubernetes::CallError;
use crate::message::problem::Problem;
use crate::pam::{
    AdditionalSettingsShape, AddressPolicy, AllowedHosts, BooleanForm, ClientCertificate, Compatibility,
    CriticalityCase, Endpoint, Limits, NotesPlacement, NumberForm, OAuth2, Product, ProductVersion, TokenRequest,
};
use crate::secret::read::{self, SecretValues};
use crate::secret::value::{self, Unusable};

/// Everything that a login depends on.
pub(crate) struct ResolvedConnection {
    /// Digest of everything in `endpoint` but the limits.
    pub(crate) digest: String,
    /// Keyed digest of the OAuth client id alone.
    pub(crate) login: String,
    /// The versions of the Secrets and of the ConfigMap that were read.
    pub(crate) versions: Vec<SourceSecret>,
    pub(crate) endpoint: Endpoint,
}

/// Why a connection cannot be resolved.
enum ResolveError {
    /// Something in the cluster is missing or wrong, and users can mend that.
    Problem(Problem),
    /// The Kubernetes API failed.
    Kubernetes(CallError),
}

impl From<Problem> for ResolveError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<CallError> for ResolveError {
    fn from(error: CallError) -> Self {
        Self::Kubernetes(error)
    }
}

/// The parts that are read one by one.
#[derive(Default)]
struct Parts {
    /// The namespace that all parts are in.
    namespace: String,
    ca_bundle: Option<Vec<u8>>,
    client_certificate: Option<ClientCertificate>,
    versions: Vec<SourceSecret>,
}

/// Reads everything that a login depends on.
pub(crate) struct Resolver<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) key: &'a DigestKey,
    /// The hosts that tenants' connections may lead to.
    pub(crate) allowed_hosts: &'a AllowedHosts,
}

impl Resolver<'_> {
    /// Returns the newest versions of a connection's dependencies without a read; `None` if a dependency is missing.
    pub(crate) fn versions_of(&self, connection: &AnyConnection) -> Option<Vec<SourceSecret>> {
        let version = |dependency: &Dependency| {
            let (versions, key) = match dependency {
                Dependency::ConfigMap(key) => (&self.cluster.config_map_versions, key),
                Dependency::Secret(key) => (&self.cluster.secret_versions, key),
                Dependency::Object(_) | Dependency::Holder(_) | Dependency::Namespace(_) => return None,
            };
            versions.of(key).map(|version| source(&key.name, version))
        };
        dependencies_of(&connection.spec, &self.home_of(connection)).iter().map(version).collect()
    }

    /// Reads everything that a login depends on.
    pub(crate) async fn resolve(
        &self,
        connection: &AnyConnection,
    ) -> Result<Result<ResolvedConnection, Problem>, Error> {
        match self.read_all(connection).await {
            Ok(resolved) => Ok(Ok(resolved)),
            Err(ResolveError::Problem(problem)) => Ok(Err(problem)),
            Err(ResolveError::Kubernetes(error)) => Err(error.into()),
        }
    }

    async fn read_all(&self, connection: &AnyConnection) -> Result<ResolvedConnection, ResolveError> {
        self.check_host(connection)?;
        let mut parts = Parts { namespace: self.home_of(connection), ..Parts::default() };
        let login = self.login(&connection.spec, &mut parts).await?;
        self.ca_bundle(&connection.spec, &mut parts).await?;
        self.client_certificate(&connection.spec, &mut parts).await?;
        let digest = self.login_digest(connection, &login, &parts);
        let client = self.key.mac(&owner_of(connection), "client", login.client_id.as_bytes());
        let Parts { ca_bundle, client_certificate, versions, .. } = parts;
        let allowed = self.address_policy(connection);
        let apart = connection.metadata.namespace.clone();
        let endpoint = endpoint(&connection.spec, login)?;
        let endpoint = Endpoint { ca_bundle, client_certificate, allowed, apart, ..endpoint };
        Ok(ResolvedConnection { digest, login: client, versions, endpoint })
    }

    async fn login(&self, spec: &ConnectionSpec, parts: &mut Parts) -> Result<OAuth2, ResolveError> {
        let reference = &spec.auth.oauth2.client_secret_ref;
        let key = NamespacedName::new(&parts.namespace, &reference.name);
        let wanted = [reference.client_id_key.as_str(), reference.client_secret_key.as_str()];
        let read = self.read_own(&key, &wanted, parts).await?;
        let found = Found { secret: &key, field: "spec.auth.oauth2.clientSecretRef", read: &read };
        let login = |bytes: &[u8]| value::login(bytes, reference.trim);
        let client_id = found.text(wanted[0], login)?.as_str().to_owned();
        let client_secret = SecretString::from(found.text(wanted[1], login)?.as_str());
        Ok(OAuth2 { client_id, client_secret })
    }

    async fn ca_bundle(&self, spec: &ConnectionSpec, parts: &mut Parts) -> Result<(), ResolveError> {
        let Some(tls) = &spec.tls else { return Ok(()) };
        if let Some(inline) = &tls.ca_bundle {
            parts.ca_bundle = Some(STANDARD.decode(inline.trim()).map_err(|_| Problem::ca_bundle_not_base64())?);
        } else if let Some(reference) = &tls.ca_bundle_ref {
            parts.ca_bundle = Some(self.referred_bundle(reference, parts).await?);
        }
        Ok(())
    }

    async fn referred_bundle(&self, reference: &CaBundleRef, parts: &mut Parts) -> Result<Vec<u8>, ResolveError> {
        let key = NamespacedName::new(&parts.namespace, &reference.name);
        let missing = || Problem::ca_bundle_missing(reference.kind, &key);
        let (version, bundle) = match reference.kind {
            CaBundleKind::ConfigMap => {
                let found = read::read_config_map(&self.cluster.client, &key, &reference.key).await?;
                let (version, text) = found.ok_or_else(missing)?;
                (version, text.map(String::into_bytes))
            }
            CaBundleKind::Secret => {
                let found = read::read(&self.cluster.client, &key, &[&reference.key]).await?;
                let mut read = found.ok_or_else(missing)?;
                (read.version, read.values.remove(&reference.key).map(|bytes| bytes.to_vec()))
            }
        };
        parts.versions.push(source(&key.name, version));
        let bundle = bundle.ok_or_else(|| Problem::ca_bundle_key_missing(reference.kind, &key, &reference.key))?;
        Ok(bundle)
    }

    async fn client_certificate(&self, spec: &ConnectionSpec, parts: &mut Parts) -> Result<(), ResolveError> {
        let reference = spec.tls.as_ref().and_then(|tls| tls.client_certificate_secret_ref.as_ref());
        let Some(reference) = reference else { return Ok(()) };
        let key = NamespacedName::new(&parts.namespace, &reference.name);
        let read = self.read_own(&key, &["tls.crt", "tls.key"], parts).await?;
        let found = Found { secret: &key, field: "spec.tls.clientCertificateSecretRef", read: &read };
        let cert_pem = found.text("tls.crt", value::certificate)?.as_bytes().to_vec();
        let key_pem = SecretString::from(found.text("tls.key", value::certificate)?.as_str());
        parts.client_certificate = Some(ClientCertificate { cert_pem, key_pem });
        Ok(())
    }

    async fn read_own(
        &self,
        key: &NamespacedName,
        wanted: &[&str],
        parts: &mut Parts,
    ) -> Result<SecretValues, ResolveError> {
        let read = read::read(&self.cluster.client, key, wanted).await?.ok_or_else(|| Problem::secret_missing(key))?;
        parts.versions.push(source(&key.name, read.version.clone()));
        Ok(read)
    }

    /// Returns the namespace of a connection's Secrets: for a cluster connection, the operator's own namespace.
    fn home_of(&self, connection: &AnyConnection) -> String {
        connection.metadata.namespace.clone().unwrap_or_else(|| self.cluster.namespace.clone())
    }

    /// Returns the addresses that a connection may lead to: a tenant's connection may lead only to hosts that the operator's
    /// flags allow.
    fn address_policy(&self, connection: &AnyConnection) -> AddressPolicy {
        match connection.kind() {
            ConnectionKind::ClusterPamConnection => AddressPolicy::Any,
            ConnectionKind::PamConnection => AddressPolicy::Checked { allowed_hosts: self.allowed_hosts.clone() },
        }
    }

    /// Checks that a connection may lead to its host, before any Secret is read.
    pub(crate) fn check_host(&self, connection: &AnyConnection) -> Result<(), Problem> {
        let url = Url::parse(&connection.spec.url).map_err(|_| Problem::url_invalid())?;
        self.address_policy(connection).check_url(&url).map_err(|error| Problem::unusable_connection(&error))
    }

    /// Returns the digest of everything but the limits, since limits change no login.
    fn login_digest(&self, connection: &AnyConnection, login: &OAuth2, parts: &Parts) -> String {
        let spec = ConnectionSpec { limits: None, ..connection.spec.clone() };
        let spec = serde_json::to_vec(&spec).unwrap_or_default();
        let certificate = parts.client_certificate.as_ref();
        let secrets = [
            spec.as_slice(),
            login.client_id.as_bytes(),
            login.client_secret.expose_secret().as_bytes(),
            parts.ca_bundle.as_deref().unwrap_or_default(),
            certificate.map(|certificate| certificate.cert_pem.as_slice()).unwrap_or_default(),
            certificate.map(|certificate| certificate.key_pem.expose_secret().as_bytes()).unwrap_or_default(),
        ];
        let mut joined = Zeroizing::new(Vec::with_capacity(secrets.iter().map(|part| part.len() + 8).sum()));
        for part in secrets {
            joined.extend_from_slice(&(part.len() as u64).to_be_bytes());
            joined.extend_from_slice(part);
        }
        self.key.mac(&owner_of(connection), "login", &joined)
    }
}

/// Returns the owner of a connection's digests.
fn owner_of(connection: &AnyConnection) -> String {
    connection.id().key().to_string()
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

fn endpoint(spec: &ConnectionSpec, oauth2: OAuth2) -> Result<Endpoint, Problem> {
    let url = Url::parse(&spec.url).map_err(|_| Problem::url_invalid())?;
    let version = ProductVersion::parse(&spec.product_version).map_err(|_| Problem::version_invalid())?;
    let limits = spec.limits.clone().unwrap_or_default();
    let limits = Limits {
        max_concurrent_requests: limits.max_concurrent_requests,
        requests_per_second: limits.requests_per_second,
        burst: limits.burst,
    };
    Ok(Endpoint {
        product: match spec.product {
            api::Product::PamCore => Product::PamCore,
            api::Product::MySafe => Product::MySafe,
        },
        limits,
        compatibility: compatibility(spec),
        tenant: spec.auth.oauth2.tenant.clone(),
        token_request: match spec.auth.oauth2.token_request {
            api::TokenRequest::Form => TokenRequest::Form,
            api::TokenRequest::Basic => TokenRequest::Basic,
        },
        referrer: spec.referrer.clone(),
        ..Endpoint::new(url, version, oauth2)
    })
}

fn compatibility(spec: &ConnectionSpec) -> Compatibility {
    let quirks = spec.compatibility.clone().unwrap_or_default();
    Compatibility {
        api_prefix: spec.api_prefix.clone(),
        token_path: spec.token_path.clone(),
        notes_placement: quirks.notes_placement.map(|placement| match placement {
            api::NotesPlacement::TopLevel => NotesPlacement::TopLevel,
            api::NotesPlacement::AdditionalSettings => NotesPlacement::AdditionalSettings,
        }),
        additional_settings_shape: quirks.additional_settings_shape.map(|shape| match shape {
            api::AdditionalSettingsShape::Object => AdditionalSettingsShape::Object,
            api::AdditionalSettingsShape::Array => AdditionalSettingsShape::Array,
        }),
        criticality_case: quirks.criticality_case.map(|case| match case {
            api::CriticalityCase::Capitalized => CriticalityCase::Capitalized,
            api::CriticalityCase::LowerCase => CriticalityCase::LowerCase,
        }),
        boolean_form: quirks.boolean_form.map(|form| match form {
            api::BooleanForm::Literal => BooleanForm::Literal,
            api::BooleanForm::Digit => BooleanForm::Digit,
        }),
        number_form: quirks.number_form.map(|form| match form {
            api::NumberForm::Number => NumberForm::Number,
            api::NumberForm::Text => NumberForm::Text,
        }),
    }
}

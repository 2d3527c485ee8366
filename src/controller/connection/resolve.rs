//! What the operator adds to a login that it reads: digests, the versions that it knows without a read, and where tenants'
//! connections may lead.

use secrecy::ExposeSecret as _;
use url::Url;
use zeroize::Zeroizing;

use crate::api::{ConnectionKind, ConnectionSpec, SourceSecret};
use crate::controller::connection::object::{AnyConnection, dependencies_of};
use crate::controller::runtime::cluster::Cluster;
use crate::controller::runtime::dependencies::Dependency;
use crate::controller::runtime::error::Error;
use crate::controller::secret::digest::DigestKey;
use crate::controller::secret::versions::source;
use crate::login::{self, Login, LoginError};
use crate::message::Problem;
use crate::pam::{AddressPolicy, AllowedHosts, Endpoint};

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
            Err(LoginError::Problem(problem)) => Ok(Err(problem)),
            Err(LoginError::Kubernetes(error)) => Err(error.into()),
        }
    }

    async fn read_all(&self, connection: &AnyConnection) -> Result<ResolvedConnection, LoginError> {
        self.check_host(connection)?;
        let Login { endpoint, versions } =
            login::read(&self.cluster.client, &connection.spec, &self.home_of(connection)).await?;
        let digest = self.login_digest(connection, &endpoint);
        let client = self.key.mac(&owner_of(connection), "client", endpoint.oauth2.client_id.as_bytes());
        let allowed = self.address_policy(connection);
        let apart = connection.metadata.namespace.clone();
        let endpoint = Endpoint { allowed, apart, ..endpoint };
        Ok(ResolvedConnection { digest, login: client, versions, endpoint })
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
    fn login_digest(&self, connection: &AnyConnection, endpoint: &Endpoint) -> String {
        let spec = ConnectionSpec { limits: None, ..connection.spec.clone() };
        let spec = serde_json::to_vec(&spec).unwrap_or_default();
        let (oauth2, certificate) = (&endpoint.oauth2, endpoint.client_certificate.as_ref());
        let mut secrets = vec![
            spec.as_slice(),
            oauth2.client_id.as_bytes(),
            oauth2.client_secret.expose_secret().as_bytes(),
            endpoint.ca_bundle.as_deref().unwrap_or_default(),
            certificate.map(|certificate| certificate.cert_pem.as_slice()).unwrap_or_default(),
            certificate.map(|certificate| certificate.key_pem.expose_secret().as_bytes()).unwrap_or_default(),
        ];
        // Only where there is one: the digests that earlier versions recorded are without.
        if let Some(login) = endpoint.proxy.as_ref().and_then(|proxy| proxy.login.as_ref()) {
            secrets.extend([login.username.as_bytes(), login.password.expose_secret().as_bytes()]);
        }
        let mut joined = Zeroizing::new(Vec::with_capacity(secrets.iter().map(|part: &&[u8]| part.len() + 8).sum()));
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

//! The connections: how each stands, and the clients made of them.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::runtime::reflector::{ObjectRef, Store};
use secrecy::SecretString;
use tokio::sync::Mutex;
use url::Url;
use zeroize::Zeroizing;

use super::context::Context;
use super::error::Error;
use super::message::Problem;
use super::references::Target;
use super::secrets;
use super::versions::Version;
use super::watch::GuardedConnection;
use crate::api::{CaBundleKind, ClusterPamConnection, ClusterPamConnectionStatus, ConditionType, SourceSecret, find};
use crate::domain::{Connection, Reason};
use crate::metrics::Metrics;
use crate::pam::{Deadlines, Endpoint, Inventory, Limits, OAuth2, Origins, PamClient, ProductVersion};

/// The connections of this process.
pub(super) struct Connections {
    store: Store<GuardedConnection>,
    origins: Origins,
    live: Mutex<HashMap<String, Arc<Live>>>,
}

/// A connection that is in use.
pub(super) struct Live {
    pub(super) client: PamClient,
    pub(super) inventory: Arc<Inventory>,
    /// Digest of all that a login depends on.
    pub(super) digest: String,
    uid: String,
    generation: i64,
    versions: Vec<SourceSecret>,
}

/// How a connection stands, for those who refer to it.
#[derive(Clone, Debug, Hash)]
pub(super) struct View {
    pub(super) ready: bool,
    pub(super) reason: Option<Reason>,
    /// Its `Ready` message.
    pub(super) message: String,
    pub(super) generation: i64,
    /// Scheme, host, port and path, without a trailing slash.
    pub(super) origin: String,
}

/// All that a login depends on, read from the cluster.
pub(super) struct Material {
    pub(super) digest: String,
    pub(super) versions: Vec<SourceSecret>,
    endpoint: Endpoint,
}

impl Connections {
    pub(super) fn new(store: Store<GuardedConnection>, metrics: Metrics) -> Self {
        let origins = Origins::with_observer(move |report| super::blame::count(&metrics, report));
        Self { store, origins, live: Mutex::default() }
    }

    /// The connection of that name.
    pub(super) fn get(&self, name: &str) -> Option<ClusterPamConnection> {
        self.store.get(&ObjectRef::new(name)).and_then(|guarded| guarded.0.as_ref().ok().cloned())
    }

    /// Takes what was read into use. A client stays as it is while nothing that a login depends on changed: its
    /// token stays good.
    pub(super) async fn install(
        &self,
        connection: &ClusterPamConnection,
        material: Material,
    ) -> Result<Arc<Live>, Problem> {
        let mut live = self.live.lock().await;
        let (name, uid, generation) = identity(connection);
        let Material { digest, versions, endpoint } = material;
        let as_before = |old: &&Arc<Live>| old.digest == digest && old.uid == uid && old.generation == generation;
        let (client, inventory) = if let Some(old) = live.get(&name).filter(as_before) {
            (old.client.clone(), Arc::clone(&old.inventory))
        } else {
            let client = PamClient::new(endpoint, &self.origins, Deadlines::default());
            (client.map_err(|error| Problem::unusable_connection(&error))?, Arc::default())
        };
        let made = Arc::new(Live { client, inventory, digest, uid, generation, versions });
        live.insert(name, Arc::clone(&made));
        Ok(made)
    }

    /// Drops the client of a connection that is gone.
    pub(super) fn forget(&self, name: &str) {
        if let Ok(mut live) = self.live.try_lock() {
            live.remove(name);
        }
    }

    async fn current(&self, connection: &ClusterPamConnection, versions: &[SourceSecret]) -> Option<Arc<Live>> {
        let (name, uid, generation) = identity(connection);
        let live = self.live.lock().await.get(&name).cloned()?;
        (live.uid == uid && live.generation == generation && live.versions == versions).then_some(live)
    }
}

impl Context {
    /// How the connection of that name stands; `None` if there is none.
    pub(super) fn connection(&self, name: &str) -> Option<View> {
        let connection = self.connections.get(name)?;
        let status = self.connection_status(&connection);
        let generation = connection.metadata.generation.unwrap_or_default();
        let ready = find(&status.conditions, ConditionType::Ready);
        let current = ready.filter(|c| c.observed_generation == Some(generation));
        Some(View {
            ready: current.is_some_and(|c| c.status == "True"),
            reason: current.and_then(|c| Reason::named(&c.reason)),
            message: current.map(|c| c.message.clone()).unwrap_or_default(),
            generation,
            origin: origin(&connection.spec.url),
        })
    }

    /// The newest status of a connection.
    pub(super) fn connection_status(&self, connection: &ClusterPamConnection) -> ClusterPamConnectionStatus {
        let meta = &connection.metadata;
        let shown = connection.status.clone().unwrap_or_default();
        let uid = meta.uid.as_deref().unwrap_or_default();
        self.written_connections.freshest(uid, meta.resource_version.as_deref(), shown)
    }

    /// The client and inventory of a connection, made where there is none yet.
    pub(super) async fn live(&self, name: &str) -> Result<Result<Arc<Live>, Problem>, Error> {
        let Some(connection) = self.connections.get(name) else {
            return Ok(Err(Problem::connection_gone(name)));
        };
        if let Some(versions) = self.versions_of(&connection)
            && let Some(live) = self.connections.current(&connection, &versions).await
        {
            return Ok(Ok(live));
        }
        match self.material(&connection).await? {
            Ok(material) => Ok(self.connections.install(&connection, material).await),
            Err(problem) => Ok(Err(problem)),
        }
    }

    /// The newest versions of what a connection refers to, without reading it; `None` if something is missing.
    pub(super) fn versions_of(&self, connection: &ClusterPamConnection) -> Option<Vec<SourceSecret>> {
        self.targets_of(connection)
            .into_iter()
            .map(|target| {
                let (versions, key) = match &target {
                    Target::ConfigMap(key) => (&self.config_maps, key),
                    Target::Secret(key) => (&self.secrets, key),
                    Target::Connection(_) | Target::Credential(_) => return None,
                };
                versions.of(key).map(|version| source(&key.1, version))
            })
            .collect()
    }

    /// What a connection refers to: its login's Secret first.
    pub(super) fn targets_of(&self, connection: &ClusterPamConnection) -> Vec<Target> {
        let key = |name: &String| (self.namespace.clone(), name.clone());
        let login = Target::Secret(key(&connection.spec.auth.oauth2.client_secret_ref.name));
        let bundle = connection.spec.tls.as_ref().and_then(|tls| tls.ca_bundle_ref.as_ref());
        let bundle = bundle.map(|bundle| match bundle.kind {
            CaBundleKind::ConfigMap => Target::ConfigMap(key(&bundle.name)),
            CaBundleKind::Secret => Target::Secret(key(&bundle.name)),
        });
        [Some(login), bundle].into_iter().flatten().collect()
    }

    /// Reads all that a login depends on.
    pub(super) async fn material(&self, connection: &ClusterPamConnection) -> Result<Result<Material, Problem>, Error> {
        let (login, mut versions) = match self.login(connection).await? {
            Ok((login, version)) => (login, vec![version]),
            Err(problem) => return Ok(Err(problem)),
        };
        let ca_bundle = match self.ca_bundle(connection).await? {
            Ok(None) => None,
            Ok(Some((bundle, version))) => {
                versions.extend(version);
                Some(bundle)
            }
            Err(problem) => return Ok(Err(problem)),
        };
        Ok(self.endpoint(connection, login, ca_bundle).map(|(endpoint, digest)| Material {
            digest,
            versions,
            endpoint,
        }))
    }

    async fn login(&self, connection: &ClusterPamConnection) -> Result<Result<(OAuth2, SourceSecret), Problem>, Error> {
        let reference = &connection.spec.auth.oauth2.client_secret_ref;
        let key = (self.namespace.clone(), reference.name.clone());
        let wanted = [reference.client_id_key.as_str(), reference.client_secret_key.as_str()];
        let Some(read) = secrets::read(&self.client, &key, &wanted).await? else {
            return Ok(Err(Problem::secret_missing(&key)));
        };
        let field = |name: &str| {
            let bytes = read.values.get(name).ok_or_else(|| Problem::key_missing(&key, name))?;
            // A line break in a header or form is never meant, and would be refused as a wrong secret.
            let text = std::str::from_utf8(bytes).map_err(|_| Problem::login_not_text(&key, name))?;
            let text = text.strip_suffix('\n').unwrap_or(text);
            if text.is_empty() { Err(Problem::login_empty(&key, name)) } else { Ok(Zeroizing::new(text.to_owned())) }
        };
        let fields = field(wanted[0]).and_then(|id| field(wanted[1]).map(|secret| (id, secret)));
        Ok(fields.map(|(id, secret)| {
            let login =
                OAuth2 { client_id: id.as_str().to_owned(), client_secret: SecretString::from(secret.as_str()) };
            (login, source(&key.1, read.version.clone()))
        }))
    }

    async fn ca_bundle(
        &self,
        connection: &ClusterPamConnection,
    ) -> Result<Result<Option<(Vec<u8>, Option<SourceSecret>)>, Problem>, Error> {
        let Some(tls) = &connection.spec.tls else {
            return Ok(Ok(None));
        };
        if let Some(inline) = &tls.ca_bundle {
            let bundle = STANDARD.decode(inline.trim()).map_err(|_| Problem::ca_bundle_not_base64());
            return Ok(bundle.map(|bundle| Some((bundle, None))));
        }
        let Some(reference) = &tls.ca_bundle_ref else {
            return Ok(Ok(None));
        };
        let key = (self.namespace.clone(), reference.name.clone());
        let read = match reference.kind {
            CaBundleKind::ConfigMap => secrets::read_config_map(&self.client, &key, &reference.key)
                .await?
                .map(|(version, text)| (version, text.map(String::into_bytes))),
            CaBundleKind::Secret => secrets::read(&self.client, &key, &[&reference.key])
                .await?
                .map(|mut read| (read.version, read.values.remove(&reference.key).map(|bytes| bytes.to_vec()))),
        };
        Ok(match read {
            None => Err(Problem::ca_bundle_missing(reference.kind, &key)),
            Some((_, None)) => Err(Problem::ca_bundle_key_missing(reference.kind, &key, &reference.key)),
            Some((version, Some(bundle))) => Ok(Some((bundle, Some(source(&key.1, version))))),
        })
    }

    fn endpoint(
        &self,
        connection: &ClusterPamConnection,
        oauth2: OAuth2,
        ca_bundle: Option<Vec<u8>>,
    ) -> Result<(Endpoint, String), Problem> {
        let spec = &connection.spec;
        let url = Url::parse(&spec.url).map_err(|_| Problem::url_invalid())?;
        let version = ProductVersion::parse(&spec.product_version).map_err(|_| Problem::version_invalid())?;
        let limits = spec.limits.clone().unwrap_or_default();
        let limits = Limits {
            max_concurrent_requests: limits.max_concurrent_requests,
            requests_per_second: limits.requests_per_second,
            burst: limits.burst,
        };
        let digest = self.login_digest(connection, &oauth2, ca_bundle.as_deref());
        Ok((Endpoint { ca_bundle, limits, ..Endpoint::new(url, version, oauth2) }, digest))
    }

    fn login_digest(&self, connection: &ClusterPamConnection, login: &OAuth2, ca_bundle: Option<&[u8]>) -> String {
        use secrecy::ExposeSecret as _;
        let secret = login.client_secret.expose_secret();
        let parts = [
            connection.spec.url.as_bytes(),
            connection.spec.product_version.as_bytes(),
            login.client_id.as_bytes(),
            secret.as_bytes(),
            ca_bundle.unwrap_or_default(),
        ];
        let length = parts.iter().map(|part| part.len() + 8).sum();
        let mut joined = Zeroizing::new(Vec::with_capacity(length));
        for part in parts {
            joined.extend_from_slice(&(part.len() as u64).to_be_bytes());
            joined.extend_from_slice(part);
        }
        self.key.mac(&identity(connection).0, "login", &joined)
    }
}

impl View {
    /// What a decision turns on. What ails a connection in the PAM ails its credentials too, and they say so; what
    /// it lacks in the cluster is for whoever looks after it.
    pub(super) fn state(view: Option<&Self>) -> Connection {
        let Some(view) = view else {
            return Connection::Missing;
        };
        match view.reason {
            _ if view.ready => Connection::Ready,
            Some(
                reason @ (Reason::PamAuthenticationFailed
                | Reason::PamUnavailable
                | Reason::PamRejected
                | Reason::PamPermissionDenied
                | Reason::RateLimited),
            ) => Connection::NotReady(reason),
            _ => Connection::NotReady(Reason::ConnectionNotReady),
        }
    }
}

/// Scheme, host, port and path of a PAM, without a trailing slash.
fn origin(url: &str) -> String {
    let Ok(url) = Url::parse(url) else {
        return url.to_owned();
    };
    format!("{}{}", url.origin().ascii_serialization(), url.path().trim_end_matches('/'))
}

pub(super) fn source(name: &str, version: Version) -> SourceSecret {
    SourceSecret { name: name.to_owned(), uid: version.uid, resource_version: version.resource_version }
}

fn identity(connection: &ClusterPamConnection) -> (String, String, i64) {
    let meta = &connection.metadata;
    (meta.name.clone().unwrap_or_default(), meta.uid.clone().unwrap_or_default(), meta.generation.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_has_one_spelling() {
        for url in ["https://pam.example.com", "https://PAM.example.com:443/", "https://pam.example.com//"] {
            assert_eq!(origin(url), "https://pam.example.com");
        }
        assert_eq!(origin("https://pam.example.com:8443/vault/"), "https://pam.example.com:8443/vault");
    }
}

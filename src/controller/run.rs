//! Starts the controllers and their watches, and stops them in order.

mod readings;

use std::collections::HashSet;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::select;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use kube::Client;
use kube::api::Api;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::api::{ClusterPamConnection, MySafePassword, PamCredential};
use crate::config::{Config, WatchScope};
use crate::controller::connection;
use crate::controller::connection::outage;
use crate::controller::connection::poller::{Poller, RegularList};
use crate::controller::controllers::{Kinds, Known, Scope, Stop, channels, scopes, serve};
use crate::controller::credential;
use crate::controller::runtime::answers;
use crate::controller::runtime::cluster::{Cluster, Started};
use crate::controller::runtime::dependencies::Dependency;
use crate::controller::runtime::error::{Error, bounded};
use crate::controller::runtime::namespace_watch;
use crate::controller::runtime::outside;
use crate::controller::runtime::rollback;
use crate::controller::runtime::watch;
use crate::controller::runtime::watch_contacts::WatchContacts;
use crate::controller::safe_password;
use crate::controller::secret::digest;
use crate::leader::LeadHandle;
use crate::metrics::Metrics;
use crate::probes::Check;

/// Serves the kinds until `stop` resolves, then lets the passes in flight end and returns. `ready` is done once every
/// watch has its first list. Nothing is written to a PAM once `lead` is lost.
///
/// # Errors
///
/// When the start needs something that is missing: the cluster's name, the digest key, or the permission to read either.
/// A later failure is retried and is no error. When the API server went back to an older state: only a process that begins again
/// forgets all that it saw of the state that is gone.
pub async fn run(
    client: Client,
    config: &Config,
    metrics: Metrics,
    ready: Check,
    lead: LeadHandle,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let went_back: Stop = rollback::went_back(Api::<ClusterPamConnection>::all(client.clone())).boxed().shared();
    let stop: Stop = select(stop.boxed(), went_back.clone()).map(drop).boxed().shared();
    let contacts = WatchContacts::default();
    let client = answers::filtered(client, contacts.clone());
    let cluster_name = cluster_name(&client, config).await?;
    let key = digest::load_key(&client, &config.namespace).await?;
    tracing::info!(cluster_name, "serving PamCredentials, MySafePasswords, ClusterPamConnections and PamConnections");
    let (triggers, receivers) = channels(config);
    let started = Started { cluster_name, lead, triggers, contacts, readiness: ready.readiness() };
    let cluster = Arc::new(Cluster::new(client, config, metrics, started));
    let connections = Arc::new(connection::context::Context::new(Arc::clone(&cluster), key, config));
    let credentials = Arc::new(credential::context::Context::new(Arc::clone(&connections), config));
    let safe_passwords = Arc::new(safe_password::context::Context::new(Arc::clone(&connections)));
    let mut watches = JoinSet::new();
    let versions_known = first_lists(&cluster, config, &mut watches);
    let kinds = Kinds { connections, credentials, safe_passwords };
    readings::publish(&kinds);
    let serving = serve(&kinds, config, receivers, &versions_known, ready, &stop);
    let closing = async {
        tokio::select! {
            () = versions_known.clone() => spawn_work(&kinds, config, &mut watches),
            () = stop.clone() => {}
        }
        stop.clone().await;
        cluster.slots.close();
    };
    futures::future::join(serving, closing).await;
    watches.shutdown().await;
    ended(&went_back)
}

/// Starts what goes on beside the passes.
fn spawn_work(Kinds { connections, credentials, safe_passwords }: &Kinds, config: &Config, work: &mut JoinSet<()>) {
    if let WatchScope::Namespaces(names) = &config.watch {
        work.spawn(outside::tell_outside::<PamCredential, _>(Arc::clone(credentials), names.clone()));
        work.spawn(outside::tell_outside::<MySafePassword, _>(Arc::clone(safe_passwords), names.clone()));
    }
    work.spawn(outage::watch(Arc::clone(connections)));
    let lists: Vec<Arc<dyn RegularList>> = vec![
        Arc::<credential::context::Context>::clone(credentials),
        Arc::<safe_password::context::Context>::clone(safe_passwords),
    ];
    work.spawn(Poller::new(Arc::clone(connections), lists).run());
}

/// Returns why the work ended: it was told to stop, or the API server went back.
fn ended(went_back: &Stop) -> Result<(), Error> {
    went_back.peek().map_or(Ok(()), |()| Err(Error::WentBack))
}

async fn cluster_name(client: &Client, config: &Config) -> Result<String, Error> {
    if let Some(name) = config.cluster_name.clone() {
        return Ok(name);
    }
    let api = Api::<Namespace>::all(client.clone());
    let namespace = bounded("read the kube-system namespace", api.get_metadata("kube-system")).await?;
    let uid = namespace.metadata.uid.unwrap_or_default();
    Ok(uid.chars().filter(char::is_ascii_hexdigit).take(8).collect())
}

/// Returns the scopes together with the operator's own namespace.
fn with_own(scopes: &HashSet<Scope>, own: &Scope) -> HashSet<Scope> {
    let missing = (!scopes.contains(&None)).then(|| own.clone());
    scopes.iter().cloned().chain(missing).collect()
}

/// Starts the metadata watches. Returns what resolves once each has its first list: without the first list, a Secret that the
/// watch has not shown yet looks like a Secret that does not exist.
fn first_lists(cluster: &Arc<Cluster>, config: &Config, watches: &mut JoinSet<()>) -> Known {
    let own = Some(config.namespace.clone());
    let everywhere: HashSet<Scope> = scopes(config).into_iter().collect();
    let mut firsts = Vec::new();
    let mut first = || {
        let (sender, receiver) = oneshot::channel();
        firsts.push(receiver);
        || _ = sender.send(())
    };
    for scope in with_own(&everywhere, &own) {
        let shared = Arc::clone(cluster);
        watches.spawn(watch::keep_versions::<Secret>(
            shared,
            scope,
            |c| &c.secret_versions,
            Dependency::Secret,
            first(),
        ));
    }
    // A tenant's CA bundle may be in a ConfigMap. Where no tenant may connect anywhere, ConfigMaps of tenants are not
    // watched.
    let tenants = if config.allowed_hosts.is_empty() { [own.clone()].into() } else { with_own(&everywhere, &own) };
    for scope in tenants {
        let shared = Arc::clone(cluster);
        watches.spawn(watch::keep_versions::<ConfigMap>(
            shared,
            scope,
            |c| &c.config_map_versions,
            Dependency::ConfigMap,
            first(),
        ));
    }
    for scope in everywhere {
        watches.spawn(namespace_watch::keep_labels(Arc::clone(cluster), scope, first()));
    }
    futures::future::join_all(firsts).map(drop).boxed().shared()
}

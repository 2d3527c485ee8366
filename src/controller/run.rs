//! Starts everything, and ends it in order.

use std::collections::HashSet;
use std::sync::Arc;

use futures::FutureExt;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use kube::api::Api;
use kube::runtime::reflector::ObjectRef;
use kube::{Client, Resource};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::config::{Config, WatchScope};
use crate::controller::connection::clients::ClientCache;
use crate::controller::connection::inventory;
use crate::controller::context::{Context, Given, Wake};
use crate::controller::controllers::{Receiver, Receivers, Scope, Stop, serve};
use crate::controller::credential::shutdown::{self, Handover};
use crate::controller::runtime::dependencies::Dependency;
use crate::controller::runtime::error::{Error, bounded};
use crate::controller::runtime::namespaces;
use crate::controller::runtime::watch;
use crate::controller::secret::digest;
use crate::leader::LeadHandle;
use crate::metrics::Metrics;
use crate::probes::Check;

/// Serves the kinds until `stop` resolves, then finishes what is in flight and returns. `ready` is done once every
/// watch has its first list. Nothing is written to a PAM once `lead` is lost. Returns what this process can vouch for to the next one.
///
/// # Errors
///
/// When something without which nothing can be done is missing at the start: the digest key, or the permission to
/// read it. Everything later is retried.
pub async fn run(
    client: Client,
    config: &Config,
    metrics: Metrics,
    (ready, lead): (Check, LeadHandle),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<Option<String>, Error> {
    let stop: Stop = stop.boxed().shared();
    let cluster_name = cluster_name(&client, config).await?;
    let key = digest::load_key(&client, &config.namespace).await?;
    tracing::info!(cluster_name, "serving PamCredentials, ClusterPamConnections and PamConnections");
    let (wake, receivers) = wake(config);
    let served = shutdown::served(config, &key);
    let vouch = |handover| (handover == Handover::Complete).then_some(served);
    let given = Given { cluster_name, key, lead, wake, connections: ClientCache::new(metrics.clone()) };
    let context = Arc::new(Context::new(client, config, metrics, given));
    let mut watches = JoinSet::new();
    tokio::select! {
        () = first_lists(&context, config, &mut watches) => {}
        // Nothing was done.
        () = stop.clone() => return Ok(vouch(context.memory.before())),
    }
    watches.spawn(inventory::keep_inventories(Arc::clone(&context)));
    let serving = serve(&context, config, receivers, ready, &stop);
    let closing = async {
        stop.clone().await;
        context.slots.close();
    };
    futures::future::join(serving, closing).await;
    watches.shutdown().await;
    Ok(vouch(context.leaves()))
}

/// What wakes objects, and where the wakening arrives.
fn wake(config: &Config) -> (Wake, Receivers) {
    let (cluster_connections, cluster_connection_receiver) = unbounded_channel();
    let (connections, connection_receivers) = scopes(config).into_iter().map(channel).unzip();
    let (credentials, credential_receivers) = scopes(config).into_iter().map(channel).unzip();
    let receivers = Receivers {
        cluster_connections: (None, cluster_connection_receiver),
        connections: connection_receivers,
        credentials: credential_receivers,
    };
    (Wake { credentials, connections, cluster_connections }, receivers)
}

type Sender<K> = (Scope, UnboundedSender<ObjectRef<K>>);

fn channel<K: Resource<DynamicType = ()>>(scope: Scope) -> (Sender<K>, Receiver<K>) {
    let (sender, receiver) = unbounded_channel();
    ((scope.clone(), sender), (scope, receiver))
}

/// The namespaces that are watched each by itself; `None` is all of them at once.
fn scopes(config: &Config) -> Vec<Scope> {
    match &config.watch {
        WatchScope::All => vec![None],
        WatchScope::Namespaces(names) => names.iter().cloned().map(Some).collect(),
    }
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

/// Starts the metadata watches, and returns once each has its first list: before that, a Secret that was not seen
/// yet could not be told from one that is not there.
async fn first_lists(context: &Arc<Context>, config: &Config, watches: &mut JoinSet<()>) {
    let own = Some(config.namespace.clone());
    let everywhere: HashSet<Scope> = scopes(config).into_iter().collect();
    let and_own = |mut scopes: HashSet<Scope>| {
        if !scopes.contains(&None) {
            scopes.insert(own.clone());
        }
        scopes
    };
    let mut firsts = Vec::new();
    let mut first = || {
        let (sender, receiver) = oneshot::channel();
        firsts.push(receiver);
        || _ = sender.send(())
    };
    for scope in and_own(everywhere.clone()) {
        let shared = Arc::clone(context);
        watches.spawn(watch::keep_versions::<Secret>(shared, scope, |c| &c.secrets, Dependency::Secret, first()));
    }
    // A tenant's CA bundle may be in a ConfigMap; where no tenant may connect anywhere, nobody's are looked at.
    let tenants = if config.allowed_hosts.is_empty() { [own.clone()].into() } else { and_own(everywhere.clone()) };
    for scope in tenants {
        let shared = Arc::clone(context);
        watches.spawn(watch::keep_versions::<ConfigMap>(
            shared,
            scope,
            |c| &c.config_maps,
            Dependency::ConfigMap,
            first(),
        ));
    }
    for scope in everywhere {
        watches.spawn(namespaces::keep_labels(Arc::clone(context), scope, first()));
    }
    futures::future::join_all(firsts).await;
}

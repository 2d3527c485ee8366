//! Runs one controller for each kind in each scope.

mod control;

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, join, join_all, join3, try_join_all};
use kube::api::Api;
use kube::runtime::watcher;
use tokio::sync::oneshot;

use crate::api::{ClusterPamConnection, MySafePassword, PamConnection, PamCredential};
use crate::config::{Config, WatchScope};
use crate::controller::connection;
use crate::controller::controllers::control::{Receiver, Watched, control};
use crate::controller::credential;
use crate::controller::runtime::managed::Reconciler;
use crate::controller::runtime::outside::Namespaced;
use crate::controller::runtime::packed::Packed;
use crate::controller::runtime::shown_objects::ShownObjects;
use crate::controller::runtime::trigger::Triggers;
use crate::controller::runtime::watch;
use crate::controller::safe_password;
use crate::probes::Check;

pub(crate) use control::Stop;

/// Resolves once something is known that passes need.
pub(crate) type Known = Shared<BoxFuture<'static, ()>>;

/// The namespace that is watched; `None` is all of them.
pub(crate) type Scope = Option<String>;

/// How long readiness waits for the first lists of one scope.
const FIRST_LIST: Duration = Duration::from_secs(20);

/// The channels that wake the controllers.
pub(crate) struct Receivers {
    cluster_connections: Receiver,
    scopes: Vec<ScopeReceivers>,
}

/// The channels that wake the controllers of one scope.
struct ScopeReceivers {
    scope: Scope,
    connections: Receiver,
    credentials: Receiver,
    safe_passwords: Receiver,
}

/// The contexts of the kinds that refer to connections.
pub(crate) struct Kinds {
    pub(crate) connections: Arc<connection::context::Context>,
    pub(crate) credentials: Arc<credential::context::Context>,
    pub(crate) safe_passwords: Arc<safe_password::context::Context>,
}

/// How many such kinds there are: so many watches of objects that refer to connections each scope has.
const KINDS: usize = 2;

/// Opens the channels of all controllers.
pub(crate) fn channels(config: &Config) -> (Triggers, Receivers) {
    let mut triggers = Triggers::default();
    let cluster_connections = triggers.add::<ClusterPamConnection>(None);
    let scopes = scopes(config).into_iter().map(|scope| ScopeReceivers {
        connections: triggers.add::<PamConnection>(scope.clone()),
        credentials: triggers.add::<PamCredential>(scope.clone()),
        safe_passwords: triggers.add::<MySafePassword>(scope.clone()),
        scope,
    });
    let scopes = scopes.collect();
    (triggers, Receivers { cluster_connections, scopes })
}

/// Returns the namespaces that are watched each by itself; `None` is all of them at once.
pub(crate) fn scopes(config: &Config) -> Vec<Scope> {
    match &config.watch {
        WatchScope::All => vec![None],
        WatchScope::Namespaces(names) => names.iter().cloned().map(Some).collect(),
    }
}

/// Serves all kinds until `stop` resolves and every pass in flight has ended. No pass begins before `versions_known` resolves:
/// once the metadata watches have their first lists.
pub(crate) async fn serve(
    kinds: &Kinds,
    config: &Config,
    receivers: Receivers,
    versions_known: &Known,
    ready: Check,
    stop: &Stop,
) {
    let connections = &kinds.connections;
    let (of_all, client) = (&connections.cluster, &connections.cluster.client);
    connections.health.expect_lists(receivers.scopes.len().saturating_mul(KINDS));
    let (first, cluster_known) = first_list(versions_known);
    let cluster_known = cluster_known.shared();
    let api = Api::<Packed<ClusterPamConnection>>::all(client.clone());
    let watched = Watched { api, config: selected(config), first, most_begun: usize::MAX };
    let (_, serving) = control(connections, of_all, watched, receivers.cluster_connections, stop);
    let scopes = receivers.scopes.into_iter().map(|of| {
        let api = watch::scoped::<Packed<PamConnection>>(client.clone(), of.scope.as_deref());
        let (first, tenants_known) = first_list(versions_known);
        let watched = Watched { api, config: selected(config), first, most_begun: usize::MAX };
        let (_, serving) = control(connections, of_all, watched, of.connections, stop);
        let needs = Needs::new(versions_known, cluster_known.clone(), tenants_known);
        let (credentials, credentials_listed) = object_scope(&of.scope, of.credentials, &needs);
        let (safe_passwords, safe_passwords_listed) = object_scope(&of.scope, of.safe_passwords, &needs);
        let serving = join3(
            serving,
            serve_objects(&kinds.credentials, &kinds.credentials.shown, credentials, connections, stop),
            serve_objects(&kinds.safe_passwords, &kinds.safe_passwords.shown, safe_passwords, connections, stop),
        );
        (serving, [credentials_listed, safe_passwords_listed])
    });
    let (scopes, listed): (Vec<_>, Vec<_>) = scopes.unzip();
    join3(serving, join_all(scopes), report_ready(listed.into_iter().flatten().collect(), ready, connections, stop))
        .await;
}

/// Reports the operator ready once every scope has its first lists.
async fn report_ready(
    listed: Vec<oneshot::Receiver<()>>,
    ready: Check,
    connections: &connection::context::Context,
    stop: &Stop,
) {
    tokio::select! {
        listed = try_join_all(listed) => if listed.is_ok() {
            ready.done();
            tracing::info!("every watch has its first list");
            connections.former_digests.tell(&connections.cluster).await;
        },
        () = stop.clone() => {}
    }
}

/// Returns the settings of the watch of those connections that this operator serves.
fn selected(config: &Config) -> watcher::Config {
    match &config.connection_selector {
        Some(selector) => watch::config().labels(selector),
        None => watch::config(),
    }
}

// === The objects of one scope

/// What passes over the objects of one scope need beside the objects.
#[derive(Clone)]
struct Needs {
    /// Resolves once the metadata watches have their first lists.
    versions: Known,
    /// Resolves once the connections of the scope are known, too.
    all: Known,
}

impl Needs {
    fn new(versions: &Known, cluster: Shared<oneshot::Receiver<()>>, tenants: oneshot::Receiver<()>) -> Self {
        let first = versions.clone();
        let all = async move {
            first.await;
            let (cluster, tenants) = join(cluster, tenants).await;
            if cluster.is_err() || tenants.is_err() {
                // The watches of connections are gone only while everything stops.
                std::future::pending::<()>().await;
            }
        };
        Self { versions: versions.clone(), all: all.boxed().shared() }
    }
}

/// Returns when a first list may be seen, and what tells that the list was seen.
fn first_list(after: &Known) -> (watch::FirstList, oneshot::Receiver<()>) {
    let (seen, is_seen) = oneshot::channel();
    (watch::FirstList { after: after.clone(), seen }, is_seen)
}

/// Holds what the objects of one kind in one scope are served with.
struct ObjectScope {
    scope: Scope,
    receiver: Receiver,
    needs: Needs,
    /// Gets a message once the objects are listed, or once readiness waits for them no longer.
    listed: oneshot::Sender<()>,
}

/// Returns what the objects of one kind are served with, and what tells that they are listed.
fn object_scope(scope: &Scope, receiver: Receiver, needs: &Needs) -> (ObjectScope, oneshot::Receiver<()>) {
    let (listed, is_listed) = oneshot::channel();
    (ObjectScope { scope: scope.clone(), receiver, needs: needs.clone(), listed }, is_listed)
}

/// Serves the objects of one kind in one scope. They are listed while what they need is listed, too: a start takes as long as
/// the longest list. A scope that the operator may not list
/// holds up no other scope. `shown` takes in where the objects are kept.
async fn serve_objects<K: Namespaced, R: Reconciler<K>>(
    reconciler: &Arc<R>,
    shown: &ShownObjects<K>,
    of: ObjectScope,
    connections: &Arc<connection::context::Context>,
    stop: &Stop,
) {
    let ObjectScope { scope, receiver, needs, listed } = of;
    let of_all = &connections.cluster;
    let api = watch::scoped::<Packed<K>>(of_all.client.clone(), scope.as_deref());
    let most_begun = of_all.slots.most_begun();
    let (first, is_seen) = first_list(&needs.all);
    let watched = Watched { api, config: watch::config(), first, most_begun };
    let (store, serving) = control(reconciler, of_all, watched, receiver, stop);
    shown.keep(store);
    let reported = async {
        needs.versions.await;
        told_unlisted(is_seen, scope.as_deref(), &K::kind(&())).await;
        connections.health.note_list();
        _ = listed.send(());
    };
    let until_stopped = async {
        tokio::select! { () = reported => {}, () = stop.clone() => {} }
    };
    join(serving, until_stopped).await;
}

/// Waits for the first list of a scope for as long as readiness waits, and says so if it does not come.
async fn told_unlisted(is_seen: oneshot::Receiver<()>, scope: Option<&str>, kind: &str) {
    if tokio::time::timeout(FIRST_LIST, is_seen).await.is_err() {
        // The namespace is gone, or the operator may not list it any more. If readiness waited for such a scope, a rollout
        // would never end.
        let namespace = scope.unwrap_or_default();
        tracing::error!(namespace, kind, "not listed yet: does the namespace exist, and may the operator list it?");
    }
}

//! Runs one kube controller for each kind in each scope.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, Shared, join, join_all, join3, try_join_all};
use futures::{FutureExt, Stream, StreamExt};
use kube::Resource;
use kube::api::Api;
use kube::core::DeserializeGuard;
use kube::runtime::controller::{self, Action, Controller};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::watcher::{self, Event};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use crate::api::{ClusterPamConnection, MySafePassword, PamConnection, PamCredential};
use crate::config::{Config, WatchScope};
use crate::controller::connection;
use crate::controller::credential;
use crate::controller::runtime::cluster::Cluster;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::managed::{Managed, Reconciler};
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::runtime::outside::Namespaced;
use crate::controller::runtime::trigger::Triggers;
use crate::controller::runtime::watch::{self, Guarded};
use crate::controller::runtime::watch_set::{Delta, KnownObjects};
use crate::controller::safe_password;
use crate::probes::Check;

/// Resolves when the process must end.
pub(crate) type Stop = Shared<BoxFuture<'static, ()>>;
/// The namespace that is watched; `None` is all of them.
pub(crate) type Scope = Option<String>;
/// Receives the names of objects of one kind to pass over.
type Receiver<K> = UnboundedReceiver<ObjectRef<Guarded<K>>>;

/// How long readiness waits for the first lists of one scope.
const FIRST_LIST: Duration = Duration::from_secs(20);

/// The channels that wake the controllers.
pub(crate) struct Receivers {
    cluster_connections: Receiver<ClusterPamConnection>,
    scopes: Vec<ScopeReceivers>,
}

/// The channels that wake the controllers of one scope.
struct ScopeReceivers {
    scope: Scope,
    connections: Receiver<PamConnection>,
    credentials: Receiver<PamCredential>,
    safe_passwords: Receiver<MySafePassword>,
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
    let cluster_connections = triggers.add(None);
    let scopes = scopes(config).into_iter().map(|scope| ScopeReceivers {
        connections: triggers.add(scope.clone()),
        credentials: triggers.add(scope.clone()),
        safe_passwords: triggers.add(scope.clone()),
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

/// Serves all kinds until `stop` resolves and every pass in flight has ended.
pub(crate) async fn serve(kinds: &Kinds, config: &Config, receivers: Receivers, ready: Check, stop: &Stop) {
    let connections = &kinds.connections;
    let (of_all, client) = (&connections.cluster, &connections.cluster.client);
    connections.health.expect_lists(receivers.scopes.len().saturating_mul(KINDS));
    let watched = Watched { api: Api::all(client.clone()), config: selected(config) };
    let (cluster, serving) = control(connections, of_all, watched, receivers.cluster_connections, stop);
    let scopes = receivers.scopes.into_iter().map(|of| {
        let watched = Watched { api: watch::scoped(client.clone(), of.scope.as_deref()), config: selected(config) };
        let (tenants, serving) = control(connections, of_all, watched, of.connections, stop);
        let known = KnownConnections { cluster: cluster.clone(), tenants };
        let (credentials, credentials_listed) = object_scope(&of.scope, of.credentials, &known);
        let (safe_passwords, safe_passwords_listed) = object_scope(&of.scope, of.safe_passwords, &known);
        let keep = |store| kinds.credentials.keep(store);
        let serving = join3(
            serving,
            serve_objects(&kinds.credentials, connections, credentials, keep, stop),
            serve_objects(&kinds.safe_passwords, connections, safe_passwords, drop, stop),
        );
        (serving, [credentials_listed, safe_passwords_listed])
    });
    let (scopes, listed): (Vec<_>, Vec<_>) = scopes.unzip();
    join3(serving, join_all(scopes), report_ready(listed.into_iter().flatten().collect(), ready, stop)).await;
}

/// Reports the operator ready once every scope has its first lists.
async fn report_ready(listed: Vec<oneshot::Receiver<()>>, ready: Check, stop: &Stop) {
    tokio::select! {
        listed = try_join_all(listed) => if listed.is_ok() {
            ready.done();
            tracing::info!("every watch has its first list");
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

// === One controller

/// The objects that one controller serves.
struct Watched<K: Managed> {
    api: Api<Guarded<K>>,
    config: watcher::Config,
}

/// Returns the store of one kind's objects, and a future that serves these objects until `stop` resolves.
///
/// kube's queue holds each object once and sets no limit on how many passes run at once; `WorkerSlots` does.
fn control<K: Managed, R: Reconciler<K>>(
    reconciler: &Arc<R>,
    cluster: &Arc<Cluster>,
    Watched { api, config }: Watched<K>,
    receiver: Receiver<K>,
    stop: &Stop,
) -> (Store<Guarded<K>>, impl Future<Output = ()> + use<K, R>) {
    let (store, writer) = reflector::store();
    let take_in = take_in(Arc::clone(reconciler), Arc::clone(cluster));
    let stream = watch::objects(api, config, writer, adapt(Arc::clone(reconciler)), take_in);
    let serving = Controller::for_stream(stream, store.clone())
        .reconcile_on(stream_of(receiver))
        .graceful_shutdown_on(stop.clone())
        .run(dispatch, retry_after_error, Arc::clone(reconciler))
        .for_each(async |result| log(&result));
    (store.clone(), until_stopped_unlisted(serving, store, stop.clone()))
}

/// Returns the closure that changes each object of a watch before anything else sees the object.
fn adapt<K: Managed, R: Reconciler<K>>(reconciler: Arc<R>) -> impl FnMut(&mut Guarded<K>) + Send + 'static {
    move |DeserializeGuard(object)| {
        if let Ok(object) = object {
            reconciler.adapt(object);
        }
    }
}

/// Returns the closure that sees each event of a watch before the store does.
fn take_in<K: Managed, R: Reconciler<K>>(
    reconciler: Arc<R>,
    cluster: Arc<Cluster>,
) -> impl FnMut(&Event<Guarded<K>>) + Send + 'static {
    let mut known_objects = KnownObjects::default();
    move |event| {
        if let Event::Apply(DeserializeGuard(Ok(object))) | Event::InitApply(DeserializeGuard(Ok(object))) = event {
            reconciler.note(object);
        }
        let Delta { gone, reconcile_again } = known_objects.take_in(event);
        for gone in gone {
            reconciler.forget(&gone.key, &gone.uid);
        }
        let reconcile_again: Vec<ObjectId> = reconcile_again.into_iter().map(ObjectId::new::<K>).collect();
        cluster.triggers.wake(&reconcile_again);
    }
}

/// Starts the pass over an object, or records that the object cannot be decoded.
async fn dispatch<K: Managed, R: Reconciler<K>>(object: Arc<Guarded<K>>, reconciler: Arc<R>) -> Result<Action, Error> {
    if let Ok(object) = &object.0 {
        return reconciler.reconcile(object).await;
    }
    reconciler.note_undecodable(&NamespacedName::of(&*object));
    Ok(Action::await_change())
}

/// Serves until the controller ends, or until `stop` resolves before the first list: a controller waits for its first
/// list even after `stop`. No pass begins before the first list, so none is cut off.
async fn until_stopped_unlisted<K>(serving: impl Future<Output = ()>, store: Store<K>, stop: Stop)
where
    K: reflector::Lookup + Clone + 'static,
    K::DynamicType: Eq + std::hash::Hash + Clone,
{
    let stopped_unlisted = async {
        stop.await;
        if store.wait_until_ready().now_or_never().is_some() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! { () = serving => {}, () = stopped_unlisted => {} }
}

// === The objects of one scope

/// The connections of one scope.
#[derive(Clone)]
struct KnownConnections {
    cluster: Store<Guarded<ClusterPamConnection>>,
    tenants: Store<Guarded<PamConnection>>,
}

/// Holds what the objects of one kind in one scope are served with.
struct ObjectScope<K: Managed> {
    scope: Scope,
    receiver: Receiver<K>,
    known: KnownConnections,
    /// Gets a message once the objects are listed, or once readiness waits for them no longer.
    listed: oneshot::Sender<()>,
}

/// Returns what the objects of one kind are served with, and what tells that they are listed.
fn object_scope<K: Managed>(
    scope: &Scope,
    receiver: Receiver<K>,
    known: &KnownConnections,
) -> (ObjectScope<K>, oneshot::Receiver<()>) {
    let (listed, is_listed) = oneshot::channel();
    (ObjectScope { scope: scope.clone(), receiver, known: known.clone(), listed }, is_listed)
}

/// Serves the objects of one kind in one scope, once the scope's connections are known. A scope that the operator may not list
/// holds up no other scope. `keep` takes in where the objects are kept.
async fn serve_objects<K: Namespaced, R: Reconciler<K>>(
    reconciler: &Arc<R>,
    connections: &Arc<connection::context::Context>,
    of: ObjectScope<K>,
    keep: impl FnOnce(Store<Guarded<K>>),
    stop: &Stop,
) {
    let ObjectScope { scope, receiver, known: KnownConnections { cluster, tenants }, listed } = of;
    let of_all = &connections.cluster;
    let (known, is_known) = oneshot::channel();
    let serving = async {
        let connections_known = join(cluster.wait_until_ready(), tenants.wait_until_ready());
        tokio::select! {
            (cluster, tenants) = connections_known => if cluster.is_err() || tenants.is_err() { return },
            () = stop.clone() => return,
        }
        let api = watch::scoped(of_all.client.clone(), scope.as_deref());
        let watched = Watched { api, config: watch::config() };
        let (store, serving) = control(reconciler, of_all, watched, receiver, stop);
        keep(store.clone());
        // The receiver is gone only while everything stops.
        let first_list = async {
            if store.wait_until_ready().await.is_ok() {
                _ = known.send(());
            }
        };
        let until_stopped = async {
            tokio::select! { () = first_list => {}, () = stop.clone() => {} }
        };
        join(serving, until_stopped).await;
    };
    let reported = async {
        let known = tokio::time::timeout(FIRST_LIST, is_known).await;
        if known.is_err() {
            // The namespace is gone, or the operator may not list it any more. If readiness waited for such a scope, a
            // rollout would never end.
            let (namespace, kind) = (scope.clone().unwrap_or_default(), K::kind(&()));
            tracing::error!(namespace, %kind, "not listed yet: does the namespace exist, and may the operator list it?");
        }
        connections.health.note_list();
        _ = listed.send(());
    };
    join(serving, reported).await;
}

// === What a controller asks for

fn stream_of<T: Send + 'static>(receiver: UnboundedReceiver<T>) -> impl Stream<Item = T> + Send {
    futures::stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|item| (item, receiver)) })
}

/// Returns when an object is reconciled again whose pass failed: 5 to 15 seconds after a failure of the Kubernetes API.
#[allow(clippy::needless_pass_by_value, reason = "the signature is the controller's")]
fn retry_after_error<K, R>(_: Arc<K>, error: &Error, _: Arc<R>) -> Action {
    if matches!(error, Error::ConnectionChanged) {
        return Action::requeue(Duration::from_secs(1));
    }
    Action::requeue(Duration::from_secs(5) + Duration::from_secs(10).mul_f64(rand::random()))
}

fn log<K: Resource<DynamicType = ()>>(
    result: &Result<(ObjectRef<K>, Action), controller::Error<Error, kube::runtime::watcher::Error>>,
) {
    match result {
        Ok((object, _)) => tracing::debug!(%object, "a pass ended"),
        Err(controller::Error::ReconcilerFailed(Error::Stopping | Error::ConnectionChanged, _)) => {}
        Err(controller::Error::ReconcilerFailed(error, object)) => {
            tracing::warn!(%object, %error, "a pass failed");
        }
        Err(controller::Error::QueueError(error)) => watch::log_failure(error, &K::kind(&())),
        // A trigger named an object that was deleted in the meantime.
        Err(controller::Error::ObjectNotFound(_)) => {}
        Err(controller::Error::RunnerError(_)) => tracing::error!("the queue of passes failed"),
    }
}

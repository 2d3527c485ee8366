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

use crate::api::{ClusterPamConnection, PamConnection, PamCredential};
use crate::config::{Config, WatchScope};
use crate::controller::credential;
use crate::controller::runtime::cluster::Cluster;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::managed::{Managed, Reconciler};
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::runtime::trigger::Triggers;
use crate::controller::runtime::watch::{self, Guarded};
use crate::controller::runtime::watch_set::{Delta, KnownObjects};
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
}

/// Opens the channels of all controllers.
pub(crate) fn channels(config: &Config) -> (Triggers, Receivers) {
    let mut triggers = Triggers::default();
    let cluster_connections = triggers.add(None);
    let scopes = scopes(config).into_iter().map(|scope| ScopeReceivers {
        connections: triggers.add(scope.clone()),
        credentials: triggers.add(scope.clone()),
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
pub(crate) async fn serve(
    credentials: &Arc<credential::context::Context>,
    config: &Config,
    receivers: Receivers,
    ready: Check,
    stop: &Stop,
) {
    let connections = &credentials.connections;
    let (of_all, client) = (&connections.cluster, &connections.cluster.client);
    connections.health.expect_lists(receivers.scopes.len());
    let watched = Watched { api: Api::all(client.clone()), config: selected(config) };
    let (cluster, serving) = control(connections, of_all, watched, receivers.cluster_connections, stop);
    let scopes = receivers.scopes.into_iter().map(|of| {
        let watched = Watched { api: watch::scoped(client.clone(), of.scope.as_deref()), config: selected(config) };
        let (tenants, serving) = control(connections, of_all, watched, of.connections, stop);
        let (listed, is_listed) = oneshot::channel();
        let known = KnownConnections { cluster: cluster.clone(), tenants };
        let scope = CredentialScope { scope: of.scope, receiver: of.credentials, known, listed };
        (join(serving, serve_credentials(credentials, scope, stop)), is_listed)
    });
    let (scopes, listed): (Vec<_>, Vec<_>) = scopes.unzip();
    join3(serving, join_all(scopes), report_ready(listed, ready, stop)).await;
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
    let shown = store.clone();
    let pass = move |object, reconciler| dispatch(object, reconciler, shown.clone());
    let serving = Controller::for_stream(stream, store.clone())
        .reconcile_on(stream_of(receiver))
        .graceful_shutdown_on(stop.clone())
        .run(pass, retry_after_error, Arc::clone(reconciler))
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

/// Passes over an object, or records that the object cannot be decoded.
async fn dispatch<K: Managed, R: Reconciler<K>>(
    object: Arc<Guarded<K>>,
    reconciler: Arc<R>,
    shown: Store<Guarded<K>>,
) -> Result<Action, Error> {
    let DeserializeGuard(Ok(known)) = &*object else {
        reconciler.note_undecodable(&NamespacedName::of(&*object));
        return Ok(Action::await_change());
    };
    let end = reconciler.reconcile(known).await;
    // What a pass notes of an object that went meanwhile would stay for good, and a tenant may make any number of such.
    let now = shown.get(&ObjectRef::from_obj(&*object));
    if now.is_none_or(|now| now.meta().uid != known.meta().uid) {
        reconciler.forget(&NamespacedName::of(known), known.meta().uid.as_deref().unwrap_or_default());
    }
    end
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

// === The credentials of one scope

/// The connections of one scope.
struct KnownConnections {
    cluster: Store<Guarded<ClusterPamConnection>>,
    tenants: Store<Guarded<PamConnection>>,
}

/// Holds what the credentials of one scope are served with.
struct CredentialScope {
    scope: Scope,
    receiver: Receiver<PamCredential>,
    known: KnownConnections,
    /// Gets a message once the credentials are listed, or once readiness waits for them no longer.
    listed: oneshot::Sender<()>,
}

/// Serves the credentials of one scope, once the scope's connections are known. A scope that the operator may not list
/// holds up no other scope.
async fn serve_credentials(context: &Arc<credential::context::Context>, of: CredentialScope, stop: &Stop) {
    let CredentialScope { scope, receiver, known: KnownConnections { cluster, tenants }, listed } = of;
    let (known, is_known) = oneshot::channel();
    let serving = async {
        let connections_known = join(cluster.wait_until_ready(), tenants.wait_until_ready());
        tokio::select! {
            (cluster, tenants) = connections_known => if cluster.is_err() || tenants.is_err() { return },
            () = stop.clone() => return,
        }
        let api = watch::scoped(context.cluster.client.clone(), scope.as_deref());
        let watched = Watched { api, config: watch::config() };
        let (store, serving) = control(context, &context.cluster, watched, receiver, stop);
        context.keep(store.clone());
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
            let namespace = scope.clone().unwrap_or_default();
            tracing::error!(namespace, "not listed yet: does the namespace exist, and may the operator list it?");
        }
        context.connections.health.note_list();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::PamCredential;
    use std::sync::Mutex;

    /// Notes which objects it is told to forget.
    #[derive(Default)]
    struct Forgets(Mutex<Vec<String>>);

    impl Reconciler<PamCredential> for Forgets {
        fn note(&self, _: &PamCredential) {}

        fn forget(&self, _: &NamespacedName, uid: &str) {
            self.0.lock().unwrap().push(uid.to_owned());
        }

        async fn reconcile(self: &Arc<Self>, _: &PamCredential) -> Result<Action, Error> {
            Ok(Action::await_change())
        }
    }

    fn object(uid: &str) -> Guarded<PamCredential> {
        serde_json::from_value(serde_json::json!({
            "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential",
            "metadata": {"name": "a", "namespace": "ns", "uid": uid},
            "spec": {"username": "u", "hostname": "h", "ip": "i"},
        }))
        .unwrap()
    }

    #[tokio::test]
    async fn nothing_is_kept_of_an_object_that_goes_during_its_pass() {
        let (store, mut writer) = reflector::store();
        let forgets = Arc::new(Forgets::default());
        for (event, forgotten) in [
            (Event::Apply(object("old")), &[][..]),
            (Event::Apply(object("new")), &["old"]),
            (Event::Delete(object("new")), &["old", "old"]),
        ] {
            writer.apply_watcher_event(&event);
            dispatch(Arc::new(object("old")), Arc::clone(&forgets), store.clone()).await.unwrap();
            assert_eq!(*forgets.0.lock().unwrap(), forgotten);
        }
    }
}

//! One controller for each kind, in each scope.

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
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use crate::config::Config;
use crate::controller::connection;
use crate::controller::connection::object::IntoAny;
use crate::controller::context::Context;
use crate::controller::credential;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::metadata_cache::Key;
use crate::controller::runtime::object_id::ObjectId;
use crate::controller::runtime::watch::{self, Guarded, GuardedClusterConnection, GuardedConnection};
use crate::controller::runtime::watch_set::{Delta, KnownObjects};
use crate::probes::Check;

/// Resolves when everything is to end.
pub(crate) type Stop = Shared<BoxFuture<'static, ()>>;
/// The namespace that is watched; `None` is all of them.
pub(crate) type Scope = Option<String>;
/// Where the wakening of objects of one kind arrives.
pub(crate) type Receiver<K> = (Scope, UnboundedReceiver<ObjectRef<K>>);

/// Where the wakening of all kinds arrives.
pub(crate) struct Receivers {
    pub(crate) cluster_connections: Receiver<GuardedClusterConnection>,
    pub(crate) connections: Vec<Receiver<GuardedConnection>>,
    pub(crate) credentials: Vec<Receiver<Guarded>>,
}

/// Serves all kinds until `stop` resolves and what was in flight is done.
pub(crate) async fn serve(context: &Arc<Context>, config: &Config, receivers: Receivers, ready: Check, stop: &Stop) {
    let Receivers { cluster_connections, connections: tenants, credentials } = receivers;
    let selected = selected(config);
    let api = Api::all(context.client.clone());
    context.standings.expect_lists(credentials.len());
    let (cluster, serving) = connections(context, api, selected.clone(), cluster_connections.1, stop);
    // Both have the same scopes, in the same order.
    let scopes = tenants.into_iter().zip(credentials).map(|((scope, tenants), credentials)| {
        let api = watch::scoped(context.client.clone(), scope.as_deref());
        let (known, serving) = connections(context, api, selected.clone(), tenants, stop);
        let (listed, is_listed) = oneshot::channel();
        let credentials = serve_credentials(context, (cluster.clone(), known), credentials, listed, stop);
        (join(serving, credentials), is_listed)
    });
    let (scopes, listed): (Vec<_>, Vec<_>) = scopes.unzip();
    let announced = announce(listed, ready, stop);
    join3(serving, join_all(scopes), announced).await;
}

/// Says so once every scope has its first lists.
async fn announce(listed: Vec<oneshot::Receiver<()>>, ready: Check, stop: &Stop) {
    tokio::select! {
        listed = try_join_all(listed) => if listed.is_ok() {
            ready.done();
            tracing::info!("every watch has its first list");
        },
        () = stop.clone() => {}
    }
}

/// The watch of connections, of those that this operator serves.
fn selected(config: &Config) -> watcher::Config {
    match &config.connection_selector {
        Some(selector) => watch::config().labels(selector),
        None => watch::config(),
    }
}

/// How long the first lists of one scope are waited for before the operator calls itself ready without them.
const FIRST_LIST: Duration = Duration::from_secs(20);

type Connections<C> = DeserializeGuard<C>;

fn connections<C>(
    context: &Arc<Context>,
    api: Api<Connections<C>>,
    config: watcher::Config,
    receiver: UnboundedReceiver<ObjectRef<Connections<C>>>,
    stop: &Stop,
) -> (Store<Connections<C>>, impl Future<Output = ()> + use<C>)
where
    C: Resource<DynamicType = ()> + IntoAny + Clone + std::fmt::Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (store, writer) = reflector::store();
    let shared = Arc::clone(context);
    let mut known_objects = KnownObjects::default();
    let take_in = move |event: &Event<Connections<C>>| {
        if let Event::Apply(DeserializeGuard(Ok(connection))) | Event::InitApply(DeserializeGuard(Ok(connection))) =
            event
        {
            shared.note_connection(connection.any());
        }
        let Delta { gone, again } = known_objects.take_in(event);
        for (key, uid) in gone {
            shared.forget_connection(&key, &uid);
        }
        shared.wake.all(&subjects(again, ObjectId::Connection));
    };
    let stream = watch::objects(api, config, writer, take_in);
    let serving = Controller::for_stream(stream, store.clone())
        .reconcile_on(stream_of(receiver))
        .graceful_shutdown_on(stop.clone())
        .run(connection::reconcile::reconcile, again, Arc::clone(context))
        .for_each(async |result| log(&result));
    (store.clone(), until_stopped_unlisted(serving, store, stop.clone()))
}

/// Serves until it ends by itself, or everything is to end before there was a first list: a controller waits for that also when
/// it is told to stop. No pass has begun then.
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

/// Serves the credentials of one scope, once its connections are known: a scope that may not be listed holds up no other.
async fn serve_credentials(
    context: &Arc<Context>,
    (cluster, tenants): (Store<GuardedClusterConnection>, Store<GuardedConnection>),
    receiver: Receiver<Guarded>,
    listed: oneshot::Sender<()>,
    stop: &Stop,
) {
    let scope = receiver.0.clone();
    let (known, is_known) = oneshot::channel();
    let serving = async {
        let connections_known = join(cluster.wait_until_ready(), tenants.wait_until_ready());
        tokio::select! {
            (cluster, tenants) = connections_known => if cluster.is_err() || tenants.is_err() { return },
            () = stop.clone() => return,
        }
        let (store, serving) = credentials(context, receiver, stop);
        context.inventories.keep(store.clone());
        // Whoever waits for it is gone only while everything stops.
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
    let announced = async {
        let known = tokio::time::timeout(FIRST_LIST, is_known).await;
        if known.is_err() {
            // It is gone, or the right to list it. Were all to wait for it, a rollout would never end.
            let namespace = scope.unwrap_or_default();
            tracing::error!(namespace, "not listed yet: does the namespace exist, and may the operator list it?");
        }
        context.standings.note_list(matches!(known, Ok(Ok(()))));
        _ = listed.send(());
    };
    join(serving, announced).await;
}

fn credentials(
    context: &Arc<Context>,
    (namespace, receiver): Receiver<Guarded>,
    stop: &Stop,
) -> (Store<Guarded>, impl Future<Output = ()> + use<>) {
    let (store, writer) = reflector::store();
    let shared = Arc::clone(context);
    let mut known_objects = KnownObjects::default();
    let take_in = move |event: &Event<Guarded>| {
        if let Event::Apply(DeserializeGuard(Ok(credential))) | Event::InitApply(DeserializeGuard(Ok(credential))) =
            event
        {
            shared.note(credential);
        }
        let Delta { gone, again } = known_objects.take_in(event);
        for (key, uid) in gone {
            shared.forget(&key, &uid);
        }
        shared.wake.all(&subjects(again, ObjectId::Credential));
    };
    let api: Api<Guarded> = watch::scoped(context.client.clone(), namespace.as_deref());
    let stream = watch::objects(api, watch::config(), writer, take_in);
    let serving = Controller::for_stream(stream, store.clone())
        .reconcile_on(stream_of(receiver))
        .graceful_shutdown_on(stop.clone())
        .run(credential::reconcile::reconcile, again, Arc::clone(context))
        .for_each(async |result| log(&result));
    (store.clone(), until_stopped_unlisted(serving, store, stop.clone()))
}

fn subjects(keys: Vec<Key>, kind: fn(Key) -> ObjectId) -> Vec<ObjectId> {
    keys.into_iter().map(kind).collect()
}

fn stream_of<T: Send + 'static>(receiver: UnboundedReceiver<T>) -> impl Stream<Item = T> + Send {
    futures::stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|item| (item, receiver)) })
}

/// A failure of the Kubernetes API: again in 5 to 15 seconds.
#[allow(clippy::needless_pass_by_value, reason = "the signature is the controller's")]
fn again<K>(_: Arc<K>, error: &Error, _: Arc<Context>) -> Action {
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
        // Woken for an object that was deleted in the meantime.
        Err(controller::Error::ObjectNotFound(_)) => {}
        Err(controller::Error::RunnerError(_)) => tracing::error!("the queue of passes failed"),
    }
}

//! Starts everything, and ends it in order.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, Shared};
use futures::{FutureExt, Stream, StreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use kube::api::Api;
use kube::core::DeserializeGuard;
use kube::runtime::controller::{self, Action, Controller};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::watcher::Event;
use kube::{Client, Resource};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::connections::Connections;
use super::context::{Context, Given, Wake};
use super::error::{Error, bounded};
use super::references::Target;
use super::roster::{Roster, Turnover};
use super::watch::{self, Guarded, GuardedConnection};
use super::{connection, digest, reconcile};
use crate::config::{Config, WatchScope};
use crate::leader::LeadHandle;
use crate::metrics::Metrics;
use crate::probes::Check;

type Stop = Shared<BoxFuture<'static, ()>>;

/// Serves the kinds until `stop` resolves, then finishes what is in flight and returns. `ready` is done once every
/// watch has its first list. Nothing is written to a PAM once `lead` is lost.
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
) -> Result<(), Error> {
    let stop: Stop = stop.boxed().shared();
    let cluster_name = cluster_name(&client, config).await?;
    let key = digest::load_key(&client, &config.namespace).await?;
    tracing::info!(cluster_name, "serving PamCredentials and ClusterPamConnections");
    let (connections, connection_writer) = reflector::store();
    let (connection_sender, connection_receiver) = unbounded_channel();
    let (senders, receivers) = scopes(config).into_iter().map(channel).unzip();
    let wake = Wake { credentials: senders, connections: connection_sender };
    let given =
        Given { cluster_name, key, lead, wake, connections: Connections::new(connections.clone(), metrics.clone()) };
    let context = Arc::new(Context::new(client, config, metrics, given));
    let mut watches = JoinSet::new();
    tokio::select! {
        () = first_lists(&context, config, &mut watches) => {}
        () = stop.clone() => return Ok(()),
    }
    let serving =
        serve_connections(&context, config, connection_writer, (connections.clone(), connection_receiver), &stop);
    let credentials = serve_credentials(&context, (connections, receivers), ready, &stop);
    let closing = async {
        stop.clone().await;
        context.places.close();
    };
    futures::future::join3(serving, credentials, closing).await;
    watches.shutdown().await;
    Ok(())
}

type Scope = Option<String>;
type Receiver = (Scope, UnboundedReceiver<ObjectRef<Guarded>>);
type Sender = (Scope, tokio::sync::mpsc::UnboundedSender<ObjectRef<Guarded>>);

fn channel(scope: Scope) -> (Sender, Receiver) {
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
    let mut namespaces: HashSet<Scope> = scopes(config).into_iter().collect();
    if !namespaces.contains(&None) {
        namespaces.insert(own.clone());
    }
    let mut firsts = Vec::new();
    for namespace in namespaces {
        let (sender, receiver) = oneshot::channel();
        let ready = || _ = sender.send(());
        let context = Arc::clone(context);
        watches.spawn(watch::keep_versions::<Secret>(context, namespace, |c| &c.secrets, Target::Secret, ready));
        firsts.push(receiver);
    }
    let (sender, receiver) = oneshot::channel();
    let ready = || _ = sender.send(());
    let shared = Arc::clone(context);
    watches.spawn(watch::keep_versions::<ConfigMap>(shared, own, |c| &c.config_maps, Target::ConfigMap, ready));
    firsts.push(receiver);
    futures::future::join_all(firsts).await;
}

async fn serve_connections(
    context: &Arc<Context>,
    config: &Config,
    writer: reflector::store::Writer<GuardedConnection>,
    (store, receiver): (Store<GuardedConnection>, UnboundedReceiver<ObjectRef<GuardedConnection>>),
    stop: &Stop,
) {
    let mut watching = watch::config();
    if let Some(selector) = &config.connection_selector {
        watching = watching.labels(selector);
    }
    let shared = Arc::clone(context);
    let mut roster = Roster::default();
    let take_in = move |event: &Event<GuardedConnection>| {
        let Turnover { gone, again } = roster.take_in(event);
        for (key, uid) in gone {
            shared.forget_connection(&key, &uid);
        }
        shared.wake.all(&again);
    };
    let stream = watch::objects(Api::<GuardedConnection>::all(context.client.clone()), watching, writer, take_in);
    Controller::for_stream(stream, store)
        .reconcile_on(stream_of(receiver))
        .graceful_shutdown_on(stop.clone())
        .run(connection::reconcile, again, Arc::clone(context))
        .for_each(async |result| log(&result))
        .await;
}

async fn serve_credentials(
    context: &Arc<Context>,
    (connections, receivers): (Store<GuardedConnection>, Vec<Receiver>),
    ready: Check,
    stop: &Stop,
) {
    tokio::select! {
        known = connections.wait_until_ready() => if known.is_err() { return },
        () = stop.clone() => return,
    }
    let (stores, serving): (Vec<_>, Vec<_>) =
        receivers.into_iter().map(|receiver| serve_scope(context, receiver, stop)).unzip();
    let listed = async {
        for store in stores {
            if store.wait_until_ready().await.is_err() {
                return;
            }
        }
        ready.done();
        tracing::info!("every watch has its first list");
    };
    let until_stopped = async {
        tokio::select! { () = listed => {}, () = stop.clone() => {} }
    };
    futures::future::join(futures::future::join_all(serving), until_stopped).await;
}

fn serve_scope(
    context: &Arc<Context>,
    (namespace, receiver): Receiver,
    stop: &Stop,
) -> (Store<Guarded>, impl Future<Output = ()> + use<>) {
    let (store, writer) = reflector::store();
    let shared = Arc::clone(context);
    let mut roster = Roster::default();
    let take_in = move |event: &Event<Guarded>| {
        if let Event::Apply(DeserializeGuard(Ok(credential))) | Event::InitApply(DeserializeGuard(Ok(credential))) =
            event
        {
            shared.note(credential);
        }
        let Turnover { gone, again } = roster.take_in(event);
        for (key, uid) in gone {
            shared.forget(&key, &uid);
        }
        shared.wake.all(&again);
    };
    let api: Api<Guarded> = watch::scoped(context.client.clone(), namespace.as_deref());
    let stream = watch::objects(api, watch::config(), writer, take_in);
    let serving = Controller::for_stream(stream, store.clone())
        .reconcile_on(stream_of(receiver))
        .graceful_shutdown_on(stop.clone())
        .run(reconcile::reconcile, again, Arc::clone(context))
        .for_each(async |result| log(&result));
    (store, serving)
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

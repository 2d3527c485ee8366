//! One kube controller: the objects of one kind in one scope.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, Shared};
use futures::{FutureExt, Stream, StreamExt};
use kube::Resource;
use kube::api::Api;
use kube::runtime::controller::{self, Action, Controller};
use kube::runtime::reflector::{Lookup, ObjectRef, Store};
use kube::runtime::watcher::{self, Event};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::controller::runtime::cluster::Cluster;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::managed::{Managed, Reconciler};
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::runtime::packed::Packed;
use crate::controller::runtime::parked::SlotQueue;
use crate::controller::runtime::watch;
use crate::controller::runtime::watch_set::{Delta, WatchSet};

/// Resolves when the process must end.
pub(crate) type Stop = Shared<BoxFuture<'static, ()>>;
/// Receives the names of objects of one kind to pass over.
pub(super) type Receiver<K> = UnboundedReceiver<ObjectRef<Packed<K>>>;

/// The objects that one controller serves.
pub(super) struct Watched<K: Managed> {
    pub(super) api: Api<Packed<K>>,
    pub(super) config: watcher::Config,
    pub(super) first: watch::FirstList,
    /// The most passes that may have begun; 0 is any number. Passes that wait for a slot have ended.
    pub(super) most_begun: u16,
}

/// Returns the store of one kind's objects, and a future that serves these objects until `stop` resolves.
pub(super) fn control<K: Managed, R: Reconciler<K>>(
    reconciler: &Arc<R>,
    cluster: &Arc<Cluster>,
    Watched { api, config, first, most_begun }: Watched<K>,
    receiver: Receiver<K>,
    stop: &Stop,
) -> (Store<Packed<K>>, impl Future<Output = ()> + use<K, R>) {
    cluster.contacts.expect(api.resource_url());
    let (set, store) = WatchSet::new();
    let take_in = take_in(Arc::clone(reconciler), Arc::clone(cluster), set);
    let stream = watch::objects(api, config, first, adapt(Arc::clone(reconciler), store.clone()), take_in);
    let shown = store.clone();
    let slots = Arc::clone(&cluster.slots);
    let pass = move |object, reconciler| dispatch(object, reconciler, shown.clone(), Arc::clone(&slots));
    let serving = Controller::for_stream(stream, store.clone())
        .reconcile_on(stream_of(receiver))
        .with_config(controller::Config::default().concurrency(most_begun))
        .graceful_shutdown_on(stop.clone())
        .run(pass, retry_after_error, Arc::clone(reconciler))
        .for_each(async |result| log(&result));
    (store.clone(), until_stopped_unlisted(serving, store, stop.clone()))
}

/// Returns the closure that changes each object of a watch before anything else sees the object.
fn adapt<K: Managed, R: Reconciler<K>>(
    reconciler: Arc<R>,
    shown: Store<Packed<K>>,
) -> impl FnMut(&mut Packed<K>) + Send + 'static {
    move |object| {
        reconciler.adapt(object);
        if let Some(known) = shown.get(&ObjectRef::from_obj(object)) {
            object.share_with(&known);
        }
    }
}

/// Returns the closure that takes in each event of a watch.
fn take_in<K: Managed, R: Reconciler<K>>(
    reconciler: Arc<R>,
    cluster: Arc<Cluster>,
    mut set: WatchSet<Packed<K>>,
) -> impl FnMut(&Event<Packed<K>>) + Send + 'static {
    move |event| {
        if let Event::Apply(object) | Event::InitApply(object) = event {
            object.unpack().iter().for_each(|object| reconciler.note(object));
        }
        let Delta { gone, reconcile_again } = set.take_in(event);
        for gone in gone {
            reconciler.forget(&gone.key, &gone.uid);
        }
        let reconcile_again: Vec<ObjectId> = reconcile_again.into_iter().map(ObjectId::new::<K>).collect();
        cluster.triggers.wake(&reconcile_again);
    }
}

/// Passes over an object, or records that the object cannot be decoded.
async fn dispatch<K: Managed, R: Reconciler<K>>(
    object: Arc<Packed<K>>,
    reconciler: Arc<R>,
    shown: Store<Packed<K>>,
    slots: Arc<SlotQueue>,
) -> Result<Action, Error> {
    let id = ObjectId::new::<K>(NamespacedName::of(&*object));
    let kept = slots.kept_for(&id);
    let Some(known) = object.unpack() else {
        reconciler.note_undecodable(&id.key);
        slots.give_back(&id, kept);
        return Ok(Action::await_change());
    };
    let end = reconciler.reconcile(&known).await;
    slots.give_back(&id, kept);
    // What a pass notes of an object that went meanwhile would stay for good, and a tenant may make any number of such.
    let now = shown.get(&ObjectRef::from_obj(&*object));
    if now.is_none_or(|now| now.meta().uid != known.meta().uid) {
        reconciler.forget(&NamespacedName::of(&known), known.meta().uid.as_deref().unwrap_or_default());
    }
    end
}

/// Serves until the controller ends, or until `stop` resolves before the first list: a controller waits for its first
/// list even after `stop`. No pass begins before the first list, so none is cut off.
async fn until_stopped_unlisted<K>(serving: impl Future<Output = ()>, store: Store<K>, stop: Stop)
where
    K: Lookup + Clone + 'static,
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
    use crate::controller::runtime::parked::Going;
    use crate::controller::runtime::trigger::Triggers;
    use crate::controller::runtime::worker_slots::Lane;
    use crate::domain::Turn;
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

    fn object(uid: &str) -> Packed<PamCredential> {
        serde_json::from_value(serde_json::json!({
            "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential",
            "metadata": {"name": "a", "namespace": "ns", "uid": uid},
            "spec": {"username": "u", "hostname": "h", "ip": "i"},
        }))
        .unwrap()
    }

    #[tokio::test]
    async fn nothing_is_kept_of_an_object_that_goes_during_its_pass() {
        let (mut set, store) = WatchSet::new();
        let forgets = Arc::new(Forgets::default());
        for (event, forgotten) in [
            (Event::Apply(object("old")), &[][..]),
            (Event::Apply(object("new")), &["old"]),
            (Event::Delete(object("new")), &["old", "old"]),
        ] {
            set.take_in(&event);
            let slots = Arc::new(SlotQueue::new(1, Arc::default()));
            dispatch(Arc::new(object("old")), Arc::clone(&forgets), store.clone(), slots).await.unwrap();
            assert_eq!(*forgets.0.lock().unwrap(), forgotten);
        }
    }

    /// Takes a slot for the object, or has the object wait for one.
    async fn works(slots: &SlotQueue, name: &str) -> bool {
        let mut slot = slots.of_pass(id(name));
        slot.in_lane(Some(Lane::Pam("pam".into(), 1)), Turn::default());
        slot.acquire().await.unwrap() == Going::On
    }

    fn id(name: &str) -> ObjectId {
        ObjectId::new::<PamCredential>(NamespacedName::new("ns", name))
    }

    #[tokio::test]
    async fn a_slot_that_was_kept_for_an_object_is_given_back_by_a_pass_that_takes_none() {
        let cannot_be_decoded = || {
            serde_json::from_value(
                serde_json::json!({"metadata": {"name": "a", "namespace": "ns", "uid": "u"}, "spec": 7}),
            )
        };
        let undecodable: Packed<PamCredential> = cannot_be_decoded().unwrap();
        for object in [object("u"), undecodable] {
            let (mut set, store) = WatchSet::new();
            set.take_in(&Event::Apply(object.clone()));
            let mut triggers = Triggers::default();
            let mut started = triggers.add::<PamCredential>(None);
            let slots = Arc::new(SlotQueue::new(1, Arc::new(triggers)));
            let mut held = slots.of_pass(id("held"));
            held.in_lane(Some(Lane::Pam("pam".into(), 1)), Turn::default());
            assert_eq!(held.acquire().await.unwrap(), Going::On);
            assert!(!works(&slots, "a").await && !works(&slots, "next").await);
            drop(held);
            assert_eq!(started.recv().await.unwrap().name, "a");
            dispatch(Arc::new(object), Arc::new(Forgets::default()), store, Arc::clone(&slots)).await.unwrap();
            let next = tokio::time::timeout(Duration::from_secs(5), started.recv()).await;
            assert_eq!(next.expect("the slot is free for the next").unwrap().name, "next");
        }
    }
}

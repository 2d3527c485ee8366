//! Serves the objects of one kind in one scope: what a watch shows is queued, and passes over it run side by side.

use std::panic;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, Shared};
use futures::{Stream, StreamExt};
use kube::Resource as _;
use kube::api::Api;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher::{self, Event};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::controller::runtime::cluster::Cluster;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::kind_served::KindServed;
use crate::controller::runtime::managed::{Managed, Reconciler};
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::runtime::packed::Packed;
use crate::controller::runtime::parked::SlotQueue;
use crate::controller::runtime::pass_end::Action;
use crate::controller::runtime::pass_queue::{PassQueue, Woken};
use crate::controller::runtime::watch;
use crate::controller::runtime::watch_set::{Delta, WatchSet};
use crate::domain::Urgency;

/// Resolves when the process must end.
pub(crate) type Stop = Shared<BoxFuture<'static, ()>>;
/// Receives the names of objects of one kind to pass over.
pub(super) type Receiver = UnboundedReceiver<Woken>;

/// The objects that one controller serves.
pub(super) struct Watched<K: Managed> {
    pub(super) api: Api<Packed<K>>,
    pub(super) config: watcher::Config,
    pub(super) first: watch::FirstList,
    /// The most passes that may have begun. Passes that wait for a slot have ended.
    pub(super) most_begun: usize,
}

/// Returns the store of one kind's objects, and a future that serves these objects until `stop` resolves.
pub(super) fn control<K: Managed, R: Reconciler<K>>(
    reconciler: &Arc<R>,
    cluster: &Arc<Cluster>,
    Watched { api, config, first, most_begun }: Watched<K>,
    receiver: Receiver,
    stop: &Stop,
) -> (Store<Packed<K>>, impl Future<Output = ()> + use<K, R>) {
    cluster.contacts.expect(api.resource_url());
    let (set, store) = WatchSet::new();
    let queue = Arc::<Mutex<PassQueue>>::default();
    let take_in = take_in(Arc::clone(reconciler), Arc::clone(cluster), Arc::clone(&queue), set);
    let served = KindServed::new::<K>(&cluster.readiness);
    let stream = watch::objects(api, config, first, served, adapt(Arc::clone(reconciler), store.clone()), take_in);
    let (reconciler, slots) = (Arc::clone(reconciler), Arc::clone(&cluster.slots));
    let passes = Passes { reconciler, slots, shown: store.clone(), queue, most_begun, begun: JoinSet::new() };
    (store, passes.serve(stream, receiver, stop.clone()))
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
    queue: Arc<Mutex<PassQueue>>,
    mut set: WatchSet<Packed<K>>,
) -> impl FnMut(&Event<Packed<K>>) + Send + 'static {
    move |event| {
        if let Event::Apply(object) | Event::InitApply(object) = event {
            object.unpack().iter().for_each(|object| reconciler.note(object));
        }
        let Delta { gone, reconcile_again } = set.take_in(event);
        for gone in gone {
            reconciler.forget(&gone.key, &gone.uid);
            lock(&queue).forget(&gone.key);
        }
        let shown = match event {
            Event::Apply(object) => Some((object, Urgency::Fresh)),
            Event::InitApply(object) => Some((object, Urgency::Backlog)),
            Event::Delete(_) | Event::Init | Event::InitDone => None,
        };
        if let Some((object, urgency)) = shown {
            lock(&queue).wake(Woken { key: NamespacedName::of(object), urgency });
        }
        let reconcile_again: Vec<ObjectId> = reconcile_again.into_iter().map(ObjectId::new::<K>).collect();
        cluster.triggers.wake(&reconcile_again);
    }
}

/// The passes over the objects that one controller serves.
struct Passes<K: Managed, R> {
    reconciler: Arc<R>,
    slots: Arc<SlotQueue>,
    shown: Store<Packed<K>>,
    queue: Arc<Mutex<PassQueue>>,
    most_begun: usize,
    begun: JoinSet<Ended>,
}

/// How the pass over an object ended.
struct Ended {
    key: Arc<NamespacedName>,
    end: Result<Action, Error>,
}

impl<K: Managed, R: Reconciler<K>> Passes<K, R> {
    /// Runs passes over what is due until `stop` resolves, and then lets the passes under way end. None begins before the first list.
    async fn serve(
        mut self,
        stream: impl Stream<Item = Result<Packed<K>, watcher::Error>>,
        mut receiver: Receiver,
        stop: Stop,
    ) {
        let shown = self.shown.clone();
        let (mut stream, mut stop, mut first_list) = (pin!(stream), stop, pin!(shown.wait_until_ready()));
        let mut is_listed = false;
        loop {
            if is_listed {
                self.begin_due();
            }
            let next_time = lock(&self.queue).next_time();
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(ended) = self.begun.join_next() => self.end(ended),
                Some(woken) = receiver.recv() => lock(&self.queue).wake(woken),
                // The queue has taken in what the watch shows.
                Some(event) = stream.next() => if let Err(error) = event { watch::log_failure(&error, &K::kind(&())) },
                listed = &mut first_list, if !is_listed => is_listed = listed.is_ok(),
                () = until(next_time), if is_listed => {}
            }
        }
        while let Some(ended) = self.begun.join_next().await {
            self.end(ended);
        }
    }

    fn begin_due(&mut self) {
        while self.begun.len() < self.most_begun {
            let Some(key) = lock(&self.queue).begin(Instant::now()) else { return };
            match self.shown.get(&reference(&key)) {
                Some(object) => _ = self.begun.spawn(self.pass(key, object)),
                // Something woke an object that was deleted in the meantime.
                None => lock(&self.queue).end(&key, None, Instant::now()),
            }
        }
    }

    fn pass(&self, key: Arc<NamespacedName>, object: Arc<Packed<K>>) -> impl Future<Output = Ended> + Send + use<K, R> {
        let span = tracing::info_span!("pass", object = %reference::<K>(&key));
        let end = dispatch(object, Arc::clone(&self.reconciler), self.shown.clone(), Arc::clone(&self.slots));
        async move { Ended { end: end.await, key } }.instrument(span)
    }

    fn end(&self, ended: Result<Ended, JoinError>) {
        let Ended { key, end } = match ended {
            Ok(ended) => ended,
            Err(error) if error.is_panic() => panic::resume_unwind(error.into_panic()),
            Err(_) => return,
        };
        let object = reference::<K>(&key);
        match &end {
            Ok(_) => tracing::debug!(%object, "a pass ended"),
            Err(Error::Stopping | Error::ConnectionChanged) => {}
            Err(error) => tracing::warn!(%object, %error, "a pass failed"),
        }
        let action = end.unwrap_or_else(|error| retry_after_error(&error));
        lock(&self.queue).end(&key, action.requeue_after, Instant::now());
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

/// Resolves at that time, if there is one.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Returns when an object is reconciled again whose pass failed: 5 to 15 seconds after a failure of the Kubernetes API.
fn retry_after_error(error: &Error) -> Action {
    if matches!(error, Error::ConnectionChanged) {
        return Action::requeue(Duration::from_secs(1));
    }
    Action::requeue(Duration::from_secs(5) + Duration::from_secs(10).mul_f64(rand::random()))
}

fn reference<K: Managed>(key: &NamespacedName) -> ObjectRef<Packed<K>> {
    let object = ObjectRef::new(&key.name);
    if key.namespace.is_empty() { object } else { object.within(&key.namespace) }
}

fn lock(queue: &Mutex<PassQueue>) -> MutexGuard<'_, PassQueue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::PamCredential;
    use crate::controller::runtime::parked::Going;
    use crate::controller::runtime::trigger::Triggers;
    use crate::controller::runtime::worker_slots::Lane;
    use crate::domain::Turn;
    use futures::FutureExt as _;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Semaphore;

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

    /// Passes over objects that end when they are allowed to.
    struct Slow {
        begun: AtomicUsize,
        ended: AtomicUsize,
        may_end: Semaphore,
    }

    impl Reconciler<PamCredential> for Slow {
        fn note(&self, _: &PamCredential) {}

        fn forget(&self, _: &NamespacedName, _: &str) {}

        async fn reconcile(self: &Arc<Self>, _: &PamCredential) -> Result<Action, Error> {
            self.begun.fetch_add(1, Ordering::SeqCst);
            self.may_end.acquire().await.unwrap().forget();
            self.ended.fetch_add(1, Ordering::SeqCst);
            Ok(Action::await_change())
        }
    }

    impl Slow {
        /// Lets all tasks run, and returns how many passes began and ended.
        async fn settled(&self) -> [usize; 2] {
            for _ in 0..32 {
                tokio::task::yield_now().await;
            }
            [&self.begun, &self.ended].map(|count| count.load(Ordering::SeqCst))
        }
    }

    #[tokio::test]
    async fn an_object_that_changes_during_its_pass_has_one_more_and_a_stop_lets_that_one_end_and_begins_none() {
        let (mut set, shown) = WatchSet::new();
        let reconciler = Arc::new(Slow { begun: 0.into(), ended: 0.into(), may_end: Semaphore::new(0) });
        let (woken, receiver) = tokio::sync::mpsc::unbounded_channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let passes = Passes {
            reconciler: Arc::clone(&reconciler),
            slots: Arc::new(SlotQueue::new(1, Arc::default())),
            shown,
            queue: Arc::default(),
            most_begun: usize::MAX,
            begun: JoinSet::new(),
        };
        let stop_when = stopped.map(drop).boxed().shared();
        let serving = tokio::spawn(passes.serve(futures::stream::pending(), receiver, stop_when));
        let wake = || woken.send(Woken { key: NamespacedName::new("ns", "a"), urgency: Urgency::Fresh }).unwrap();
        wake();
        assert_eq!(reconciler.settled().await, [0, 0], "nothing is listed yet");
        for event in [Event::Init, Event::InitApply(object("u")), Event::InitDone] {
            set.take_in(&event);
        }
        assert_eq!(reconciler.settled().await, [1, 0]);
        wake();
        wake();
        assert_eq!(reconciler.settled().await, [1, 0], "one pass at a time");
        reconciler.may_end.add_permits(1);
        assert_eq!(reconciler.settled().await, [2, 1]);
        wake();
        stop.send(()).unwrap();
        assert_eq!(reconciler.settled().await, [2, 1]);
        assert!(!serving.is_finished());
        reconciler.may_end.add_permits(9);
        tokio::time::timeout(Duration::from_secs(5), serving).await.expect("nothing is left to do").unwrap();
        assert_eq!(reconciler.settled().await, [2, 2]);
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
            assert_eq!(started.recv().await.unwrap().key.name, "a");
            dispatch(Arc::new(object), Arc::new(Forgets::default()), store, Arc::clone(&slots)).await.unwrap();
            let next = tokio::time::timeout(Duration::from_secs(5), started.recv()).await;
            assert_eq!(next.expect("the slot is free for the next").unwrap().key.name, "next");
        }
    }
}

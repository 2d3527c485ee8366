//! The watches: what each watch keeps of an object, and which objects each watch wakes.

use std::sync::Arc;

use futures::future::{BoxFuture, Shared};
use futures::{Stream, StreamExt, TryStreamExt};
use kube::api::Api;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::controller::runtime::cluster::Cluster;
use crate::controller::runtime::dependencies::Dependency;
use crate::controller::runtime::held_back::held_back;
use crate::controller::runtime::kind_served::{KindServed, code_of};
use crate::controller::runtime::metadata_cache::{ListNumber, MetadataCache, MetadataOnly, Shown, parts};
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::runtime::watch_backoff::backed_off;

/// Seconds after which the API server ends a watch: a dead connection is noticed within this time.
const WATCH_SECONDS: u32 = 120;

/// How many objects the API server sends at once in a list. An object takes up to 9 MB in JSON, and a request is cut off
/// after a minute; with pages of 100, a list of 10,000 small objects takes a tenth of a second longer than with pages of
/// 500. Our own memory does not depend on it: the client leaves out what is large before it is held.
const PAGE: u32 = 100;

/// Returns the settings of every watch. The first list comes in pages, and is not sent by the watch (`sendInitialEvents`,
/// KEP-3157): the API server marks the end of such a list up to a second later, and of our lists some wait for others, so that
/// the start took three seconds in place of a fifth of one. Further, kube asks for such a list at resource version 0, which a
/// stale cache of an API server may answer with statuses from before our last write.
pub(crate) fn config() -> watcher::Config {
    watcher::Config::default().timeout(WATCH_SECONDS).page_size(PAGE)
}

/// When the first list of a watch may be seen, and who is told once the first list was seen.
pub(crate) struct FirstList {
    /// Resolves once all is known that passes over these objects need.
    pub(crate) after: Shared<BoxFuture<'static, ()>>,
    /// Gets a message after the first list. A store tells that, too, but wakes only the last of those who wait.
    pub(crate) seen: oneshot::Sender<()>,
}

/// Watches whole objects; nothing of them is seen before `first.after` resolves. `adapt` changes each object, and then
/// `take_in` sees each event.
/// Of an object's metadata, an event has what the client passes on ([`answers::filtered`]).
///
/// [`answers::filtered`]: crate::controller::runtime::answers::filtered
pub(crate) fn objects<K>(
    api: Api<K>,
    config: watcher::Config,
    first: FirstList,
    served: KindServed,
    adapt: impl FnMut(&mut K) + Send + 'static,
    mut take_in: impl FnMut(&Event<K>) + Send + 'static,
) -> impl Stream<Item = Result<K, watcher::Error>> + Send
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
{
    let events = held_back(backed_off(served.watch(api, config)), first.after);
    let mut seen = Some(first.seen);
    let take_in = move |event: &Event<K>| {
        take_in(event);
        if matches!(event, Event::InitDone)
            && let Some(seen) = seen.take()
        {
            _ = seen.send(());
        }
    };
    events.modify(adapt).inspect_ok(take_in).applied_objects()
}

/// Keeps a cache current with a metadata watch of Secrets or config maps in one namespace (`None`: in all), and wakes
/// the objects that depend on one that changed. `ready` is called once the first list is complete. Runs until dropped.
pub(crate) async fn keep_versions<K>(
    cluster: Arc<Cluster>,
    namespace: Option<String>,
    pick: fn(&Cluster) -> &MetadataCache,
    target: fn(NamespacedName) -> Dependency,
    ready: impl FnOnce() + Send,
) where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope> + 'static,
{
    let api: Api<MetadataOnly<K>> = scoped(cluster.client.clone(), namespace.as_deref());
    cluster.contacts.expect(api.resource_url());
    let mut events = backed_off(watcher(api, config())).boxed();
    let mut ready = Some(ready);
    let mut list = ListNumber::default();
    while let Some(event) = events.next().await {
        let complete = matches!(event, Ok(Event::InitDone));
        let denied = matches!(&event, Err(error) if is_denied(error));
        match event {
            Ok(event) => {
                for key in take(event, pick(&cluster), namespace.as_deref(), &mut list) {
                    cluster.wake_dependents(&target(key));
                }
            }
            Err(error) => log_failure(&error, &K::kind(&())),
        }
        // A namespace that may not be listed is gone or was never granted. The start does not wait for such a namespace.
        let complete = complete || denied;
        if complete && let Some(ready) = ready.take() {
            ready();
        }
    }
}

/// Takes in one event and returns what changed. `list` is the last list that began.
fn take<K: Resource<DynamicType = ()>>(
    event: Event<MetadataOnly<K>>,
    cache: &MetadataCache,
    namespace: Option<&str>,
    list: &mut ListNumber,
) -> Vec<NamespacedName> {
    let changed = match event {
        Event::Init => {
            *list = cache.begin_list();
            None
        }
        Event::InitDone => return cache.end_list(namespace, *list),
        Event::InitApply(object) => put(&object, cache, *list, Shown::InList),
        Event::Apply(object) => put(&object, cache, *list, Shown::OnChange),
        Event::Delete(object) => parts(&object).map(|(key, _)| key).filter(|key| cache.remove(key)),
    };
    changed.into_iter().collect()
}

/// Records the version of an object, and returns the object if that is news.
fn put<K: Resource<DynamicType = ()>>(
    object: &MetadataOnly<K>,
    cache: &MetadataCache,
    list: ListNumber,
    shown: Shown,
) -> Option<NamespacedName> {
    let (key, version) = parts(object)?;
    cache.put(&key, version, list, shown).then_some(key)
}

/// Returns the API of one namespace, or of all of them.
pub(crate) fn scoped<K>(client: Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
{
    match namespace {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    }
}

/// Returns whether the watch is not permitted.
pub(crate) fn is_denied(error: &watcher::Error) -> bool {
    matches!(code_of(error), Some(401 | 403))
}

/// Logs a failed watch in our own words: kube's errors embed whole responses.
pub(crate) fn log_failure(error: &watcher::Error, kind: &str) {
    let code = code_of(error);
    match code {
        Some(401 | 403) => tracing::error!(kind, code, "not permitted to watch: check the operator's RBAC"),
        Some(404) => {
            tracing::error!(
                kind,
                code,
                "the API server does not serve this kind: its CRD is missing, install it again"
            );
        }
        Some(410) => tracing::debug!(kind, code, "the watch is too old and starts again"),
        _ => tracing::warn!(kind, code, "a watch failed and starts again"),
    }
}

//! Changes of objects, as the API server tells of them.

use futures::stream::{BoxStream, SelectAll, StreamExt as _};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt as _, watcher as watch};

use super::kind::Kind;
use super::object::PamObject;
use crate::cluster::Cluster;

/// One thing that a watch tells.
#[derive(Clone, Debug)]
pub enum Change {
    /// An object is there, or changed.
    There(PamObject),
    /// An object is gone.
    Gone(PamObject),
    /// The watch of a kind was interrupted. It begins again by itself, and tells of every object then.
    Interrupted(Kind),
}

/// Changes of several kinds.
pub type Changes = SelectAll<BoxStream<'static, Change>>;

/// Watches kinds in a namespace; `None` is all namespaces. First every object is told of that is there.
pub fn changes(cluster: &Cluster, kinds: &[Kind], namespace: Option<&str>, selector: Option<&str>) -> Changes {
    let label_selector = selector.map(str::to_owned);
    let config = watcher::Config { label_selector, ..watcher::Config::default() };
    let stream = |kind: &Kind| {
        let (kind, api) = (*kind, kind.api(cluster, namespace));
        let events = watch(api, config.clone()).default_backoff();
        events.filter_map(move |event| async move { change(kind, event) }).boxed()
    };
    kinds.iter().map(stream).collect()
}

fn change(kind: Kind, event: Result<Event<kube::api::DynamicObject>, watcher::Error>) -> Option<Change> {
    match event {
        Ok(Event::Apply(object) | Event::InitApply(object)) => Some(Change::There(PamObject { kind, object })),
        Ok(Event::Delete(object)) => Some(Change::Gone(PamObject { kind, object })),
        Ok(Event::Init | Event::InitDone) => None,
        Err(_) => Some(Change::Interrupted(kind)),
    }
}

//! The labels of namespaces, for the rules of connections that select by them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, PartialObjectMeta};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{Event, watcher};
use kube::{Resource, ResourceExt};

use crate::controller::runtime::cluster::Cluster;
use crate::controller::runtime::dependencies::Dependency;
use crate::controller::runtime::watch;

/// The labels of a namespace.
pub(crate) type Labels = BTreeMap<String, String>;

/// The labels of every namespace that is watched.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    known: Mutex<HashMap<String, Labels>>,
}

impl Namespaces {
    /// The labels of a namespace; `None` where it was not seen yet: its first objects may be seen before it.
    pub(crate) fn labels(&self, name: &str) -> Option<Labels> {
        self.lock().get(name).cloned()
    }

    /// Takes in a namespace; `true` if its labels are news.
    fn put(&self, name: &str, labels: &Labels) -> bool {
        self.lock().insert(name.to_owned(), labels.clone()).as_ref() != Some(labels)
    }

    fn remove(&self, name: &str) {
        self.lock().remove(name);
    }

    /// Forgets what a new complete list no longer has. `only` is the one namespace that the list was of.
    fn retain(&self, only: Option<&str>, listed: &HashSet<String>) {
        self.lock().retain(|name, _| listed.contains(name) || only.is_some_and(|only| only != name));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Labels>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the labels of one namespace or of all current, and wakes the objects that depend on a namespace whose labels
/// changed. `ready` is called once the first list is complete. Runs until dropped.
pub(crate) async fn keep_labels(cluster: Arc<Cluster>, only: Option<String>, ready: impl FnOnce() + Send) {
    let api: Api<PartialObjectMeta<Namespace>> = Api::all(cluster.client.clone());
    let config = match &only {
        // Permitted by a rule that names the namespace.
        Some(name) => watch::config().fields(&format!("metadata.name={name}")),
        None => watch::config(),
    };
    let mut events = watcher(api, config).default_backoff().boxed();
    let (mut ready, mut listed) = (Some(ready), HashSet::new());
    while let Some(event) = events.next().await {
        let denied = matches!(&event, Err(error) if watch::is_denied(error));
        let complete = denied || matches!(event, Ok(Event::InitDone));
        match event {
            Ok(event) => take(&event, only.as_deref(), &mut listed, &cluster),
            Err(error) => watch::log_failure(&error, &Namespace::kind(&())),
        }
        if complete && let Some(ready) = ready.take() {
            ready();
        }
    }
}

fn take(
    event: &Event<PartialObjectMeta<Namespace>>,
    only: Option<&str>,
    listed: &mut HashSet<String>,
    cluster: &Cluster,
) {
    match event {
        Event::Init => listed.clear(),
        Event::InitDone => cluster.namespaces.retain(only, &std::mem::take(listed)),
        Event::Delete(namespace) => cluster.namespaces.remove(&namespace.name_any()),
        Event::InitApply(namespace) | Event::Apply(namespace) => {
            let name = namespace.name_any();
            listed.insert(name.clone());
            if cluster.namespaces.put(&name, namespace.labels()) {
                cluster.wake_dependents(&Dependency::Namespace(name));
            }
        }
    }
}

//! Watches the labels of namespaces.

use std::collections::HashSet;
use std::sync::Arc;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, PartialObjectMeta};
use kube::runtime::watcher::{Event, watcher};
use kube::{Resource, ResourceExt};

use crate::api::LABELS_TOO_LARGE;
use crate::controller::runtime::cluster::Cluster;
use crate::controller::runtime::dependencies::Dependency;
use crate::controller::runtime::watch;
use crate::controller::runtime::watch_backoff::backed_off;

/// Keeps the labels of one namespace or of all current, and wakes the objects that depend on a namespace whose labels
/// changed. `ready` is called once the first list is complete. Runs until dropped.
pub(crate) async fn keep_labels(cluster: Arc<Cluster>, only: Option<String>, ready: impl FnOnce() + Send) {
    let api: Api<PartialObjectMeta<Namespace>> = Api::all(cluster.client.clone());
    let config = match &only {
        // Permitted by a rule that names the namespace.
        Some(name) => watch::config().fields(&format!("metadata.name={name}")),
        None => watch::config(),
    };
    cluster.contacts.expect(api.resource_url());
    let mut events = backed_off(watcher(api, config)).boxed();
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
                if namespace.labels().contains_key(LABELS_TOO_LARGE) {
                    tracing::warn!(namespace = name, "the labels take more than 8 KiB: no rule selects by them");
                }
                cluster.wake_dependents(&Dependency::Namespace(name));
            }
        }
    }
}

//! Objects in namespaces that this operator does not watch any more: their status says so, and a deleted one can go (P7).
//!
//! The namespaces that an earlier process watched are known to nobody. So one list at the start shows the objects of all
//! namespaces that are not watched now, and keeps none of them; the kind tells whether this operator wrote an object's status.
//! Only namespaces in which the list shows such objects are watched from then on: a watch of the whole cluster would bring
//! every change of everybody's objects here.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use k8s_openapi::NamespaceResourceScope;
use kube::api::ListParams;
use kube::runtime::watcher::{Event, watcher};
use kube::{Client, Resource};

use crate::controller::runtime::error::Error;
use crate::controller::runtime::managed::Managed;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::runtime::packed::Packed;
use crate::controller::runtime::watch;
use crate::controller::runtime::watch_backoff::backed_off;

/// How long it takes until what could not be read or told is tried again.
const REST: Duration = Duration::from_mins(1);
/// Objects in one page of the list.
const PAGE: u32 = 100;

/// A kind of ours whose objects are in namespaces.
pub(crate) trait Namespaced: Managed + Resource<Scope = NamespaceResourceScope> {}

impl<K: Managed + Resource<Scope = NamespaceResourceScope>> Namespaced for K {}

/// Tells of the objects of a kind that are outside the watched namespaces.
pub(crate) trait Outside<K: Namespaced>: Send + Sync + 'static {
    /// Returns the client that lists and watches these objects.
    fn client(&self) -> Client;

    /// Passes over one object, and returns whether this operator served it, or may have.
    fn tell(&self, object: &K) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Forgets the object: of one outside nothing is kept between two passes.
    fn forget_outside(&self, object: &K);
}

/// Tells the objects outside `namespaces` that this operator served before. Runs until dropped.
pub(crate) async fn tell_outside<K: Namespaced, C: Outside<K>>(context: Arc<C>, namespaces: BTreeSet<String>) {
    let outside = namespaces.iter().map(|name| format!("metadata.namespace!={name}")).collect::<Vec<_>>().join(",");
    let left = loop {
        match Box::pin(tell_listed::<K, C>(&*context, &outside)).await {
            Some(left) => break left,
            None => tokio::time::sleep(REST).await,
        }
    };
    join_all(left.iter().map(|namespace| tell_changed::<K, C>(&*context, namespace))).await;
}

/// Tells the objects of one list, one after the other, and returns the namespaces of those that this operator served;
/// `None` if the list could not be read, or one of the objects not be told.
async fn tell_listed<K: Namespaced, C: Outside<K>>(context: &C, outside: &str) -> Option<BTreeSet<String>> {
    let api = watch::scoped::<Packed<K>>(context.client(), None);
    let mut left = BTreeSet::new();
    let mut params = ListParams::default().fields(outside).limit(PAGE);
    loop {
        let page = match api.list(&params).await {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(kind = %K::kind(&()), %error, "the objects outside watchNamespaces could not be listed");
                return None;
            }
        };
        for object in page.items {
            let Some(object) = object.unpack() else { continue };
            if tell_one(&object, context).await? {
                left.insert(NamespacedName::of(&object).namespace);
            }
        }
        params.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
        if params.continue_token.is_none() {
            return Some(left);
        }
    }
}

/// Tells the objects of one namespace as they change. Runs until dropped.
async fn tell_changed<K: Namespaced, C: Outside<K>>(context: &C, namespace: &str) {
    loop {
        let api = watch::scoped::<Packed<K>>(context.client(), Some(namespace));
        let mut events = backed_off(watcher(api, watch::config())).boxed();
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Apply(object) | Event::InitApply(object)) => {
                    let Some(object) = object.unpack() else { continue };
                    if Box::pin(tell_one(&object, context)).await.is_none() {
                        break;
                    }
                }
                Ok(_) => {}
                Err(error) => watch::log_failure(&error, &K::kind(&())),
            }
        }
        // What could not be told is in the first list of the next watch.
        tokio::time::sleep(REST).await;
    }
}

/// Tells one object, and returns whether this operator served it; `None` if that failed.
async fn tell_one<K: Namespaced, C: Outside<K>>(object: &K, context: &C) -> Option<bool> {
    let told = context.tell(object).await;
    context.forget_outside(object);
    if let Err(error) = &told {
        tracing::warn!(kind = %K::kind(&()), %error, "an object that is no longer served could not be told");
    }
    told.ok()
}

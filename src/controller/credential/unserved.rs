//! Credentials in namespaces that this operator does not watch any more: their status says so, and a deleted one can go (P7).
//!
//! The namespaces that an earlier process watched are known to nobody. So one list at the start shows the credentials of all
//! namespaces that are not watched now, and keeps none of them; the digests in a status tell whether this operator wrote it.
//! Only namespaces in which the list shows such credentials are watched from then on: a watch of the whole cluster would bring
//! every change of everybody's credentials here.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use kube::api::{Api, ListParams};
use kube::core::DeserializeGuard;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{Event, watcher};

use crate::api::PamCredential;
use crate::controller::credential::context::Context;
use crate::controller::credential::{act, observe, report};
use crate::controller::runtime::error::Error;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::runtime::watch::{self, Guarded};
use crate::domain::credential::DigestsOf;
use crate::domain::decide;

/// How long it takes until what could not be read or told is tried again.
const REST: Duration = Duration::from_mins(1);
/// Objects in one page of the list.
const PAGE: u32 = 100;

/// Tells the credentials outside `namespaces` that this operator served before. Runs until dropped.
pub(crate) async fn tell_outside(context: Arc<Context>, namespaces: BTreeSet<String>) {
    let outside = namespaces.iter().map(|name| format!("metadata.namespace!={name}")).collect::<Vec<_>>().join(",");
    let left = loop {
        match Box::pin(tell_listed(&context, &outside)).await {
            Some(left) => break left,
            None => tokio::time::sleep(REST).await,
        }
    };
    join_all(left.iter().map(|namespace| tell_changed(&context, namespace))).await;
}

/// Tells the credentials of one list, one after the other, and returns the namespaces of those that this operator served;
/// `None` if the list could not be read, or one of the credentials not be told.
async fn tell_listed(context: &Context, outside: &str) -> Option<BTreeSet<String>> {
    let api = Api::<Guarded<PamCredential>>::all(context.cluster.client.clone());
    let mut left = BTreeSet::new();
    let mut params = ListParams::default().fields(outside).limit(PAGE);
    loop {
        let page = match api.list(&params).await {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(%error, "the PamCredentials outside watchNamespaces could not be listed");
                return None;
            }
        };
        for DeserializeGuard(object) in page.items {
            let Ok(object) = object else { continue };
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

/// Tells the credentials of one namespace as they change. Runs until dropped.
async fn tell_changed(context: &Context, namespace: &str) {
    loop {
        let api = Api::<Guarded<PamCredential>>::namespaced(context.cluster.client.clone(), namespace);
        let mut events = watcher(api, watch::config()).default_backoff().boxed();
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Apply(DeserializeGuard(Ok(object))) | Event::InitApply(DeserializeGuard(Ok(object)))) => {
                    if Box::pin(tell_one(&object, context)).await.is_none() {
                        break;
                    }
                }
                Ok(_) => {}
                Err(error) => watch::log_failure(&error, "PamCredential"),
            }
        }
        // What could not be told is in the first list of the next watch.
        tokio::time::sleep(REST).await;
    }
}

/// Tells one credential, and returns whether this operator served it; `None` if that failed.
async fn tell_one(credential: &PamCredential, context: &Context) -> Option<bool> {
    let told = tell(credential, context).await;
    context.forget_outside(credential);
    if let Err(error) = &told {
        tracing::warn!(%error, "a PamCredential that is no longer served could not be told");
    }
    told.ok()
}

/// One pass over a credential outside the watched namespaces. Returns whether this operator served it, or may have.
async fn tell(credential: &PamCredential, context: &Context) -> Result<bool, Error> {
    let mut observed = observe::from_cache(credential, context);
    let may_have = observed.situation.finalizer && observed.status.digests_of(&observed.keyed) == DigestsOf::Nobody;
    let why = format!("Namespace {} is not among this operator's watchNamespaces", observed.key.namespace);
    if observe::left_to_others(&mut observed, &why) {
        return Ok(may_have);
    }
    observe::refresh_namespace_terminating(&mut observed, context).await?;
    let decision = decide(&observed.situation);
    let outcome = act::carry_out(&observed, decision, context).await?;
    report::write(&observed, decision, &outcome, context).await.map(|_| true)
}

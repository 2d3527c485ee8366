//! Credentials in namespaces that this operator does not watch any more: their status says so, and a deleted one can go (P7).
//!
//! The namespaces that an earlier process watched are known to nobody. So one watch shows the credentials of all namespaces
//! that are not watched now, and keeps none of them; the digests in a status tell whether this operator wrote it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::api::Api;
use kube::core::DeserializeGuard;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{Event, watcher};

use crate::api::PamCredential;
use crate::controller::credential::context::Context;
use crate::controller::credential::{act, observe, report};
use crate::controller::runtime::error::Error;
use crate::controller::runtime::watch::{self, Guarded};
use crate::domain::decide;

/// How long the watch rests after a credential could not be told, before it begins again with a list.
const REST: Duration = Duration::from_mins(1);

/// Tells the credentials outside `namespaces` that this operator served before. Runs until dropped.
pub(crate) async fn tell_outside(context: Arc<Context>, namespaces: BTreeSet<String>) {
    let outside = namespaces.iter().map(|name| format!("metadata.namespace!={name}")).collect::<Vec<_>>().join(",");
    loop {
        Box::pin(tell_listed(&context, &outside)).await;
        tokio::time::sleep(REST).await;
    }
}

/// Tells the credentials of one watch, one after the other; ends when one cannot be told.
async fn tell_listed(context: &Context, outside: &str) {
    let api = Api::<Guarded<PamCredential>>::all(context.cluster.client.clone());
    let mut events = watcher(api, watch::config().fields(outside)).default_backoff().boxed();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Apply(DeserializeGuard(Ok(object))) | Event::InitApply(DeserializeGuard(Ok(object)))) => {
                let told = tell(&object, context).await;
                context.forget_outside(&object);
                if let Err(error) = told {
                    return tracing::warn!(%error, "a PamCredential that is no longer served could not be told");
                }
            }
            Ok(_) => {}
            Err(error) => watch::log_failure(&error, "PamCredential"),
        }
    }
}

/// One pass over a credential outside the watched namespaces.
async fn tell(credential: &PamCredential, context: &Context) -> Result<(), Error> {
    let mut observed = observe::from_cache(credential, context);
    let why = format!("Namespace {} is not among this operator's watchNamespaces", observed.key.namespace);
    if observe::left_to_others(&mut observed, &why) {
        return Ok(());
    }
    observe::refresh_namespace_terminating(&mut observed, context).await?;
    let decision = decide(&observed.situation);
    let outcome = act::carry_out(&observed, decision, context).await?;
    report::write(&observed, decision, &outcome, context).await.map(drop)
}

//! One pass over a credential.

use std::sync::Arc;
use std::time::Duration;

use kube::runtime::controller::Action;
use tokio::time::Instant;

use crate::api::PamCredential;
use crate::controller::credential::act::push::act;
use crate::controller::credential::context::Context;
use crate::controller::credential::observe::connected;
use crate::controller::credential::observe::list::look;
use crate::controller::credential::observe::observation::Observation;
use crate::controller::credential::report::in_flight;
use crate::controller::credential::report::write::{report, write_owed};
use crate::controller::runtime::error::Error;
use crate::controller::runtime::finalizer;
use crate::controller::runtime::managed::Reconciler;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::runtime::retry::Gate;
use crate::controller::runtime::worker_slots::Slot;
use crate::domain::{Decision, decide};
use crate::metrics::{Kind, ReconcileOutcome};

/// Should the labels of a namespace not wake its credentials.
const LABELS: Duration = Duration::from_secs(5);

impl Reconciler<PamCredential> for Context {
    fn note(&self, object: &PamCredential) {
        self.note(object);
    }

    fn note_undecodable(&self, key: &NamespacedName) {
        self.state.note_undecodable();
        let NamespacedName { namespace, name } = key;
        tracing::error!(%namespace, %name, "a PamCredential cannot be decoded: is the CRD newer than the operator?");
    }

    fn forget(&self, key: &NamespacedName, uid: &str) {
        self.forget(key, uid);
    }

    async fn reconcile(self: &Arc<Self>, object: &PamCredential) -> Result<Action, Error> {
        reconcile(object, self).await
    }
}

/// One pass over a credential: observe, decide, act, report.
///
/// # Guarantees
///
/// * Two passes over one object never run at once (the controller sees to it).
/// * At most one write to the PAM, at most one write of the status, none of either when nothing changed. One more of the
///   status goes before a write that only it can tell of later.
/// * A failure of the PAM is an observation that ends in the status; only a failure of Kubernetes is an error.
async fn reconcile(credential: &PamCredential, context: &Context) -> Result<Action, Error> {
    let started = Instant::now();
    let result = pass(credential, context).await;
    let outcome = match &result {
        Ok((_, outcome)) => *outcome,
        Err(_) => ReconcileOutcome::Error,
    };
    context.cluster.metrics.reconciled(Kind::PamCredential, outcome, started.elapsed());
    result.map(|(action, _)| action)
}

async fn pass(credential: &PamCredential, context: &Context) -> Result<(Action, ReconcileOutcome), Error> {
    // Before anything is looked at: what changes from here on wakes us again.
    context.cluster.track(credential);
    // Its connection may have come after it.
    context.want(credential);
    let mut observed = Observation::from_cache(credential, context);
    write_owed(&observed, context).await?;
    match context.cluster.retries.gate(&observed.subject(), observed.mark(), Instant::now()) {
        Gate::In(wait) => return Ok((Action::requeue(wait), ReconcileOutcome::Waiting)),
        Gate::OnChange => return Ok((Action::await_change(), ReconcileOutcome::Waiting)),
        Gate::Now => {}
    }
    if observed.lacks_labels(context) {
        // They wake us when they come. Saying "denied" for this moment would fail an apply of namespace and credential.
        return Ok((Action::requeue(LABELS), ReconcileOutcome::Waiting));
    }
    if connected::is_anothers(&observed, context).await? {
        return Ok((Action::await_change(), ReconcileOutcome::Ready));
    }
    observed.refresh_namespace_terminating(context).await?;
    observed.place = place(&observed, context).await?;
    let decision = loop {
        match decide(&observed.situation) {
            Decision::Look(what) => look(&mut observed, what, context).await?,
            Decision::AddFinalizer => {
                finalizer::add(credential, &context.cluster.client).await?;
                observed.situation.finalizer = true;
            }
            Decision::Intend(intent) => {
                if !in_flight::intend(&mut observed, intent, context).await? {
                    return Ok((Action::await_change(), ReconcileOutcome::Ready));
                }
            }
            Decision::RemoveFinalizer(_) if !observed.situation.deleting => {
                finalizer::remove(credential, &context.cluster.client).await?;
                observed.situation.finalizer = false;
            }
            decision => break decision,
        }
    };
    let done = act(&observed, decision, context).await?;
    observed.settle_claims(decision, &done, context);
    report(&observed, decision, &done, context).await
}

/// A place with the PAM, for a pass that may have something to do there.
async fn place(observed: &Observation<'_>, context: &Context) -> Result<Option<Slot>, Error> {
    match (decide(&observed.situation), &observed.view) {
        (Decision::Look(_) | Decision::Push(_) | Decision::Disable | Decision::AddFinalizer, Some(view)) => {
            context.cluster.slots.take(&view.lane).await.map(Some)
        }
        _ => Ok(None),
    }
}

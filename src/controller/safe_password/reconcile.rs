//! One pass over an entry of MySafe.

use std::sync::Arc;

use kube::Resource as _;
use tokio::time::Instant;

use crate::api::{Mode, MySafePassword};
use crate::controller::connection::object::RefersToConnection as _;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::managed::{Managed as _, Reconciler};
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::runtime::packed::Packed;
use crate::controller::runtime::parked::Going;
use crate::controller::runtime::pass_end::{Action, PassEnd};
use crate::controller::runtime::pass_log;
use crate::controller::runtime::throwaway::{is_throwaway, serve_as_itself, throwaway_of};
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::observe::Next;
use crate::controller::safe_password::report::write_status;
use crate::controller::safe_password::{act, observe, report, throwaway};
use crate::domain::Reason;
use crate::domain::safe_password::Decision;
use crate::metrics::{Kind, ReconcileOutcome};

impl Reconciler<MySafePassword> for Context {
    fn adapt(&self, object: &mut Packed<MySafePassword>) {
        if self.cluster.plan_only || is_throwaway(object.meta()) {
            object.edit(|object| {
                if is_throwaway(&object.metadata) && throwaway::has_something(object, self) {
                    serve_as_itself(&mut object.metadata);
                }
                if self.cluster.plan_only || is_throwaway(&object.metadata) {
                    object.spec.mode = Mode::Plan;
                }
            });
        }
    }

    fn note(&self, object: &MySafePassword) {
        self.note(object);
    }

    fn note_undecodable(&self, key: &NamespacedName) {
        let NamespacedName { namespace, name } = key;
        tracing::error!(%namespace, %name, "a MySafePassword cannot be decoded: is the CRD newer than the operator?");
    }

    fn forget(&self, key: &NamespacedName, uid: &str) {
        self.forget(key, uid);
    }

    async fn reconcile(self: &Arc<Self>, object: &MySafePassword) -> Result<Action, Error> {
        if let Some(of) = throwaway_of(&object.metadata) {
            // Boxed, so that the passes over all other objects need no room for it.
            return Box::pin(throwaway::pass(object, &of, self)).await.map(|end| end.action);
        }
        let uid = object.metadata.uid.as_deref().unwrap_or_default();
        self.claims.begin_pass(uid);
        let end = reconcile(object, self).await;
        if self.claims.end_pass(uid) {
            self.wake_waiting(&NamespacedName::of(object));
        }
        end
    }
}

/// One pass over an entry: observe, decide, act, report.
///
/// # Guarantees
///
/// * Two passes over one object never run at once: [`PassQueue`] begins one at a time for each object.
///
/// [`PassQueue`]: crate::controller::runtime::pass_queue::PassQueue
/// * A pass makes at most one write to the PAM, which the status tells of before it is sent.
/// * A failure of the PAM is an observation that ends in the status; only a failure of Kubernetes is an error.
async fn reconcile(object: &MySafePassword, context: &Context) -> Result<Action, Error> {
    let started = Instant::now();
    let connection = object.connection_id().to_string();
    let end = pass_log::during(object.object_id(), connection, pass(object, context)).await;
    let outcome = end.as_ref().map_or(ReconcileOutcome::Error, |end| end.outcome);
    context.cluster.metrics.reconciled(Kind::MySafePassword, outcome, started.elapsed());
    end.map(|end| end.action)
}

async fn pass(object: &MySafePassword, context: &Context) -> Result<PassEnd, Error> {
    let mut slot = context.cluster.slots.of_pass(object.object_id());
    // The dependencies are noted before anything is read: a change after this line starts another pass.
    context.cluster.track(object);
    let mut observed = observe::from_cache(object, context);
    observe::put_finalizer_back(&mut observed, context).await?;
    write_status::of(&observed, context).write_owed().await?;
    if let Some(waits) = observed.waits(&context.cluster) {
        return Ok(waits);
    }
    if observe::is_left_to_others(&mut observed, context).await? {
        return Ok(PassEnd::at_rest());
    }
    observe::refresh_namespace_terminating(&mut observed, context).await?;
    let lane = observed.connection.state.as_ref().map(|state| state.lane.clone());
    slot.in_lane(lane, observed.turn.clone());
    if observe::needs_slot(&observed) && slot.acquire().await? == Going::Parked {
        return Ok(PassEnd::waiting(None));
    }
    let decision = match observe::until_decided(&mut observed, &mut slot, context).await? {
        Next::CarryOut(decision) => decision,
        Next::End(end) => return Ok(end),
    };
    let not_ready = decision == Decision::Wait(Reason::ConnectionNotReady);
    if not_ready && let Some(waits) = observed.waits_for_first_login(&context.cluster) {
        return Ok(waits);
    }
    if decision == Decision::Settled {
        observe::refresh_drift(&mut observed, context);
    }
    let outcome = act::carry_out(&observed, decision, context).await?;
    observed.times.ended = context.cluster.clock.now();
    report::write(&observed, decision, &outcome, context).await
}

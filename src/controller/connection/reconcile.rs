//! One pass over a connection checks its login.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::api::{ConditionType, PamConnectionStatus, find};
use crate::controller::connection::context::Context;
use crate::controller::connection::examine::{Finding, examine};
use crate::controller::connection::health::{PLAN_ONLY, is_side_condition, logged_in, with_unused};
use crate::controller::connection::object::{AnyConnection, ConnectionId, IntoAny};
use crate::controller::connection::outage;
use crate::controller::connection::status::write;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::managed::Reconciler;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::runtime::pass_end::Action;
use crate::controller::runtime::pass_log;
use crate::controller::runtime::retry::{Failure, Gate, input_hash};
use crate::controller::runtime::status_store;
use crate::domain::{Reason, Retry, backoff};
use crate::message::problem::Problem;
use crate::metrics::ReconcileOutcome;

/// How soon a connection comes back whose login waits for another login.
const BUSY: Duration = Duration::from_secs(1);

impl<K: IntoAny> Reconciler<K> for Context {
    fn note(&self, object: &K) {
        self.note(object.any());
    }

    fn forget(&self, key: &NamespacedName, uid: &str) {
        self.forget(&ConnectionId::new(&key.namespace, &key.name), uid);
    }

    /// Passes over a connection. Never fails on the PAM's account.
    async fn reconcile(self: &Arc<Self>, object: &K) -> Result<Action, Error> {
        self.cluster.track(object);
        let connection = object.any();
        let id = connection.id();
        let wait = pass_log::during(id.object_id(), id.to_string(), pass(&connection, self)).await?;
        Ok(wait.map_or_else(Action::await_change, Action::requeue))
    }
}

/// Passes over a connection, and returns when to come back; `None` is "on change".
async fn pass(connection: &AnyConnection, context: &Context) -> Result<Option<Duration>, Error> {
    let started = Instant::now();
    let id = connection.id();
    announce(connection, context);
    let input_hash = input_hash(&(connection.generation(), connection.uid(), source_versions(connection, context)));
    // Whether or not the login may be tried now, a status that is owed is written, with what else is known.
    let later = write(connection, context, |_| {}).await?;
    let recheck_login = context.store.take_login_recheck(&id);
    match context.cluster.retries.gate(&id.object_id(), input_hash, started) {
        Gate::In(wait) if !recheck_login => Ok(sooner(Some(wait), later)),
        Gate::OnChange if !recheck_login => Ok(later),
        _ => {
            let finding = examine(connection, recheck_login, context).await?;
            if matches!(finding, Finding::Busy) {
                return Ok(sooner(Some(BUSY), later));
            }
            report(connection, finding, input_hash, started, context).await
        }
    }
}

fn source_versions(connection: &AnyConnection, context: &Context) -> Option<Vec<(String, String)>> {
    let versions = context.resolver().versions_of(connection)?;
    Some(versions.into_iter().map(|version| (version.uid, version.resource_version)).collect())
}

/// Returns the sooner of two times to come back.
fn sooner(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}

/// Wakes the credentials of a connection whose readiness or spec changed.
fn announce(connection: &AnyConnection, context: &Context) {
    let id = connection.id();
    let Some(state) = context.state(&id) else {
        return;
    };
    if context.store.announce(&id, input_hash(&state)) {
        context.cluster.wake_dependents(&id.dependency());
    }
}

async fn report(
    connection: &AnyConnection,
    finding: Finding,
    input_hash: u64,
    started: Instant,
    context: &Context,
) -> Result<Option<Duration>, Error> {
    let (problem, asked) = match &finding {
        Finding::Lacks(problem) | Finding::HeldBack { problem, .. } => (Some(problem.clone()), None),
        Finding::Tried { problem: Some((problem, asked)), .. } => (Some(problem.clone()), *asked),
        _ => (None, None),
    };
    let id = connection.id();
    // Before the write, which may fail: a refused login is not tried again for that.
    let refused = problem.as_ref().is_some_and(|problem| problem.reason == Reason::PamAuthenticationFailed);
    if refused && !matches!(finding, Finding::HeldBack { .. }) {
        hold(&id, input_hash, backoff::second_login(rand::random()), context);
    }
    let later = write(connection, context, |status| next_status(connection, status, &finding, context)).await?;
    announce(connection, context);
    let wait = match (&finding, &problem) {
        (Finding::HeldBack { wait, .. }, _) => Some(put_off(&id, input_hash, *wait, context)),
        (Finding::StillRefused(wait), _) => Some(hold(&id, input_hash, *wait, context)),
        (_, Some(_)) if refused => Some(hold(&id, input_hash, backoff::second_login(rand::random()), context)),
        (_, Some(problem)) => failed(&id, input_hash, problem.reason.retry(), asked, context),
        _ => {
            context.cluster.retries.forget(&id.object_id());
            context.store.forget_wait(&id);
            None
        }
    };
    let outcome = match problem.map(|problem| problem.reason) {
        None => ReconcileOutcome::Ready,
        Some(reason) if reason.is_stalled() => ReconcileOutcome::Stalled,
        Some(_) => ReconcileOutcome::Waiting,
    };
    context.cluster.metrics.reconciled(connection.metrics_kind(), outcome, started.elapsed());
    Ok(sooner(wait, later))
}

/// Holds a login back that was not tried yet.
fn put_off(id: &ConnectionId, input_hash: u64, wait: Duration, context: &Context) -> Duration {
    context.cluster.retries.hold(&id.object_id(), input_hash, Instant::now() + wait);
    wait
}

/// Holds a refused login back, and remembers that it waits: the next try is its second.
fn hold(id: &ConnectionId, input_hash: u64, wait: Duration, context: &Context) -> Duration {
    let until = Instant::now() + wait;
    context.cluster.retries.hold(&id.object_id(), input_hash, until);
    context.store.wait_until(id, until);
    wait
}

fn failed(
    id: &ConnectionId,
    input_hash: u64,
    retry: Retry,
    asked: Option<Duration>,
    context: &Context,
) -> Option<Duration> {
    context.cluster.retries.failed(
        &id.object_id(),
        input_hash,
        Failure { retry, asked },
        Instant::now(),
        rand::random(),
    )
}

/// Turns the newest status into the status after a pass.
fn next_status(connection: &AnyConnection, status: &mut PamConnectionStatus, finding: &Finding, context: &Context) {
    status.observed_generation = connection.metadata.generation;
    status.cluster_name = Some(context.cluster.name.clone());
    let (reason, mut message) = match finding {
        Finding::AsBefore | Finding::StillRefused(_) | Finding::Busy => as_before(status),
        Finding::Tried { problem: Some((problem, _)), .. } if is_known(problem, status) => as_before(status),
        Finding::Lacks(problem) | Finding::HeldBack { problem, .. } => (problem.reason, problem.message.clone()),
        Finding::Tried { problem: Some((problem, _)), unused, .. } => {
            (problem.reason, with_unused(problem.message.clone(), unused.as_deref()))
        }
        Finding::Tried { problem: None, unused, .. } => {
            (Reason::Authenticated, with_unused(logged_in(connection), unused.as_deref()))
        }
    };
    if context.cluster.plan_only {
        message += PLAN_ONLY;
    }
    if matches!(finding, Finding::HeldBack { .. }) {
        // The login that is there now was not refused, nor was the one of before if the PAM accepted that.
        status.digests.remove("login");
    }
    if let Finding::Tried { digest, client, versions, .. } = finding {
        status.source.clone_from(versions);
        status.digests.insert("login".to_owned(), digest.clone());
        status.digests.insert("client".to_owned(), client.clone());
    }
    let (generation, now) = (status.observed_generation, context.cluster.clock.now());
    let login = status_store::conditions(reason, &message, generation, now, &status.conditions);
    status.conditions.retain(is_side_condition);
    status.conditions.splice(..0, login);
}

/// Returns whether a status tells already what a problem says, or more.
fn is_known(problem: &Problem, status: &PamConnectionStatus) -> bool {
    let ready = find(&status.conditions, ConditionType::Ready);
    outage::tells_nothing(problem) && ready.is_some_and(|ready| ready.reason == problem.reason.as_str())
}

/// Returns what was said before, without the addition of `--plan-only`. Everything else that the message depends on is in the
/// digest of the login: had it changed, the login would have been tried.
fn as_before(before: &PamConnectionStatus) -> (Reason, String) {
    let ready = find(&before.conditions, ConditionType::Ready);
    let reason = ready.and_then(|ready| Reason::named(&ready.reason)).unwrap_or(Reason::Progressing);
    let message = ready.map(|ready| ready.message.as_str()).unwrap_or_default();
    (reason, message.strip_suffix(PLAN_ONLY).unwrap_or(message).to_owned())
}

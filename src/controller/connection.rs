//! One pass over a connection: is its login good?

use std::sync::Arc;
use std::time::Duration;

use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use tokio::time::Instant;

use super::any_connection::{AnyConnection, IntoAny};
use super::blame;
use super::context::Context;
use super::error::Error;
use super::material::Material;
use super::message::Problem;
use super::schedule::{Turn, fingerprint};
use super::status;
use super::subject::Subject;
use super::versions::Key;
use crate::api::{ConditionType, PamConnectionStatus, find, same_but_for_times};
use crate::domain::{Login, Reason, Remembered, Retry, backoff, login};
use crate::metrics::ReconcileOutcome;

/// How a pass found the connection.
enum Finding {
    /// As its status says.
    AsBefore,
    /// As its status says; a refused login is looked at again then.
    StillRefused(Duration),
    /// Not as it should be, before any call.
    Lacks(Problem),
    /// It was tried, with these.
    Tried {
        digest: String,
        client: String,
        versions: Vec<crate::api::SourceSecret>,
        problem: Option<(Problem, Option<Duration>)>,
    },
}

/// One pass over a connection. Never fails on the PAM's account.
pub(super) async fn reconcile<C: IntoAny>(
    object: Arc<DeserializeGuard<C>>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let Ok(connection) = &object.0 else {
        return Ok(Action::await_change());
    };
    pass(&connection.any(), &context).await
}

async fn pass(connection: &AnyConnection, context: &Context) -> Result<Action, Error> {
    let started = Instant::now();
    let (key, subject) = (connection.key(), Subject::Connection(connection.key()));
    context.references.set(&subject, context.targets_of(connection).into_iter().collect());
    announce(connection, context);
    let mark = fingerprint(&(connection.generation(), connection.uid(), versions_mark(connection, context)));
    write_owed(connection, context).await?;
    let doubted = context.memory.take_connection_doubt(&key);
    match context.schedule.turn(&subject, mark, started) {
        Turn::In(wait) if !doubted => Ok(Action::requeue(wait)),
        Turn::OnChange if !doubted => Ok(Action::await_change()),
        _ => {
            let finding = examine(connection, doubted, context).await?;
            report(connection, finding, (mark, started), context).await
        }
    }
}

fn versions_mark(connection: &AnyConnection, context: &Context) -> Option<Vec<(String, String)>> {
    let versions = context.versions_of(connection)?;
    Some(versions.into_iter().map(|version| (version.uid, version.resource_version)).collect())
}

/// Wakes the credentials of a connection whose readiness or spec changed.
fn announce(connection: &AnyConnection, context: &Context) {
    let key = connection.key();
    let Some(view) = context.connection(&key) else {
        return;
    };
    if context.memory.announce(&key, fingerprint(&view)) {
        context.wake.all(&context.references.to(&super::references::Target::Connection(key)));
    }
}

async fn examine(connection: &AnyConnection, doubted: bool, context: &Context) -> Result<Finding, Error> {
    // Where it may lead is the operator's setting, which may be another since the status was written.
    if let Err(problem) = context.check_host(connection) {
        return Ok(Finding::Lacks(problem));
    }
    let status = context.connection_status(connection);
    let remembered = remembered(&status);
    let known = status.digests.get("login").filter(|digest| context.key.made(digest));
    let current = status.observed_generation == connection.metadata.generation;
    // What was proven holds without reading anything, while all versions are those it was proven with.
    let same_versions = context.versions_of(connection).is_some_and(|versions| versions == status.source);
    if known.is_some() && current && same_versions && remembered == Remembered::Worked && !doubted {
        return Ok(Finding::AsBefore);
    }
    let material = match context.material(connection).await? {
        Ok(material) => material,
        Err(problem) => return Ok(Finding::Lacks(problem)),
    };
    let unchanged = known == Some(&material.digest);
    let second_look = context.memory.has_waited(&connection.key(), Instant::now());
    match login(remembered, unchanged, doubted, second_look) {
        Login::Keep if remembered == Remembered::Refused => {
            let left = context.memory.wait_left(&connection.key(), Instant::now());
            Ok(Finding::StillRefused(left.unwrap_or_else(|| backoff::second_login(rand::random()))))
        }
        Login::Keep => Ok(Finding::AsBefore),
        Login::Try => attempt(connection, material, doubted, context).await,
    }
}

fn remembered(status: &PamConnectionStatus) -> Remembered {
    match find(&status.conditions, ConditionType::Ready) {
        Some(ready) if ready.status == "True" => Remembered::Worked,
        Some(ready) if ready.reason == Reason::PamAuthenticationFailed.as_str() => Remembered::Refused,
        _ => Remembered::Nothing,
    }
}

async fn attempt(
    connection: &AnyConnection,
    material: Material,
    doubted: bool,
    context: &Context,
) -> Result<Finding, Error> {
    let (digest, client) = (material.digest.clone(), material.login.clone());
    let versions = material.versions.clone();
    let live = match context.connections.install(connection, material) {
        Ok(live) => live,
        Err(problem) => return Ok(Finding::Lacks(problem)),
    };
    // A doubted client knows by itself whether its login was refused: asking it costs no request.
    let result = if doubted { live.client.authenticate().await } else { live.client.retry_login().await };
    let problem = result.err().map(|error| (Problem::refused_by_pam(&error), blame::asked(&error)));
    Ok(Finding::Tried { digest, client, versions, problem })
}

async fn report(
    connection: &AnyConnection,
    finding: Finding,
    (mark, started): (u64, Instant),
    context: &Context,
) -> Result<Action, Error> {
    let before = context.connection_status(connection);
    let (problem, asked) = match &finding {
        Finding::Lacks(problem) => (Some(problem.clone()), None),
        Finding::Tried { problem: Some((problem, asked)), .. } => (Some(problem.clone()), *asked),
        _ => (None, None),
    };
    let next = next_status(connection, &before, &finding, context);
    let key = connection.key();
    // Before the write, which may fail: a refused login is not tried again for that.
    if problem.as_ref().is_some_and(|problem| problem.reason == Reason::PamAuthenticationFailed) {
        hold(&key, mark, backoff::second_login(rand::random()), context);
    }
    write(connection, &before, next, context).await?;
    let action = match (&finding, &problem) {
        (Finding::StillRefused(wait), _) => hold(&key, mark, *wait, context),
        (_, Some(problem)) if problem.reason == Reason::PamAuthenticationFailed => {
            hold(&key, mark, backoff::second_login(rand::random()), context)
        }
        (_, Some(problem)) => failed(&key, mark, problem.reason.retry(), asked, context),
        _ => {
            context.schedule.forget(&Subject::Connection(key.clone()));
            context.memory.forget_wait(&key);
            Action::await_change()
        }
    };
    let outcome = match problem.map(|problem| problem.reason) {
        None => ReconcileOutcome::Ready,
        Some(reason) if reason.is_stalled() => ReconcileOutcome::Stalled,
        Some(_) => ReconcileOutcome::Waiting,
    };
    context.metrics.reconciled(connection.metrics_kind(), outcome, started.elapsed());
    Ok(action)
}

/// Holds a refused login back, and remembers that it waits: the next turn is its second look.
fn hold(key: &Key, mark: u64, wait: Duration, context: &Context) -> Action {
    let until = Instant::now() + wait;
    context.schedule.hold(&Subject::Connection(key.clone()), mark, until);
    context.memory.wait_until(key, until);
    Action::requeue(wait)
}

fn failed(key: &Key, mark: u64, retry: Retry, asked: Option<Duration>, context: &Context) -> Action {
    match context.schedule.failed(
        &Subject::Connection(key.clone()),
        mark,
        (retry, asked),
        (Instant::now(), rand::random()),
    ) {
        Some(wait) => Action::requeue(wait),
        None => Action::await_change(),
    }
}

fn next_status(
    connection: &AnyConnection,
    before: &PamConnectionStatus,
    finding: &Finding,
    context: &Context,
) -> PamConnectionStatus {
    let mut next = before.clone();
    next.observed_generation = connection.metadata.generation;
    next.cluster_name = Some(context.cluster_name.clone());
    let (reason, message) = match finding {
        Finding::AsBefore | Finding::StillRefused(_) => as_before(before),
        Finding::Lacks(problem) | Finding::Tried { problem: Some((problem, _)), .. } => {
            (problem.reason, problem.message.clone())
        }
        Finding::Tried { problem: None, .. } => (Reason::Authenticated, "The PAM accepted the login".to_owned()),
    };
    if let Finding::Tried { digest, client, versions, .. } = finding {
        next.source.clone_from(versions);
        next.digests.insert("login".to_owned(), digest.clone());
        next.digests.insert("client".to_owned(), client.clone());
    }
    next.conditions =
        status::conditions(reason, &message, next.observed_generation, context.clock.now(), &before.conditions);
    next
}

fn as_before(before: &PamConnectionStatus) -> (Reason, String) {
    let ready = find(&before.conditions, ConditionType::Ready);
    let reason = ready.and_then(|ready| Reason::named(&ready.reason)).unwrap_or(Reason::Progressing);
    (reason, ready.map(|ready| ready.message.clone()).unwrap_or_default())
}

/// Writes a status that could not be written before, whether or not it is this connection's turn.
async fn write_owed(connection: &AnyConnection, context: &Context) -> Result<(), Error> {
    let status = context.connection_status(connection);
    if context.written_connections.is_owed(connection.uid()) {
        write(connection, &status, status.clone(), context).await?;
    }
    Ok(())
}

async fn write(
    connection: &AnyConnection,
    before: &PamConnectionStatus,
    next: PamConnectionStatus,
    context: &Context,
) -> Result<(), Error> {
    let mut alike = next.clone();
    alike.conditions.clone_from(&before.conditions);
    let uid = connection.uid();
    let same = alike == *before && same_but_for_times(&next.conditions, &before.conditions);
    if same && !context.written_connections.is_owed(uid) {
        return Ok(());
    }
    context.written_connections.intend(uid, next.clone());
    let version = connection.write_status(context.client.clone(), &next).await?;
    context.metrics.status_written(connection.metrics_kind());
    super::report::announce_transition(&connection.reference(), &before.conditions, &next.conditions, context).await;
    context.written_connections.note(uid, version.as_deref(), next);
    announce(connection, context);
    Ok(())
}

//! What a pass finds out about the login of a connection.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::api::{ConditionType, PamConnectionStatus, find};
use crate::controller::connection::context::Context;
use crate::controller::connection::login_gate;
use crate::controller::connection::object::AnyConnection;
use crate::controller::connection::outage;
use crate::controller::connection::resolve::ResolvedConnection;
use crate::controller::runtime::error::Error;
use crate::domain::{Login, LoginEnd, LoginTurn, Reason, Remembered, backoff, login};
use crate::message::connection::next_login;
use crate::message::problem::Problem;
use crate::pam::PamError;

/// Says what a pass found out about the login of a connection.
pub(crate) enum Finding {
    /// The login is as the status says.
    AsBefore,
    /// The login is refused, as the status says, and is tried again after this time.
    StillRefused(Duration),
    /// A problem in the cluster prevents a call.
    Lacks(Problem),
    /// The login is held back, since others were refused.
    HeldBack { problem: Problem, wait: Duration },
    /// Another login of the same group is under way.
    Busy,
    /// The login was tried.
    Tried {
        digest: String,
        client: String,
        versions: Vec<crate::api::SourceSecret>,
        /// Which blocks of the certificates in PEM were not used.
        unused: Option<String>,
        problem: Option<(Problem, Option<Duration>)>,
    },
}

/// Returns what is known of the login of a connection, and tries the login where nothing is known.
pub(crate) async fn examine(
    connection: &AnyConnection,
    recheck_login: bool,
    context: &Context,
) -> Result<Finding, Error> {
    // The operator's flags say where a connection may lead, and may have changed since the status was written.
    if let Err(problem) = context.resolver().check_host(connection) {
        return Ok(Finding::Lacks(problem));
    }
    let status = context.status(connection);
    let remembered = remembered(&status);
    let known = status.digests.get("login").filter(|digest| context.key.made(digest));
    let current = status.observed_generation == connection.metadata.generation;
    // What was proven holds without reading anything, while all versions are those it was proven with.
    let same_versions = context.resolver().versions_of(connection).is_some_and(|versions| versions == status.source);
    let doubted = recheck_login || outage::is_on(&connection.id(), context);
    if known.is_some() && current && same_versions && remembered == Remembered::Worked && !doubted {
        return Ok(Finding::AsBefore);
    }
    // Before anything is read: a tenant may have any number of connections that wait for one login that hangs.
    if remembered != Remembered::Worked && context.logins.is_busy(connection, context.cluster.clock.now()) {
        return Ok(Finding::Busy);
    }
    let resolved = match context.resolver().resolve(connection).await? {
        Ok(resolved) => resolved,
        Err(problem) => return Ok(Finding::Lacks(problem)),
    };
    let unchanged = known == Some(&resolved.digest);
    let left = context.store.wait_left(&connection.id(), Instant::now());
    let second_look = left.is_some_and(|left| left.is_zero());
    match login(remembered, unchanged, doubted, second_look) {
        Login::Keep if remembered == Remembered::Refused => {
            Ok(Finding::StillRefused(left.unwrap_or_else(|| backoff::second_login(rand::random()))))
        }
        Login::Keep => Ok(Finding::AsBefore),
        Login::Try => gated(connection, resolved, Trial::of(remembered, unchanged, recheck_login), context).await,
    }
}

/// A login whose outcome is open.
#[derive(Clone, Copy)]
struct Trial {
    /// It is another one than was refused.
    changed: bool,
    /// The status proves it: it is asked again because a call was refused, and not because somebody changed it.
    proved: bool,
    recheck_login: bool,
}

impl Trial {
    fn of(remembered: Remembered, unchanged: bool, recheck_login: bool) -> Self {
        let changed = !unchanged || remembered != Remembered::Refused;
        Self { changed, proved: unchanged && remembered == Remembered::Worked, recheck_login }
    }
}

/// Tries a login that may be refused, unless it is held back.
async fn gated(
    connection: &AnyConnection,
    resolved: ResolvedConnection,
    trial: Trial,
    context: &Context,
) -> Result<Finding, Error> {
    if trial.proved {
        return attempt(connection, resolved, trial, context).await;
    }
    let now = context.cluster.clock.now();
    match context.logins.begin(connection, trial.changed, now) {
        LoginTurn::Now => attempt(connection, resolved, trial, context).await,
        LoginTurn::Busy => Ok(Finding::Busy),
        LoginTurn::NotBefore(until) => {
            let wait = until.duration_since(now).unsigned_abs();
            let problem = login_gate::held(connection, until);
            Ok(if trial.changed { Finding::HeldBack { problem, wait } } else { Finding::StillRefused(wait) })
        }
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
    resolved: ResolvedConnection,
    trial: Trial,
    context: &Context,
) -> Result<Finding, Error> {
    let (digest, client) = (resolved.digest.clone(), resolved.login.clone());
    let (versions, unused) = (resolved.versions.clone(), resolved.endpoint.unused_blocks());
    let live = match context.install(connection, resolved) {
        Ok(live) => live,
        Err(problem) => {
            end(connection, trial, LoginEnd::Unclear, context);
            return Ok(Finding::Lacks(problem));
        }
    };
    // A client whose login is checked again knows by itself whether its login was refused: asking it costs no request.
    let result = if trial.recheck_login { live.client.authenticate().await } else { live.client.retry_login().await };
    end(connection, trial, login_gate::login_end(result.as_ref().err()), context);
    let held = context.logins.held_until(connection, context.cluster.clock.now());
    let problem = result.err().map(|error| (refusal(&error, held), outage::wait(&error, &live.client)));
    Ok(Finding::Tried { digest, client, versions, unused, problem })
}

/// Tells the gate what a login came to.
fn end(connection: &AnyConnection, trial: Trial, end: LoginEnd, context: &Context) {
    let now = context.cluster.clock.now();
    if trial.proved {
        context.logins.end_proved(connection, end, now);
    } else {
        context.logins.end(connection, end, now);
    }
}

/// Returns what a failed login says; `held` is until when a changed login is held back.
fn refusal(error: &PamError, held: Option<Timestamp>) -> Problem {
    let Problem { reason, message } = outage::problem(error);
    let next = held.filter(|_| reason == Reason::PamAuthenticationFailed).map(next_login).unwrap_or_default();
    Problem { reason, message: message + &next }
}

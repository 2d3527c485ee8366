//! Notices that the PAM of a connection does not answer, and has the connection report `PamUnavailable`.
//!
//! The circuit breaker of the client knows first: the circuit opens after a few failures, of whatever call. The connection
//! reports the outage once the circuit has been open for a minute: a transition of `Ready` wakes all dependents, and most
//! outages are shorter. From then on the connection alone probes the PAM, by its login, as often as the breaker allows.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::controller::connection::context::Context;
use crate::controller::connection::object::ConnectionId;
use crate::domain::Reason;
use crate::message::pam_error;
use crate::message::problem::Problem;
use crate::pam::{PamClient, PamError, Unavailable};

/// How often the circuits are looked at.
const LOOK: Duration = Duration::from_secs(10);
/// How long a circuit is open before the connection reports `PamUnavailable`.
const OUTAGE: Duration = Duration::from_mins(1);
/// What a connection says whose PAM is left alone, as long as no probe told more. It has no number, since each new text is a
/// write of the status.
const LEFT_ALONE: &str = "The PAM failed several times in a row, so the operator pauses and only sends single probes. It continues by itself when the PAM answers; until then look at the PAM, the network and the certificate";

/// Wakes connections that say to be Ready though their PAM has not answered for a minute. Runs until dropped.
pub(crate) async fn watch(context: Arc<Context>) {
    loop {
        sleep(LOOK).await;
        let ready = |id: &ConnectionId| context.state(id).is_some_and(|state| state.ready);
        let silent = context.store.left_alone_for(OUTAGE).into_iter().filter(ready);
        let subjects: Vec<_> = silent.map(|id| id.object_id()).collect();
        context.cluster.triggers.wake(&subjects);
    }
}

/// Returns whether the PAM of a connection has not answered for a minute.
pub(crate) fn is_on(id: &ConnectionId, context: &Context) -> bool {
    context.store.left_alone_for(OUTAGE).contains(id)
}

/// Returns what a failed login says of its connection.
pub(crate) fn problem(error: &PamError) -> Problem {
    match error {
        PamError::Unavailable { why: Unavailable::CircuitOpen { .. }, .. } => {
            Problem { reason: Reason::PamUnavailable, message: LEFT_ALONE.to_owned() }
        }
        error => Problem::refused_by_pam(error),
    }
}

/// Returns whether a problem says no more than that the PAM is left alone: a message that tells more stays.
pub(crate) fn tells_nothing(problem: &Problem) -> bool {
    problem.message == LEFT_ALONE
}

/// Returns how long until the login is tried again, if the PAM or the breaker sets that time: while a PAM does not answer, its
/// connection is the only one to probe it, and must notice that it works again.
pub(crate) fn wait(error: &PamError, client: &PamClient) -> Option<Duration> {
    pam_error::asked(error).or_else(|| client.next_probe())
}

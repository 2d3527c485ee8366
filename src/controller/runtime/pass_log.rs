//! The lines that a pass writes at `info`: one for each write to the PAM, and one for each transition of `Ready`.
//!
//! A line has names, a reason that is a constant word, a duration and the PAM's code: no message, no value, and no text of an
//! answer (P8).

use std::cell::Cell;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use tokio::task_local;
use tokio::time::Instant;

use crate::api::{ConditionType, find};
use crate::controller::runtime::object_id::ObjectId;

task_local! {
    static PASS: Pass;
}

/// The pass that runs in this task.
struct Pass {
    object: ObjectId,
    connection: String,
    began: Instant,
    /// The code of the PAM's last answer that had one.
    code: Cell<Option<u16>>,
}

/// One write that the PAM was asked for.
pub(crate) struct PamWrite {
    /// The name of the call.
    pub(crate) action: &'static str,
    /// `ok`, or the meaning of the error.
    pub(crate) reason: &'static str,
    /// How long the exchange took.
    pub(crate) duration: Duration,
}

/// Returns a pass over an object during which lines name the object and the connection. It is no `async fn`, which would keep the
/// pass twice: with ten kilobytes each.
pub(crate) fn during<F: Future>(object: ObjectId, connection: String, pass: F) -> impl Future<Output = F::Output> {
    let scope = Pass { object, connection, began: Instant::now(), code: Cell::new(None) };
    PASS.scope(scope, pass)
}

/// Notes the code of an answer of the PAM, for the transition that follows from the answer.
pub(crate) fn note_code(code: Option<u16>) {
    if code.is_some() {
        // Outside of a pass nothing follows from the answer.
        _ = PASS.try_with(|pass| pass.code.set(code));
    }
}

/// Logs one write to the PAM.
pub(crate) fn wrote(write: &PamWrite, code: Option<u16>) {
    let PamWrite { action, reason, duration } = write;
    _ = PASS.try_with(|Pass { object: ObjectId { kind, key }, connection, .. }| {
        tracing::info!(
            connection,
            kind = &**kind,
            namespace = key.namespace,
            name = key.name,
            action,
            reason,
            duration_seconds = duration.as_secs_f64(),
            code,
            "a write to the PAM"
        );
    });
}

/// Logs that the status or the reason of `Ready` became another. An object without conditions counts as in progress.
pub(crate) fn transition(object: &ObjectId, before: &[Condition], after: &[Condition]) {
    let Some(new) = find(after, ConditionType::Ready) else { return };
    let old = find(before, ConditionType::Ready);
    let (was, before) = old.map_or(("Unknown", "Progressing"), |old| (&old.status, &old.reason));
    if was == new.status && before == new.reason {
        return;
    }
    let (connection, took, code) = PASS
        .try_with(|pass| (pass.connection.clone(), pass.began.elapsed(), pass.code.get()))
        .map_or((None, None, None), |(connection, took, code)| (Some(connection), Some(took.as_secs_f64()), code));
    let ObjectId { kind, key } = object;
    tracing::info!(
        connection,
        kind = &**kind,
        namespace = key.namespace,
        name = key.name,
        action = "ready",
        ready = new.status,
        before,
        reason = new.reason,
        duration_seconds = took,
        code,
        "Ready changed"
    );
}

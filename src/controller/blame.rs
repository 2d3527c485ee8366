//! From what went wrong in the PAM to the reason that users read.

use std::time::Duration;

use crate::domain::Reason;
use crate::metrics::{Metrics, PamOperation, PamOutcome};
use crate::pam::{Call, CallReport, PamError, Retry};

/// The reason a failed call gives a credential or a connection.
pub(super) const fn reason(error: &PamError) -> Reason {
    match error {
        PamError::DeviceNotFound => Reason::DeviceNotFound,
        PamError::AddressNotAllowed(_) => Reason::ConnectionNotAllowed,
        PamError::PermissionDenied { .. } => Reason::PamPermissionDenied,
        PamError::AuthenticationFailed(_) => Reason::PamAuthenticationFailed,
        PamError::RateLimited { .. } | PamError::ListThrottled { .. } => Reason::RateLimited,
        PamError::NotFound { .. }
        | PamError::Rejected { .. }
        | PamError::InvalidId
        | PamError::Misrouted(_)
        | PamError::Redirected(_) => Reason::PamRejected,
        PamError::Unavailable { .. } | PamError::Malformed { .. } | PamError::TooLarge(_) => Reason::PamUnavailable,
    }
}

/// How long the PAM (or the client, on its behalf) asked to be left alone.
pub(super) fn asked(error: &PamError) -> Option<Duration> {
    match error.retry() {
        Retry::After(after) => Some(after),
        Retry::Permanent | Retry::Backoff | Retry::Bounded => None,
    }
}

/// Whether trying the same again soon makes sense a few times only.
pub(super) fn is_bounded(error: &PamError) -> bool {
    error.retry() == Retry::Bounded
}

/// How an exchange counts in the metrics.
pub(super) fn count(metrics: &Metrics, report: &CallReport) {
    let operation = match report.call {
        Call::Token => PamOperation::Token,
        Call::ListCredentials => PamOperation::List,
        Call::UpsertCredential => PamOperation::Upsert,
        Call::DisableCredential => PamOperation::Disable,
        Call::EnableCredential => PamOperation::Enable,
    };
    let outcome = match report.outcome {
        "ok" => PamOutcome::Ok,
        "not_found" | "device_not_found" => PamOutcome::NotFound,
        "rejected" | "misrouted" | "redirected" | "address_not_allowed" => PamOutcome::Rejected,
        "permission_denied" => PamOutcome::PermissionDenied,
        "login_refused" | "token_rejected" => PamOutcome::AuthenticationFailed,
        "rate_limited" | "list_throttled" => PamOutcome::RateLimited,
        "malformed" | "too_large" => PamOutcome::Malformed,
        _ => PamOutcome::Unavailable,
    };
    metrics.pam_request(operation, outcome, report.duration);
}

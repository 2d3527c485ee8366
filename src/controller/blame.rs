//! From what went wrong in the PAM to the reason that users read.

use std::time::Duration;

use crate::domain::Reason;
use crate::metrics::PamOutcome;
use crate::pam::{PamError, Retry};

/// The reason a failed call gives a credential or a connection.
pub(super) const fn reason(error: &PamError) -> Reason {
    match error {
        PamError::DeviceNotFound => Reason::DeviceNotFound,
        PamError::PermissionDenied { .. } => Reason::PamPermissionDenied,
        PamError::AuthenticationFailed(_) => Reason::PamAuthenticationFailed,
        PamError::RateLimited { .. } | PamError::ListThrottled { .. } => Reason::RateLimited,
        PamError::NotFound { .. } | PamError::Rejected { .. } | PamError::Misrouted(_) | PamError::Redirected(_) => {
            Reason::PamRejected
        }
        PamError::Unavailable { .. } | PamError::Malformed { .. } | PamError::TooLarge(_) => Reason::PamUnavailable,
    }
}

/// How long the PAM (or the client, on its behalf) asked to be left alone.
pub(super) fn asked(error: &PamError) -> Option<Duration> {
    match error.retry() {
        Retry::After(after) => Some(after),
        Retry::Permanent | Retry::Backoff => None,
    }
}

/// How a call counts in the metrics.
pub(super) const fn outcome<T>(result: &Result<T, PamError>) -> PamOutcome {
    let Err(error) = result else { return PamOutcome::Ok };
    match error {
        PamError::NotFound { .. } | PamError::DeviceNotFound => PamOutcome::NotFound,
        PamError::Rejected { .. } | PamError::Misrouted(_) | PamError::Redirected(_) => PamOutcome::Rejected,
        PamError::PermissionDenied { .. } => PamOutcome::PermissionDenied,
        PamError::AuthenticationFailed(_) => PamOutcome::AuthenticationFailed,
        PamError::RateLimited { .. } | PamError::ListThrottled { .. } => PamOutcome::RateLimited,
        PamError::Unavailable { .. } => PamOutcome::Unavailable,
        PamError::Malformed { .. } | PamError::TooLarge(_) => PamOutcome::Malformed,
    }
}

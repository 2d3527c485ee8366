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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pam::{AddressKind, AuthFailure, TlsFault, Unavailable};

    /// kind, reason: what the manual says of each kind of error.
    const TABLE: &str = include_str!("../../tests/fields/reasons.tsv");

    fn errors() -> Vec<PamError> {
        let (call, after) = (Call::UpsertCredential, Duration::ZERO);
        let mut all = vec![
            PamError::NotFound { code: None },
            PamError::DeviceNotFound,
            PamError::Rejected { code: None },
            PamError::PermissionDenied { code: None },
            PamError::AuthenticationFailed(AuthFailure::LoginRefused),
            PamError::AuthenticationFailed(AuthFailure::TokenRejected),
            PamError::AddressNotAllowed(AddressKind::Loopback),
            PamError::InvalidId,
            PamError::Misrouted(call),
            PamError::Redirected(call),
            PamError::RateLimited { after: None },
            PamError::ListThrottled { after },
            PamError::Malformed { call, what: "" },
            PamError::TooLarge(call),
        ];
        let whys = [
            Unavailable::Tls(TlsFault::UnknownAuthority),
            Unavailable::Connect,
            Unavailable::Timeout,
            Unavailable::Reset,
            Unavailable::Gateway { status: 502, after: None },
            Unavailable::Server,
            Unavailable::CircuitOpen { retry_after: after },
        ];
        all.extend(whys.map(|why| PamError::Unavailable { call, why }));
        all
    }

    #[test]
    fn the_table_of_the_manual_has_the_reason_of_every_kind_of_error() {
        let rows: Vec<&str> = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1).collect();
        let made: Vec<String> = errors().iter().map(|e| format!("{}\t{}", e.kind(), reason(e).as_str())).collect();
        for row in &rows {
            assert!(made.iter().any(|made| made == row), "{row}");
        }
        assert_eq!(made.len(), rows.len(), "{made:?}");
    }
}

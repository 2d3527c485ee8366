//! Counts calls to the PAM in the metrics.

use crate::controller::runtime::pass_log::{self, PamWrite};
use crate::metrics::{Metrics, PamOperation, PamOutcome, RefreshCause};
use crate::pam::{Call, CallReport, TokenRefresh};

/// Logs a call to the PAM that is a write, and notes the code of the answer for what is logged later of the pass.
pub(crate) fn log(report: &CallReport) {
    let CallReport { call, outcome, code, duration } = *report;
    pass_log::note_code(code);
    if call.is_write() {
        pass_log::wrote(&PamWrite { action: call.name(), reason: outcome, duration }, code);
    }
}

/// Counts a token that replaces one.
pub(crate) fn count_refresh(metrics: &Metrics, why: TokenRefresh) {
    metrics.token_refreshed(match why {
        TokenRefresh::Expiry => RefreshCause::Expiry,
        TokenRefresh::Rejected => RefreshCause::Rejected,
    });
}

/// Counts a call to the PAM in the metrics.
pub(crate) fn count(metrics: &Metrics, report: &CallReport) {
    let operation = match report.call {
        Call::Token => PamOperation::Token,
        Call::ListCredentials | Call::ListEntries => PamOperation::List,
        Call::UpsertCredential => PamOperation::Upsert,
        Call::DisableCredential | Call::DeactivateEntry => PamOperation::Disable,
        Call::EnableCredential | Call::ActivateEntry => PamOperation::Enable,
        // No part of the operator makes these calls (P5).
        Call::ReadCredential | Call::ReleaseCustody => return,
        Call::CreateEntry => PamOperation::Create,
        Call::UpdateEntry => PamOperation::Update,
    };
    let outcome = match report.outcome {
        "ok" => PamOutcome::Ok,
        "not_found" | "device_not_found" => PamOutcome::NotFound,
        "rejected" | "other_product" | "misrouted" | "intercepted" | "redirected" | "address_not_allowed" => {
            PamOutcome::Rejected
        }
        "permission_denied" => PamOutcome::PermissionDenied,
        "login_refused" | "token_rejected" => PamOutcome::AuthenticationFailed,
        "rate_limited" | "list_throttled" => PamOutcome::RateLimited,
        "malformed" | "too_large" => PamOutcome::Malformed,
        _ => PamOutcome::Unavailable,
    };
    metrics.pam_request(operation, outcome, report.duration);
}

//! One call to the Kubernetes API: its time is bounded, and its failure holds no text of an answer.

use std::time::Duration;

/// A call that the Kubernetes API refused or failed. The error holds no text of a response: kube's own errors embed whole
/// responses.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No answer in time.
    #[error("the Kubernetes API did not answer within {} s while trying to {action}", within.as_secs())]
    Timeout {
        /// What was tried.
        action: &'static str,
        /// The time it was given.
        within: Duration,
    },
    /// An answer that says no.
    #[error("the Kubernetes API answered {code} while trying to {action}")]
    Refused {
        /// What was tried.
        action: &'static str,
        /// The HTTP status.
        code: u16,
    },
    /// No answer, or none that can be understood.
    #[error("the Kubernetes API could not be reached or understood while trying to {0}")]
    Failed(&'static str),
}

impl CallError {
    /// Returns the HTTP status of an answer that says no.
    #[must_use]
    pub const fn code(&self) -> Option<u16> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Timeout { .. } | Self::Failed(_) => None,
        }
    }

    /// Returns whether the object is gone (404).
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        matches!(self.code(), Some(404))
    }
}

/// How long any one call to the Kubernetes API may take: kube itself bounds none.
const API_TIMEOUT: Duration = Duration::from_secs(15);

/// Bounds a call, and reduces its error to what may be shown.
pub async fn bounded<T>(
    action: &'static str,
    call: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, CallError> {
    match tokio::time::timeout(API_TIMEOUT, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(kube::Error::Api(status))) => Err(CallError::Refused { action, code: status.code }),
        Ok(Err(_)) => Err(CallError::Failed(action)),
        Err(_) => Err(CallError::Timeout { action, within: API_TIMEOUT }),
    }
}

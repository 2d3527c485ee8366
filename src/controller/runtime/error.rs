//! Failures of the Kubernetes API. A failure of the PAM is an observation, not an error.

use std::time::Duration;

/// A call that the Kubernetes API refused or failed. The error holds no text of a response: kube's own errors embed whole
/// responses.
#[derive(Debug, thiserror::Error)]
pub enum Error {
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
    /// The process is about to end.
    #[error("the operator is stopping, and begins nothing new")]
    Stopping,
    /// The connection was edited during the pass.
    #[error("the connection changed in the meantime")]
    ConnectionChanged,
    /// This replica lost the lease, and another one may write.
    #[error("this replica no longer leads, and writes nothing to the PAM")]
    NotLeading,
    /// The API server shows an older state than before.
    #[error(
        "the Kubernetes API went back to an older state, as after a restore: this process ends, since what it remembers may not have happened, and the next one looks at everything"
    )]
    WentBack,
    /// `--plan-only` is set.
    #[error("--plan-only is set: nothing is written to the PAM")]
    PlanOnly,
    /// The digest key is not there.
    #[error(
        "the Secret pam-operator-digest-key is missing in the operator's namespace: the chart ships it; create an empty Secret of that name to go on"
    )]
    DigestKeyMissing,
    /// The digest key cannot be used.
    #[error(
        "the Secret pam-operator-digest-key has a field `key` that is not 32 bytes: remove that field to have a new key made"
    )]
    DigestKeyInvalid,
}

impl Error {
    /// Returns whether the object is gone (404).
    pub(crate) const fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { code: 404, .. })
    }

    /// Returns whether the call is not permitted (403).
    pub(crate) const fn is_forbidden(&self) -> bool {
        matches!(self, Self::Refused { code: 403, .. })
    }

    /// Returns whether the API server objects to what was sent (422): a failed `test` of a JSON patch is one such.
    pub(crate) const fn is_invalid(&self) -> bool {
        matches!(self, Self::Refused { code: 422, .. })
    }

    /// Returns whether another writer was faster, or another object has the name (409).
    pub(crate) const fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused { code: 409, .. })
    }
}

/// How long any one call to the Kubernetes API may take: kube itself bounds none.
const API_TIMEOUT: Duration = Duration::from_secs(15);

/// Bounds a call, and reduces its error to what may be shown.
pub(crate) async fn bounded<T>(
    action: &'static str,
    call: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(API_TIMEOUT, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(kube::Error::Api(status))) => Err(Error::Refused { action, code: status.code }),
        Ok(Err(_)) => Err(Error::Failed(action)),
        Err(_) => Err(Error::Timeout { action, within: API_TIMEOUT }),
    }
}

//! Failures of the Kubernetes API. A failure of the PAM is an observation, not an error.

use crate::kubernetes::{self, CallError};

/// Why a pass could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call to the Kubernetes API failed, or was refused.
    #[error(transparent)]
    Call(#[from] CallError),
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
        self.is_answer(404)
    }

    /// Returns whether the API server answered, and refused the call.
    pub(crate) const fn is_refused(&self) -> bool {
        matches!(self, Self::Call(CallError::Refused { .. }))
    }

    /// Returns whether the call is not permitted (403).
    pub(crate) const fn is_forbidden(&self) -> bool {
        self.is_answer(403)
    }

    /// Returns whether the API server objects to what was sent (422): a failed `test` of a JSON patch is one such.
    pub(crate) const fn is_invalid(&self) -> bool {
        self.is_answer(422)
    }

    /// Returns whether another writer was faster, or another object has the name (409).
    pub(crate) const fn is_conflict(&self) -> bool {
        self.is_answer(409)
    }

    const fn is_answer(&self, code: u16) -> bool {
        matches!(self, Self::Call(CallError::Refused { code: answered, .. }) if *answered == code)
    }
}

/// Bounds a call, and reduces its error to what may be shown.
pub(crate) async fn bounded<T>(
    action: &'static str,
    call: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, Error> {
    Ok(kubernetes::bounded(action, call).await?)
}

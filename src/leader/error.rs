//! What goes wrong in calls about the lease, and how often that is logged.

/// Why a call about the lease did not succeed; in our own words, since kube's embed whole answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum LeaseError {
    #[error("the service account may not {verb} leases here; the chart's Role `<release>` grants it")]
    Forbidden { verb: &'static str },
    #[error("the lease is not there")]
    NotFound,
    #[error("another replica wrote the lease in between")]
    Conflict,
    #[error("the Kubernetes API did not answer in time")]
    Timeout,
    #[error("the Kubernetes API answered {0}")]
    Refused(u16),
    #[error("the Kubernetes API cannot be reached")]
    Unreachable,
}

impl LeaseError {
    /// Returns the meaning of kube's error for a call of that verb.
    pub(super) fn of(error: &kube::Error, verb: &'static str) -> Self {
        match error {
            kube::Error::Api(status) if status.is_forbidden() => Self::Forbidden { verb },
            kube::Error::Api(status) if status.is_not_found() => Self::NotFound,
            kube::Error::Api(status) if status.is_conflict() || status.is_already_exists() => Self::Conflict,
            kube::Error::Api(status) => Self::Refused(status.code),
            _ => Self::Unreachable,
        }
    }
}

/// Logs a failure when it differs from the last one, not at each try.
#[derive(Default)]
pub(super) struct Complaints(Option<LeaseError>);

impl Complaints {
    /// Logs `error` with the text `what`: as an error when it is new, for debugging when it was the last one too.
    pub(super) fn note(&mut self, error: &LeaseError, what: &str) {
        if self.0.as_ref() == Some(error) || *error == LeaseError::Conflict {
            tracing::debug!(%error, "{what}");
        } else {
            tracing::error!(%error, "{what}");
        }
        self.0 = Some(error.clone());
    }

    /// Forgets the last failure after a call that succeeded: the next failure is logged as an error again.
    pub(super) fn clear(&mut self) {
        self.0 = None;
    }
}

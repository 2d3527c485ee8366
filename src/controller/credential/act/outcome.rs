//! What came of a decision.

use crate::domain::credential::WriteResult;
use crate::domain::{Answer, Expected, Mismatch};
use crate::message::problem::Problem;
use crate::pam::{Enabled, PamError};

/// What came of a decision.
pub(crate) enum Outcome {
    /// Nothing was sent.
    Nothing,
    /// The PAM did what was decided.
    Written(Answer),
    /// The PAM says that the record is enabled.
    Enabled(Enabled),
    /// The PAM did something else.
    Mismatch {
        /// In what its answer differs.
        what: Mismatch,
        /// What was expected.
        expected: Expected,
        /// The answer.
        answer: Answer,
    },
    /// The call failed, and the PAM surely did not execute the write.
    Refused(PamError),
    /// The PAM may have executed the write: its answer is missing, or a list that tells whose record was written failed.
    Lost(PamError),
    /// No call could be made, or its answer blocks what was decided.
    Blocked(Problem),
    /// The finalizer is off.
    Released {
        /// Reason of the event that says so.
        reason: &'static str,
        /// Note of that event.
        note: String,
    },
}

impl Outcome {
    /// Returns what the next status depends on.
    pub(crate) fn result(&self) -> WriteResult<'_> {
        match self {
            Self::Nothing => WriteResult::Nothing,
            Self::Written(answer) => WriteResult::Written(answer),
            Self::Enabled(_) => WriteResult::Enabled,
            Self::Mismatch { answer, .. } => WriteResult::Mismatch(answer),
            Self::Refused(_) => WriteResult::Refused,
            Self::Lost(_) => WriteResult::Lost,
            Self::Blocked(_) | Self::Released { .. } => WriteResult::Blocked,
        }
    }

    /// Returns what a write came to that ended in `error`.
    pub(crate) fn failed(error: PamError) -> Self {
        if error.outcome_unknown() { Self::Lost(error) } else { Self::Refused(error) }
    }

    /// Returns the error that a write ended in.
    pub(crate) const fn error(&self) -> Option<&PamError> {
        match self {
            Self::Refused(error) | Self::Lost(error) => Some(error),
            _ => None,
        }
    }

    pub(crate) const fn is_written(&self) -> bool {
        matches!(self, Self::Written(_))
    }
}

//! What came of a decision.

use crate::controller::message::problem::Problem;
use crate::domain::credential::WriteResult;
use crate::domain::{Answer, Expected, Mismatch};
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
    /// The call failed.
    Failed(PamError),
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
            Self::Failed(error) if error.outcome_unknown() => WriteResult::Lost,
            Self::Failed(_) => WriteResult::Refused,
            Self::Blocked(_) | Self::Released { .. } => WriteResult::Blocked,
        }
    }

    pub(crate) const fn is_written(&self) -> bool {
        matches!(self, Self::Written(_))
    }
}

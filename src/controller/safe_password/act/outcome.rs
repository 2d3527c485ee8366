//! What came of a decision.

use crate::domain::RecordId;
use crate::domain::safe_password::WriteResult;
use crate::message::problem::Problem;
use crate::pam::{PamError, Sharing};

/// What came of a decision.
pub(crate) enum Outcome {
    /// Nothing was sent.
    Nothing,
    /// MySafe made an entry of that identifier.
    Created(RecordId),
    /// MySafe changed the entry; whether it shares the entry as the spec says, where the change was about that.
    Updated(Sharing),
    /// MySafe activated or deactivated the entry.
    Switched,
    /// The call failed, and MySafe surely did not execute it.
    Refused(PamError),
    /// MySafe may have executed the call.
    Lost(PamError),
    /// No call was made, for this reason.
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
            Self::Created(id) => WriteResult::Created(id),
            Self::Updated(_) | Self::Switched => WriteResult::Done,
            Self::Lost(_) => WriteResult::Lost,
            Self::Refused(_) | Self::Blocked(_) | Self::Released { .. } => WriteResult::Refused,
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
        matches!(self, Self::Created(_) | Self::Updated(_) | Self::Switched)
    }
}

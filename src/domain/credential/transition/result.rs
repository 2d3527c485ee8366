//! What came of a decision.

use crate::domain::credential::{Answer, Decision};

/// What came of a decision, as far as the next status depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteResult<'a> {
    /// Nothing was sent.
    Nothing,
    /// The PAM did what was decided.
    Written(&'a Answer),
    /// The PAM says that the record is enabled.
    Enabled,
    /// The PAM did something else.
    Mismatch(&'a Answer),
    /// The PAM may have executed the write: there is no answer, or nothing tells yet whose record the answer is about.
    Lost,
    /// The call failed, and the PAM surely did not execute the write.
    Refused,
    /// No call was made, or the answer blocks what was decided.
    Blocked,
}

/// Returns whether a suspected write (one that an earlier process may have sent and the status does not tell of) is of no
/// more concern after a pass.
#[must_use]
pub const fn clears_suspected_write(decision: Decision, result: WriteResult<'_>) -> bool {
    matches!(
        (result, decision),
        (WriteResult::Written(_), _) | (WriteResult::Nothing, Decision::Record | Decision::WithholdValue)
    )
}

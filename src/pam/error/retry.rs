//! What to do after a failed call.

use std::time::Duration;

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Retrying helps only after a change, or as a rare check.
    Permanent,
    /// Try again with exponential backoff.
    Backoff,
    /// Try again with exponential backoff, but a few times only; then as for [`Retry::Permanent`]. Either the PAM is at
    /// fault, or it cannot cope with a value in the request (API 7 #21).
    Bounded,
    /// Try again, not before this time has passed.
    After(Duration),
}

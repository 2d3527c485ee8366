//! The client's advice on what to do after a failed call.

use std::time::Duration;

/// Advises what to do after a failed call, by what the failure alone says. How often and when an object is tried again
/// is decided by the domain's `Retry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAdvice {
    /// Retrying helps only after a change, or as a rare check.
    Permanent,
    /// Try again with exponential backoff.
    Backoff,
    /// Try again with exponential backoff a few times, then as for [`RetryAdvice::Permanent`]: either the PAM is at fault, or
    /// the PAM cannot cope with a value in the request (API 7 #21).
    Bounded,
    /// Try again, but not before this time has passed.
    After(Duration),
}

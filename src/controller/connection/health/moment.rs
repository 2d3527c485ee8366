//! The time of a pass.

use tokio::time::Instant;

/// One point in time, by both clocks: durations are measured with the first, and status has times of the second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    pub(crate) wall: jiff::Timestamp,
}

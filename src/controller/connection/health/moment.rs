//! The time of a pass.

use tokio::time::Instant;

/// One point in time by two clocks: durations are measured with `now`, and the status has times of `wall`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    pub(crate) wall: jiff::Timestamp,
}

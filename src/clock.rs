//! The time of day, read in one place.

use jiff::Timestamp;

/// Where the time of day comes from. How long something takes is never measured with it, but with tokio's clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock(fn() -> Timestamp);

impl Default for Clock {
    /// The machine's clock.
    fn default() -> Self {
        Self(Timestamp::now)
    }
}

impl Clock {
    /// A clock that shows what `now` says.
    #[must_use]
    pub const fn new(now: fn() -> Timestamp) -> Self {
        Self(now)
    }

    /// The time of day.
    #[must_use]
    pub fn now(self) -> Timestamp {
        (self.0)()
    }
}

impl PartialEq for Clock {
    /// Which clock it is, is no part of what a configuration says.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Clock {}

//! Whether this replica leads at this moment.

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// Until when this replica leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// There is no election: as long as the process lives.
    Forever,
    /// Until that moment, unless a renewal moves it.
    Until(Instant),
    /// No longer.
    Lost,
}

impl Held {
    fn now(self) -> bool {
        match self {
            Self::Forever => true,
            Self::Until(deadline) => Instant::now() < deadline,
            Self::Lost => false,
        }
    }
}

/// Tells whether this replica (still) leads. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LeadHandle(watch::Receiver<Held>);

impl LeadHandle {
    /// Returns a handle that follows `held`.
    pub(super) const fn new(held: watch::Receiver<Held>) -> Self {
        Self(held)
    }

    /// Returns whether this replica leads at this moment. The answer comes from the clock, so it is right also in a
    /// process that was stopped and continued: ask before each write to the outside.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.0.borrow().now()
    }

    /// Resolves when this replica no longer leads. Work must stop then: another replica may begin within a third of the
    /// lease's duration.
    pub async fn lost(mut self) {
        loop {
            let held = *self.0.borrow_and_update();
            match held {
                Held::Lost => return,
                Held::Until(deadline) => tokio::select! {
                    () = sleep_until(deadline) => if !self.is_held() { return },
                    changed = self.0.changed() => if changed.is_err() { return },
                },
                Held::Forever => {
                    if self.0.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

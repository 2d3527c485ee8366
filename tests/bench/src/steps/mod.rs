//! What happens in a world while it is measured.

mod backlog;
mod black_hole;
mod changes;
mod cold;
mod hand_over;
mod idle;
mod list;
pub mod other;
mod proxy;
mod relist;
mod restart;
mod rotate;
pub mod stage;
mod verify;

use anyhow::{Result, bail};

use crate::{measure::sample::Sample, scenarios::Step};
use stage::Stage;

/// Carries a step out, and returns what was measured meanwhile.
pub async fn run(stage: &mut Stage<'_>, step: Step) -> Result<Sample> {
    match step {
        Step::Idle => idle::run(stage).await,
        Step::Cold => cold::run(stage).await,
        Step::Restart => restart::run(stage).await,
        Step::RotateOne(times) => rotate::one_after_the_other(stage, times).await,
        Step::RotateShare(percent) => rotate::share(stage, percent).await,
        Step::Relist => relist::run(stage).await,
        Step::Quiet => idle::quiet(stage).await,
        Step::BlackHole => black_hole::run(stage).await,
        Step::HandOver => hand_over::run(stage).await,
        Step::Backlog(backlog) => backlog::run(stage, backlog).await,
        Step::List => list::run(stage).await,
        Step::Other(_) => bail!("another program has no stage"),
    }
}

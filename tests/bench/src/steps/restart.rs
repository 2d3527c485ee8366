//! The operator is stopped and started again, and nothing has changed.

use anyhow::Result;

use super::stage::Stage;
use crate::measure::sample::Sample;

/// Stops the operator, starts it with the same objects, and waits until it is ready and has nothing to do.
pub async fn run(stage: &mut Stage<'_>) -> Result<Sample> {
    stage.progress.begin("restarting", 0);
    stage.stop().await?;
    let mut sample = stage.start_measured().await?;
    sample.per_object(stage.world.plan.objects);
    Ok(sample)
}

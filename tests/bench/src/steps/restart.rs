//! The operator is stopped and started again, and nothing has changed.

use std::time::Instant;

use anyhow::Result;

use super::stage::Stage;
use crate::measure::{meter::Meter, metric::Metric, process::Usage, sample::Sample};

/// Stops the operator, starts it with the same objects, and waits until it is ready and has nothing to do.
pub async fn run(stage: &mut Stage<'_>) -> Result<Sample> {
    stage.progress.begin("restarting", 0);
    stage.stop().await?;
    let meter = Meter::set(stage.world).await?;
    let began = Instant::now();
    stage.start().await?;
    stage.ready().await?;
    let ready = began.elapsed();
    let mut sample = stage.sample(&meter, Usage::default()).await?;
    sample.put(Metric::Ready, ready.as_secs_f64());
    sample.per_object(stage.world.plan.objects);
    Ok(sample)
}

//! The operator runs, and nothing happens.

use std::time::Instant;

use anyhow::Result;

use super::stage::Stage;
use crate::measure::{
    meter::Meter,
    metric::Metric,
    sample::{Sample, number_of_bytes},
};

const MEGABYTE: f64 = 1e6;

/// Starts the operator without objects, and measures it once it has nothing to do.
pub async fn run(stage: &mut Stage<'_>) -> Result<Sample> {
    stage.progress.begin("starting", 0);
    let mut sample = stage.start_measured().await?;
    let size = std::fs::metadata(&stage.settings.binary)?.len();
    sample.put(Metric::Binary, number_of_bytes(size) / MEGABYTE);
    Ok(sample)
}

/// Leaves the operator alone with its objects.
pub async fn quiet(stage: &mut Stage<'_>) -> Result<Sample> {
    stage.ensure_running().await?;
    stage.progress.begin("leaving it alone", 0);
    let (meter, before, began) = (Meter::set(stage.world).await?, stage.usage()?, Instant::now());
    tokio::time::sleep(stage.settings.quiet).await;
    let mut sample = stage.sample(&meter, before).await?;
    let cpu = sample.metrics.get(&Metric::Cpu).copied().unwrap_or_default();
    sample.put(Metric::CpuShare, 100.0 * cpu / began.elapsed().as_secs_f64());
    Ok(sample)
}

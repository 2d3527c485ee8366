//! The operator starts, and every object is new to the PAM.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use jiff::Timestamp;

use super::{
    stage::{PATIENCE, Stage},
    verify::all_ready,
};
use crate::measure::{
    meter::{Meter, Statuses},
    process::Usage,
    sample::Sample,
};

/// No object takes longer than this, whatever the machine.
const PATIENCE_PER_OBJECT: Duration = Duration::from_millis(100);
/// A status may be written twice; so much time after the last one, no other follows.
const QUIET: Duration = Duration::from_millis(500);
/// Reading the audit log takes time on the same CPUs.
const LOOK: Duration = Duration::from_millis(50);

/// Starts the operator, and waits until each object is Ready.
pub async fn run(stage: &mut Stage<'_>) -> Result<Sample> {
    let objects = stage.world.plan.objects;
    stage.progress.begin("pushing", objects);
    let meter = Meter::set(stage.world).await?;
    let began = Timestamp::now();
    stage.start().await?;
    let mut statuses = meter.statuses(stage.world, &stage.install.user());
    all_written(stage, &mut statuses).await?;
    let mut sample = stage.sample(&meter, Usage::default()).await?;
    sample.done(objects, Duration::try_from(statuses.last.unwrap_or(began).duration_since(began))?);
    sample.latencies(&meter.commits_after(stage.world, began));
    sample.per_object(objects);
    all_ready(stage.world).await?;
    Ok(sample)
}

/// Waits until every object has a status, and no more statuses are written.
async fn all_written(stage: &mut Stage<'_>, statuses: &mut Statuses) -> Result<()> {
    let patience = patience(stage.world.plan.objects)?;
    let (began, mut last, mut written) = (Instant::now(), None, Instant::now());
    loop {
        let count = statuses.count()?;
        stage.progress.reach(count as u64);
        if last != statuses.last {
            (last, written) = (statuses.last, Instant::now());
        }
        if count >= stage.world.plan.objects && written.elapsed() > QUIET {
            return Ok(());
        }
        stage.ensure_alive()?;
        ensure!(began.elapsed() < patience, "{count} objects have a status after {patience:?}");
        tokio::time::sleep(LOOK).await;
    }
}

/// How long work on so many objects may take.
pub fn patience(objects: usize) -> Result<Duration> {
    Ok(PATIENCE + PATIENCE_PER_OBJECT * u32::try_from(objects)?)
}

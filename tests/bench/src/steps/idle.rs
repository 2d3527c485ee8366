//! The operator runs, and nothing happens.

use std::{path::Path, time::Instant};

use anyhow::Result;
use local_cluster::{Installation, Operator};

use super::{restart::is_ready, settle::settled};
use crate::{
    measure::{meter::Meter, metric::Metric, process::Usage, sample::Sample},
    progress::Progress,
    world::{self, World},
};

/// Starts the operator, and measures it once it has nothing to do.
pub async fn run(
    world: &World,
    install: &Installation<'_>,
    binary: &Path,
    progress: &Progress,
) -> Result<(Operator, Sample)> {
    progress.begin("starting", 0);
    let meter = Meter::set(world).await?;
    let began = Instant::now();
    let mut operator = world::start(install, binary).await?;
    is_ready(&mut operator).await?;
    let mut sample = Sample::default();
    sample.put(Metric::Ready, began.elapsed().as_secs_f64());
    sample.used(Usage::default(), settled(&operator).await?);
    meter.read(world, &install.user(), &mut sample).await?;
    Ok((operator, sample))
}

//! The operator is stopped and started again, and nothing has changed.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use local_cluster::{Installation, Operator};

use super::settle::{LOOK, settled};
use crate::{
    measure::{meter::Meter, metric::Metric, process::Usage, sample::Sample},
    progress::Progress,
    world::{self, World},
};

const PATIENCE: Duration = Duration::from_mins(2);

/// Stops the operator, starts it with the same objects, and waits until it is ready and has nothing to do.
pub async fn run(
    world: &World,
    install: &Installation<'_>,
    mut operator: Operator,
    progress: &Progress,
) -> Result<(Operator, Sample)> {
    progress.begin("restarting", 0);
    let binary = operator.program().to_owned();
    ensure!(operator.stop().await?.success(), "the operator did not end well: {}", operator.logs()?);
    let meter = Meter::set(world).await?;
    let began = Instant::now();
    let mut operator = world::start(install, &binary).await?;
    is_ready(&mut operator).await?;
    let mut sample = Sample::default();
    sample.put(Metric::Ready, began.elapsed().as_secs_f64());
    sample.used(Usage::default(), settled(&operator).await?);
    meter.read(world, &install.user(), &mut sample).await?;
    sample.per_object(world.plan.objects);
    Ok((operator, sample))
}

/// Waits until `/readyz` answers 200, looking more often than [`Operator::ready`].
pub async fn is_ready(operator: &mut Operator) -> Result<()> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
    let (url, began) = (operator.url("/readyz")?, Instant::now());
    loop {
        let answer = client.get(&url).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        ensure!(operator.is_running(), "the operator ended: {}", operator.logs()?);
        ensure!(began.elapsed() < PATIENCE, "the operator is not ready after {PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
    }
}

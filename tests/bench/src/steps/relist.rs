//! The API server ends every watch with 410: whatever was watched is listed again.

use std::time::Instant;

use anyhow::{Result, ensure};
use local_cluster::wait_until;

use super::{
    proxy::Proxy,
    stage::{PATIENCE, Stage},
};
use crate::measure::{meter::Meter, metric::Metric, sample::Sample};

const RESOURCE: &str = "pamcredentials";

/// Starts the operator behind a proxy, ends its watches, and waits until it watches again.
pub async fn run(stage: &mut Stage<'_>) -> Result<Sample> {
    stage.stop().await?;
    stage.progress.begin("listing again", 0);
    let proxy = Proxy::start(stage.install).await?;
    let operator = stage.launch().kubeconfig(proxy.kubeconfig()).start().await?;
    stage.replace(operator);
    stage.ready().await?;
    let before = stage.settled().await?;
    let (meter, began) = (Meter::set(stage.world).await?, Instant::now());
    proxy.expire();
    watches_again(stage, &meter).await?;
    let took = began.elapsed();
    let mut sample = stage.sample(&meter, before).await?;
    sample.put(Metric::Ready, took.as_secs_f64());
    sample.per_object(stage.world.plan.objects);
    stage.stop().await?;
    Ok(sample)
}

async fn watches_again(stage: &Stage<'_>, meter: &Meter) -> Result<()> {
    let user = stage.install.user();
    let mut log = meter.requests(stage.world);
    wait_until("another watch", PATIENCE, async || {
        let seen = log.more()?.by(&user).verb("watch").resource(RESOURCE);
        ensure!(!seen.is_empty(), "it does not watch yet");
        Ok(())
    })
    .await
}

//! The leader is stopped while another replica waits, and a Secret changes at the same time.

use anyhow::{Context, Result};
use local_cluster::free_address;

use super::{
    changes::{Changes, committed},
    stage::{PATIENCE, Stage, is_ready},
};
use crate::{
    measure::{meter::Meter, process::Usage, sample::Sample},
    world::objects::Object,
};

/// Starts a second replica, ends the first one, and waits until the second one has brought a change to the PAM.
pub async fn run(stage: &mut Stage<'_>) -> Result<Sample> {
    stage.ensure_running().await?;
    stage.progress.begin("handing over", 0);
    let mut second = stage.launch().pod_name("second").listen(free_address()?).start().await?;
    is_ready(&mut second).await?;
    let (meter, mut changes) = (Meter::set(stage.world).await?, Changes::default());
    let wanted = stage.world.commits() + 1;
    let mut first = stage.replace(second).context("the first replica does not run")?;
    first.terminate()?;
    changes.make(stage, Object(0)).await?;
    committed(stage, wanted, PATIENCE).await?;
    first.wait(PATIENCE).await?;
    let mut sample = stage.sample(&meter, Usage::default()).await?;
    sample.latencies(&changes.latencies(&meter.journals(stage.world)));
    Ok(sample)
}

//! One of several PAMs takes connections and answers nothing. The objects of the others do not notice.

use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use pam_simulator::Outage;

use super::{changes::committed, cold::patience, stage::Stage};
use crate::measure::{meter::Meter, process::Usage, sample::Sample};

/// Starts the operator while the last PAM is silent, and waits until the records of all others are there.
pub async fn run(stage: &mut Stage<'_>) -> Result<Sample> {
    let (silent, pams) = (stage.world.pams.last().context("there is no PAM")?, stage.world.pams.len());
    silent.set_outage(Outage::Silent);
    let reached = stage.world.plan.objects - stage.world.plan.objects / pams;
    stage.progress.begin("pushing", reached);
    let (meter, began) = (Meter::set(stage.world).await?, Timestamp::now());
    stage.start().await?;
    committed(stage, reached as u64, patience(reached)?).await?;
    let mut sample = stage.sample(&meter, Usage::default()).await?;
    let commits = meter.commits_after(stage.world, began);
    let last = commits.iter().copied().fold(0.0, f64::max);
    sample.done(reached, Duration::from_secs_f64(last / 1000.0));
    sample.latencies(&commits);
    sample.per_object(reached);
    Ok(sample)
}

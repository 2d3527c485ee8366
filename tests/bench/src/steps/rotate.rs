//! Secrets change while the operator has no other work.

use std::time::Duration;

use anyhow::Result;

use super::{
    changes::{Changes, committed},
    stage::{PATIENCE, Stage},
};
use crate::{
    measure::{meter::Meter, sample::Sample},
    world::objects::Object,
};

/// Between two changes: the status of the one before is written meanwhile.
const PAUSE: Duration = Duration::from_millis(50);

/// Changes so many Secrets, each after the one before is in the PAM.
pub async fn one_after_the_other(stage: &mut Stage<'_>, times: usize) -> Result<Sample> {
    stage.ensure_running().await?;
    stage.progress.begin("changing Secrets", times);
    let (meter, before, mut changes) = (Meter::set(stage.world).await?, stage.usage()?, Changes::default());
    let apart = (stage.world.plan.objects / times).max(1);
    for number in 0..times {
        let wanted = stage.world.commits() + 1;
        changes.make(stage, Object(number * apart)).await?;
        committed(stage, wanted, PATIENCE).await?;
        tokio::time::sleep(PAUSE).await;
        stage.progress.reach(number as u64);
    }
    let mut sample = stage.sample(&meter, before).await?;
    sample.latencies(&changes.latencies(&meter.journals(stage.world)));
    sample.per_object(times);
    Ok(sample)
}

/// Changes so many percent of the Secrets at once.
pub async fn share(stage: &mut Stage<'_>, percent: usize) -> Result<Sample> {
    stage.ensure_running().await?;
    let objects: Vec<Object> = (0..stage.world.plan.objects * percent / 100).map(Object).collect();
    let (meter, before, mut changes) = (Meter::set(stage.world).await?, stage.usage()?, Changes::default());
    let wanted = stage.world.commits() + objects.len() as u64;
    changes.make_all(stage, &objects).await?;
    committed(stage, wanted, PATIENCE).await?;
    let mut sample = stage.sample(&meter, before).await?;
    let journals = meter.journals(stage.world);
    sample.done(changes.len(), changes.took(&journals).unwrap_or_default());
    sample.latencies(&changes.latencies(&journals));
    sample.per_object(objects.len());
    Ok(sample)
}

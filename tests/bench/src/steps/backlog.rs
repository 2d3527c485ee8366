//! Nearly all Secrets were changed while the operator was away. While it works on them, people change others.

use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use local_cluster::wait_for;
use serde_json::json;

use super::{
    changes::{Changes, committed},
    cold::patience,
    stage::{PATIENCE, Stage},
};
use crate::{
    measure::{meter::Meter, process::Usage, sample::Sample},
    scenarios::Backlog,
    world::objects::{self, Object},
};

/// How many Secrets people change meanwhile.
const EDITS: usize = 50;
/// Between two such changes.
const PAUSE: Duration = Duration::from_millis(400);

/// Changes the Secrets of all but the last objects, starts the operator, and then changes those of the last.
pub async fn run(stage: &mut Stage<'_>, backlog: Backlog) -> Result<Sample> {
    stage.stop().await?;
    let edited = stage.world.plan.objects.saturating_sub(EDITS);
    let due: Vec<Object> = (0..edited).map(Object).collect();
    Changes::default().make_all(stage, &due).await?;
    stage.world.slow_down(backlog.latency);
    limit(stage, backlog.requests_per_second).await?;
    let (meter, mut edits) = (Meter::set(stage.world).await?, Changes::default());
    let all = stage.world.commits() + stage.world.plan.objects as u64;
    stage.start().await?;
    stage.ready().await?;
    stage.progress.begin("editing meanwhile", EDITS);
    for number in edited..stage.world.plan.objects {
        edits.make(stage, Object(number)).await?;
        tokio::time::sleep(PAUSE).await;
        stage.ensure_alive()?;
        stage.progress.advance(1);
    }
    if backlog.requests_per_second == 0 {
        stage.progress.begin("working off the rest", stage.world.plan.objects);
        committed(stage, all, patience(stage.world.plan.objects)?).await?;
    } else {
        stored(stage, &meter, &edits).await;
    }
    let mut sample = stage.sample(&meter, Usage::default()).await?;
    sample.latencies(&edits.latencies_until(&meter.journals(stage.world), Timestamp::now()));
    Ok(sample)
}

/// Waits until every edit is in the PAM, whatever else is not; not for ever, since that is what is measured.
async fn stored(stage: &Stage<'_>, meter: &Meter, edits: &Changes) {
    let missing = async || {
        let missing = edits.len() - edits.latencies(&meter.journals(stage.world)).len();
        (missing == 0).then_some(())
    };
    // The edits that are missing are counted by `latencies_until`.
    let _ = wait_for("the edits in the PAM", PATIENCE, missing).await;
}

async fn limit(stage: &Stage<'_>, requests_per_second: u32) -> Result<()> {
    let limits = objects::limits(stage.world.plan.concurrency, requests_per_second);
    let path = format!("/apis/pam-operator.io/v1alpha1/clusterpamconnections/{}", objects::connection(0));
    let body = serde_json::to_vec(&json!({"spec": {"limits": limits}}))?;
    let request = http::Request::patch(path).header("content-type", "application/merge-patch+json").body(body)?;
    stage.world.client.request_text(request).await.context("cannot limit the connection")?;
    Ok(())
}

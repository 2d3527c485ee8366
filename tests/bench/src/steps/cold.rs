//! The operator starts, and every object is new to the PAM.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use jiff::Timestamp;
use kube::{
    Api,
    api::{ApiResource, DynamicObject, ListParams},
};
use local_cluster::{Installation, Operator};

use super::settle::{LOOK, settled, usage};
use crate::{
    measure::{
        meter::{Meter, Statuses},
        process::Usage,
        sample::Sample,
    },
    progress::Progress,
    world::{self, World},
};

/// No object takes longer than this, whatever the machine.
const PATIENCE_PER_OBJECT: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_mins(1);
/// A status may be written twice; so much time after the last one, no other follows.
const QUIET: Duration = Duration::from_millis(500);

/// Starts the operator, and waits until each object is Ready.
pub async fn run(
    world: &World,
    install: &Installation<'_>,
    binary: &Path,
    progress: &Progress,
) -> Result<(Operator, Sample)> {
    let objects = world.plan.objects;
    progress.begin("pushing", objects);
    let meter = Meter::set(world).await?;
    let began = Timestamp::now();
    let mut operator = world::start(install, binary).await?;
    let user = install.user();
    let mut statuses = meter.statuses(world, &user);
    all_written(world, &mut statuses, &mut operator, progress).await?;
    let mut sample = Sample::default();
    let last = statuses.last.unwrap_or(began);
    sample.done(objects, Duration::try_from(last.duration_since(began))?);
    sample.latencies(&commits_after(&meter, world, began));
    sample.used(Usage::default(), settled(&operator).await?);
    meter.read(world, &user, &mut sample).await?;
    sample.per_object(objects);
    all_ready(world).await?;
    Ok((operator, sample))
}

/// Waits until every object has a status, and no more statuses are written.
async fn all_written(
    world: &World,
    statuses: &mut Statuses,
    operator: &mut Operator,
    progress: &Progress,
) -> Result<()> {
    let objects = world.plan.objects;
    let patience = PATIENCE + PATIENCE_PER_OBJECT * u32::try_from(objects)?;
    let (began, mut newest) = (Instant::now(), (None, Instant::now()));
    loop {
        let count = statuses.count()?;
        progress.reach(count as u64);
        if newest.0 != statuses.last {
            newest = (statuses.last, Instant::now());
        }
        if count >= objects && newest.1.elapsed() > QUIET {
            return Ok(());
        }
        ensure!(operator.is_running(), "the operator ended: {}", operator.logs()?);
        ensure!(began.elapsed() < patience, "{count} of {objects} objects have a status after {patience:?}");
        tokio::time::sleep(LOOK).await;
    }
}

/// When each commit was, in milliseconds after `began`.
fn commits_after(meter: &Meter, world: &World, began: Timestamp) -> Vec<f64> {
    let journals = meter.journals(world);
    let commits = journals.iter().flat_map(|journal| journal.entries()).filter_map(|entry| entry.commit.as_ref());
    commits.map(|commit| commit.at.duration_since(began).as_secs_f64() * 1000.0).collect()
}

/// Fails unless every object is Ready, and every PAM holds its records.
async fn all_ready(world: &World) -> Result<()> {
    let resource = ApiResource {
        group: "pam-operator.io".into(),
        version: "v1alpha1".into(),
        api_version: "pam-operator.io/v1alpha1".into(),
        kind: "PamCredential".into(),
        plural: "pamcredentials".into(),
    };
    let api: Api<DynamicObject> = Api::all_with(world.client.clone(), &resource);
    let mut params = ListParams::default().limit(500);
    let (mut ready, mut other) = (0, None);
    loop {
        let page = api.list(&params).await?;
        for object in page.items {
            if is_ready(&object) { ready += 1 } else { other = Some(object.data["status"].to_string()) }
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => break,
        }
    }
    ensure!(ready == world.plan.objects, "{ready} of {} objects are Ready; another is {other:?}", world.plan.objects);
    Ok(())
}

fn is_ready(object: &DynamicObject) -> bool {
    let conditions = object.data["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

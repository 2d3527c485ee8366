//! The operator reads the PAM's list of records, as it does regularly.

use anyhow::{Result, ensure};
use local_cluster::wait_until;
use pam_simulator::{Journal, Kind};

use super::stage::{PATIENCE, Stage};
use crate::measure::{meter::Meter, metric::Metric, sample::Sample};

/// Waits for the next list, and measures what it took.
pub async fn run(stage: &mut Stage<'_>) -> Result<Sample> {
    stage.ensure_running().await?;
    stage.progress.begin("waiting for a list", 0);
    let (meter, before) = (Meter::set(stage.world).await?, stage.usage()?);
    wait_until("a list", PATIENCE, async || {
        let journals = meter.journals(stage.world);
        ensure!(journals.iter().any(answered_list), "none was asked for");
        Ok(())
    })
    .await?;
    let mut sample = stage.sample(&meter, before).await?;
    sample.count(Metric::Records, stage.world.pams.iter().map(|pam| pam.records().len()).sum());
    Ok(sample)
}

fn answered_list(journal: &Journal) -> bool {
    journal.of(Kind::ListCredentials).any(|entry| entry.done_at.is_some())
}

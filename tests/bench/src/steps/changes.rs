//! Changes of Secrets, and when they were in the PAM.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use kube::Client;
use pam_simulator::Journal;
use serde_json::json;

use super::stage::{LOOK, Stage};
use crate::world::objects::{AT_ONCE, Object, value};

/// When each change was sent to the API server, by the identifier of its record.
#[derive(Debug, Default)]
pub struct Changes(BTreeMap<String, Timestamp>);

impl Changes {
    /// Changes the Secret of one object.
    pub async fn make(&mut self, stage: &mut Stage<'_>, object: Object) -> Result<()> {
        stage.rotation += 1;
        let sent = change(&stage.world.client, object, stage.rotation).await?;
        self.0.insert(object.identifier(), sent);
        Ok(())
    }

    /// Changes the Secrets of many objects, many at once.
    pub async fn make_all(&mut self, stage: &mut Stage<'_>, objects: &[Object]) -> Result<()> {
        stage.rotation += 1;
        stage.progress.begin("changing Secrets", objects.len());
        let (client, rotation, progress) = (&stage.world.client, stage.rotation, stage.progress);
        let changed = stream::iter(objects).map(|object| async move {
            let sent = change(client, *object, rotation).await?;
            progress.advance(1);
            Ok::<_, anyhow::Error>((object.identifier(), sent))
        });
        self.0.extend(changed.buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await?);
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How long each took until it was in a PAM, in milliseconds.
    #[must_use]
    pub fn latencies(&self, journals: &[Journal]) -> Vec<f64> {
        self.stored(journals).into_values().collect()
    }

    /// How long each of those took that are in a PAM, by identifier.
    fn stored<'a>(&self, journals: &'a [Journal]) -> BTreeMap<&'a str, f64> {
        let mut first = BTreeMap::new();
        for entry in journals.iter().flat_map(Journal::entries) {
            let Some((name, commit)) = entry.target.as_ref().zip(entry.commit.as_ref()) else { continue };
            // What arrived before the change carries the value before.
            if let Some(sent) = self.0.get(name).filter(|sent| **sent < entry.at) {
                first.entry(name.as_str()).or_insert_with(|| millis_between(*sent, commit.at));
            }
        }
        first
    }

    /// As [`Changes::latencies`]; a change that is in no PAM yet took until `now` at least.
    #[must_use]
    pub fn latencies_until(&self, journals: &[Journal], now: Timestamp) -> Vec<f64> {
        let stored = self.stored(journals);
        let latency = |(name, sent): (&String, &Timestamp)| {
            stored.get(name.as_str()).copied().unwrap_or_else(|| millis_between(*sent, now))
        };
        self.0.iter().map(latency).collect()
    }

    /// When the last of them was in a PAM, after the first of them was sent.
    #[must_use]
    pub fn took(&self, journals: &[Journal]) -> Option<Duration> {
        let first = *self.0.values().min()?;
        let commits = journals.iter().flat_map(Journal::entries).filter_map(|entry| entry.commit.as_ref());
        commits.map(|commit| commit.at).max().and_then(|last| last.duration_since(first).try_into().ok())
    }
}

fn millis_between(from: Timestamp, until: Timestamp) -> f64 {
    1000.0 * until.duration_since(from).as_secs_f64()
}

/// Changes a Secret; returns when that was sent.
async fn change(client: &Client, object: Object, rotation: usize) -> Result<Timestamp> {
    let path = format!("/api/v1/namespaces/{}/secrets/{}", object.namespace(), object.name());
    let body = serde_json::to_vec(&json!({"stringData": {"password": value(object, rotation)}}))?;
    let request = http::Request::patch(&path).header("content-type", "application/merge-patch+json").body(body)?;
    let sent = Timestamp::now();
    client.request_text(request).await.with_context(|| format!("cannot change {path}"))?;
    Ok(sent)
}

/// Waits until the PAMs have seen so many changes in all.
pub async fn committed(stage: &mut Stage<'_>, commits: u64, patience: Duration) -> Result<()> {
    let (began, first) = (Instant::now(), stage.world.commits());
    loop {
        let now = stage.world.commits();
        stage.progress.reach(now.saturating_sub(first));
        if now >= commits {
            return Ok(());
        }
        stage.ensure_alive()?;
        ensure!(began.elapsed() < patience, "{} changes are missing after {patience:?}", commits - now);
        tokio::time::sleep(LOOK).await;
    }
}

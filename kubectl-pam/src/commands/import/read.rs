//! Reads everything that an import depends on: the PAM's list, and what the cluster says.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pam_operator::pam::{ListedCredential, PamClient};
use tokio::time::interval;

use super::cluster_state::{self, Access, Seen};
use crate::cluster::Cluster;
use crate::connection::Connected;
use crate::exit::Failure;
use crate::progress::Progress;

/// How often is looked how far the list is.
const TICK: Duration = Duration::from_millis(500);

/// What was read.
pub struct Read {
    /// The records of the list.
    pub records: Vec<ListedCredential>,
    /// What objects of the cluster claim.
    pub seen: Seen,
    /// What the connection allows.
    pub access: Access,
}

/// Reads all.
pub async fn all(cluster: &Cluster, connected: &Connected) -> Result<Read, Failure> {
    let records = list(&connected.client).await?;
    let seen = cluster_state::claimed(cluster, connected.client.vault()).await?;
    let access = cluster_state::access(cluster, connected).await?;
    Ok(Read { records, seen, access })
}

/// Reads the list. How long it is shows at its end only.
async fn list(client: &PamClient) -> Result<Vec<ListedCredential>, Failure> {
    let (mut records, count) = (Vec::new(), AtomicUsize::new(0));
    let mut sink = |record| {
        records.push(record);
        count.fetch_add(1, Ordering::Relaxed);
    };
    let (mut progress, mut tick) = (Progress::new("records of the PAM's list read", None), interval(TICK));
    let mut listing = Box::pin(client.list_credentials(&mut sink));
    loop {
        tokio::select! {
            listed = &mut listing => {
                listed?;
                break;
            }
            _ = tick.tick() => progress.reach(count.load(Ordering::Relaxed)),
        }
    }
    drop(listing);
    Ok(records)
}

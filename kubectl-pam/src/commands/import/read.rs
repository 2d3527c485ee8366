//! Reads everything that an import depends on: the PAM's list, and what the cluster says.

use pam_operator::pam::ListedCredential;

use super::cluster_state::{self, Access, Seen};
use crate::cluster::Cluster;
use crate::connection::Connected;
use crate::exit::Failure;
use crate::listing;

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
    let mut records = Vec::new();
    listing::each(&connected.client, &mut |record| records.push(record)).await?;
    let seen = cluster_state::claimed(cluster, connected.client.vault()).await?;
    let access = cluster_state::access(cluster, connected).await?;
    Ok(Read { records, seen, access })
}

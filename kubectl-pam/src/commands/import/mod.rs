//! `kubectl pam import`: manifests for the records of a vault that no object claims.

mod access;
mod args;
mod claimed;
mod cluster_state;
mod files;
mod filter;
mod manifest;
mod patch;
mod report;
mod skipped;
mod sorted;
mod written;

use pam_operator::api::{ConnectionKind, ConnectionRef};
use pam_operator::pam::ListedCredential;

use crate::cluster::Cluster;
use crate::connection::Connected;
use crate::exit::{Exit, Failure};
use crate::objects::Kind;

use access::Rules;
pub use args::ImportArgs;
use manifest::Place;

/// Runs the command.
pub async fn run(args: &ImportArgs, cluster: &Cluster) -> Result<Exit, Failure> {
    let connected = args.connection.connect(cluster).await?;
    let mut records: Vec<ListedCredential> = Vec::new();
    connected.client.list_credentials(&mut |record| records.push(record)).await?;
    let claimed = cluster_state::claimed(cluster, connected.client.vault()).await?;
    let access = cluster_state::access(cluster, &connected).await?;
    let rules = Rules { in_namespace: access.rules, clusters: &access.clusters, namespace: &cluster.namespace };
    let sorted = sorted::sort(&records, &args.filters, &claimed, |identifier| rules.is_reserved(identifier));
    let patch = patch::patch(&sorted.chosen, &rules, access.written.as_deref());
    let connection = reference(&connected);
    let origin = connected.client.origin();
    let place = Place { namespace: &cluster.namespace, connection: &connection, origin };
    let written = written::write(args, &sorted, &place, patch.as_ref()).await?;
    report::report(&sorted, &written, patch.as_ref(), &connection);
    Ok(if written.interrupted { Exit::Interrupted } else { Exit::Done })
}

fn reference(connected: &Connected) -> ConnectionRef {
    let kind = match connected.connection.kind {
        Kind::PamConnection => ConnectionKind::PamConnection,
        _ => ConnectionKind::ClusterPamConnection,
    };
    ConnectionRef { kind, name: connected.connection.name() }
}

//! `kubectl pam import`: manifests for the records of a vault that no object claims.

mod access;
mod args;
mod claimed;
mod cluster_state;
mod files;
mod filter;
mod manifest;
mod patch;
mod read;
mod report;
mod skipped;
mod sorted;
pub mod summary;
mod written;

use pam_operator::api::{ConnectionKind, ConnectionRef};

use crate::cluster::Cluster;
use crate::connection::Connected;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interruption;
use crate::objects::Kind;
use crate::output::{Document, note, print_document};

use access::Rules;
pub use args::ImportArgs;
use manifest::Place;
use read::Read;
use summary::Summary;

/// Runs the command.
pub async fn run(args: &ImportArgs, cluster: &Cluster) -> Result<Exit, Failure> {
    let connected = args.connection.connect(cluster).await?;
    let interruption = Interruption::listen();
    let read = tokio::select! {
        read = read::all(cluster, &connected) => read?,
        () = interruption.comes() => return Err(stopped()),
    };
    let Read { records, seen, access } = read;
    let rules = Rules { in_namespace: access.rules, clusters: &access.clusters, namespace: &cluster.namespace };
    let sorted = sorted::sort(&records, &args.filters, &seen.claimed, |identifier| rules.is_reserved(identifier));
    let patch = patch::patch(&sorted.chosen, &rules, access.written.as_deref());
    let connection = reference(&connected);
    let origin = connected.client.origin();
    let place = Place { namespace: &cluster.namespace, connection: &connection, origin };
    let written = written::write(args, &sorted, &place, patch.as_ref(), &interruption).await?;
    let summary = Summary {
        namespace: cluster.namespace.clone(),
        of_one_namespace: seen.of_one_namespace,
        ..Summary::of(&sorted, &written, patch.as_ref(), &connection)
    };
    say(args, summary)
}

/// Says what was done.
fn say(args: &ImportArgs, summary: Summary) -> Result<Exit, Failure> {
    let exit = if summary.interrupted { Exit::Interrupted } else { Exit::Done };
    match args.summary {
        Some(form) => print_document(Some(form.into()), &Document::new("ImportSummary", summary), "")?,
        None => report::lines(&summary).iter().for_each(|line| note(line)),
    }
    Ok(exit)
}

fn stopped() -> Failure {
    Failure::new(Exit::Interrupted, "interrupted before anything was written: run the same command again")
}

fn reference(connected: &Connected) -> ConnectionRef {
    let kind = match connected.connection.kind {
        Kind::PamConnection => ConnectionKind::PamConnection,
        _ => ConnectionKind::ClusterPamConnection,
    };
    ConnectionRef { kind, name: connected.connection.name() }
}

//! `kubectl pam version`: the versions of the plugin, the operator, its kinds and the cluster.

mod cluster;
pub mod item;
mod number;

use clap::Args;

use self::item::Versions;
use crate::cluster::Cluster;
use crate::exit::Failure;
use crate::kubeconfig::KubeArgs;
use crate::output::{Document, Format, note, print_document};

/// Print the versions of this plugin, of the operator and its kinds, and of the cluster
#[derive(Args, Clone, Debug)]
#[command(after_help = "What you may not read of the cluster is named, and is no failure.")]
pub struct VersionArgs {
    /// Only the version of this plugin; the cluster is not asked
    #[arg(long)]
    client: bool,
    /// Form of the output
    #[arg(short = 'o', long = "output", value_enum, value_name = "FORM")]
    output: Option<Format>,
}

/// Prints the versions.
pub async fn run(args: &VersionArgs, kube: &KubeArgs) -> Result<(), Failure> {
    let mut version = Versions { version: env!("CARGO_PKG_VERSION"), ..Versions::default() };
    if !args.client {
        match Cluster::connect(kube).await {
            Ok(cluster) => cluster::look(&cluster, &mut version).await,
            Err(failure) => version.unread.push(failure.message),
        }
    }
    for warning in version.warnings() {
        note(&format!("warning: {warning}"));
    }
    let text = version.text();
    print_document(args.output, &Document::new("Version", version), &text)
}

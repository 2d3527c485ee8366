//! `--dry-run`: what a command that writes to Kubernetes would do.

use clap::ValueEnum;

/// How far a command is only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    /// Say what would be done
    Client,
    /// Have the API server check the request too, and change nothing
    Server,
}

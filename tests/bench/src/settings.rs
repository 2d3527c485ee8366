//! What was asked for on the command line.

use std::{path::PathBuf, time::Duration};

/// What holds for every scenario of a run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The operator's program.
    pub binary: PathBuf,
    /// How long nothing happens in the scenario in which nothing happens.
    pub quiet: Duration,
    /// What is run, by a shell, in the operator's place.
    pub peer_command: Option<String>,
}

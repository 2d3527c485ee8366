//! `kubectl pam man`, which is not shown: writes the manual pages of a release.

use std::path::PathBuf;

use clap::{Args, Command, ValueHint};

use crate::exit::{Exit, Failure};

/// Write a manual page for each command
#[derive(Args, Clone, Debug)]
pub struct ManArgs {
    /// The folder
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: PathBuf,
}

/// Writes the pages.
pub fn run(args: &ManArgs, command: Command) -> Result<(), Failure> {
    let write = || {
        std::fs::create_dir_all(&args.folder)?;
        clap_mangen::generate_to(command.display_name("kubectl-pam"), &args.folder)
    };
    write().map_err(|error: std::io::Error| {
        Failure::new(Exit::No, format!("{} cannot be written: {error}", args.folder.display()))
    })
}

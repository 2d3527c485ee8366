//! `kubectl pam completion`: scripts by which a shell completes `kubectl-pam`.

use clap::{Args, Command, ValueEnum};
use clap_complete::{Shell, generate};

use crate::exit::Failure;
use crate::output::write_out;

/// The shells.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum For {
    /// Bash
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
    /// PowerShell
    Powershell,
}

/// Print a script by which a shell completes `kubectl-pam`
#[derive(Args, Clone, Debug)]
pub struct CompletionArgs {
    /// The shell
    #[arg(value_enum)]
    shell: For,
}

/// Prints the script for the program that `command` describes.
pub fn run(args: &CompletionArgs, mut command: Command) -> Result<(), Failure> {
    let shell = match args.shell {
        For::Bash => Shell::Bash,
        For::Zsh => Shell::Zsh,
        For::Fish => Shell::Fish,
        For::Powershell => Shell::PowerShell,
    };
    let mut script = Vec::new();
    generate(shell, &mut command, "kubectl-pam", &mut script);
    write_out(&String::from_utf8_lossy(&script))
}

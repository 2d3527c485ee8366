//! `kubectl pam completion`: how a shell completes the plugin.

use std::path::{Path, PathBuf};

use clap::{Args, Command, ValueEnum};
use clap_complete::{Shell, generate};

use crate::exit::{Exit, Failure};
use crate::invocation;
use crate::output::write_out;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// A script for Bash
    Bash,
    /// A script for Zsh
    Zsh,
    /// A script for Fish
    Fish,
    /// A script for PowerShell
    Powershell,
    /// Completion of `kubectl pam` by kubectl's own script
    Install,
}

/// Have the shell complete this plugin
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "`kubectl pam <TAB>` works where kubectl's own completion does, once `install` has put a link beside the \
plugin. The scripts are for who starts `kubectl-pam` itself."
)]
pub struct CompletionArgs {
    /// A shell, to print a script for it, or `install`
    #[arg(value_enum)]
    what: What,
}

/// Prints a script for the program that `command` describes, or puts the link where kubectl looks for it.
pub fn run(args: &CompletionArgs, mut command: Command) -> Result<(), Failure> {
    let shell = match args.what {
        What::Bash => Shell::Bash,
        What::Zsh => Shell::Zsh,
        What::Fish => Shell::Fish,
        What::Powershell => Shell::PowerShell,
        What::Install => return install(&program()?),
    };
    let mut script = Vec::new();
    generate(shell, &mut command, "kubectl-pam", &mut script);
    write_out(&String::from_utf8_lossy(&script))
}

/// Returns the path by which kubectl finds the plugin: it starts the program by its path. A link to the program, as krew makes
/// one, is kept: what the link leads to is in no folder that kubectl looks into.
fn program() -> Result<PathBuf, Failure> {
    let called = std::env::args_os().next().map(PathBuf::from).filter(|path| path.components().count() > 1);
    let path = match called {
        Some(path) => std::path::absolute(path),
        None => std::env::current_exe(),
    };
    path.map_err(|error| Failure::new(Exit::No, format!("the plugin does not know where it is: {error}")))
}

fn install(program: &Path) -> Result<(), Failure> {
    let file = program.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some(name) = invocation::completer(&file) else {
        return Err(Failure::new(
            Exit::No,
            format!("{file} is no name of a plugin: rename it kubectl-pam, and start it as kubectl pam"),
        ));
    };
    let link = program.with_file_name(name);
    if link.exists() {
        return write_out(&format!("{} is there already\n", link.display()));
    }
    make_link(program, &link).map_err(|error| {
        let (program, link) = (program.display(), link.display());
        Failure::new(Exit::No, format!("{link} cannot be made: {error}. Make it yourself: ln -s {program} {link}"))
    })?;
    write_out(&format!("made {}: kubectl completes the plugin now\n", link.display()))
}

#[cfg(unix)]
fn make_link(program: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(program, link)
}

/// A link takes a right that users rarely have there.
#[cfg(not(unix))]
fn make_link(program: &Path, link: &Path) -> std::io::Result<()> {
    std::fs::copy(program, link).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn the_link_is_put_beside_the_plugin_and_only_once() {
        let folder = Scratch::new("link");
        let program = folder.join("kubectl-pam");
        std::fs::write(&program, "").unwrap();
        install(&program).unwrap();
        install(&program).unwrap();
        assert!(folder.join("kubectl_complete-pam").exists());
        let failure = install(&folder.join("pam")).unwrap_err();
        assert!(failure.message.contains("no name of a plugin"), "{failure}");
    }
}

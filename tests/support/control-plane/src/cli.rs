//! The `local-cluster` program.

use std::{
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{ExitCode, ExitStatus},
};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
};

use crate::{
    ControlPlane, assets,
    demo::{Programs, demo},
    plane::{JOIN_VARIABLE, path_with},
    supervise::{self, PROGRAM_VARIABLE},
};

/// A real etcd and kube-apiserver on loopback, with kubectl and helm beside them.
#[derive(Debug, Parser)]
#[command(name = "local-cluster", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build the programs that are missing, and print where they are
    Assets,
    /// Show what a user does first, end to end
    Demo,
    /// Boot a control plane, run a command with it (KUBECONFIG, PATH), stop it, and exit with the command's code
    Run {
        /// Keep the control plane's folder (logs, audit log) and print where it is
        #[arg(long)]
        keep: bool,
        /// The command and its arguments
        #[arg(required = true, trailing_var_arg = true)]
        command: Vec<String>,
    },
    /// Boot a control plane and hold it until standard input closes
    Supervise {
        /// Where it keeps its files
        #[arg(long)]
        folder: PathBuf,
        /// Delete the folder at the end
        #[arg(long)]
        remove: bool,
    },
    /// Become a program that ends with its parent; used by `supervise`
    #[command(hide = true)]
    Guard {
        /// Process id of the parent
        parent: u32,
        /// The program
        program: PathBuf,
        /// Its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

/// Does what the command line says. Must be called on the main thread.
pub async fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Task::Assets => print_assets()?,
        Task::Demo => return show_demo().await,
        Task::Run { keep, command } => return run_command(keep, &command).await,
        Task::Supervise { folder, remove } => supervise::supervise(&folder, remove).await?,
        Task::Guard { parent, program, args } => supervise::guard(parent, &program, &args)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn show_demo() -> Result<ExitCode> {
    let well = demo(&Programs::beside_this()?).await?;
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_assets() -> Result<()> {
    let tools = assets::ensure_aloud()?;
    let checkers = [assets::promtool()?, assets::check_dashboard()?];
    let checkers = checkers.iter().filter_map(|checker| checker.parent()).map(std::path::Path::to_owned);
    for folder in tools.folders().into_iter().chain(checkers) {
        eprintln!("local-cluster: ready: {}", folder.display());
    }
    eprintln!("local-cluster: ready: {}", assets::lua()?.display());
    Ok(())
}

/// Says nothing of its own after the command has begun: its last lines are the last lines.
async fn run_command(keep: bool, command: &[String]) -> Result<ExitCode> {
    let cluster = if keep {
        let folder = std::env::temp_dir().join(crate::unique_name("local-cluster"));
        eprintln!("local-cluster: the control plane's files stay in {}", folder.display());
        ControlPlane::start(&folder).await?
    } else {
        ControlPlane::temporary().await?
    };
    let outcome = run_in(&cluster, command).await;
    cluster.stop().await?;
    Ok(exit_code(outcome?))
}

async fn run_in(cluster: &ControlPlane, command: &[String]) -> Result<ExitStatus> {
    let (program, args) = command.split_first().context("no command was given")?;
    let mut process = Command::new(program);
    process.args(args).kill_on_drop(true);
    process.env("KUBECONFIG", cluster.kubeconfig()).env("PATH", path_with(&cluster.state().tools)?);
    process.env(JOIN_VARIABLE, &cluster.state().folder).env(PROGRAM_VARIABLE, std::env::current_exe()?);
    wait_forwarding(process.spawn().with_context(|| format!("cannot start {program}"))?).await
}

/// Waits for the command's end. Ctrl-C reaches it by itself; SIGTERM is passed on.
async fn wait_forwarding(mut child: Child) -> Result<ExitStatus> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let pid = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
    loop {
        tokio::select! {
            status = child.wait() => return Ok(status?),
            _ = interrupt.recv() => {}
            _ = terminate.recv() => if let Some(pid) = pid {
                kill_process(pid, Signal::TERM)?;
            },
        }
    }
}

/// The command's own code; 128 and the signal's number when a signal ended it, as shells do.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

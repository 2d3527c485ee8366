//! The command line: its commands, the flags of all of them, and how the process ends.

use std::process::ExitCode;

use clap::{Args, Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use pam_operator::telemetry::{self, LogFormat};

use crate::cluster::Cluster;
use crate::commands::{completion, doctor, explain, get, import, man, plan, status, sync, version};
use crate::complete;
use crate::exit::{Exit, Failure};
use crate::invocation;
use crate::kubeconfig::KubeArgs;
use crate::output::{ColourArgs, note};

/// Show, plan and push what the PAM operator keeps in a senhasegura / Segura PAM
#[derive(Parser, Clone, Debug)]
#[command(
    name = "kubectl-pam",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Commands,
}

/// The flags of every command.
#[derive(Args, Clone, Debug)]
struct GlobalArgs {
    #[command(flatten)]
    kube: KubeArgs,
    #[command(flatten)]
    colour: ColourArgs,
}

#[derive(Subcommand, Clone, Debug)]
enum Commands {
    Status(status::StatusArgs),
    Plan(plan::PlanArgs),
    Sync(sync::SyncArgs),
    Explain(explain::ExplainArgs),
    Completion(completion::CompletionArgs),
    Version(version::VersionArgs),
    Get(Box<get::GetArgs>),
    Import(import::ImportArgs),
    Doctor(Box<doctor::DoctorArgs>),
    #[command(hide = true)]
    Man(man::ManArgs),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    // Before anything speaks TLS: two providers in one process, and none chosen, is a panic.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if invocation::completes() {
        return complete::run(&command(), &std::env::args().skip(1).collect::<Vec<_>>());
    }
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage.code()));
        }
    };
    cli.global.colour.apply();
    match run(&cli) {
        Ok(exit) => exit.into(),
        Err(Failure { exit, message }) => {
            if !message.is_empty() {
                note(&format!("error: {message}"));
            }
            exit.into()
        }
    }
}

/// Returns the command line's description, under the name by which the user called the program.
pub fn command() -> Command {
    described().bin_name(invocation::name())
}

fn described() -> Command {
    Cli::command().after_help(Exit::table())
}

fn parse() -> Result<Cli, clap::Error> {
    Cli::from_arg_matches(&command().try_get_matches()?)
}

fn run(cli: &Cli) -> Result<Exit, Failure> {
    telemetry::init(LogFormat::Text, filter(cli.global.kube.verbosity))
        .map_err(|error| Failure::new(Exit::Usage, error))?;
    let (kube, done) = (&cli.global.kube, |()| Exit::Done);
    match &cli.command {
        Commands::Explain(args) => explain::run(args).map(done),
        Commands::Completion(args) => completion::run(args, command()).map(done),
        Commands::Version(args) => block_on(async { version::run(args, kube).await.map(done) }),
        Commands::Man(args) => man::run(args, described()).map(done),
        Commands::Status(args) => in_cluster(kube, async |cluster| status::run(args, &cluster).await),
        Commands::Sync(args) => in_cluster(kube, async |cluster| sync::run(args, &cluster).await),
        Commands::Plan(args) => {
            in_cluster(kube, async |cluster| plan::run(args, &cluster, kube.namespace.as_deref()).await)
        }
        Commands::Get(args) => {
            args.check()?;
            in_cluster(kube, async |cluster| get::run(args, &cluster).await)
        }
        Commands::Import(args) => in_cluster(kube, async |cluster| import::run(args, &cluster).await),
        Commands::Doctor(args) => {
            args.check()?;
            in_cluster(kube, async |cluster| Box::pin(doctor::run(args, &cluster)).await)
        }
    }
}

/// Runs a command that speaks with the cluster.
fn in_cluster(kube: &KubeArgs, command: impl AsyncFnOnce(Cluster) -> Result<Exit, Failure>) -> Result<Exit, Failure> {
    block_on(async { command(Cluster::connect(kube).await?).await })
}

fn block_on(command: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::new(Exit::Kubernetes, format!("the process cannot start: {error}")))?;
    let exit = runtime.block_on(command);
    // A login program of the kubeconfig that still runs is not waited for.
    runtime.shutdown_background();
    exit
}

/// Returns what is said on standard error at a level of `-v`. The ceilings of the operator's log hold here too: no library
/// says what it handles.
const fn filter(verbosity: u8) -> &'static str {
    match verbosity {
        0..=5 => "pam_operator=error",
        6..=8 => "pam_operator=debug",
        _ => "pam_operator=trace",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn help_names_every_exit_code_and_calls_the_program_as_the_user_does() {
        let help = Cli::command().bin_name("kubectl pam").after_help(Exit::table()).render_long_help().to_string();
        for exit in Exit::ALL {
            assert!(help.contains(exit.meaning()), "{help}");
        }
        assert!(help.contains("Usage: kubectl pam "), "{help}");
    }

    #[test]
    fn kubectls_flags_may_stand_before_and_after_the_command() {
        for line in [["kubectl-pam", "-n", "shop", "version"], ["kubectl-pam", "version", "-n", "shop"]] {
            let cli = Cli::try_parse_from(line).unwrap();
            assert_eq!(cli.global.kube.namespace.as_deref(), Some("shop"));
        }
        let cli = Cli::try_parse_from(["kubectl-pam", "version", "-v=9", "--as", "me", "--as-group=a"]).unwrap();
        assert_eq!((cli.global.kube.verbosity, cli.global.kube.as_group.len()), (9, 1));
    }

    #[test]
    fn a_command_line_that_is_not_understood_has_the_exit_code_of_usage() {
        let code = |line: &[&str]| Cli::try_parse_from(line).unwrap_err().exit_code();
        for line in [&["kubectl-pam", "unheard"][..], &["kubectl-pam", "version", "--unheard"], &["kubectl-pam"]] {
            assert_eq!(code(line), i32::from(Exit::Usage.code()), "{line:?}");
        }
        assert_eq!(code(&["kubectl-pam", "--help"]), 0);
    }
}

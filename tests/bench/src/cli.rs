//! The command line.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand};
use local_cluster::assets;

use crate::{
    machine::Machine,
    report::{chart, page, previous::committed, table::table},
    results::{Results, Samples},
    roofline, run,
    scenarios::{self, Other, Scenario, Step},
    settings::Settings,
    try_out::{self, Cold, Try},
};

/// The file of results in docs/.
const RESULTS: &str = "performance.json";

/// Measures the release build of pam-operator on a control plane of its own.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
pub struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run scenarios, and compare them with the results that were committed last
    Run(Run),
    /// Print the scenarios
    List,
    /// Write the tables of docs/performance.md and the chart again, from docs/performance.json
    Page,
    /// Try one cold start with any number of objects
    Cold(Cold),
    /// Try the operator without objects
    Idle(Try),
    /// Make the least calls, for comparison; `run` starts it
    #[command(hide = true)]
    Roofline,
}

#[derive(Debug, Args)]
struct Run {
    /// Scenarios by name, or `all`; without any, those that end within a quarter of an hour
    scenarios: Vec<String>,
    /// How often each world is made [default: 5; 3 with 10,000 objects or more]
    #[arg(long)]
    runs: Option<usize>,
    #[command(flatten)]
    common: Common,
    /// How long nothing happens in `quiet-10000`
    #[arg(long, default_value_t = 60)]
    quiet_seconds: u64,
    /// A program to run in the operator's place, in scenarios `peer-…`; see docs/performance.md
    #[arg(long)]
    peer_cmd: Option<String>,
    /// Where to write the results as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write `performance.json`, `performance.svg` and the tables of `performance.md` in docs/, also of a few scenarios
    #[arg(long)]
    write: bool,
}

/// What every measurement needs.
#[derive(Debug, Args)]
pub struct Common {
    /// The operator's program
    #[arg(long, default_value = "target/release/pam-operator")]
    pub binary: PathBuf,
}

/// Does what the command line says.
pub async fn run(cli: Cli) -> Result<()> {
    match cli.task {
        Task::Run(asked) => measure(asked).await,
        Task::List => {
            list();
            Ok(())
        }
        Task::Page => {
            let docs = docs();
            write_page(&docs, &kept(&docs)?)
        }
        Task::Cold(asked) => try_out::cold(asked).await,
        Task::Idle(how) => try_out::idle(how).await,
        Task::Roofline => roofline::run().await,
    }
}

async fn measure(asked: Run) -> Result<()> {
    let scenarios = chosen(&asked)?;
    let quiet = Duration::from_secs(asked.quiet_seconds);
    let settings = Settings { binary: asked.common.binary, quiet, peer_command: asked.peer_cmd };
    let machine = Machine::here(&settings.binary, &assets::ensure_aloud()?)?;
    let samples = run::all(&scenarios, asked.runs, &settings).await;
    let docs = docs();
    let results = report(&samples, &machine, committed(&docs.join(RESULTS)).as_ref());
    if let Some(path) = &asked.json {
        results.write(path)?;
    }
    if asked.write || asked.scenarios.iter().all(|name| name == "all") {
        let mut all = kept(&docs)?;
        all.renew(results);
        all.write(&docs.join(RESULTS))?;
        write_page(&docs, &all)?;
    }
    all_well(&samples)
}

fn chosen(asked: &Run) -> Result<Vec<Scenario>> {
    let mut all = scenarios::all();
    let known = |name: &String| name == "all" || all.iter().any(|scenario| scenario.name == *name);
    let unknown: Vec<&String> = asked.scenarios.iter().filter(|name| !known(name)).collect();
    ensure!(unknown.is_empty(), "there is no scenario {unknown:?}; `bench list` prints all");
    let is_named = |scenario: &Scenario| asked.scenarios.iter().any(|name| *name == scenario.name || name == "all");
    all.retain(|scenario| if asked.scenarios.is_empty() { scenario.usual } else { is_named(scenario) });
    all.retain(|scenario| asked.peer_cmd.is_some() || scenario.step != Step::Other(Other::Peer));
    ensure!(!all.is_empty(), "scenarios `peer-…` need --peer-cmd");
    Ok(all)
}

/// Prints what was measured, and sums it up.
#[allow(clippy::print_stdout, reason = "the result is what is asked for")]
pub fn report(samples: &Samples, machine: &Machine, before: Option<&Results>) -> Results {
    let results = Results { machine: machine.clone(), scenarios: samples.summed_up() };
    println!("{}", table(&results, before));
    results
}

fn docs() -> PathBuf {
    local_cluster::repository().join("docs")
}

/// The results in docs/: scenarios that are not run again keep theirs.
fn kept(docs: &Path) -> Result<Results> {
    let text = fs::read_to_string(docs.join(RESULTS));
    text.map_or_else(|_| Ok(Results::default()), |text| Results::parse(&text))
}

fn write_page(docs: &Path, results: &Results) -> Result<()> {
    let path = docs.join("performance.md");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    fs::write(&path, page::renew(&text, results)?)?;
    fs::write(docs.join("performance.svg"), chart::svg(results))?;
    Ok(())
}

/// Fails when a world failed.
pub fn all_well(samples: &Samples) -> Result<()> {
    ensure!(samples.failed.is_empty(), "some worlds failed: {}", samples.failed.join(", "));
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the list is what is asked for")]
fn list() {
    for scenario in scenarios::all() {
        let mark = if scenario.usual { "*" } else { " " };
        println!("{mark} {:<20} {}", scenario.name, scenario.title);
    }
    println!("\n* is run when none is named (peer-… with --peer-cmd)");
}

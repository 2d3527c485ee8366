//! The command line.

use std::{path::PathBuf, time::Duration};

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    measure::sample::Sample,
    progress::Progress,
    report::lines,
    steps::{cold, idle, restart},
    world::{World, plan::Plan},
};

/// Measures the release build of pam-operator on a control plane of its own.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
pub struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Objects are there before the operator starts
    Cold(Cold),
    /// There are no objects
    Idle(Common),
}

#[derive(Debug, Args)]
struct Common {
    /// The operator's program
    #[arg(long, default_value = "target/release/pam-operator")]
    binary: PathBuf,
    /// How many objects are worked on at once
    #[arg(long, default_value_t = 32)]
    concurrency: usize,
    /// How long the PAM takes for each request
    #[arg(long, default_value_t = 20)]
    pam_latency_ms: u64,
}

#[derive(Debug, Args)]
struct Cold {
    #[command(flatten)]
    common: Common,
    /// How many Secrets and PamCredentials
    #[arg(long)]
    objects: usize,
    /// What happens after that
    #[arg(long)]
    then: Vec<Then>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Then {
    /// The operator is stopped and started again, with everything unchanged
    Restart,
}

impl Common {
    fn plan(&self, objects: usize) -> Plan {
        let latency = Duration::from_millis(self.pam_latency_ms);
        Plan { objects, concurrency: self.concurrency, latency, ..Plan::default() }
    }
}

/// Does what the command line says.
pub async fn run(cli: Cli) -> Result<()> {
    match cli.task {
        Task::Cold(asked) => measure_cold(asked).await,
        Task::Idle(common) => measure_idle(common).await,
    }
}

async fn measure_cold(asked: Cold) -> Result<()> {
    let progress = Progress::new(format!("cold {}", asked.objects));
    let world = World::create(asked.common.plan(asked.objects), &progress).await?;
    let install = world.install().await?;
    let (mut operator, sample) = cold::run(&world, &install, &asked.common.binary, &progress).await?;
    show(&format!("cold start, {} objects", asked.objects), &sample, &progress);
    for Then::Restart in asked.then {
        let (started, sample) = restart::run(&world, &install, operator, &progress).await?;
        operator = started;
        show("restart, nothing changed", &sample, &progress);
    }
    operator.stop().await?;
    world.cluster.stop().await
}

async fn measure_idle(common: Common) -> Result<()> {
    let progress = Progress::new("idle".to_owned());
    let world = World::create(common.plan(0), &progress).await?;
    let install = world.install().await?;
    let (mut operator, sample) = idle::run(&world, &install, &common.binary, &progress).await?;
    show("no objects", &sample, &progress);
    operator.stop().await?;
    world.cluster.stop().await
}

#[allow(clippy::print_stdout, reason = "the result is what is asked for")]
fn show(title: &str, sample: &Sample, progress: &Progress) {
    progress.clear();
    println!("== {title}\n{}", lines::lines(sample));
}

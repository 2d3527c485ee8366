//! One world of any size, once: for who changes the operator and wants to see what that does.

use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::{
    cli::{Common, all_well, report},
    machine::Machine,
    run,
    scenarios::{NO_LIMIT, SLOW, Scenario, Step},
    settings::Settings,
    world::plan::Plan,
};

/// How the world is.
#[derive(Debug, Args)]
pub struct Try {
    #[command(flatten)]
    common: Common,
    /// How many requests to the PAM may be under way; twice as many objects are worked on
    #[arg(long, default_value_t = 32)]
    concurrency: usize,
    /// How long the PAM takes for each request
    #[arg(long, default_value_t = 20)]
    pam_latency_ms: u64,
}

/// A cold start, and what follows.
#[derive(Debug, Args)]
pub struct Cold {
    #[command(flatten)]
    how: Try,
    /// How many `PamCredentials`, each with a Secret
    #[arg(long)]
    objects: usize,
    /// What happens after that; repeatable
    #[arg(long)]
    then: Vec<Then>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Then {
    /// The operator is stopped and started again, with everything unchanged
    Restart,
    /// Secrets change, one after the other
    Rotate,
    /// A tenth of the Secrets change at once
    RotateShare,
    /// Nothing happens for a minute
    Quiet,
    /// Every watch ends with 410
    Relist,
    /// The leader is stopped
    HandOver,
    /// People edit while nearly all objects are due
    Backlog,
    /// The same, with a slow PAM
    BacklogSlow,
}

impl Then {
    /// As it is written on the command line.
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    const fn step(self) -> Step {
        match self {
            Self::Restart => Step::Restart,
            Self::Rotate => Step::RotateOne(50),
            Self::RotateShare => Step::RotateShare(10),
            Self::Quiet => Step::Quiet,
            Self::Relist => Step::Relist,
            Self::HandOver => Step::HandOver,
            Self::Backlog => Step::Backlog(NO_LIMIT),
            Self::BacklogSlow => Step::Backlog(SLOW),
        }
    }
}

/// A cold start with what follows.
pub async fn cold(asked: Cold) -> Result<()> {
    let cold = ("cold".to_owned(), Step::Cold);
    let then = asked.then.iter().map(|then| (then.name(), then.step()));
    try_out(asked.how, asked.objects, std::iter::once(cold).chain(then)).await
}

/// The operator without objects.
pub async fn idle(how: Try) -> Result<()> {
    try_out(how, 0, std::iter::once(("idle".to_owned(), Step::Idle))).await
}

async fn try_out(how: Try, objects: usize, steps: impl Iterator<Item = (String, Step)>) -> Result<()> {
    let latency = Duration::from_millis(how.pam_latency_ms);
    let plan = Plan { objects, concurrency: how.concurrency, latency, ..Plan::default() };
    let scenario = |(at, (name, step)): (usize, (String, Step))| {
        let name = format!("{}-{name}", at + 1);
        Scenario { name, title: format!("{objects} objects"), plan: plan.clone(), step, usual: false }
    };
    let scenarios: Vec<Scenario> = steps.enumerate().map(scenario).collect();
    let settings = Settings { binary: how.common.binary, quiet: Duration::from_mins(1), peer_command: None };
    let samples = run::all(&scenarios, Some(1), &settings).await;
    report(&samples, &Machine::default(), None);
    all_well(&samples)
}

//! The operator in its world, from one step to the next.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use local_cluster::{Installation, Launch, Operator};

use crate::{
    measure::{meter::Meter, metric::Metric, process::Usage, sample::Sample},
    progress::Progress,
    settings::Settings,
    world::World,
};

/// Memory is read after so much time in which nothing was to be done.
const SETTLED: Duration = Duration::from_secs(3);
/// How often something is looked at that costs the measured program nothing.
pub const LOOK: Duration = Duration::from_millis(5);
/// Of the log of an operator that ended, so many lines are told.
const TAIL: usize = 10;
/// The longest that anything but work on all objects may take.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// A world, the chart in it, and the operator, which may run.
pub struct Stage<'a> {
    /// Where all happens.
    pub world: &'a World,
    /// The chart.
    pub install: &'a Installation<'a>,
    /// What was asked for on the command line.
    pub settings: &'a Settings,
    /// What people see meanwhile.
    pub progress: &'a Progress,
    operator: Option<Operator>,
    /// How often Secrets were changed: each value is a new one.
    pub rotation: usize,
}

impl<'a> Stage<'a> {
    /// A stage on which the operator does not run yet.
    #[must_use]
    pub const fn new(
        world: &'a World,
        install: &'a Installation<'a>,
        settings: &'a Settings,
        progress: &'a Progress,
    ) -> Self {
        Self { world, install, settings, progress, operator: None, rotation: 0 }
    }

    /// The operator as the chart says, to be started.
    #[must_use]
    pub fn launch(&self) -> Launch<'_> {
        self.install.operator(&self.settings.binary)
    }

    /// Starts the operator, and does not wait.
    pub async fn start(&mut self) -> Result<()> {
        self.operator = Some(self.launch().start().await?);
        Ok(())
    }

    /// Puts a running operator on the stage, and returns the one before.
    pub fn replace(&mut self, operator: Operator) -> Option<Operator> {
        self.operator.replace(operator)
    }

    /// Starts the operator unless it runs, and waits until it has nothing to do.
    pub async fn ensure_running(&mut self) -> Result<()> {
        if self.operator.is_none() {
            self.start().await?;
            self.ready().await?;
            self.settled().await?;
        }
        Ok(())
    }

    /// Ends the operator as a rollout does.
    pub async fn stop(&mut self) -> Result<()> {
        if let Some(mut operator) = self.operator.take() {
            ensure!(operator.stop().await?.success(), "the operator did not end well: {}", tail(&operator)?);
        }
        Ok(())
    }

    /// The running operator.
    pub fn operator(&mut self) -> Result<&mut Operator> {
        self.operator.as_mut().context("the operator does not run")
    }

    /// Fails when the operator has ended by itself.
    pub fn ensure_alive(&mut self) -> Result<()> {
        let operator = self.operator()?;
        ensure!(operator.is_running(), "the operator ended: {}", tail(operator)?);
        Ok(())
    }

    /// Waits until `/readyz` answers 200.
    pub async fn ready(&mut self) -> Result<()> {
        is_ready(self.operator()?).await
    }

    /// Starts the operator, and measures it until it is ready and has nothing to do.
    pub async fn start_measured(&mut self) -> Result<Sample> {
        let (meter, began) = (Meter::set(self.world).await?, Instant::now());
        self.start().await?;
        self.ready().await?;
        let ready = began.elapsed();
        let mut sample = self.sample(&meter, Usage::default()).await?;
        sample.put(Metric::Ready, ready.as_secs_f64());
        Ok(sample)
    }

    /// What the operator has used until now.
    pub fn usage(&mut self) -> Result<Usage> {
        Usage::of(self.operator()?.pid().context("the operator has ended")?)
    }

    /// What the operator has used, once it has had nothing to do for some time.
    pub async fn settled(&mut self) -> Result<Usage> {
        tokio::time::sleep(SETTLED).await;
        self.ensure_alive()?;
        self.usage()
    }

    /// A sample with the calls since `meter`, and with what the operator has used since `before`, once it has settled.
    pub async fn sample(&mut self, meter: &Meter, before: Usage) -> Result<Sample> {
        let mut sample = Sample::default();
        sample.used(before, self.settled().await?);
        meter.read(self.world, Some(&self.install.user()), &mut sample).await?;
        Ok(sample)
    }
}

/// Waits until `/readyz` answers 200, looking more often than [`Operator::ready`].
pub async fn is_ready(operator: &mut Operator) -> Result<()> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
    let (url, began) = (operator.url("/readyz")?, Instant::now());
    loop {
        let answer = client.get(&url).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        ensure!(operator.is_running(), "the operator ended: {}", tail(operator)?);
        ensure!(began.elapsed() < PATIENCE, "the operator is not ready after {PATIENCE:?}");
        tokio::time::sleep(LOOK).await;
    }
}

/// The last lines that an operator printed.
fn tail(operator: &Operator) -> Result<String> {
    let lines = operator.lines()?;
    Ok(lines[lines.len().saturating_sub(TAIL)..].join("\n"))
}

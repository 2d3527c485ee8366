//! Waits until a program has nothing more to do.

use std::time::Duration;

use anyhow::{Context, Result};
use local_cluster::Operator;

use crate::measure::process::Usage;

/// Memory is read after so much time in which nothing was to be done.
const SETTLED: Duration = Duration::from_secs(3);
/// How often something is looked at that costs the measured program nothing.
pub const LOOK: Duration = Duration::from_millis(20);

/// What the operator has used, once it has had nothing to do for some time.
pub async fn settled(operator: &Operator) -> Result<Usage> {
    tokio::time::sleep(SETTLED).await;
    usage(operator)
}

/// What the operator has used until now.
pub fn usage(operator: &Operator) -> Result<Usage> {
    Usage::of(operator.pid().context("the operator has ended")?)
}

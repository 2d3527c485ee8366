//! `bench`: measures the operator as a platform would run it. See `docs/performance.md` and `make bench`.

mod cli;
mod machine;
mod measure;
mod progress;
mod report;
mod results;
mod roofline;
mod run;
mod scenarios;
mod settings;
mod steps;
mod try_out;
mod world;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<ExitCode> {
    local_cluster::ensure_crypto_provider();
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // What was started ends when it is dropped, so leaving is cleaning up.
    tokio::select! {
        outcome = cli::run(cli::Cli::parse()) => outcome.map(|()| ExitCode::SUCCESS),
        _ = interrupt.recv() => Ok(ended_by(SignalKind::interrupt())),
        _ = terminate.recv() => Ok(ended_by(SignalKind::terminate())),
    }
}

/// The code with which shells tell that a signal ended a program.
fn ended_by(signal: SignalKind) -> ExitCode {
    ExitCode::from(u8::try_from(128 + signal.as_raw_value()).unwrap_or(1))
}

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

use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    local_cluster::ensure_crypto_provider();
    cli::run(cli::Cli::parse()).await
}

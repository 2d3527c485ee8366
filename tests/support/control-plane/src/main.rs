//! `local-cluster`: see [`local_cluster::cli`].

use std::process::ExitCode;

use clap::Parser;
use local_cluster::cli::{self, Cli};

// One thread: what the supervisor starts ends with the thread that started it, which so is the main one.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match cli::run(Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("local-cluster: {error:#}");
            ExitCode::FAILURE
        }
    }
}

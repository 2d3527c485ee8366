//! `kubectl pam`: what a person does with pam-operator at a terminal. Start reading at `cli.rs`.
//!
//! The plugin names the kinds (`pam_operator::api`), the client of the PAM (`pam_operator::pam`), how a connection's login is
//! read (`pam_operator::login`) and the sentences (`pam_operator::message`), and never a controller.

mod cli;
mod cluster;
mod commands;
mod complete;
mod connection;
mod consent;
mod dry_run;
mod exit;
#[cfg(test)]
mod fake;
mod hidden;
mod interrupt;
mod invocation;
mod kubeconfig;
mod listing;
mod manual;
mod objects;
mod operator;
mod output;
mod progress;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod scratch;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}

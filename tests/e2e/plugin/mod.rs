//! The plugin of kubectl as a program: its output, its exit codes, and what it asks of the cluster and of the PAM.

mod first_steps;
mod get;
mod import;

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use crate::support::{PROGRAM, World, assert_no_canary};

/// What a run of the plugin came to.
pub struct Ran {
    pub code: i32,
    /// Standard output, byte for byte.
    pub bytes: Vec<u8>,
    /// Standard output as text.
    pub out: String,
    pub err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        Self { code: output.status.code().unwrap_or(-1), bytes: output.stdout, out, err }
    }

    /// The run ended with that code, and said no value anywhere.
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        assert_no_canary(&self.err);
        self
    }

    /// The run ended with that code, and has those words on standard error.
    pub fn says(self, code: i32, words: &str) -> Self {
        let ran = self.ends(code);
        assert!(ran.err.contains(words), "{words:?} is not in: {}", ran.err);
        ran
    }
}

/// The program, which cargo builds beside the operator: `cargo build --workspace --bins`.
pub fn program() -> PathBuf {
    let program = Path::new(PROGRAM).with_file_name("kubectl-pam");
    assert!(program.exists(), "{} is not built: cargo build --workspace --bins", program.display());
    program
}

/// A run of the plugin for a world, that is not started yet: without a terminal, and with the rights of an administrator.
pub fn command(world: &World, args: &[&str]) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(program());
    command
        .args(args)
        .args(["-n", &world.namespace, "--kubeconfig"])
        .arg(world.cluster.kubeconfig())
        .stdin(Stdio::null())
        .env_remove("NO_COLOR");
    command
}

/// Runs the plugin for a world.
pub async fn run(world: &World, args: &[&str]) -> Ran {
    Ran::of(command(world, args).output().await.unwrap())
}

/// The same for a command that speaks with the PAM by the world's connection.
pub async fn ask(world: &World, args: &[&str]) -> Ran {
    let connection = ["--connection", &world.connection, "--operator-namespace", world.install.namespace()];
    run(world, &[args, &connection].concat()).await
}

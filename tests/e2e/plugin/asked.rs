//! A run of the plugin that speaks with the PAM. Its output is looked at byte for byte, since a value may have been asked for.

use std::process::{Output, Stdio};

use super::program;
use crate::support::{World, assert_no_canary};

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
    pub fn of(output: Output) -> Self {
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

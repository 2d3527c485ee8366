//! `kubectl pam` against a real API server, an operator and a simulated PAM: what it prints, its exit codes, and that no secret
//! is in its output however much is asked for (P5, P8).

mod asked;
mod completion;
mod doctor;
mod every_command;
mod first_steps;
mod get;
mod import;
mod manual;
mod plan;
mod schema;
mod status;
mod sync;
mod terminal;
mod version;

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use crate::support::{PROGRAM, World, assert_no_canary};

/// The plugin in a world: the user may do everything there.
struct Plugin {
    kubeconfig: PathBuf,
    namespace: String,
}

/// How a run ended.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Plugin {
    fn new(world: &World) -> Self {
        Self { kubeconfig: world.cluster.kubeconfig(), namespace: world.namespace.clone() }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(words).args(["-v", "9"]).args(["-n", &self.namespace]);
        command.env("KUBECONFIG", &self.kubeconfig).kill_on_drop(true);
        for variable in ["NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    async fn run(&self, words: &[&str]) -> Ran {
        Ran::of(self.command(words).output().await.unwrap())
    }

    async fn run_with(&self, words: &[&str], input: &str) -> Ran {
        let mut child = self.command(words).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).await.unwrap();
        drop(stdin);
        Ran::of(child.wait_with_output().await.unwrap())
    }

    fn start(&self, words: &[&str]) -> Child {
        self.command(words).spawn().unwrap()
    }
}

impl Ran {
    /// Each output is looked through for the canary, standard error with all that `-v 9` says.
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (code, out, err) = (output.status.code(), text(output.stdout), text(output.stderr));
        assert_no_canary(&out);
        assert_no_canary(&err);
        Self { code, out, err }
    }

    fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    fn says(self, words: &[&str]) -> Self {
        for words in words {
            assert!(self.out.contains(words) || self.err.contains(words), "{words}: {}{}", self.out, self.err);
        }
        self
    }
}

/// Interrupts a run as Ctrl-C does, and returns how it ended.
async fn interrupt(child: Child) -> Ran {
    Ran::of(signalled(child).await)
}

/// The same for a run that speaks with the PAM.
async fn interrupted(child: Child) -> asked::Ran {
    asked::Ran::of(signalled(child).await)
}

async fn signalled(child: Child) -> Output {
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().await.unwrap().success());
    let ended = tokio::time::timeout(Duration::from_secs(30), child.wait_with_output()).await;
    ended.expect("it ends").unwrap()
}

/// The plugin that was built beside the operator.
fn program() -> PathBuf {
    let program = PathBuf::from(PROGRAM).with_file_name("kubectl-pam");
    assert!(program.is_file(), "{} is missing: cargo build --workspace --bins", program.display());
    program
}

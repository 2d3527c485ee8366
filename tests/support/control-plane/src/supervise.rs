//! The process that holds a control plane's servers, and its handle.
//!
//! A test process cannot clean up when it is killed. So it starts `local-cluster supervise` and holds the other end of
//! its standard input: when that closes, for whatever reason, the servers are stopped. When the supervisor itself is
//! killed, Linux ends the servers with it (elsewhere they would stay).

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::{assets, boot::Servers};

/// What the supervisor prints once the control plane is ready.
const READY: &str = "ready";

/// Boots a control plane in `folder`, prints `ready`, and holds it until standard input closes or SIGTERM comes.
///
/// `remove` deletes the folder afterwards, unless a server ended by itself (its log is there).
/// Must run on the main thread: servers end with the thread that started them.
pub async fn supervise(folder: &Path, remove: bool) -> Result<()> {
    let mut closed = stdin_closed();
    let tools = assets::ensure_aloud()?;
    let booted = tokio::select! {
        booted = Servers::boot(folder, tools) => Some(booted?),
        _ = &mut closed => None,
    };
    let ended = match booted {
        Some(servers) => hold(servers, closed).await?,
        None => None,
    };
    if let Some(what) = ended {
        bail!(what);
    }
    if remove {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

/// Says that the servers are ready, and stops them when it is time. Some: a server ended by itself, and how.
async fn hold(mut servers: Servers, closed: oneshot::Receiver<()>) -> Result<Option<String>> {
    writeln!(std::io::stdout(), "{READY}")?;
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(tokio::select! {
        _ = closed => None,
        _ = terminate.recv() => None,
        what = servers.ended() => Some(what),
    })
}

/// Resolves when nobody holds the other end of standard input any more.
fn stdin_closed() -> oneshot::Receiver<()> {
    let (closed, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
        // Nobody listens any more when the supervisor is ending anyway.
        let _ = closed.send(());
    });
    receiver
}

/// Becomes `program`, after asking the system to kill it when `parent` dies.
pub fn guard(parent: u32, program: &Path, args: &[String]) -> Result<()> {
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        let now = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().cast_unsigned());
        // It may have died before we asked.
        anyhow::ensure!(now == Some(parent), "the supervisor is gone");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = parent;
    Err(anyhow!(Command::new(program).args(args).exec()).context(format!("cannot start {}", program.display())))
}

/// A running supervisor; dropping it stops the servers.
#[derive(Debug)]
pub(crate) struct Supervisor {
    child: Child,
    // Its closing is the order to stop.
    stdin: Option<ChildStdin>,
}

impl Supervisor {
    /// Starts a supervisor for a control plane in `folder`; returns when that is ready. Blocks.
    pub(crate) fn start(folder: &Path, remove: bool) -> Result<Self> {
        let mut command = Command::new(own_binary()?);
        command.arg("supervise").arg("--folder").arg(folder).args(remove.then_some("--remove"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn().context("cannot start the supervisor")?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let mut supervisor = Self { child, stdin };
        let mut line = String::new();
        BufReader::new(stdout.context("the supervisor has no output")?).read_line(&mut line)?;
        if line.trim() != READY {
            let status = supervisor.child.wait()?;
            bail!("the control plane did not start ({status}); what was missing is said above");
        }
        Ok(supervisor)
    }

    /// Stops the servers and waits until they are gone.
    pub(crate) fn stop(mut self) -> Result<()> {
        drop(self.stdin.take());
        let status = self.child.wait()?;
        anyhow::ensure!(status.success(), "the supervisor ended with {status}");
        Ok(())
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// Names the `local-cluster` program of the run that a test is part of.
pub(crate) const PROGRAM_VARIABLE: &str = "PAM_TEST_CLUSTER_PROGRAM";

/// The `local-cluster` program: this one, else the one that runs this test, else the one beside this program, else what
/// cargo says it is.
///
/// Beside a test's program, which cargo puts into a folder of its own, there is none. cargo does not build the programs of a dev-dependency, so a single integration test may run without it; asking
/// cargo costs a moment when it is there, and never starts an old one.
fn own_binary() -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    if this.file_stem().is_some_and(|name| name == "local-cluster") {
        return Ok(this);
    }
    let beside = this.with_file_name("local-cluster");
    match std::env::var_os(PROGRAM_VARIABLE) {
        Some(program) => Ok(program.into()),
        None if beside.is_file() => Ok(beside),
        None => build_own_binary(),
    }
}

fn build_own_binary() -> Result<PathBuf> {
    eprintln!("local-cluster: building the supervisor of the control plane, if need be …");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package=local-cluster", "--bin=local-cluster", "--message-format=json"]);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit());
    forget_package(&mut command);
    let output = command.output().context("cannot start cargo, to build the supervisor")?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let built = printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let program = built.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
    program.context("cargo could not build the supervisor; what was wrong is said above")
}

/// Removes what cargo tells a test about its package: build scripts (ring's) that look at it would run again, and
/// half of the dependencies be compiled anew, at each change between cargo and cargo inside a test.
fn forget_package(command: &mut Command) {
    let told = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"];
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in names.filter(|name| told.iter().any(|prefix| name.starts_with(prefix))) {
        command.env_remove(name);
    }
}

//! The operator's program, run as a Pod of its Deployment would run it.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::{
    Installation,
    net::get,
    pod::Env,
    root::RootFs,
    wait::{unique_name, wait_until},
};

/// As long as the chart gives a Pod to end (`terminationGracePeriodSeconds`).
const GRACE: Duration = Duration::from_secs(90);
const LISTEN_VARIABLE: &str = "PAM_OPERATOR_LISTEN_ADDRESS";
const LISTEN_FLAG: &str = "--listen-address";

/// What is to be started; see [`Installation::operator`].
#[derive(Debug)]
pub struct Launch<'a> {
    installation: &'a Installation<'a>,
    program: PathBuf,
    extra: Env,
    pod: String,
    listen: Option<SocketAddr>,
    flags: Vec<(String, String)>,
    kubeconfig: PathBuf,
    root: Option<RootFs>,
}

impl<'a> Launch<'a> {
    pub(crate) fn new(installation: &'a Installation<'a>, program: &Path) -> Self {
        let pod = unique_name(installation.deployment());
        Self {
            installation,
            program: program.to_owned(),
            extra: Env::new(),
            pod,
            listen: None,
            flags: Vec::new(),
            kubeconfig: installation.kubeconfig(),
            root: None,
        }
    }

    /// One more environment variable; wins over the Deployment's.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.extra.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A flag's value, in the place of what the Deployment says.
    #[must_use]
    pub fn flag(mut self, name: &str, value: &str) -> Self {
        self.flags.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The Pod's name (what the lease shows); made up otherwise.
    #[must_use]
    pub fn pod_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.pod);
        self
    }

    /// Listens here instead of where the Deployment says: a second replica has no Pod network of its own.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = Some(address);
        self
    }

    /// Reaches the API server as this kubeconfig says, through a proxy for one.
    #[must_use]
    pub fn kubeconfig(mut self, path: &Path) -> Self {
        path.clone_into(&mut self.kubeconfig);
        self
    }

    /// Runs the program of an image's root filesystem, with that folder as its root, the image's user, and the files and
    /// variables of a Pod in the place of a kubeconfig.
    #[must_use]
    pub fn in_root(mut self, root: &RootFs) -> Self {
        self.root = Some(root.clone());
        self
    }

    /// Starts it with the Deployment's arguments and environment, and `KUBECONFIG` for the chart's `ServiceAccount`;
    /// nothing else is inherited. Returns at once: see [`Operator::ready`].
    pub async fn start(self) -> Result<Operator> {
        let template = self.installation.template();
        let mut env = template.env(&self.pod, &self.installation.cluster().admin_client().await?).await?;
        let mut args = template.args(&env);
        for (name, value) in &self.flags {
            let prefix = format!("{name}=");
            args.retain(|arg| !arg.starts_with(&prefix));
            args.push(prefix + value);
        }
        let told = listen_address(&args, &env);
        if let (Some(address), Some(told)) = (self.listen, &told) {
            env.values_mut().chain(&mut args).for_each(|text| *text = text.replace(told, &address.to_string()));
        }
        let listen = self.listen.map(|address| address.to_string()).or(told);
        env.extend(self.extra);
        let log =
            self.installation.cluster().folder().log_of(&format!("{}-{}", self.installation.namespace(), self.pod));
        let mut command = match &self.root {
            Some(root) => {
                env.extend(root.mount(&self.kubeconfig, self.installation.namespace())?);
                root.command()
            }
            None => Command::new(&self.program),
        };
        command.args(&args).env_clear().envs(&env);
        if self.root.is_none() {
            command.env("KUBECONFIG", &self.kubeconfig);
        }
        let child = spawn(command, &self.program, &log)?;
        Ok(Operator { child, log, pod: self.pod, listen, program: self.program })
    }
}

fn spawn(mut command: Command, program: &Path, log: &Path) -> Result<Child> {
    let mut options = fs::OpenOptions::new();
    let file = options.create(true).append(true).mode(0o600).open(log)?;
    command.kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    command.spawn().with_context(|| format!("cannot start {}", program.display()))
}

/// Where the Deployment tells the operator to listen: the flag wins over the environment.
fn listen_address(args: &[String], env: &Env) -> Option<String> {
    let joined = args.iter().find_map(|arg| arg.strip_prefix(LISTEN_FLAG)?.strip_prefix('='));
    let apart = || args.iter().skip_while(|arg| *arg != LISTEN_FLAG).nth(1).map(String::as_str);
    joined.or_else(apart).or_else(|| env.get(LISTEN_VARIABLE).map(String::as_str)).map(str::to_owned)
}

/// A running (or ended) operator. Dropping it kills it.
#[derive(Debug)]
pub struct Operator {
    child: Child,
    log: PathBuf,
    pod: String,
    listen: Option<String>,
    program: PathBuf,
}

impl Operator {
    /// The program that was started.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The name of the Pod that it thinks it is.
    #[must_use]
    pub fn pod_name(&self) -> &str {
        &self.pod
    }

    /// The file with everything it printed.
    #[must_use]
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// Everything it printed until now, standard output and standard error together; still there after its end.
    pub fn logs(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(&self.log)?).into_owned())
    }

    /// The lines of [`Operator::logs`].
    pub fn lines(&self) -> Result<Vec<String>> {
        Ok(self.logs()?.lines().map(str::to_owned).collect())
    }

    /// Its process id; none when it has ended.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Until `/readyz` answers 200; fails at once, with the end of the log, when it has ended.
    pub async fn ready(&mut self, within: Duration) -> Result<()> {
        let readyz = self.url("/readyz")?;
        let ready = wait_until("the operator to be ready", within, async || {
            let (status, body) = get(&readyz).await?;
            ensure!(status == 200, "/readyz says {status}: {body}");
            Ok(())
        });
        let outcome = tokio::select! {
            outcome = ready => outcome,
            status = self.child.wait() => Err(anyhow::anyhow!("it ended with {}", status?)),
        };
        outcome.with_context(|| format!("the operator's log ends with\n{}", self.tail()))
    }

    fn tail(&self) -> String {
        let lines = self.lines().unwrap_or_default();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Status and body of `/readyz`.
    pub async fn readyz(&self) -> Result<(u16, String)> {
        get(&self.url("/readyz")?).await
    }

    /// Status and body of `/livez`.
    pub async fn livez(&self) -> Result<(u16, String)> {
        get(&self.url("/livez")?).await
    }

    /// The text of `/metrics`.
    pub async fn metrics(&self) -> Result<String> {
        let (status, body) = get(&self.url("/metrics")?).await?;
        ensure!(status == 200, "/metrics says {status}");
        Ok(body)
    }

    /// URL of a path of its HTTP server.
    pub fn url(&self, path: &str) -> Result<String> {
        let address = self.listen.as_ref().context("the Deployment does not say where the operator listens")?;
        Ok(format!("http://{address}{path}"))
    }

    /// Sends SIGTERM and waits for the end, as long as the chart's grace period.
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        self.terminate()?;
        self.wait(GRACE).await
    }

    /// Sends SIGTERM and does not wait.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    /// Kills it, as a node that loses power would.
    pub async fn kill(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Stops the process where it is (a node that hangs); see [`Operator::resume`].
    pub fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on after [`Operator::pause`].
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Until it has ended; fails after `within`.
    pub async fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        match tokio::time::timeout(within, self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => bail!("the operator still runs after {within:?}; its log ends with\n{}", self.tail()),
        }
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        Ok(kill_process(pid.context("the operator has ended already")?, signal)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listen_address_is_found_wherever_the_chart_puts_it() {
        let env = Env::from([(LISTEN_VARIABLE.to_owned(), "e:1".to_owned())]);
        let args = |args: &[&str]| args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>();
        assert_eq!(listen_address(&args(&["--listen-address=a:1"]), &env).as_deref(), Some("a:1"));
        assert_eq!(listen_address(&args(&["--listen-address", "b:1"]), &env).as_deref(), Some("b:1"));
        assert_eq!(listen_address(&[], &env).as_deref(), Some("e:1"));
        assert_eq!(listen_address(&[], &Env::new()), None);
    }
}

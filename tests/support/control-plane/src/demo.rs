//! `local-cluster demo`: what a user does first, end to end, on real parts.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::{ControlPlane, Installation, Operator, assets, plane::repository, wait::wait_until};

mod checks;
mod plugin;
mod simulator;
mod talk;

use checks::Checks;
use simulator::Simulator;
use talk::{command, indented, say, stay_up, step};

/// The namespaces of the operator (the samples name it) and of the credentials.
const OPERATOR_NAMESPACE: &str = "pam-operator";
const NAMESPACE: &str = "shop";
/// The sample whose Secret is rotated and which is described.
const SHOWN: &str = "reporting-db";
const CREDENTIALS: [&str; 2] = ["pamcredential-minimal.yaml", "pamcredential-basic.yaml"];
const SOON: Duration = Duration::from_mins(1);

/// The programs that take part.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `pam-operator`.
    pub operator: PathBuf,
    /// `pam-simulator`.
    pub simulator: PathBuf,
    /// `kubectl-pam`.
    pub plugin: PathBuf,
}

impl Programs {
    /// The ones that were built beside this one.
    pub fn beside_this() -> Result<Self> {
        let this = std::env::current_exe()?;
        let beside = |name: &str| {
            let path = this.with_file_name(name);
            ensure!(path.is_file(), "there is no {}; `make demo` builds it", path.display());
            Ok(path)
        };
        let (operator, simulator) = (beside("pam-operator")?, beside("pam-simulator")?);
        Ok(Self { operator, simulator, plugin: beside("kubectl-pam")? })
    }
}

/// Runs the demo; false when something was not as it should be. Ctrl-C ends it early, and cleans up.
pub async fn demo(programs: &Programs) -> Result<bool> {
    let started = Instant::now();
    let cluster = unless_interrupted(start_cluster()).await?;
    let mut parts = unless_interrupted(start_parts(&cluster, programs)).await?;
    let outcome = unless_interrupted(walk_through(&cluster, &parts.simulator, &mut parts.operator)).await;
    let mut checks = outcome.with_context(|| told(&parts.operator))?;
    unless_interrupted(plugin::show(&cluster, &parts.simulator, &programs.plugin, &mut checks)).await?;
    say(&format!("\nDone {} s after the start.", started.elapsed().as_secs()));
    stay_up(&cluster, &parts.simulator).await;
    step("Stopping everything");
    checks.expect(parts.operator.stop().await?.success(), "the operator ended well when it was told to");
    drop(parts);
    cluster.stop().await?;
    Ok(checks.done())
}

/// What is started here ends when it is dropped, so leaving is cleaning up.
async fn unless_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
    }
}

/// What runs beside the control plane.
struct Parts {
    operator: Operator,
    simulator: Simulator,
}

async fn start_cluster() -> Result<ControlPlane> {
    assets::ensure(&|line| say(&format!("    {line}")))?;
    step("Starting a Kubernetes control plane (etcd, kube-apiserver, kube-controller-manager)");
    ControlPlane::temporary().await
}

async fn start_parts(cluster: &ControlPlane, programs: &Programs) -> Result<Parts> {
    step("Starting a simulated PAM");
    let simulator = Simulator::start(&programs.simulator, &cluster.state().folder).await?;
    say(&format!("    it serves {} as version 4.2, with a CA of its own", simulator.url));
    step("Installing the chart with helm");
    let release = Installation::of(cluster, OPERATOR_NAMESPACE).with_crds().set("clusterName", "demo");
    let installation = release.install().await?;
    step("Starting the operator, as the Deployment says and with its ServiceAccount's rights");
    let operator = installation.operator(&programs.operator).start().await?;
    Ok(Parts { operator, simulator })
}

async fn walk_through(cluster: &ControlPlane, simulator: &Simulator, operator: &mut Operator) -> Result<Checks> {
    operator.ready(SOON).await?;
    step("Applying deploy/samples: the connection, two credentials and their Secrets");
    apply_connection(cluster, simulator).await?;
    apply_credentials(cluster).await?;
    let mut checks = Checks::default();
    show(cluster, simulator, &mut checks).await?;
    rotate(cluster, simulator, &mut checks).await?;
    say(&format!("    the PAM was called {}", simulator.tally().await?));
    Ok(checks)
}

/// What the operator printed, for the error of a demo that went wrong.
fn told(operator: &Operator) -> String {
    let lines = operator.lines().unwrap_or_default();
    format!("the operator's log ends with\n{}\n", lines[lines.len().saturating_sub(15)..].join("\n"))
}

/// The sample, with the simulator's address, client and CA in the place of the examples in it.
async fn apply_connection(cluster: &ControlPlane, simulator: &Simulator) -> Result<()> {
    let from_file = format!("--from-file=ca.crt={}", simulator.ca_file.display());
    cluster.kubectl(&["create", "configmap", "pam-ca", "-n", OPERATOR_NAMESPACE, &from_file]).await?;
    let file = sample("clusterpamconnection.yaml");
    let parsed = cluster.kubectl(&["create", "--dry-run=client", "-o", "json", "-f", &file]).await?;
    for object in serde_json::Deserializer::from_str(&parsed).into_iter::<Value>() {
        let object = simulator.fill_in(object?);
        say(&indented(&cluster.apply(&object.to_string()).await?));
    }
    wait_ready(cluster, &["clusterpamconnection/default"]).await
}

async fn apply_credentials(cluster: &ControlPlane) -> Result<()> {
    cluster.kubectl(&["create", "namespace", NAMESPACE]).await?;
    for file in CREDENTIALS {
        say(&indented(&cluster.kubectl(&["apply", "-n", NAMESPACE, "-f", &sample(file)]).await?));
    }
    wait_ready(cluster, &["pamcredentials", "--all", "-n", NAMESPACE]).await
}

/// `kubectl wait`, as a user would; when it fails, the reason is what a user would look at next.
async fn wait_ready(cluster: &ControlPlane, objects: &[&str]) -> Result<()> {
    let timeout = format!("--timeout={}s", SOON.as_secs());
    let waited = cluster.kubectl(&[&["wait", "--for=condition=Ready", &timeout], objects].concat()).await;
    match waited {
        Ok(printed) => say(&indented(&printed)),
        Err(error) => {
            let objects = cluster.kubectl(&["get", "pam", "-A", "-o", "wide"]).await?;
            return Err(error.context(objects));
        }
    }
    Ok(())
}

/// What a user would look at.
async fn show(cluster: &ControlPlane, simulator: &Simulator, checks: &mut Checks) -> Result<()> {
    command("kubectl get pamcred -A");
    say(&indented(&cluster.kubectl(&["get", "pamcred", "-A"]).await?));
    command(&format!("kubectl describe pamcred {SHOWN} -n {NAMESPACE}"));
    say(&indented(&cluster.kubectl(&["describe", "pamcred", SHOWN, "-n", NAMESPACE]).await?));
    let objects = cluster.kubectl(&["get", "pamcred", "-n", NAMESPACE, "-o", "json"]).await?;
    let objects: Value = serde_json::from_str(&objects)?;
    let records = simulator.records().await?;
    step("The same credential in the PAM (its value is not shown)");
    say(&indented(
        &records.iter().filter(|record| record.username == "reporting").map(ToString::to_string).collect::<String>(),
    ));
    step("Is all as it should be?");
    let items = objects["items"].as_array().context("kubectl printed no list")?;
    checks.expect(items.len() == CREDENTIALS.len(), "every sample is there");
    checks.expect(records.len() == items.len(), "the PAM holds one record for each, and no more");
    for object in items {
        checks.compare(object, &records);
    }
    Ok(())
}

/// A new value in the Secret, and how long it takes until the PAM has it.
async fn rotate(cluster: &ControlPlane, simulator: &Simulator, checks: &mut Checks) -> Result<()> {
    step("Rotating the Secret");
    let value = format!("rotated-{:016x}", rand::random::<u64>());
    let (audit, journal) = (cluster.audit().mark().await?, simulator.mark().await?);
    command(&format!("kubectl patch secret {SHOWN} -n {NAMESPACE} -p '{{\"stringData\": {{\"password\": …}}}}'"));
    let patch = json!({"stringData": {"password": value}}).to_string();
    cluster.kubectl(&["patch", "secret", SHOWN, "-n", NAMESPACE, "--type=merge", "-p", &patch]).await?;
    let write = wait_until("the new value in the PAM", SOON, async || {
        simulator.writes_since(journal).await?.pop().context("the PAM was not written to yet")
    });
    let write = write.await?;
    let asked = cluster.audit().since(audit).await?.resource("secrets").named(SHOWN).verb("patch").only()?.time;
    let latency = write.at.duration_since(asked).as_millis();
    say(&format!("    the PAM had the new value {latency} ms after the API server was asked to store it"));
    checks.expect(simulator.value_of(&write.record).await? == value, "the PAM holds the new value");
    checks.expect(latency < 1000, "it took less than a second");
    checks.expect(simulator.writes_since(journal).await?.len() == 1, "one write was enough");
    Ok(())
}

fn sample(file: &str) -> String {
    repository().join("deploy/samples").join(file).to_string_lossy().into_owned()
}

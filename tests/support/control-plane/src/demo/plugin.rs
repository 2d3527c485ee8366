//! What a person does at a terminal: `kubectl pam`.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::process::Command;

use super::{NAMESPACE, SHOWN, checks::Checks, command, indented, say, simulator::Simulator, step};
use crate::ControlPlane;

/// Shows the status of all objects, and what an edit would do before it is made.
pub(super) async fn show(
    cluster: &ControlPlane,
    simulator: &Simulator,
    plugin: &Path,
    checks: &mut Checks,
) -> Result<()> {
    step("The same at a terminal, with a plugin of kubectl");
    command(&format!("kubectl pam status -n {NAMESPACE}"));
    let (code, printed) = run(cluster, plugin, &["status", "-n", NAMESPACE]).await?;
    say(&indented(&printed));
    checks.expect(code == 0, "everything is ready");
    let edited = edited(cluster).await?;
    let journal = simulator.mark().await?;
    command(&format!("kubectl pam plan -f {SHOWN}-with-a-tag.yaml -n {NAMESPACE}"));
    let (code, printed) = run(cluster, plugin, &["plan", "-n", NAMESPACE, "-f", &edited]).await?;
    say(&indented(&printed));
    checks.expect(code == 1, "the plan has a change");
    checks.expect(simulator.writes_since(journal).await?.is_empty(), "nothing was written for it");
    Ok(())
}

/// Writes the sample with one more tag into a file.
async fn edited(cluster: &ControlPlane) -> Result<String> {
    let object = cluster.kubectl(&["get", "pamcred", SHOWN, "-n", NAMESPACE, "-o", "json"]).await?;
    let mut object: Value = serde_json::from_str(&object)?;
    object["spec"]["tags"] = json!(["seen-in-the-demo"]);
    let object = json!({
        "apiVersion": object["apiVersion"], "kind": object["kind"], "spec": object["spec"],
        "metadata": {"name": SHOWN, "namespace": NAMESPACE},
    });
    let file = cluster.state().folder.join(format!("{SHOWN}-with-a-tag.yaml"));
    std::fs::write(&file, object.to_string())?;
    Ok(file.to_string_lossy().into_owned())
}

async fn run(cluster: &ControlPlane, plugin: &Path, words: &[&str]) -> Result<(i32, String)> {
    let output = Command::new(plugin).args(words).env("KUBECONFIG", cluster.kubeconfig()).output().await?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(!printed.is_empty(), "kubectl pam {} printed nothing: {said}", words.join(" "));
    Ok((output.status.code().unwrap_or(-1), printed))
}

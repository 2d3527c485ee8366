//! The root filesystem of an image, and a program that runs in it as a container runtime would run it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command as StdCommand,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use crate::pod::Env;

/// User and group that the chart and the image name.
const USER: &str = "65532";
/// Where the Deployment mounts the `ServiceAccount`'s files.
const ACCOUNT: &str = "var/run/secrets/kubernetes.io/serviceaccount";

/// A root filesystem to run the operator in; see [`crate::Launch::in_root`].
#[derive(Clone, Debug)]
pub struct RootFs {
    folder: PathBuf,
    emulated: bool,
}

impl RootFs {
    /// Copies an unpacked image, and an emulator of its architecture if it is another one, into an empty folder.
    pub fn copy(unpacked: &Path, emulator: Option<&Path>, folder: &Path) -> Result<Self> {
        let copied = StdCommand::new("cp").arg("-a").arg(unpacked.join(".")).arg(folder).status()?;
        ensure!(copied.success(), "cannot copy {}", unpacked.display());
        if let Some(emulator) = emulator {
            fs::copy(emulator, folder.join("emulator"))?;
        }
        Ok(Self { folder: folder.to_owned(), emulated: emulator.is_some() })
    }

    /// Runs the program to its end, without any environment, and returns what it printed.
    pub async fn output(&self, args: &[&str]) -> Result<String> {
        let output = self.command().args(args).env_clear().output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{args:?} ended with {}: {said}", output.status);
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The image's program, as its user, with nothing to see but this folder.
    pub(crate) fn command(&self) -> Command {
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new(found("chroot"));
            command.arg(format!("--userspec={USER}:{USER}")).arg(&self.folder);
            command
        } else {
            // Without root, a user namespace gives the right to change the root; the user stays the one who runs the test.
            let mut command = Command::new(found("unshare"));
            command.args(["--user", "--map-current-user"]).arg("--root").arg(&self.folder);
            command
        };
        if self.emulated {
            command.arg("/emulator");
        }
        command.arg("/pam-operator");
        command
    }

    /// Writes what the kubelet mounts into a container, from a kubeconfig of the operator's, and returns the variables that
    /// the kubelet sets.
    pub(crate) fn mount(&self, kubeconfig: &Path, namespace: &str) -> Result<Env> {
        let config: Value = serde_json::from_slice(&fs::read(kubeconfig)?)?;
        let text = |path: &str| config.pointer(path).and_then(Value::as_str).with_context(|| format!("no {path}"));
        let authority = fs::read(text("/clusters/0/cluster/certificate-authority")?)?;
        let account = self.folder.join(ACCOUNT);
        fs::create_dir_all(&account)?;
        write(&account.join("token"), text("/users/0/user/token")?.as_bytes())?;
        write(&account.join("ca.crt"), &authority)?;
        write(&account.join("namespace"), namespace.as_bytes())?;
        for file in ["hosts", "resolv.conf"] {
            write(&self.folder.join("etc").join(file), &fs::read(Path::new("/etc").join(file))?)?;
        }
        let server = text("/clusters/0/cluster/server")?.trim_start_matches("https://");
        let (host, port) = server.rsplit_once(':').context("the API server's URL has no port")?;
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Ok(Env::from([variable("KUBERNETES_SERVICE_HOST", host), variable("KUBERNETES_SERVICE_PORT", port)]))
    }
}

/// Where a program of the system is: the environment of the image's program, in which tokio would look for it, has no `PATH`.
fn found(program: &str) -> PathBuf {
    let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(|folder| Path::new(folder).join(program));
    folders.iter().find(|path| path.exists()).unwrap_or(&folders[1]).clone()
}

/// Writes a file that every user can read: the program runs as another user than the test.
fn write(path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o444))?)
}

//! The control plane as tests see it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use kube::Client;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::{Audit, Tools, command, files::Folder, net::client_for, supervise::Supervisor, wait::unique_name};

/// Names the state folder of a running control plane to join.
pub const JOIN_VARIABLE: &str = "PAM_TEST_CLUSTER";

/// What a running control plane writes into its folder, for others to join it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// Its folder.
    pub folder: PathBuf,
    /// URL of the API server.
    pub server: String,
    /// The programs that belong to it.
    pub tools: Tools,
}

/// A running control plane: etcd, kube-apiserver and kube-controller-manager (namespaces, service accounts, garbage
/// collection and aggregated roles; nothing that would run a Pod).
///
/// One that was started here ends when this is dropped, or when this process ends, however it ends.
#[derive(Debug)]
pub struct ControlPlane {
    state: State,
    supervisor: Option<Supervisor>,
}

impl ControlPlane {
    /// The control plane of this test run: the one that `PAM_TEST_CLUSTER` names, else one for this process.
    ///
    /// Everyone in the run shares it: make namespaces (and names of cluster-wide objects) with [`unique_name`].
    pub async fn shared() -> Result<&'static Self> {
        static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();
        SHARED
            .get_or_try_init(|| async {
                match env::var_os(JOIN_VARIABLE).filter(|folder| !folder.is_empty()) {
                    Some(folder) => Self::join(Path::new(&folder)),
                    None => Self::temporary().await,
                }
            })
            .await
    }

    /// A control plane of one's own in a new temporary folder, which goes with it.
    pub async fn temporary() -> Result<Self> {
        Self::boot(env::temp_dir().join(unique_name("local-cluster")), true).await
    }

    /// A control plane of one's own in `folder`, which stays (with the logs and the audit log).
    ///
    /// Ready in a few seconds, when the programs were built before.
    pub async fn start(folder: &Path) -> Result<Self> {
        Self::boot(folder.to_owned(), false).await
    }

    async fn boot(folder: PathBuf, remove: bool) -> Result<Self> {
        let place = folder.clone();
        let supervisor = tokio::task::spawn_blocking(move || Supervisor::start(&place, remove)).await??;
        let joined = Self::join(&folder)?;
        Ok(Self { supervisor: Some(supervisor), ..joined })
    }

    /// Uses the control plane that runs in `folder`; dropping this does not stop it.
    pub fn join(folder: &Path) -> Result<Self> {
        let path = Folder(folder.to_owned()).state();
        let text =
            fs::read_to_string(&path).with_context(|| format!("no control plane runs in {}", folder.display()))?;
        Ok(Self { state: serde_json::from_str(&text)?, supervisor: None })
    }

    /// Stops it (if it was started here) and waits until it is gone.
    pub async fn stop(mut self) -> Result<()> {
        match self.supervisor.take() {
            Some(supervisor) => tokio::task::spawn_blocking(|| supervisor.stop()).await?,
            None => Ok(()),
        }
    }

    /// Where it lives, and with which programs.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    pub(crate) fn folder(&self) -> Folder {
        Folder(self.state.folder.clone())
    }

    /// A kubeconfig that may do everything.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder().admin_kubeconfig()
    }

    /// PEM of the API server's CA.
    pub fn ca_pem(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder().ca())?)
    }

    /// A client that may do everything, for the current runtime (a client dies with the runtime it was made in).
    pub async fn admin_client(&self) -> Result<Client> {
        client_for(&self.kubeconfig()).await
    }

    /// The log of every request to the API server.
    #[must_use]
    pub fn audit(&self) -> Audit {
        Audit::new(self.folder().audit_log(), self.kubeconfig())
    }

    /// Runs kubectl as the administrator and returns its standard output; an error carries its standard error.
    pub async fn kubectl(&self, args: &[&str]) -> Result<String> {
        self.run_tool(&self.state.tools.kubectl, args, &self.kubeconfig(), None).await
    }

    /// As [`ControlPlane::kubectl`], with `input` on standard input.
    pub async fn kubectl_with(&self, args: &[&str], input: &str) -> Result<String> {
        self.run_tool(&self.state.tools.kubectl, args, &self.kubeconfig(), Some(input)).await
    }

    /// As [`ControlPlane::kubectl`], as the user of another kubeconfig.
    pub async fn kubectl_as(&self, kubeconfig: &Path, args: &[&str]) -> Result<String> {
        self.run_tool(&self.state.tools.kubectl, args, kubeconfig, None).await
    }

    /// `kubectl apply` of `yaml`, which may hold several documents.
    pub async fn apply(&self, yaml: &str) -> Result<String> {
        self.kubectl_with(&["apply", "-f", "-"], yaml).await
    }

    /// Runs helm as the administrator, with caches of its own, and returns its standard output.
    pub async fn helm(&self, args: &[&str]) -> Result<String> {
        self.run_tool(&self.state.tools.helm, args, &self.kubeconfig(), None).await
    }

    /// Makes a namespace with a name that nobody else has, and returns the name.
    pub async fn namespace(&self, prefix: &str) -> Result<String> {
        let name = unique_name(prefix);
        self.kubectl(&["create", "namespace", &name]).await?;
        Ok(name)
    }

    async fn run_tool(&self, tool: &Path, args: &[&str], kubeconfig: &Path, input: Option<&str>) -> Result<String> {
        let home = self.state.folder.join("home");
        let env = [
            ("KUBECONFIG", kubeconfig),
            // The user's own settings, plugins and repositories have no say here.
            ("HOME", &home),
            ("KUBECACHEDIR", &home.join("kubectl")),
            ("HELM_CACHE_HOME", &home.join("helm/cache")),
            ("HELM_CONFIG_HOME", &home.join("helm/config")),
            ("HELM_DATA_HOME", &home.join("helm/data")),
        ];
        command::run(tool, args, &env, input).await
    }
}

/// The checkout that this package was built from.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap_or(Path::new(".")).to_owned()
}

/// `PATH` with the tools of `tools` first.
pub(crate) fn path_with(tools: &Tools) -> Result<std::ffi::OsString> {
    let old = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(tools.folders().into_iter().chain(env::split_paths(&old)))?)
}

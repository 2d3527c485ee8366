//! Starts the servers of one control plane, in the process that supervises them.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    assets::Tools,
    files::{Folder, write_kubeconfig, write_private},
    net::{client_for, free_ports},
    plane::State,
    wait::wait_until,
};

const READY_WITHIN: Duration = Duration::from_mins(1);

/// The running servers; dropping it kills them. Their data is worth nothing, so none is asked politely.
#[derive(Debug)]
pub(crate) struct Servers {
    children: Vec<(&'static str, Child)>,
    folder: Folder,
}

impl Servers {
    /// Boots a control plane in `root` and writes its [`State`] there once the API server is ready.
    pub(crate) async fn boot(root: &Path, tools: Tools) -> Result<Self> {
        let (admin, controllers) = (random_token(), random_token());
        let folder = Folder::prepare(root, &admin, &controllers)?;
        let [etcd, peer, secure] = free_ports()?;
        let server = format!("https://127.0.0.1:{secure}");
        let mut servers = Self { children: Vec::new(), folder: folder.clone() };
        servers.spawn("etcd", &tools.etcd, &etcd_flags(&folder, etcd, peer))?;
        servers.spawn("kube-apiserver", &tools.apiserver, &apiserver_flags(&folder, etcd, secure))?;
        write_kubeconfig(&folder.admin_kubeconfig(), &server, &folder.ca(), &admin, "default")?;
        servers.wait_ready().await?;
        if let Some(program) = &tools.controller_manager {
            let config = folder.controllers_kubeconfig();
            write_kubeconfig(&config, &server, &folder.ca(), &controllers, "default")?;
            servers.spawn("kube-controller-manager", program, &controller_manager_flags(&config))?;
        }
        let state = State { folder: folder.0.clone(), server, tools };
        write_private(&folder.state(), &serde_json::to_string_pretty(&state)?)?;
        Ok(servers)
    }

    fn spawn(&mut self, name: &'static str, program: &Path, flags: &[String]) -> Result<()> {
        let log = fs::File::create(self.folder.log_of(name))?;
        // The guard is this program again; it asks the system to end it with its parent, and becomes the server.
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("guard").arg(std::process::id().to_string()).arg(program).args(flags);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // In a group of its own: a Ctrl-C in the terminal is for the program that uses the cluster.
        command.process_group(0).env_remove("KUBECONFIG");
        let child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        self.children.push((name, child));
        Ok(())
    }

    /// Until `/readyz` answers `ok`; fails at once when a server has ended, with the end of its log.
    async fn wait_ready(&mut self) -> Result<()> {
        let kubeconfig = self.folder.admin_kubeconfig();
        let ready = wait_until("the API server to be ready", READY_WITHIN, async || {
            let client = client_for(&kubeconfig).await?;
            let request = http_get("/readyz")?;
            let answer = client.request_text(request).await?;
            ensure!(answer == "ok", "it is not ready yet");
            Ok(())
        });
        tokio::select! {
            outcome = ready => outcome.with_context(|| tail(&self.folder, "kube-apiserver")),
            ended = first_ended(&mut self.children) => bail!("{ended} ended at once: {}", tail(&self.folder, ended)),
        }
    }

    /// Resolves when a server has ended by itself, with its name and the end of its log.
    pub(crate) async fn ended(&mut self) -> String {
        let name = first_ended(&mut self.children).await;
        format!("{name} ended: {}", tail(&self.folder, name))
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for (_, child) in self.children.iter_mut().rev() {
            // Both fail only when it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

async fn first_ended(children: &mut [(&'static str, Child)]) -> &'static str {
    loop {
        for (name, child) in &mut *children {
            if !matches!(child.try_wait(), Ok(None)) {
                return name;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn tail(folder: &Folder, server: &str) -> String {
    let path = folder.log_of(server);
    let text = fs::read_to_string(&path).unwrap_or_default();
    let lines: Vec<_> = text.lines().rev().take(8).collect();
    let last = lines.into_iter().rev().collect::<Vec<_>>().join("\n  ");
    format!("its log {} ends with\n  {last}", path.display())
}

/// A GET of a path that is not a resource.
pub(crate) fn http_get(path: &str) -> Result<http::Request<Vec<u8>>> {
    Ok(http::Request::get(path).body(Vec::new())?)
}

fn random_token() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn etcd_flags(folder: &Folder, port: u16, peer: u16) -> Vec<String> {
    let (client, peer) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peer}"));
    vec![
        format!("--data-dir={}", folder.etcd().display()),
        "--unsafe-no-fsync".into(),
        "--log-level=warn".into(),
        "--name=local".into(),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=local={peer}"),
    ]
}

fn apiserver_flags(folder: &Folder, etcd: u16, secure: u16) -> Vec<String> {
    vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        "--bind-address=127.0.0.1".into(),
        format!("--secure-port={secure}"),
        format!("--cert-dir={}", folder.certificates().display()),
        "--service-cluster-ip-range=10.0.0.0/24".into(),
        // Loopback may not be an endpoint of the `kubernetes` Service, and nothing here uses that Service.
        "--endpoint-reconciler-type=none".into(),
        "--authorization-mode=RBAC".into(),
        format!("--token-auth-file={}", folder.tokens().display()),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        format!("--service-account-signing-key-file={}", folder.signing_key().display()),
        format!("--service-account-key-file={}", folder.verifying_key().display()),
        format!("--audit-policy-file={}", folder.audit_policy().display()),
        format!("--audit-log-path={}", folder.audit_log().display()),
        // Written before the answer is complete, and never rotated: `Audit` builds on both.
        "--audit-log-mode=blocking".into(),
        "--audit-log-maxsize=0".into(),
        "--profiling=false".into(),
    ]
}

fn controller_manager_flags(kubeconfig: &Path) -> Vec<String> {
    let controllers = [
        "namespace-controller",
        "serviceaccount-controller",
        "garbage-collector-controller",
        "clusterrole-aggregation-controller",
    ];
    vec![
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--controllers={}", controllers.join(",")),
        "--leader-elect=false".into(),
        "--secure-port=0".into(),
    ]
}

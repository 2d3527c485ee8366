//! The chart, installed with helm, and what came out of it.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::{
    apps::v1::Deployment,
    authentication::v1::{TokenRequest, TokenRequestSpec},
    core::v1::ServiceAccount,
};
use kube::{
    Api, Client,
    api::{ListParams, PostParams},
};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{
    ControlPlane, Launch, Operator,
    files::write_kubeconfig,
    net::{client_for, free_address},
    plane::repository,
    pod::PodTemplate,
};

const TOKEN_SECONDS: i64 = 24 * 60 * 60;

/// An installation to be: which chart, under which name, with which values.
#[derive(Clone, Debug)]
pub struct Release<'a> {
    cluster: &'a ControlPlane,
    namespace: String,
    name: String,
    chart: PathBuf,
    values: Vec<(String, Value)>,
    crds: bool,
}

impl<'a> Release<'a> {
    /// The release's name; `pam-operator` otherwise.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Another chart than this checkout's.
    #[must_use]
    pub fn chart(mut self, path: &Path) -> Self {
        path.clone_into(&mut self.chart);
        self
    }

    /// Sets a value, as `helm --set-json path=value` does.
    #[must_use]
    pub fn set(mut self, path: &str, value: impl Into<Value>) -> Self {
        self.values.push((path.to_owned(), value.into()));
        self
    }

    /// Lets the chart bring the CRDs, as users do. Only one release of a control plane can; otherwise they are applied
    /// from `crds/`, once, for all.
    #[must_use]
    pub fn with_crds(mut self) -> Self {
        self.crds = true;
        self
    }

    /// `helm upgrade --install`; makes the namespace. Without a value of its own, `listenAddress` is a free loopback
    /// port.
    pub async fn install(self) -> Result<Installation<'a>> {
        if !self.crds {
            ensure_crds(self.cluster).await?;
        }
        let values = self.all_values()?;
        let chart = self.chart.to_string_lossy();
        let mut args = vec!["upgrade", "--install", &self.name, &chart, "-n", &self.namespace, "--create-namespace"];
        for value in &values {
            args.extend(["--set-json", value]);
        }
        self.cluster.helm(&args).await?;
        Installation::read(self.cluster, self.namespace, self.name).await
    }

    /// Reads what is installed, by commands of a page for one.
    pub async fn installed(self) -> Result<Installation<'a>> {
        Installation::read(self.cluster, self.namespace, self.name).await
    }

    fn all_values(&self) -> Result<Vec<String>> {
        let mut values = vec![
            ("crds.install".to_owned(), json!(self.crds)),
            ("listenAddress".to_owned(), json!(free_address()?.to_string())),
        ];
        // A later one wins.
        values.extend(self.values.iter().cloned());
        Ok(values.into_iter().map(|(path, value)| format!("{path}={value}")).collect())
    }
}

/// Applies the CRDs of this checkout, once in this process, and waits until they can be used.
async fn ensure_crds(cluster: &ControlPlane) -> Result<()> {
    static APPLIED: Mutex<Option<HashSet<PathBuf>>> = Mutex::const_new(None);
    let mut applied = APPLIED.lock().await;
    let done = applied.get_or_insert_default();
    if !done.contains(&cluster.state().folder) {
        cluster.apply_crds().await?;
        done.insert(cluster.state().folder.clone());
    }
    Ok(())
}

impl ControlPlane {
    /// Applies the CRDs of this checkout (`crds/`) and waits until they can be used.
    pub async fn apply_crds(&self) -> Result<()> {
        let folder = repository().join("crds");
        let folder = folder.to_string_lossy();
        // Server-side, as a client-side apply writes the whole CRD into an annotation, which has a limit.
        self.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", &folder]).await?;
        self.kubectl(&["wait", "--for=condition=Established", "--timeout=30s", "-f", &folder]).await?;
        Ok(())
    }
}

/// The chart as it was installed.
#[derive(Clone, Debug)]
pub struct Installation<'a> {
    cluster: &'a ControlPlane,
    release: String,
    template: PodTemplate,
    kubeconfig: PathBuf,
}

impl<'a> Installation<'a> {
    /// The chart of this checkout, to be installed into `namespace`.
    #[must_use]
    pub fn of(cluster: &'a ControlPlane, namespace: &str) -> Release<'a> {
        Release {
            cluster,
            namespace: namespace.to_owned(),
            name: "pam-operator".to_owned(),
            chart: repository().join("charts/pam-operator"),
            values: Vec::new(),
            crds: false,
        }
    }

    /// Reads back what helm made, and gets a token for the `ServiceAccount`.
    async fn read(cluster: &'a ControlPlane, namespace: String, release: String) -> Result<Self> {
        let client = cluster.admin_client().await?;
        let deployments: Api<Deployment> = Api::namespaced(client.clone(), &namespace);
        let labelled = ListParams::default().labels(&format!("app.kubernetes.io/instance={release}"));
        let found = deployments.list(&labelled).await?.items;
        ensure!(found.len() == 1, "release {release} has {} Deployments in {namespace}", found.len());
        let template = PodTemplate::of(found.into_iter().next().context("no Deployment")?)?;
        let token = token_of(client, &namespace, &template.service_account).await?;
        let path = cluster.state().folder.join(format!("{namespace}.{release}.kubeconfig"));
        write_kubeconfig(&path, &cluster.state().server, &cluster.folder().ca(), &token, &namespace)?;
        Ok(Self { cluster, release, template, kubeconfig: path })
    }

    /// The operator's namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.template.namespace
    }

    /// The release's name.
    #[must_use]
    pub fn release(&self) -> &str {
        &self.release
    }

    /// The name of its Deployment.
    #[must_use]
    pub fn deployment(&self) -> &str {
        &self.template.deployment
    }

    /// The name of its `ServiceAccount`.
    #[must_use]
    pub fn service_account(&self) -> &str {
        &self.template.service_account
    }

    /// The user that the operator is, as the audit log names it.
    #[must_use]
    pub fn user(&self) -> String {
        format!("system:serviceaccount:{}:{}", self.namespace(), self.service_account())
    }

    /// A kubeconfig for the `ServiceAccount`, with a token that lasts a day.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig.clone()
    }

    /// A client that may do what the chart allows its `ServiceAccount`.
    pub async fn client(&self) -> Result<Client> {
        client_for(&self.kubeconfig).await
    }

    /// The operator as this chart would run it, with `program` in the place of its image.
    #[must_use]
    pub fn operator(&self, program: impl AsRef<Path>) -> Launch<'_> {
        Launch::new(self, program.as_ref())
    }

    /// Starts the operator with more environment variables; see [`Installation::operator`].
    pub async fn start_operator(&self, program: impl AsRef<Path>, extra_env: &[(&str, &str)]) -> Result<Operator> {
        let launch = self.operator(program);
        extra_env.iter().fold(launch, |launch, (name, value)| launch.env(name, value)).start().await
    }

    /// `helm uninstall`.
    pub async fn uninstall(self) -> Result<()> {
        self.cluster.helm(&["uninstall", &self.release, "-n", self.namespace()]).await?;
        Ok(())
    }

    pub(crate) fn cluster(&self) -> &ControlPlane {
        self.cluster
    }

    pub(crate) fn template(&self) -> &PodTemplate {
        &self.template
    }
}

async fn token_of(client: Client, namespace: &str, account: &str) -> Result<String> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client, namespace);
    let spec = TokenRequestSpec { expiration_seconds: Some(TOKEN_SECONDS), ..TokenRequestSpec::default() };
    let request = TokenRequest { spec, ..TokenRequest::default() };
    let answer = accounts.create_token_request(account, &PostParams::default(), &request).await?;
    Ok(answer.status.context("the TokenRequest was not answered")?.token)
}

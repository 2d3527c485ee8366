//! The calls to the API server.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{http, variable};

/// Where `PamCredentials` are.
pub const CREDENTIALS: &str = "/apis/pam-operator.io/v1alpha1/pamcredentials";
/// Where Secrets are.
pub const SECRETS: &str = "/api/v1/secrets";
const PAGE: usize = 500;

/// An object, as far as it is sent.
#[derive(Debug)]
pub struct Object {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `spec.username`.
    pub username: String,
    /// `spec.hostname`.
    pub hostname: String,
    /// `spec.ip`.
    pub ip: String,
    secret: String,
    generation: i64,
}

impl Object {
    fn of(item: &Value) -> Option<Self> {
        let (metadata, spec) = (&item["metadata"], &item["spec"]);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Self {
            namespace: text(&metadata["namespace"])?,
            name: text(&metadata["name"])?,
            username: text(&spec["username"])?,
            hostname: text(&spec["hostname"])?,
            ip: text(&spec["ip"])?,
            secret: text(&spec["contentSecretRef"]["name"])?,
            generation: metadata["generation"].as_i64()?,
        })
    }

    /// Names the Secret with its value.
    pub fn key(&self) -> String {
        format!("{}/{}", self.namespace, self.secret)
    }
}

/// One page of a list.
#[derive(Deserialize)]
struct Page {
    metadata: PageMetadata,
    items: Vec<Value>,
}

#[derive(Deserialize)]
struct PageMetadata {
    #[serde(default, rename = "continue")]
    next: String,
}

/// An API server, as the kubeconfig says it.
pub struct Cluster {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Cluster {
    /// Reads the kubeconfig.
    pub async fn connect(at_once: usize) -> Result<Self> {
        let kubeconfig = Kubeconfig::read_from(variable("KUBECONFIG")?)?;
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        let authorities = config.root_cert.iter().flatten().map(|der| reqwest::Certificate::from_der(der));
        let authorities = authorities.collect::<Result<Vec<_>, _>>()?;
        let url = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let login: Value = serde_json::from_slice(&std::fs::read(variable("KUBECONFIG")?)?)?;
        let token = login["users"][0]["user"]["token"].as_str().context("the kubeconfig holds no token")?.to_owned();
        Ok(Self { http: http(authorities, at_once)?, url, token })
    }

    /// Every PamCredential.
    pub async fn credentials(&self) -> Result<Vec<Object>> {
        let mut objects = Vec::new();
        self.list(CREDENTIALS, |item| objects.extend(Object::of(item))).await?;
        Ok(objects)
    }

    /// The value in each Secret that has one, by namespace and name.
    pub async fn values(&self) -> Result<BTreeMap<String, String>> {
        let mut values = BTreeMap::new();
        let value = |item: &Value| {
            let bytes = STANDARD.decode(item["data"]["password"].as_str()?).ok()?;
            let (namespace, name) = (item["metadata"]["namespace"].as_str()?, item["metadata"]["name"].as_str()?);
            Some((format!("{namespace}/{name}"), String::from_utf8(bytes).ok()?))
        };
        self.list(SECRETS, |item| values.extend(value(item))).await?;
        Ok(values)
    }

    async fn list(&self, path: &str, mut take: impl FnMut(&Value)) -> Result<()> {
        let mut next = String::new();
        loop {
            let url = format!("{}{path}?limit={PAGE}&continue={next}", self.url);
            let answer = self.http.get(url).bearer_auth(&self.token).send().await?.error_for_status()?;
            let page: Page = serde_json::from_slice(&answer.bytes().await?)?;
            page.items.iter().for_each(&mut take);
            if page.metadata.next.is_empty() {
                return Ok(());
            }
            next = page.metadata.next;
        }
    }

    /// Reads a watch, whatever it says, until the program is ended.
    pub async fn drain(&self, path: &str) -> Result<()> {
        let url = format!("{}{path}?watch=true", self.url);
        let mut answer = self.http.get(url).bearer_auth(&self.token).send().await?.error_for_status()?;
        while answer.chunk().await?.is_some() {}
        Ok(())
    }

    /// Writes a status about as large as the operator's.
    pub async fn write_status(&self, object: &Object, id: &str) -> Result<()> {
        let Object { namespace, name, .. } = object;
        let url =
            format!("{}/apis/pam-operator.io/v1alpha1/namespaces/{namespace}/pamcredentials/{name}/status", self.url);
        let request =
            self.http.patch(url).bearer_auth(&self.token).header("content-type", "application/merge-patch+json");
        let answer = request.body(serde_json::to_vec(&status(object, id))?).send().await?;
        let status = answer.status();
        let text = answer.bytes().await?;
        ensure!(status.is_success(), "the API server says {status}: {}", String::from_utf8_lossy(&text));
        Ok(())
    }
}

fn status(object: &Object, id: &str) -> Value {
    let now = Timestamp::now().round(jiff::Unit::Second).unwrap_or_default();
    json!({"status": {
        "id": id,
        "identifier": format!("bench_{}_{}", object.namespace, object.name),
        "observedGeneration": object.generation,
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "Synced", "message": "The PAM has this credential.",
            "lastTransitionTime": now, "observedGeneration": object.generation,
        }],
    }})
}

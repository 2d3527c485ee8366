//! A world for one test: namespaces, a simulated PAM, the chart installed for them alone, and the built operator
//! under the chart's ServiceAccount, all on the control plane that the whole run shares.

pub mod budgets;
pub mod steps;
pub mod vault;

use std::fmt::Debug;
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use local_cluster::{ControlPlane, Installation, Mark, Operator, Requests, unique_name, wait_until};
use pam_operator::api::{ClusterPamConnection, ConditionType, PamCredential, find};
use pam_simulator::{Config, Journal, ProductVersion, Simulator};
use serde_json::{Value, json};

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Until then what was written without an answer is over: for 90 s it may still be executed.
pub const SETTLED: Duration = Duration::from_secs(130);
/// A value that must appear nowhere but in Secrets and in the PAM.
pub const CANARY: &str = "canary-7f3a\"<&>\\é";

/// A test's world.
pub struct World {
    pub cluster: &'static ControlPlane,
    pub client: Client,
    pub sim: Simulator,
    /// Where the test's credentials and Secrets are.
    pub namespace: String,
    /// A second namespace that is watched, if the plan has it.
    pub neighbour: Option<String>,
    pub install: Installation<'static>,
    pub operator: Option<Operator>,
    /// Name of the connection, and the value of the label that selects it.
    pub connection: String,
    /// The PAM's version, as the connection says it.
    pub version: String,
}

/// What a world is made of, before it starts.
pub struct Plan {
    sim: Config,
    limits: Value,
    version: ProductVersion,
    operator: bool,
    values: Vec<(&'static str, Value)>,
    neighbour: bool,
    cluster: Option<&'static ControlPlane>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            sim: Config::default().device("db01", "10.0.0.7").device("web01", "10.0.0.8"),
            limits: json!({"maxConcurrentRequests": 8, "requestsPerSecond": 0}),
            version: ProductVersion::V4_2,
            operator: true,
            values: Vec::new(),
            neighbour: false,
            cluster: None,
        }
    }
}

impl Plan {
    /// The PAM is of that version, and the connection says so.
    pub fn version(mut self, version: ProductVersion) -> Self {
        self.version = version;
        self.sim.version = version;
        self
    }

    pub fn limits(mut self, limits: Value) -> Self {
        self.limits = limits;
        self
    }

    /// The chart is installed with that value too.
    pub fn value(mut self, path: &'static str, value: Value) -> Self {
        self.values.push((path, value));
        self
    }

    /// On a control plane of its own, for a test that changes what all others would see: the CRDs. It ends with the
    /// process.
    pub async fn on_its_own(mut self) -> Self {
        self.cluster = Some(Box::leak(Box::new(ControlPlane::temporary().await.unwrap())));
        self
    }

    /// Everything is there but the operator.
    pub fn operator_off(mut self) -> Self {
        self.operator = false;
        self
    }

    /// A second namespace is watched.
    pub fn neighbour(mut self) -> Self {
        self.neighbour = true;
        self
    }

    /// Makes the world; its connection is Ready when this returns, unless the operator is off.
    pub async fn start(self) -> World {
        local_cluster::ensure_crypto_provider();
        let cluster = match self.cluster {
            Some(cluster) => cluster,
            None => ControlPlane::shared().await.unwrap(),
        };
        let sim = Simulator::start(self.sim).await.unwrap();
        let (namespace, connection) = (cluster.namespace("creds").await.unwrap(), unique_name("pam"));
        let neighbour = if self.neighbour { Some(cluster.namespace("creds").await.unwrap()) } else { None };
        let watched: Vec<&String> = std::iter::once(&namespace).chain(&neighbour).collect();
        let mut release = Installation::of(cluster, &unique_name("ops"))
            .named(&unique_name("rel"))
            .set("watchNamespaces", json!(watched))
            .set("connectionSelector", format!("world={connection}"))
            .set("clusterName", "c1")
            .set("log.filter", "trace");
        for (path, value) in self.values {
            release = release.set(path, value);
        }
        let install = release.install().await.unwrap();
        let client = cluster.admin_client().await.unwrap();
        let version = self.version.to_string();
        let mut world =
            World { cluster, client, sim, namespace, neighbour, install, operator: None, connection, version };
        world.put_login(&world.sim.client_id(), &world.sim.client_secret()).await;
        world.put_connection(json!({"limits": self.limits})).await;
        if self.operator {
            world.start_operator().await;
            world.connection_becomes("Authenticated").await;
        }
        world
    }
}

/// The operator that cargo built for this test run.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_pam-operator");

impl World {
    pub async fn start() -> Self {
        Plan::default().start().await
    }

    pub async fn start_operator(&mut self) {
        let mut operator = self.install.start_operator(PROGRAM, &[]).await.unwrap();
        operator.ready(PATIENCE).await.unwrap();
        self.operator = Some(operator);
    }

    /// Starts the operator with one flag changed.
    pub async fn start_operator_with(&mut self, flag: &str, value: &str) {
        let mut operator = self.install.operator(PROGRAM).flag(flag, value).start().await.unwrap();
        operator.ready(PATIENCE).await.unwrap();
        self.operator = Some(operator);
    }

    /// SIGTERM, and the exit it must lead to.
    pub async fn stop_operator(&mut self) -> String {
        let mut operator = self.operator.take().expect("it runs");
        let status = operator.stop().await.unwrap();
        let logs = operator.logs().unwrap();
        assert!(status.success(), "{status}: {logs}");
        logs
    }

    pub fn logs(&self) -> String {
        self.operator.as_ref().map(|operator| operator.logs().unwrap()).unwrap_or_default()
    }

    // === The connection

    /// The Secret with the OAuth client, in the operator's namespace.
    pub async fn put_login(&self, client_id: &str, client_secret: &str) {
        let data = json!({"clientId": client_id, "clientSecret": client_secret});
        self.put_secret_in(self.install.namespace(), "login", data).await;
    }

    /// Makes or changes the connection; `change` is merged into its spec.
    pub async fn put_connection(&self, change: Value) {
        let mut spec = json!({
            "url": self.sim.url(),
            "productVersion": self.version,
            "auth": {"oauth2": {"clientSecretRef": {"name": "login"}}},
            "tls": {"caBundle": base64(self.sim.ca_pem().as_bytes())},
            "access": [{"identifiers": ["*"], "allow": ["TakeOver", "DeviceSettings", "Owner"]}],
            // The first list that nobody asked for comes at any time within the interval: in no test's while, mostly.
            "inventory": {"interval": "168h"},
        });
        merge(&mut spec, change);
        let object = json!({
            "apiVersion": "pam-operator.io/v1alpha1",
            "kind": "ClusterPamConnection",
            "metadata": {"name": self.connection, "labels": {"world": self.connection}},
            "spec": spec,
        });
        self.connections()
            .patch(&self.connection, &PatchParams::apply("test").force(), &Patch::Apply(object))
            .await
            .unwrap();
    }

    pub fn connections(&self) -> Api<ClusterPamConnection> {
        Api::all(self.client.clone())
    }

    pub async fn connection_becomes(&self, reason: &str) -> ClusterPamConnection {
        let what = format!("connection {} to be {reason}", self.connection);
        wait_until(&what, PATIENCE, async || {
            let found = self.connections().get(&self.connection).await?;
            let status = found.status.clone().unwrap_or_default();
            let current = status.observed_generation == found.metadata.generation;
            is(&status.conditions, reason, current).map(|()| found)
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", self.logs()))
    }

    // === Secrets and credentials

    pub async fn put_secret(&self, name: &str, data: Value) {
        self.put_secret_in(&self.namespace, name, data).await;
    }

    pub async fn put_secret_in(&self, namespace: &str, name: &str, data: Value) {
        let api = Api::<Secret>::namespaced(self.client.clone(), namespace);
        let object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data});
        api.patch(
            name,
            &PatchParams::default(),
            &Patch::Merge(json!({"stringData": data, "metadata": {"name": name}})),
        )
        .await
        .map(drop)
        .or_else(|error| if is_not_found(&error) { Ok(()) } else { Err(error) })
        .unwrap();
        if api.get_opt(name).await.unwrap().is_none() {
            api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
        }
    }

    /// Replaces a Secret's data by raw bytes.
    pub async fn put_bytes(&self, name: &str, key: &str, bytes: &[u8]) {
        let api = self.secrets();
        let object =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {key: base64(bytes)}});
        api.patch(name, &PatchParams::apply("test-bytes").force(), &Patch::Apply(object)).await.unwrap();
    }

    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub fn credentials(&self) -> Api<PamCredential> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// A credential as JSON: username after its name, on db01, with its value in a Secret of its name.
    pub fn credential_json(&self, name: &str, change: Value) -> Value {
        let mut spec = json!({
            "connectionRef": {"name": self.connection},
            "username": name,
            "hostname": "db01",
            "ip": "10.0.0.7",
            "contentSecretRef": {"name": name},
        });
        merge(&mut spec, change);
        json!({
            "apiVersion": "pam-operator.io/v1alpha1",
            "kind": "PamCredential",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": spec,
        })
    }

    /// Makes or changes a credential; `change` is merged into its spec.
    pub async fn put_credential(&self, name: &str, change: Value) {
        let object = self.credential_json(name, change);
        self.credentials().patch(name, &PatchParams::apply("test").force(), &Patch::Apply(object)).await.unwrap();
    }

    /// A Secret with the canary and a credential for it, synced.
    pub async fn synced(&self, name: &str) -> PamCredential {
        self.put_secret(name, json!({"password": format!("{CANARY}-{name}")})).await;
        self.put_credential(name, json!({})).await;
        self.becomes(name, "Synced").await
    }

    pub async fn get(&self, name: &str) -> PamCredential {
        self.credentials().get(name).await.unwrap()
    }

    /// Waits until a credential has that reason, for its newest generation.
    pub async fn becomes(&self, name: &str, reason: &str) -> PamCredential {
        wait_until(&format!("{name} to be {reason}"), PATIENCE, async || {
            let found = self.credentials().get(name).await?;
            let status = found.status.clone().unwrap_or_default();
            let current = status.observed_generation == found.metadata.generation;
            is(&status.conditions, reason, current).map(|()| found)
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", self.logs()))
    }

    pub async fn annotate(&self, name: &str, annotation: &str, value: &str) {
        let patch = json!({"metadata": {"annotations": {annotation: value}}});
        self.credentials().patch_metadata(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    /// Waits until the PAM holds `value` for the record of `name`.
    pub async fn pam_holds(&self, name: &str, value: &str) {
        let id = self.get(name).await.status.and_then(|status| status.id).expect("it has a record");
        wait_until(&format!("the PAM to hold the new value of {name}"), PATIENCE, async || {
            anyhow::ensure!(self.sim.value_of(&id).as_deref() == Some(value), "another value");
            Ok(())
        })
        .await
        .unwrap();
    }

    // === Counting

    /// Starts counting calls to the API server and to the PAM.
    pub async fn count(&self) -> Count {
        Count { audit: self.cluster.audit().mark().await.unwrap(), journal: self.sim.mark() }
    }

    /// What the operator asked of the API server since then, leases aside.
    pub async fn requests(&self, count: &Count) -> Requests {
        let all = self.cluster.audit().since(count.audit).await.unwrap();
        all.by(&self.install.user()).without_leases()
    }

    /// What the PAM was asked since then.
    pub fn journal(&self, count: &Count) -> Journal {
        self.sim.since(count.journal)
    }

    /// Nothing was asked of the PAM and nothing written to the API server since then.
    pub async fn assert_nothing_done(&self, count: &Count) {
        let writes = self.requests(count).await.writes();
        if !writes.is_empty() {
            let everyone = self.cluster.audit().since(count.audit).await.unwrap().without_leases();
            let here = everyone.namespace(&self.namespace);
            panic!("{writes}\nof all these, in {}: {here}\n{}", self.namespace, self.logs());
        }
        let journal = self.journal(count);
        assert_eq!(journal.len(), 0, "{journal:?}");
    }

    pub async fn events(&self) -> Vec<Event> {
        let api = Api::<Event>::namespaced(self.client.clone(), &self.namespace);
        api.list(&ListParams::default()).await.unwrap().items
    }

    /// Everything the operator ever said in public: logs, events, statuses, metrics.
    pub async fn everything_said(&self) -> String {
        let mut said = self.logs();
        for event in self.events().await {
            said += &serde_json::to_string(&event).unwrap();
        }
        for credential in self.credentials().list(&ListParams::default()).await.unwrap() {
            said += &serde_json::to_string(&credential.status).unwrap();
        }
        said += &serde_json::to_string(&self.connections().get(&self.connection).await.unwrap().status).unwrap();
        if let Some(operator) = &self.operator {
            said += &operator.metrics().await.unwrap();
        }
        said
    }
}

/// Where counting began.
pub struct Count {
    audit: Mark,
    journal: pam_simulator::Mark,
}

impl Count {
    /// Where counting the calls to the API server began.
    pub fn audit_mark(&self) -> Mark {
        self.audit
    }
}

/// How an object's `Ready` stands: status, reason, message.
pub fn ready(credential: &PamCredential) -> (String, String, String) {
    let status = credential.status.clone().unwrap_or_default();
    let ready = find(&status.conditions, ConditionType::Ready).expect("there is always a Ready condition");
    (ready.status.clone(), ready.reason.clone(), ready.message.clone())
}

fn is(
    conditions: &[k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition],
    reason: &str,
    current: bool,
) -> anyhow::Result<()> {
    let ready = find(conditions, ConditionType::Ready);
    let found = ready.map(|ready| format!("{}/{}: {}", ready.status, ready.reason, ready.message));
    let same = ready.is_some_and(|ready| ready.reason == reason);
    anyhow::ensure!(same && current, "current: {current}, {found:?}");
    Ok(())
}

pub fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Merges as `kubectl patch --type merge` does.
pub fn merge(into: &mut Value, change: Value) {
    match (into, change) {
        (Value::Object(into), Value::Object(change)) => {
            for (key, value) in change {
                if value.is_null() {
                    into.remove(&key);
                } else {
                    merge(into.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (into, change) => *into = change,
    }
}

pub fn is_not_found(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

/// Fails with the text around it if the canary is somewhere in `said`, whole or in part, plain or encoded.
pub fn assert_no_canary(said: &str) {
    let encoded = base64(CANARY.as_bytes());
    for needle in ["canary-7f3a", &encoded[..encoded.len() - 4]] {
        if let Some(at) = said.find(needle) {
            let from = said[..at].char_indices().rev().nth(300).map_or(0, |(at, _)| at);
            panic!("a secret value was shown: …{}", &said[from..at + needle.len()]);
        }
    }
}

/// A short form of something for an assertion's text.
pub fn shown(what: &impl Debug) -> String {
    format!("{what:?}").chars().take(2000).collect()
}

pub fn name_of(object: &impl ResourceExt) -> String {
    object.name_any()
}

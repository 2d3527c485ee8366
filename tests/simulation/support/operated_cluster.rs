//! One cluster in memory and the operator that runs in it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use fake_apiserver::Cluster;
use pam_operator::api::{ConditionType, MySafePassword, PamCredential, PamCredentialStatus, find};
use pam_operator::clock::Clock;
use pam_operator::config::{Cli, Config};
use pam_operator::leader::Leadership;
use pam_operator::metrics::{Metrics, Page};
use pam_operator::probes::Readiness;
use pam_operator::{api, controller};
use pam_simulator::Simulator;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{CANARY, World, merge};

/// The operator's own namespace.
pub const HOME: &str = "pam-system";
/// Where the credentials are.
pub const NAMESPACE: &str = "apps";
/// The name of the connection.
const CONNECTION: &str = "default";

/// An operator that runs, and what ends it in order.
type Running = (JoinHandle<Result<(), controller::Error>>, oneshot::Sender<()>);

/// A cluster, and the operator in it.
pub struct OperatedCluster {
    pub api: Cluster,
    /// The cluster's name, which generated identifiers begin with.
    pub name: String,
    sim: Arc<Simulator>,
    config: Config,
    metrics: Metrics,
    registry: Arc<Registry>,
    /// What `/readyz` of the running operator waits for.
    pub readiness: Readiness,
    running: Option<Running>,
}

impl OperatedCluster {
    pub(super) fn new(world: &World, name: &str, change: &Value) -> Self {
        let api = Cluster::new(name, &api::crds());
        let (metrics, registry) = Metrics::new();
        let (under_way, sim) = (metrics.clone(), Arc::clone(&world.sim));
        world.time.count(move || under_way.pam_requests_under_way());
        let (config, readiness) = (config(name), Readiness::default());
        let cluster = Self { api, name: name.to_owned(), sim, config, metrics, registry, readiness, running: None };
        for namespace in ["kube-system", HOME, NAMESPACE] {
            cluster.api.put("namespaces", &json!({"metadata": {"name": namespace}}));
        }
        cluster.api.put("secrets", &json!({"metadata": {"name": api::DIGEST_KEY_SECRET, "namespace": HOME}}));
        cluster.put_login(&world.sim.client_id(), &world.sim.client_secret());
        cluster.put_connection(change);
        cluster
    }

    // === The operator

    /// Has the next start make plans only, or not.
    pub fn plan_only(&mut self, is_set: bool) {
        self.metrics.set_plan_only(is_set);
        self.config.plan_only = is_set;
    }

    /// Has the next start serve only connections with that label and value.
    pub fn select_connections(&mut self, label: &str, value: &str) {
        self.config.connection_selector = Some(format!("{label}={value}"));
    }

    /// Gives the connection that value of the label.
    pub fn label_connection(&self, label: &str, value: &str) {
        let set = |object: &mut Value| object["metadata"]["labels"][label] = value.into();
        assert!(self.api.edit("clusterpamconnections", "", CONNECTION, set), "there is a connection");
    }

    /// Starts the operator, and lets it do all that it can do at once.
    pub async fn start(&mut self) {
        assert!(self.running.is_none(), "it runs");
        let (client, config, metrics) = (self.api.client(), self.config.clone(), self.metrics.clone());
        let leadership = Leadership::unopposed();
        let lead = leadership.acquire(|| {}, std::future::pending()).await.unwrap();
        self.readiness = Readiness::default();
        let ready = self.readiness.register("watches");
        let (stop, stopped) = oneshot::channel();
        let stopped = async { _ = stopped.await };
        let running =
            tokio::spawn(async move { controller::run(client, &config, metrics, ready, lead.handle(), stopped).await });
        self.running = Some((running, stop));
        self.metrics.set_leader(true);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    /// Ends it as a power cut does: in the middle of whatever it was doing.
    pub async fn kill(&mut self) {
        let (running, _stop) = self.running.take().expect("it runs");
        self.metrics.set_leader(false);
        running.abort();
        let _ = running.await;
        // Its connections are closed by tasks of their own, and the simulator hears of it over a socket.
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(self.metrics.pam_requests_under_way(), 0, "something of the operator goes on after its end");
    }

    /// Ends it in order: what is in flight is finished. The next one starts as after a kill.
    pub async fn end(&mut self) {
        let (running, stop) = self.running.take().expect("it runs");
        self.metrics.set_leader(false);
        stop.send(()).unwrap();
        running.await.unwrap().unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(self.metrics.pam_requests_under_way(), 0, "something of the operator goes on after its end");
    }

    /// Waits so long for it to end by itself, and returns its last words.
    pub async fn ends_by_itself(&mut self, within: Duration) -> String {
        let (running, _stop) = self.running.take().expect("it runs");
        self.metrics.set_leader(false);
        let ended = tokio::time::timeout(within, running).await.expect("it goes on");
        ended.unwrap().unwrap_err().to_string()
    }

    /// Ends it in the middle, and starts it again after so long.
    pub async fn restart(&mut self, pause: Duration) {
        self.kill().await;
        tokio::time::sleep(pause).await;
        self.start().await;
    }

    // === What is in the cluster

    /// The Secret with the OAuth client.
    pub fn put_login(&self, client_id: &str, client_secret: &str) {
        let data = json!({"clientId": client_id, "clientSecret": client_secret});
        let meta = json!({"name": "login", "namespace": HOME});
        self.api.put("secrets", &json!({"metadata": meta, "stringData": data}));
    }

    /// Makes or changes the connection; `change` is merged into its spec.
    pub fn put_connection(&self, change: &Value) {
        let mut spec = json!({
            "url": self.sim.url(),
            "productVersion": self.sim.version().to_string(),
            "auth": {"oauth2": {"clientSecretRef": {"name": "login"}}},
            "tls": {"caBundle": STANDARD.encode(self.sim.ca_pem())},
            "limits": {"maxConcurrentRequests": 8, "requestsPerSecond": 0},
            "access": [{"identifiers": ["*"], "allow": ["TakeOver", "DeviceSettings", "Owner"]}],
        });
        merge(&mut spec, change);
        self.api.put("clusterpamconnections", &json!({"metadata": {"name": CONNECTION}, "spec": spec}));
    }

    /// Empties the Secret with the key of the digests: a new one is made when the operator starts.
    pub fn lose_key(&self) {
        let meta = json!({"name": api::DIGEST_KEY_SECRET, "namespace": HOME});
        self.api.put("secrets", &json!({"metadata": meta, "data": {}}));
    }

    /// Changes the connection: `change` is merged into its spec as it is.
    pub fn edit_connection(&self, change: &Value) {
        self.api.edit("clusterpamconnections", "", CONNECTION, |object| merge(&mut object["spec"], change));
    }

    /// Makes or changes the Secret of a credential.
    pub fn put_value(&self, name: &str, value: &str) {
        let meta = json!({"name": name, "namespace": NAMESPACE});
        self.api.put("secrets", &json!({"metadata": meta, "stringData": {"password": value}}));
    }

    /// Makes or changes a credential: on db01, with the user name and the Secret of its own name; `change` is merged into its spec.
    pub fn put_credential(&self, name: &str, change: &Value) {
        let mut spec =
            json!({"username": name, "hostname": "db01", "ip": "10.0.0.7", "contentSecretRef": {"name": name}});
        merge(&mut spec, change);
        self.api.put("pamcredentials", &json!({"metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}));
    }

    /// Makes or changes an object for an entry of MySafe, with the user name and the Secret of its own name; `change` is merged
    /// into its spec.
    pub fn put_entry(&self, name: &str, change: &Value) {
        let mut spec = json!({"username": name, "contentSecretRef": {"name": name}});
        spec["connectionRef"] = json!({"name": CONNECTION});
        merge(&mut spec, change);
        self.api.put("mysafepasswords", &json!({"metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}));
    }

    /// An object for an entry of MySafe, if it is there.
    pub fn entry(&self, name: &str) -> Option<MySafePassword> {
        self.api.get("mysafepasswords", NAMESPACE, name).map(|object| serde_json::from_value(object).unwrap())
    }

    /// The reason of its `Ready` condition, for its newest generation; empty if that was not looked at yet.
    pub fn entry_reason(&self, name: &str) -> String {
        let Some(entry) = self.entry(name) else { return String::new() };
        let status = entry.status.unwrap_or_default();
        let current = status.observed_generation == entry.metadata.generation;
        let ready = find(&status.conditions, ConditionType::Ready).filter(|_| current);
        ready.map(|ready| ready.reason.clone()).unwrap_or_default()
    }

    /// The identifier that MySafe gave the entry of an object.
    pub fn entry_id(&self, name: &str) -> String {
        self.entry(name).and_then(|entry| entry.status?.identifier).unwrap_or_default()
    }

    /// The identifier that is made for a credential.
    pub fn identifier(&self, name: &str) -> String {
        format!("{}_{NAMESPACE}_{name}", self.name)
    }

    /// A credential, if it is there.
    pub fn credential(&self, name: &str) -> Option<PamCredential> {
        self.api.get("pamcredentials", NAMESPACE, name).map(|object| serde_json::from_value(object).unwrap())
    }

    pub fn status(&self, name: &str) -> PamCredentialStatus {
        self.credential(name).and_then(|credential| credential.status).unwrap_or_default()
    }

    /// The reason of its `Ready` condition, for its newest generation; empty if that was not looked at yet.
    pub fn reason(&self, name: &str) -> String {
        let Some(credential) = self.credential(name) else { return String::new() };
        let status = credential.status.unwrap_or_default();
        let current = status.observed_generation == credential.metadata.generation;
        let ready = find(&status.conditions, ConditionType::Ready).filter(|_| current);
        ready.map(|ready| ready.reason.clone()).unwrap_or_default()
    }

    /// All metrics, as they are scraped.
    pub fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }

    /// The page that a scrape gets which sends this `Accept`.
    pub fn page(&self, accept: &str) -> String {
        Page::of(&self.registry, accept).unwrap().text
    }

    /// What a replica shows whose lease is held under a name that is no replica's.
    pub fn lease_is_foreign(&self, is_foreign: bool) {
        self.metrics.set_lease_foreign(is_foreign);
    }

    /// The value of a metric without labels.
    pub fn metric(&self, name: &str) -> String {
        let text = self.metrics();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("{name} is missing in\n{text}")).to_owned()
    }

    /// Everything that the operator said in public: statuses and events.
    pub fn said(&self) -> String {
        let statuses =
            ["pamcredentials", "mysafepasswords", "clusterpamconnections"].map(|plural| self.api.list(plural));
        let statuses = statuses.iter().flatten().map(|object| object["status"].to_string());
        let events = self.api.list("events").into_iter().map(|event| event.to_string());
        statuses.chain(events).collect()
    }
}

/// A value of a credential, which holds the canary.
pub fn value(name: &str, number: u32) -> String {
    format!("{CANARY}-{name}-{number}")
}

fn config(cluster: &str) -> Config {
    let name = format!("--cluster-name={cluster}");
    let flags = [
        "pam-operator",
        "--namespace=pam-system",
        "--pod-name=pam-operator-0",
        "--leader-election=false",
        "--allowed-hosts=127.0.0.1",
        &name,
    ];
    let config = Config::try_from(Cli::try_parse_from(flags).unwrap()).unwrap();
    Config { clock: Clock::new(fake_apiserver::now), ..config }
}

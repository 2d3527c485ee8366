//! What a test's world consists of: the PAM's version and devices, the chart's values, the namespaces.

use local_cluster::{ControlPlane, Installation, unique_name};
use pam_simulator::{Authorization, Config, ProductVersion, SafeRules, Simulator};
use serde_json::{Value, json};

use super::World;

/// What a world is made of, before it starts.
pub struct Plan {
    sim: Config,
    limits: Value,
    version: ProductVersion,
    operator: bool,
    values: Vec<(&'static str, Value)>,
    neighbour: bool,
    cluster: Option<&'static ControlPlane>,
    names: Option<Names>,
}

/// The names of a world that has its control plane for itself.
#[derive(Clone, Copy)]
pub struct Names {
    pub namespace: &'static str,
    pub connection: &'static str,
    /// Of the operator's namespace, and of the release.
    pub operator: &'static str,
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
            names: None,
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

    /// The PAM also has that login, and MySafe behaves so.
    pub fn my_safe(mut self, login: Authorization, rules: SafeRules) -> Self {
        self.sim = self.sim.authorization(login);
        self.sim.behaviour.my_safe = rules;
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

    /// The PAM also has that device.
    pub fn device(mut self, hostname: &str, ip: &str) -> Self {
        self.sim = self.sim.device(hostname, ip);
        self
    }

    /// With these names in the place of random ones, for a test that shows them.
    pub fn named(mut self, names: Names) -> Self {
        self.names = Some(names);
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
        let (namespace, connection) = match self.names {
            Some(names) => {
                cluster.kubectl(&["create", "namespace", names.namespace]).await.unwrap();
                (names.namespace.to_owned(), names.connection.to_owned())
            }
            None => (cluster.namespace("creds").await.unwrap(), unique_name("pam")),
        };
        let of_operator =
            |prefix: &str| self.names.map_or_else(|| unique_name(prefix), |names| names.operator.to_owned());
        let neighbour = if self.neighbour { Some(cluster.namespace("creds").await.unwrap()) } else { None };
        let watched: Vec<&String> = std::iter::once(&namespace).chain(&neighbour).collect();
        let mut release = Installation::of(cluster, &of_operator("ops"))
            .named(&of_operator("rel"))
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

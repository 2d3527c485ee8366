//! Both kinds of objects that keep something in the PAM, for tests of the rules that are the same for both.

use std::collections::BTreeMap;

use pam_operator::api::{ConditionType, PamCredentialStatus, find};
use pam_simulator::{Authorization, Config, Kind, ProductVersion, SafeRules};
use serde_json::{Value, json};

use super::{NAMESPACE, OperatedCluster, World, merge};

/// The secret of the access key that logs in to MySafe.
pub const ACCESS_KEY: &str = "CANARY-access-key";
/// The users and the group that an entry can be shared with.
const USERS: [&str; 2] = ["ana", "rui"];
const GROUP: &str = "NOC";

/// A kind of objects that keep something in the PAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// `PamCredential`, which keeps a record of PAM Core.
    Credential,
    /// `MySafePassword`, which keeps an entry of MySafe.
    Entry,
}

/// The calls of the PAM that a kind makes.
#[derive(Clone, Copy, Debug)]
pub struct Calls {
    /// Makes something.
    pub create: Kind,
    /// Changes a value.
    pub update: Kind,
    /// Switches something on.
    pub enable: Kind,
    /// Switches something off.
    pub disable: Kind,
    pub list: Kind,
}

/// Returns a PAM of that version with an access key, and with users to share entries with.
pub fn my_safe(version: ProductVersion) -> Config {
    let mut config = Config::of(version).authorization(Authorization::access_key("key", ACCESS_KEY, "svc"));
    let groups = [(GROUP.to_owned(), [USERS[1].to_owned()].into())].into();
    config.behaviour.my_safe = SafeRules { users: USERS.map(str::to_owned).into(), groups, ..SafeRules::default() };
    config
}

impl Keeper {
    pub const ALL: [Self; 2] = [Self::Credential, Self::Entry];

    /// The PAM that the kind's objects need.
    pub fn pam(self) -> Config {
        match self {
            Self::Credential => Config::default().device("db01", "10.0.0.7"),
            Self::Entry => my_safe(ProductVersion::V4_2),
        }
    }

    /// A cluster with a connection for the kind, and an operator that is not running yet; `change` is merged into the
    /// connection's spec.
    pub fn cluster(self, world: &World, change: &Value) -> OperatedCluster {
        let mut spec = match self {
            Self::Credential => json!({}),
            Self::Entry => json!({"product": "MySafe", "access": [{"allow": ["MySafe", "TakeOver"]}]}),
        };
        merge(&mut spec, change);
        let cluster = world.cluster_with("c1", &spec);
        if self == Self::Entry {
            cluster.put_login("key", ACCESS_KEY);
        }
        cluster
    }

    /// The name of the kind in the API's paths.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Credential => "pamcredentials",
            Self::Entry => "mysafepasswords",
        }
    }

    /// The name of the status in the API's paths.
    pub const fn status(self) -> &'static str {
        match self {
            Self::Credential => "pamcredentials/status",
            Self::Entry => "mysafepasswords/status",
        }
    }

    pub const fn calls(self) -> Calls {
        match self {
            Self::Credential => Calls {
                create: Kind::PostCredential,
                update: Kind::PostCredential,
                enable: Kind::PutCredential,
                disable: Kind::DeleteCredential,
                list: Kind::ListCredentials,
            },
            Self::Entry => Calls {
                create: Kind::PostSafePassword,
                update: Kind::PutSafePassword,
                enable: Kind::ActivateSafePassword,
                disable: Kind::DeactivateSafePassword,
                list: Kind::ListSafePasswords,
            },
        }
    }

    /// The `deletionPolicy` that switches off what the PAM keeps for an object.
    pub const fn policy(self) -> &'static str {
        match self {
            Self::Credential => "Disable",
            Self::Entry => "Deactivate",
        }
    }

    /// The reason of the event that says that it was switched off.
    pub const fn switched_off(self) -> &'static str {
        match self {
            Self::Credential => "Disabled",
            Self::Entry => "Deactivated",
        }
    }

    /// The words of the log for what stays on though it should have been switched off.
    pub const fn stays(self) -> &'static str {
        match self {
            Self::Credential => "stays enabled",
            Self::Entry => "stays active",
        }
    }

    /// Makes or changes an object, with the user name and the Secret of its own name; `change` is merged into its spec.
    pub fn put(self, cluster: &OperatedCluster, name: &str, change: &Value) {
        self.put_in(cluster, NAMESPACE, name, change);
    }

    /// The same in another namespace.
    pub fn put_in(self, cluster: &OperatedCluster, namespace: &str, name: &str, change: &Value) {
        let mut spec = self.spec(name);
        merge(&mut spec, change);
        cluster.api.put(self.plural(), &json!({"metadata": {"name": name, "namespace": namespace}, "spec": spec}));
    }

    /// Makes a throwaway that asks what would be done for the object `of`.
    pub fn put_throwaway(self, cluster: &OperatedCluster, name: &str, of: &str) {
        let annotations = json!({"pam-operator.io/throwaway": of});
        let meta = json!({"name": name, "namespace": NAMESPACE, "annotations": annotations});
        cluster.api.put(self.plural(), &json!({"metadata": meta, "spec": self.spec(of)}));
    }

    fn spec(self, name: &str) -> Value {
        let mut spec = match self {
            Self::Credential => json!({"username": name, "hostname": "db01", "ip": "10.0.0.7"}),
            Self::Entry => json!({"username": name, "connectionRef": {"name": "default"}}),
        };
        spec["contentSecretRef"] = json!({"name": name});
        spec
    }

    pub fn delete(self, cluster: &OperatedCluster, name: &str) {
        cluster.api.delete(self.plural(), NAMESPACE, name);
    }

    pub fn get(self, cluster: &OperatedCluster, name: &str) -> Option<Value> {
        cluster.api.get(self.plural(), NAMESPACE, name)
    }

    pub fn is_gone(self, cluster: &OperatedCluster, name: &str) -> bool {
        self.get(cluster, name).is_none()
    }

    /// Reason and message of `Ready` for the newest generation; empty if that was not looked at yet.
    pub fn ready_in(self, cluster: &OperatedCluster, namespace: &str, name: &str) -> (String, String) {
        let object = cluster.api.get(self.plural(), namespace, name).unwrap_or_default();
        if object["status"]["observedGeneration"] != object["metadata"]["generation"] {
            return Default::default();
        }
        // Of a status, conditions look the same in both kinds.
        let conditions = json!({"conditions": object["status"]["conditions"]});
        let status: PamCredentialStatus = serde_json::from_value(conditions).unwrap_or_default();
        let ready = find(&status.conditions, ConditionType::Ready);
        ready.map(|ready| (ready.reason.clone(), ready.message.clone())).unwrap_or_default()
    }

    pub fn reason(self, cluster: &OperatedCluster, name: &str) -> String {
        self.ready_in(cluster, NAMESPACE, name).0
    }

    pub fn message(self, cluster: &OperatedCluster, name: &str) -> String {
        self.ready_in(cluster, NAMESPACE, name).1
    }

    /// How many records or entries the PAM has, and how many of them are on.
    pub fn kept(self, world: &World) -> (usize, usize) {
        let on: Vec<bool> = match self {
            Self::Credential => world.sim.records().iter().map(|record| record.active).collect(),
            Self::Entry => world.sim.entries().iter().map(|entry| entry.active).collect(),
        };
        (on.len(), on.iter().filter(|on| **on).count())
    }

    /// The values that the PAM has, by user name.
    pub fn values(self, world: &World) -> BTreeMap<String, String> {
        let ids: Vec<(String, String)> = match self {
            Self::Credential => world.sim.records().into_iter().map(|record| (record.username, record.id)).collect(),
            Self::Entry => world.sim.entries().into_iter().map(|entry| (entry.username, entry.identifier)).collect(),
        };
        ids.into_iter().filter_map(|(username, id)| Some((username, self.value_of(world, &id)?))).collect()
    }

    /// The id of what the PAM keeps for a user name.
    pub fn id(self, world: &World, username: &str) -> Option<String> {
        let sim = &world.sim;
        match self {
            Self::Credential => Some(sim.records().into_iter().find(|record| record.username == username)?.id),
            Self::Entry => Some(sim.entries().into_iter().find(|entry| entry.username == username)?.identifier),
        }
    }

    /// The value that the PAM has under an id.
    pub fn value_of(self, world: &World, id: &str) -> Option<String> {
        match self {
            Self::Credential => world.sim.value_of(id),
            Self::Entry => world.sim.value_of_entry(id),
        }
    }
}

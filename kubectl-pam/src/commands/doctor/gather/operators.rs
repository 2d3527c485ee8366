//! The operators: their Deployments, Pods, Leases, rights and digest keys.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Container, Pod, Secret};
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use pam_operator::api::{DIGEST_KEY_FIELD, DIGEST_KEY_SECRET};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::known::{known, known_or_none};
use super::objects::key_of_connection;
use super::user;
use crate::cluster::Cluster;
use crate::commands::doctor::args::DoctorArgs;
use crate::commands::doctor::facts::{KeyFact, Known, LeaseFact, Operator};
use crate::commands::doctor::rights::{self, Settings};
use crate::objects::Kind;
use crate::operator;

/// The name of the operator's Lease.
const LEASE: &str = "pam-operator";
/// So many restarts of a container are said.
const RESTARTS: i32 = 5;
/// Length of the digest key in bytes.
const KEY_LENGTH: usize = 32;

/// Looks at the operators that the user may see.
pub async fn all(args: &DoctorArgs, cluster: &Cluster) -> Known<Vec<Operator>> {
    match operator::deployments(cluster, args.login.operator_namespace()).await {
        Err(failure) => Known::Unknown(failure.message),
        Ok(deployments) => {
            let mut operators = Vec::new();
            for deployment in deployments {
                operators.push(Box::pin(one(cluster, &deployment)).await);
            }
            Known::Is(operators)
        }
    }
}

async fn one(cluster: &Cluster, deployment: &Deployment) -> Operator {
    let namespace = deployment.namespace().unwrap_or_default();
    let spec = deployment.spec.clone().unwrap_or_default();
    let pod = spec.template.spec.unwrap_or_default();
    let container = pod.containers.first().cloned().unwrap_or_default();
    let settings = settings(&container);
    let account = pod.service_account_name.unwrap_or_else(|| "default".to_owned());
    let wanted = rights::of_operator(&namespace, &settings);
    Operator {
        name: deployment.name_any(),
        image: container.image.unwrap_or_default(),
        wanted: spec.replicas.unwrap_or(1),
        ready: deployment.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or_default(),
        serves: serves(cluster, &settings).await,
        settings,
        pods: pods(cluster, &namespace).await,
        lease: lease(cluster, &namespace).await,
        rights: user::rights_of(cluster, &namespace, &account, wanted).await,
        account,
        key: key(cluster, &namespace).await,
        namespace,
    }
}

/// Lets the API server say which connections an operator selects.
async fn serves(cluster: &Cluster, settings: &Settings) -> Known<BTreeSet<String>> {
    let params = ListParams::default().labels(&settings.selector);
    let mut served = BTreeSet::new();
    for kind in [Kind::ClusterPamConnection, Kind::PamConnection] {
        match known(cluster, "look for connections", kind.api(cluster, None).list_metadata(&params)).await {
            Known::Unknown(why) => return Known::Unknown(why),
            Known::Is(listed) => served.extend(listed.items.iter().filter_map(|connection| {
                let namespace = connection.namespace().unwrap_or_default();
                let is_watched = settings.namespaces.is_empty() || settings.namespaces.contains(&namespace);
                let is_served = is_watched || !kind.is_namespaced();
                is_served.then(|| key_of_connection(kind, &namespace, &connection.name_any()))
            })),
        }
    }
    Known::Is(served)
}

/// Reads what the arguments of a container say, or its environment where they say nothing.
fn settings(container: &Container) -> Settings {
    let value = |name: &str| -> String {
        let flag = format!("--{name}=");
        let argument = container.args.iter().flatten().find_map(|argument| argument.strip_prefix(&flag));
        let variable = format!("PAM_OPERATOR_{}", name.to_ascii_uppercase().replace('-', "_"));
        let set = container.env.iter().flatten().find(|set| set.name == variable).and_then(|set| set.value.as_deref());
        argument.or(set).unwrap_or_default().trim().to_owned()
    };
    let names = value("watch-namespaces");
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    Settings {
        selector: value("connection-selector"),
        namespaces: names.map(str::to_owned).collect(),
        allows_hosts: !value("allowed-hosts").is_empty(),
        without_election: value("leader-election") == "false",
    }
}

async fn pods(cluster: &Cluster, namespace: &str) -> Known<Vec<String>> {
    let api = Api::<Pod>::namespaced(cluster.client.clone(), namespace);
    let params = ListParams::default().labels(operator::LABEL);
    match known(cluster, "look at the operator's Pods", api.list(&params)).await {
        Known::Is(listed) => Known::Is(listed.items.iter().filter_map(wrong).collect()),
        Known::Unknown(why) => Known::Unknown(why),
    }
}

/// Returns what is wrong with a Pod.
fn wrong(pod: &Pod) -> Option<String> {
    let name = pod.name_any();
    let status = pod.status.as_ref()?;
    let containers = status.container_statuses.as_deref().unwrap_or_default();
    let waits = containers.iter().find_map(|container| container.state.as_ref()?.waiting.as_ref()?.reason.clone());
    let restarts = containers.iter().map(|container| container.restart_count).max().unwrap_or_default();
    match waits {
        Some(why) => Some(format!("Pod {name} waits: {why}")),
        None if restarts > RESTARTS => Some(format!("Pod {name} was restarted {restarts} times")),
        None => None,
    }
}

async fn lease(cluster: &Cluster, namespace: &str) -> Known<Option<LeaseFact>> {
    let api = Api::<Lease>::namespaced(cluster.client.clone(), namespace);
    match known_or_none(cluster, "look at the operator's Lease", api.get(LEASE)).await {
        Known::Is(lease) => Known::Is(lease.map(|lease| {
            let spec = lease.spec.unwrap_or_default();
            LeaseFact {
                holder: spec.holder_identity.filter(|holder| !holder.is_empty()),
                renewed: spec.renew_time.map(|time| time.0),
                duration: i64::from(spec.lease_duration_seconds.unwrap_or_default()),
            }
        })),
        Known::Unknown(why) => Known::Unknown(why),
    }
}

/// Returns which key the Secret of the digest key holds; the key itself is dropped at once.
async fn key(cluster: &Cluster, namespace: &str) -> Known<KeyFact> {
    let api = Api::<Secret>::namespaced(cluster.client.clone(), namespace);
    match known_or_none(cluster, "look at the operator's digest key", api.get(DIGEST_KEY_SECRET)).await {
        Known::Is(None) => Known::Is(KeyFact::NoSecret),
        Known::Is(Some(secret)) => {
            let key = secret.data.and_then(|mut data| data.remove(DIGEST_KEY_FIELD)).map(|key| Zeroizing::new(key.0));
            Known::Is(key.filter(|key| key.len() == KEY_LENGTH).map_or(KeyFact::NoKey, |key| KeyFact::Id(id(&key))))
        }
        Known::Unknown(why) => Known::Unknown(why),
    }
}

/// Returns the id of a key, as digests have it.
fn id(key: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(key).iter().take(4).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::EnvVar;

    #[test]
    fn settings_are_read_from_arguments_and_from_the_environment() {
        let args = ["--connection-selector=team=a", "--watch-namespaces=a, b", "--leader-election=false"];
        let variable = EnvVar {
            name: "PAM_OPERATOR_ALLOWED_HOSTS".to_owned(),
            value: Some("pam.example.com".to_owned()),
            ..EnvVar::default()
        };
        let container = Container {
            args: Some(args.map(str::to_owned).to_vec()),
            env: Some(vec![variable]),
            ..Container::default()
        };
        let expected = Settings {
            selector: "team=a".to_owned(),
            namespaces: vec!["a".to_owned(), "b".to_owned()],
            allows_hosts: true,
            without_election: true,
        };
        assert_eq!(settings(&container), expected);
        assert_eq!(settings(&Container::default()), Settings::default());
    }

    #[test]
    fn the_id_of_a_key_is_what_digests_hold() {
        assert_eq!(id(b"abc"), "ba7816bf", "the first bytes of SHA-256");
    }
}

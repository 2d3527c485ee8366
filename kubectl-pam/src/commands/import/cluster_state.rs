//! What the cluster says before an import: which records its objects claim, and what the connection's rules allow.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use pam_operator::api::AccessRule;
use pam_operator::domain::{self, Grants, VaultId};
use pam_operator::pam::origin_of;

use super::claimed::Claimed;
use crate::cluster::{Cluster, code, failed};
use crate::connection::Connected;
use crate::exit::Failure;
use crate::objects::{Kind, Named, PamObject, Selection};

/// A connection of the cluster: its kind, its namespace (empty for one of the whole cluster) and its name.
type Key = (Kind, String, String);

/// What the objects that the user may look at claim.
pub struct Seen {
    /// The records that they claim.
    pub claimed: Claimed,
    /// True if the user may look at those of one namespace only.
    pub of_one_namespace: bool,
}

/// Reads which records of the vault objects claim.
pub async fn claimed(cluster: &Cluster, vault: &VaultId) -> Result<Seen, Failure> {
    let (objects, of_one_namespace) = objects(cluster, Kind::PamCredential).await?;
    let mut connections = BTreeMap::new();
    for kind in [Kind::ClusterPamConnection, Kind::PamConnection] {
        let all = objects_or_none(cluster, kind).await;
        connections.extend(all.iter().filter_map(|connection| Some((key_of(connection), vault_of(connection)?))));
    }
    let mut claimed = Claimed::default();
    for object in &objects {
        claimed.note(object, vault, connections.get(&connection_of(object)));
    }
    Ok(Seen { claimed, of_one_namespace })
}

/// Reads the objects of a kind in all namespaces, or in the one that is meant where the user may read no other.
async fn objects(cluster: &Cluster, kind: Kind) -> Result<(Vec<PamObject>, bool), Failure> {
    let named = vec![Named { kind, name: None }];
    let all = Selection { named: named.clone(), all_namespaces: true, ..Selection::default() };
    if let Ok(found) = all.find(cluster).await {
        return Ok((found.objects, false));
    }
    let own = Selection { named, ..Selection::default() };
    Ok((own.find(cluster).await?.objects, true))
}

/// Reads the connections of a kind. Of an object whose connection cannot be read it is not known where it leads, so that it claims.
async fn objects_or_none(cluster: &Cluster, kind: Kind) -> Vec<PamObject> {
    let named = vec![Named { kind, name: None }];
    let all = Selection { named, all_namespaces: true, ..Selection::default() };
    all.find(cluster).await.map(|found| found.objects).unwrap_or_default()
}

fn key_of(connection: &PamObject) -> Key {
    (connection.kind, connection.namespace(), connection.name())
}

/// Returns the connection that an object refers to.
fn connection_of(object: &PamObject) -> Key {
    use pam_operator::api::ConnectionKind;
    let Some(name) = object.connection() else { return key_of(object) };
    match name.kind.unwrap_or_default() {
        ConnectionKind::ClusterPamConnection => (Kind::ClusterPamConnection, String::new(), name.name),
        ConnectionKind::PamConnection => (Kind::PamConnection, object.namespace(), name.name),
    }
}

fn vault_of(connection: &PamObject) -> Option<VaultId> {
    let url = connection.text("/spec/url")?.parse().ok()?;
    Some(VaultId::new(&origin_of(&url), connection.text("/spec/auth/oauth2/tenant")))
}

/// The rules of a connection.
pub struct Access {
    /// The rules as they are written; `None` where the connection has none.
    pub written: Option<Vec<AccessRule>>,
    /// The rules as they hold for the namespace; `None` where the default holds.
    pub rules: Option<Vec<domain::AccessRule>>,
    /// The names of this cluster.
    pub clusters: Vec<String>,
}

/// Reads what a connection allows the namespace. A connection of the namespace itself allows everything.
pub async fn access(cluster: &Cluster, connected: &Connected) -> Result<Access, Failure> {
    let name = connected.connection.text("/status/clusterName").map(str::to_owned);
    let clusters = name.into_iter().collect();
    if connected.connection.kind == Kind::PamConnection {
        let everything = domain::AccessRule {
            identifiers: Some(vec!["*".to_owned()]),
            grants: Grants::ALL,
            ..domain::AccessRule::default()
        };
        return Ok(Access { written: None, rules: Some(vec![everything]), clusters });
    }
    let written = connected.connection.value("/spec/access").cloned().map(serde_json::from_value::<Vec<AccessRule>>);
    let written = written.transpose().map_err(|_| not_understood())?;
    let labels = labels(cluster).await?;
    let rules = written.as_ref().map(|rules| rules.iter().map(|rule| rule.in_namespace(labels.as_ref())).collect());
    Ok(Access { written, rules, clusters })
}

/// Returns the labels of the namespace; `None` if it does not exist yet, or the user may not read it.
async fn labels(cluster: &Cluster) -> Result<Option<BTreeMap<String, String>>, Failure> {
    let action = format!("read the namespace {}", cluster.namespace);
    let api = Api::<Namespace>::all(cluster.client.clone());
    match cluster.answer(&action, api.get_metadata(&cluster.namespace)).await? {
        Ok(namespace) => Ok(Some(namespace.metadata.labels.unwrap_or_default())),
        Err(error) if matches!(code(&error), Some(403 | 404)) => Ok(None),
        Err(error) => Err(failed(&action, &error)),
    }
}

fn not_understood() -> Failure {
    Failure::new(
        crate::exit::Exit::No,
        "this version of the plugin does not understand the connection's spec.access: update the plugin",
    )
}

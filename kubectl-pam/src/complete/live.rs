//! Names that the kubeconfig and the cluster have. A failure has none.

use std::time::Duration;

use futures::future::join_all;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt as _;
use kube::api::{Api, ListParams};
use kube::config::Kubeconfig;

use super::candidate::Candidate;
use crate::cluster::Cluster;
use crate::kubeconfig::KubeArgs;
use crate::objects::Kind;

/// How many objects are offered at most.
const MOST: u32 = 500;

/// What is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Namespaces.
    Namespaces,
    /// Contexts of the kubeconfig.
    Contexts,
    /// Clusters of the kubeconfig.
    Clusters,
    /// Users of the kubeconfig.
    Users,
    /// Connections of both kinds.
    Connections,
    /// Kinds, and objects of all kinds as `KIND/NAME`.
    KindsAndObjects,
    /// Each PamCredential by its name, and each MySafePassword as `KIND/NAME`.
    Objects,
    /// Each PamCredential by its name.
    Credentials,
}

impl Source {
    /// Returns what the argument of that id takes, if its values are live.
    pub fn of(id: &str) -> Option<Self> {
        Some(match id {
            "namespace" | "operator_namespace" => Self::Namespaces,
            "context" => Self::Contexts,
            "cluster" => Self::Clusters,
            "user" => Self::Users,
            "connection" => Self::Connections,
            "kinds_or_objects" => Self::KindsAndObjects,
            "objects" => Self::Objects,
            "credential" => Self::Credentials,
            _ => return None,
        })
    }
}

/// Returns what a source has, as far as it is known within a time.
pub fn within(source: Source, kube: &KubeArgs, patience: Duration) -> Vec<Candidate> {
    let kinds = || Kind::ALL.into_iter().map(|kind| Candidate::new(kind.short(), kind.as_str()));
    let always = if source == Source::KindsAndObjects { kinds().collect() } else { Vec::new() };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return always };
    let found = runtime.block_on(async { tokio::time::timeout(patience, look(source, kube)).await });
    runtime.shutdown_background();
    always.into_iter().chain(found.ok().flatten().unwrap_or_default()).collect()
}

async fn look(source: Source, kube: &KubeArgs) -> Option<Vec<Candidate>> {
    let names = |names: Vec<String>| names.into_iter().map(|name| Candidate::new(name, "")).collect();
    match source {
        Source::Contexts => Some(names(file(kube)?.contexts.into_iter().map(|context| context.name).collect())),
        Source::Clusters => Some(names(file(kube)?.clusters.into_iter().map(|cluster| cluster.name).collect())),
        Source::Users => Some(names(file(kube)?.auth_infos.into_iter().map(|user| user.name).collect())),
        Source::Namespaces => {
            let cluster = Cluster::connect(kube).await.ok()?;
            let listed = Api::<Namespace>::all(cluster.client).list_metadata(&page()).await.ok()?;
            Some(names(listed.items.iter().map(kube::ResourceExt::name_any).collect()))
        }
        Source::Connections => objects(kube, &[Kind::ClusterPamConnection, Kind::PamConnection], true).await,
        Source::KindsAndObjects => objects(kube, &Kind::ALL, false).await,
        Source::Credentials => objects(kube, &[Kind::PamCredential], true).await,
        Source::Objects => objects(kube, &[Kind::PamCredential, Kind::MySafePassword], true).await,
    }
}

fn file(kube: &KubeArgs) -> Option<Kubeconfig> {
    match &kube.kubeconfig {
        Some(path) => Kubeconfig::read_from(path).ok(),
        None => Kubeconfig::read().ok(),
    }
}

/// Returns the objects of some kinds. Those of the first kind have no kind in their names if `bare`.
async fn objects(kube: &KubeArgs, kinds: &[Kind], bare: bool) -> Option<Vec<Candidate>> {
    let cluster = Cluster::connect(kube).await.ok()?;
    let (cluster, first) = (&cluster, kinds.first().copied());
    let list = |kind: Kind| async move {
        let listed = kind.api(cluster, Some(&cluster.namespace)).list_metadata(&page()).await;
        let name = |name: String| {
            let word = if bare && Some(kind) == first { name } else { format!("{}/{name}", kind.short()) };
            Candidate::new(word, kind.as_str())
        };
        let listed = listed.map(|listed| listed.items).unwrap_or_default();
        listed.iter().map(|object| name(object.name_any())).collect::<Vec<_>>()
    };
    Some(join_all(kinds.iter().map(|kind| list(*kind))).await.into_iter().flatten().collect())
}

fn page() -> ListParams {
    ListParams::default().limit(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_has_no_names_and_takes_no_longer_than_it_may() {
        let nowhere = KubeArgs { kubeconfig: Some("/nowhere".into()), ..KubeArgs::default() };
        let began = std::time::Instant::now();
        assert_eq!(within(Source::Namespaces, &nowhere, Duration::from_millis(200)), []);
        assert_eq!(within(Source::Contexts, &nowhere, Duration::from_millis(200)), []);
        let kinds = within(Source::KindsAndObjects, &nowhere, Duration::from_millis(200));
        assert_eq!(kinds.len(), Kind::ALL.len());
        assert!(began.elapsed() < Duration::from_secs(2));
    }
}

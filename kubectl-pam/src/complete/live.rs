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
    /// Kinds, each PamCredential by its name, and objects of all kinds as `KIND/NAME`.
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

/// Returns what a source has that may end a word which was begun, as far as it is known within a time.
pub fn within(source: Source, begun: &str, kube: &KubeArgs, patience: Duration) -> Vec<Candidate> {
    let kinds = || Kind::ALL.into_iter().map(|kind| Candidate::new(kind.short(), kind.as_str()));
    let always = if source == Source::KindsAndObjects { kinds().collect() } else { Vec::new() };
    let (tell, told) = std::sync::mpsc::channel();
    let (kube, begun) = (kube.clone(), begun.to_owned());
    // Not waited for: a login program of the kubeconfig holds up the thread that starts it.
    std::thread::spawn(move || tell.send(found(source, &begun, &kube)));
    let found = told.recv_timeout(patience).ok().flatten().unwrap_or_default();
    always.into_iter().chain(found).collect()
}

fn found(source: Source, begun: &str, kube: &KubeArgs) -> Option<Vec<Candidate>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let found = runtime.block_on(look(source, begun, kube));
    runtime.shutdown_background();
    found
}

async fn look(source: Source, begun: &str, kube: &KubeArgs) -> Option<Vec<Candidate>> {
    let names = |names: Vec<String>| names.into_iter().map(|name| Candidate::new(name, "")).collect();
    match source {
        Source::Contexts => Some(names(file(kube)?.contexts.into_iter().map(|context| context.name).collect())),
        Source::Clusters => Some(names(file(kube)?.clusters.into_iter().map(|cluster| cluster.name).collect())),
        Source::Users => Some(names(file(kube)?.auth_infos.into_iter().map(|user| user.name).collect())),
        Source::Namespaces => {
            let cluster = Cluster::connect_silently(kube).await.ok()?;
            let listed = Api::<Namespace>::all(cluster.client).list_metadata(&page()).await.ok()?;
            Some(names(listed.items.iter().map(kube::ResourceExt::name_any).collect()))
        }
        Source::Connections => objects(kube, &[Kind::ClusterPamConnection, Kind::PamConnection], Spelled::Once).await,
        // All that is there, while nothing is typed, has one line each.
        Source::KindsAndObjects if begun.is_empty() => objects(kube, &Kind::ALL, Spelled::Once).await,
        Source::KindsAndObjects => objects(kube, &Kind::ALL, Spelled::BothWays).await,
        Source::Credentials => objects(kube, &[Kind::PamCredential], Spelled::Once).await,
        Source::Objects => objects(kube, &[Kind::PamCredential, Kind::MySafePassword], Spelled::Once).await,
    }
}

fn file(kube: &KubeArgs) -> Option<Kubeconfig> {
    match &kube.kubeconfig {
        Some(path) => Kubeconfig::read_from(path).ok(),
        None => Kubeconfig::read().ok(),
    }
}

/// How an object of the first kind is named, which needs no kind before its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelled {
    /// By its name.
    Once,
    /// By its name, and as `KIND/NAME`.
    BothWays,
}

/// Returns the objects of some kinds.
async fn objects(kube: &KubeArgs, kinds: &[Kind], spelled: Spelled) -> Option<Vec<Candidate>> {
    let cluster = Cluster::connect_silently(kube).await.ok()?;
    let (cluster, first) = (&cluster, kinds.first().copied());
    let list = |kind: Kind| async move {
        let listed = kind.api(cluster, Some(&cluster.namespace)).list_metadata(&page()).await;
        let listed = listed.map(|listed| listed.items).unwrap_or_default();
        let spelled = (Some(kind) == first).then_some(spelled);
        listed.iter().flat_map(|object| named(kind, object.name_any(), spelled)).collect::<Vec<_>>()
    };
    Some(join_all(kinds.iter().map(|kind| list(*kind))).await.into_iter().flatten().collect())
}

/// Returns the names by which an object is offered; `spelled` is for one of the first kind.
fn named(kind: Kind, name: String, spelled: Option<Spelled>) -> Vec<Candidate> {
    let whole = format!("{}/{name}", kind.short());
    let words = match spelled {
        Some(Spelled::Once) => vec![name],
        Some(Spelled::BothWays) => vec![name, whole],
        None => vec![whole],
    };
    words.into_iter().map(|word| Candidate::new(word, kind.as_str())).collect()
}

fn page() -> ListParams {
    ListParams::default().limit(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_offered_by_the_names_that_the_commands_take() {
        let words = |spelled| -> Vec<String> {
            named(Kind::PamCredential, "db".to_owned(), spelled).into_iter().map(|candidate| candidate.word).collect()
        };
        assert_eq!(words(Some(Spelled::Once)), ["db"]);
        assert_eq!(words(Some(Spelled::BothWays)), ["db", "pamcred/db"]);
        assert_eq!(words(None), ["pamcred/db"]);
    }

    #[test]
    fn what_cannot_be_read_has_no_names_and_takes_no_longer_than_it_may() {
        let nowhere = KubeArgs { kubeconfig: Some("/nowhere".into()), ..KubeArgs::default() };
        let began = std::time::Instant::now();
        assert_eq!(within(Source::Namespaces, "", &nowhere, Duration::from_millis(200)), []);
        assert_eq!(within(Source::Contexts, "", &nowhere, Duration::from_millis(200)), []);
        let kinds = within(Source::KindsAndObjects, "", &nowhere, Duration::from_millis(200));
        assert_eq!(kinds.len(), Kind::ALL.len());
        assert!(began.elapsed() < Duration::from_secs(2));
    }

    #[cfg(unix)]
    #[test]
    fn a_login_program_that_does_not_end_holds_nobody_up_and_is_asked_nothing_at_the_terminal() {
        let file = std::env::temp_dir().join(format!("kubectl-pam-login-{}", std::process::id()));
        let exec = "{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always, command: sh, args: ['-c', 'sleep 4']}";
        let config = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
             clusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:1'}}}}]\nusers: [{{name: u, user: {{exec: {exec}}}}}]\n"
        );
        std::fs::write(&file, config).unwrap();
        let kube = KubeArgs { kubeconfig: Some(file.clone()), ..KubeArgs::default() };
        let began = std::time::Instant::now();
        let found = within(Source::Namespaces, "", &kube, Duration::from_millis(200));
        std::fs::remove_file(&file).unwrap();
        assert!(found.is_empty() && began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
}

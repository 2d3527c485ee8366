//! The operator's Deployment, as far as the user may see it.

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, ListParams};

use crate::cluster::Cluster;
use crate::exit::{Exit, Failure};

/// The namespace of the operator where nothing says otherwise, as the manual installs it.
pub const NAMESPACE: &str = "pam-operator";
/// Selects the operator's Deployment.
pub const LABEL: &str = "app.kubernetes.io/name=pam-operator";

/// Finds the Deployments of operators: in the namespace that the user gave, else in all, else in the one that the manual names.
pub async fn deployments(cluster: &Cluster, given: Option<&str>) -> Result<Vec<Deployment>, Failure> {
    let params = ListParams::default().labels(LABEL);
    let action = "look for the operator's Deployment";
    let within = |namespace: &str| Api::<Deployment>::namespaced(cluster.client.clone(), namespace);
    let everywhere = Api::<Deployment>::all(cluster.client.clone());
    let api = given.map_or(everywhere, within);
    let listed = cluster.call(action, api.list(&params)).await;
    match listed {
        Ok(listed) => Ok(listed.items),
        Err(refused) => {
            cluster.call(action, within(NAMESPACE).list(&params)).await.map(|listed| listed.items).map_err(|_| refused)
        }
    }
}

/// Returns the namespace that the operator runs in, as its Deployment shows, if the user may see that.
pub async fn namespace(cluster: &Cluster) -> Result<String, Failure> {
    let params = ListParams::default().labels(LABEL);
    let api = Api::<Deployment>::all(cluster.client.clone());
    let listed = cluster.answer("look for the operator's Deployment", api.list_metadata(&params)).await?;
    let mut namespaces: Vec<String> =
        listed.map(|list| list.items.iter().filter_map(kube::ResourceExt::namespace).collect()).unwrap_or_default();
    namespaces.sort();
    namespaces.dedup();
    match namespaces.as_slice() {
        [] => Ok(NAMESPACE.to_owned()),
        [one] => Ok(one.clone()),
        several => Err(Failure::new(
            Exit::Usage,
            format!("operators run in {}: say with --operator-namespace which one is meant", several.join(", ")),
        )),
    }
}

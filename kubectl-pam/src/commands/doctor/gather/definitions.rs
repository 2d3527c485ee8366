//! The definitions of our kinds.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, ResourceExt as _};

use super::known::known_or_none;
use crate::cluster::Cluster;
use crate::commands::doctor::facts::Definition;

/// Reads the definition of each kind that this plugin knows.
pub async fn all(cluster: &Cluster) -> Vec<Definition> {
    let api = Api::<CustomResourceDefinition>::all(cluster.client.clone());
    let mut definitions = Vec::new();
    for known in pam_operator::api::crds() {
        let name = known.name_any();
        let installed = known_or_none(cluster, &format!("read the definition {name}"), api.get(&name)).await;
        definitions.push(Definition { name, installed });
    }
    definitions
}

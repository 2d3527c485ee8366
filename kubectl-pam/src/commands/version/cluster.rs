//! The versions that a cluster shows: its own, its operators' and its definitions'. What cannot be read is named, and fails nothing.

use std::collections::BTreeMap;

use http::Request;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIGroup;
use kube::ResourceExt as _;
use pam_operator::api::GROUP;

use super::item::{Definition, OperatorItem, Versions};
use super::number;
use crate::cluster::{Cluster, code, failed};
use crate::exit::Failure;
use crate::operator;

/// Adds what the cluster shows. A cluster that does not answer is asked once.
pub async fn look(cluster: &Cluster, version: &mut Versions) {
    match cluster.call("ask the API server for its version", cluster.client.apiserver_version()).await {
        Ok(server) => version.server = Some(server.git_version),
        Err(failure) => return version.unread.push(failure.message),
    }
    match definitions(cluster).await {
        Ok(definitions) if definitions.is_empty() => {
            version
                .unread
                .push("this cluster does not know the operator's kinds: its CRDs are not installed".to_owned());
        }
        Ok(definitions) => version.definitions = definitions,
        Err(failure) => version.unread.push(failure.message),
    }
    match operator::deployments(cluster, None).await {
        Ok(deployments) if deployments.is_empty() => {
            version
                .unread
                .push(format!("no operator is seen: there is no Deployment with the label {}", operator::LABEL));
        }
        Ok(deployments) => version.operators = deployments.iter().map(operator_item).collect(),
        Err(failure) => version.unread.push(failure.message),
    }
}

/// Returns the kinds with the versions that the API server serves. Everybody may ask that who may log in; the definitions
/// themselves are for few.
async fn definitions(cluster: &Cluster) -> Result<Vec<Definition>, Failure> {
    let action = "ask for the versions of the operator's kinds";
    let group = async {
        let request = Request::get(format!("/apis/{GROUP}")).body(Vec::new()).map_err(kube::Error::HttpError)?;
        cluster.client.request::<APIGroup>(request).await
    };
    let group = match cluster.answer(action, group).await? {
        Ok(group) => group,
        Err(error) if code(&error) == Some(404) => return Ok(Vec::new()),
        Err(error) => return Err(failed(action, &error)),
    };
    let mut served = BTreeMap::<String, Vec<String>>::new();
    for version in group.versions {
        let listed = cluster.call(action, cluster.client.list_api_group_resources(&version.group_version)).await?;
        let kinds = listed.resources.into_iter().filter(|resource| !resource.name.contains('/'));
        for kind in kinds {
            served.entry(kind.name).or_default().push(version.version.clone());
        }
    }
    Ok(served.into_iter().map(|(name, versions)| Definition { name: format!("{name}.{GROUP}"), versions }).collect())
}

fn operator_item(deployment: &Deployment) -> OperatorItem {
    let pod = deployment.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
    let container = pod.and_then(|pod| pod.containers.first());
    let image = container.and_then(|container| container.image.clone()).unwrap_or_default();
    OperatorItem {
        namespace: deployment.namespace().unwrap_or_default(),
        name: deployment.name_any(),
        version: number::of_operator(&image, deployment.labels()),
        image,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;
    use serde_json::{Value, json};

    fn answer(path: &str) -> Option<Value> {
        Some(match path {
            "/version" => {
                json!({"major": "1", "minor": "33", "gitVersion": "v1.33.0", "gitCommit": "", "gitTreeState": "",
                "buildDate": "", "goVersion": "", "compiler": "", "platform": ""})
            }
            "/apis/pam-operator.io" => json!({"kind": "APIGroup", "name": GROUP, "versions":
                [{"groupVersion": "pam-operator.io/v1alpha1", "version": "v1alpha1"}]}),
            "/apis/pam-operator.io/v1alpha1" => {
                let resource = |name: &str| json!({"name": name, "singularName": "", "namespaced": true, "kind": "K", "verbs": []});
                json!({"kind": "APIResourceList", "groupVersion": "pam-operator.io/v1alpha1", "resources":
                    [resource("pamcredentials"), resource("pamcredentials/status"), resource("mysafepasswords")]})
            }
            "/apis/apps/v1/deployments" => json!({"metadata": {}, "items": [{
                "metadata": {"name": "op", "namespace": "ops"},
                "spec": {"selector": {}, "template": {"spec": {"containers": [{"name": "o", "image": "pam-operator:99.0.0"}]}}},
            }]}),
            _ => return None,
        })
    }

    async fn seen(answer: fn(&str) -> Option<Value>) -> (Versions, usize) {
        let (cluster, asked) = fake::cluster(move |_, path| answer(path));
        let mut version = Versions { version: "0.1.0", ..Versions::default() };
        look(&cluster, &mut version).await;
        let count = asked.lock().unwrap().len();
        (version, count)
    }

    #[tokio::test]
    async fn each_version_that_a_cluster_shows_is_read() {
        let (version, _) = seen(answer).await;
        assert_eq!(version.server.as_deref(), Some("v1.33.0"));
        let names: Vec<&str> = version.definitions.iter().map(|definition| definition.name.as_str()).collect();
        assert_eq!(names, ["mysafepasswords.pam-operator.io", "pamcredentials.pam-operator.io"]);
        assert_eq!(version.definitions[0].versions, ["v1alpha1"]);
        assert_eq!(version.operators[0].version.as_deref(), Some("99.0.0"));
        assert!(version.unread.is_empty(), "{:?}", version.unread);
        let warned = version.warnings().join("\n");
        assert!(warned.contains("v99.0.0") && warned.contains("v0.1.0"), "{warned}");
    }

    #[tokio::test]
    async fn what_may_not_be_read_is_named_and_the_rest_is_read() {
        let (version, _) = seen(|path| answer(path).filter(|_| !path.contains("deployments"))).await;
        assert_eq!(version.unread, ["cannot look for the operator's Deployment: Kubernetes refused (403): no"]);
        assert!(version.server.is_some() && !version.definitions.is_empty());
        let (version, _) = seen(|path| if path == "/version" { answer(path) } else { Some(fake::refusal(404)) }).await;
        assert!(version.unread[0].contains("CRDs are not installed"), "{:?}", version.unread);
    }

    #[tokio::test]
    async fn a_cluster_that_does_not_answer_is_asked_once() {
        let (version, asked) = seen(|_| None).await;
        assert_eq!((version.unread.len(), asked), (1, 1), "{:?}", version.unread);
    }
}

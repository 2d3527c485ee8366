//! P7, P9: the release makes its ClusterPamConnections, on an empty cluster too, and deletes none; and it is not installed over
//! CRDs that go away.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use local_cluster::{ControlPlane, Installation, wait_until};
use pam_operator::api::ClusterPamConnection;
use serde_json::{Value, json};

use crate::support::PATIENCE;

const RELEASE: &str = "pam-operator";
const CRD: &str = "clusterpamconnections.pam-operator.io";

fn connections(url: &str) -> Value {
    let auth = json!({"oauth2": {"clientSecretRef": {"name": "pam-oauth-client"}}});
    json!({"default": {"spec": {"url": url, "productVersion": "4.2", "auth": auth}}})
}

/// Installs the chart with its CRDs, or upgrades it.
async fn install<'a>(cluster: &'a ControlPlane, connections: &Value) -> anyhow::Result<Installation<'a>> {
    Installation::of(cluster, RELEASE).with_crds().set("connections", connections.clone()).install().await
}

#[tokio::test]
async fn connections_come_with_the_release_and_stay_without_it() {
    let cluster = ControlPlane::temporary().await.unwrap();
    let api: Api<ClusterPamConnection> = Api::all(cluster.admin_client().await.unwrap());
    let stored = async || {
        let found = api.get("default").await.unwrap();
        (found.metadata.uid.unwrap(), found.spec.connection.url)
    };
    // The cluster does not know the kind yet.
    install(&cluster, &connections("https://one.example.com")).await.unwrap();
    let (uid, url) = stored().await;
    assert_eq!(url, "https://one.example.com");
    // A change is applied, to the same object, and with it the release has the object.
    for url in ["https://two.example.com", "https://three.example.com"] {
        install(&cluster, &connections(url)).await.unwrap();
        assert_eq!(stored().await, (uid.clone(), url.to_owned()));
    }
    let annotations = api.get("default").await.unwrap().metadata.annotations.unwrap();
    assert!(!annotations.contains_key("helm.sh/hook"), "{annotations:?}");
    cluster.helm(&["rollback", RELEASE, "2", "-n", RELEASE]).await.unwrap();
    assert_eq!(stored().await, (uid.clone(), "https://two.example.com".to_owned()));
    // None is deleted: by no list without it, by no earlier revision, by no removal.
    install(&cluster, &json!({})).await.unwrap();
    cluster.helm(&["rollback", RELEASE, "1", "-n", RELEASE]).await.unwrap();
    cluster.helm(&["uninstall", RELEASE, "-n", RELEASE]).await.unwrap();
    assert_eq!(stored().await, (uid.clone(), "https://two.example.com".to_owned()));
    install(&cluster, &connections("https://four.example.com")).await.unwrap();
    assert_eq!(stored().await, (uid, "https://four.example.com".to_owned()));
    refuses_a_definition_that_goes(&cluster, &api).await;
    cluster.stop().await.unwrap();
}

/// Helm would report success, and a moment later the kind would be gone.
async fn refuses_a_definition_that_goes(cluster: &ControlPlane, api: &Api<ClusterPamConnection>) {
    let crds: Api<CustomResourceDefinition> = Api::all(cluster.admin_client().await.unwrap());
    let held = |finalizers: Value| Patch::Merge(json!({"metadata": {"finalizers": finalizers}}));
    cluster.helm(&["uninstall", RELEASE, "-n", RELEASE]).await.unwrap();
    api.patch("default", &PatchParams::default(), &held(json!(["example.com/held"]))).await.unwrap();
    crds.delete(CRD, &DeleteParams::default()).await.unwrap();
    let error = format!("{:#}", install(cluster, &json!({})).await.unwrap_err());
    for words in [CRD, "is being deleted", "Nothing was changed", "run helm again"] {
        assert!(error.contains(words), "{words}: {error}");
    }
    assert!(!cluster.kubectl(&["get", "deployments", "-A", "-o", "name"]).await.unwrap().contains(RELEASE));
    // What the message says to do.
    api.patch("default", &PatchParams::default(), &held(Value::Null)).await.unwrap();
    wait_until("the CRD to be gone", PATIENCE, async || {
        anyhow::ensure!(crds.get_opt(CRD).await?.is_none(), "it is there");
        Ok(())
    })
    .await
    .unwrap();
    install(cluster, &connections("https://five.example.com")).await.unwrap();
    assert_eq!(api.get("default").await.unwrap().spec.connection.url, "https://five.example.com");
}

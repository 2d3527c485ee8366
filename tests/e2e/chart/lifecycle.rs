//! P8, P9: installing, upgrading, rolling back and removing the chart keeps the digest key and the CRDs.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use k8s_openapi::{
    ByteString, api::apps::v1::Deployment, api::core::v1::Secret,
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use local_cluster::{ControlPlane, Installation, unique_name};
use serde_json::json;

use super::{copy, repository};

const KEY: &str = "pam-operator-digest-key";

/// Writes the key as the operator does: with the rights of its `ServiceAccount`, under its field manager.
async fn write_key(client: Client, namespace: &str) -> BTreeMap<String, ByteString> {
    let secrets: Api<Secret> = Api::namespaced(client, namespace);
    let key = json!({"data": {"key": ByteString(b"thirty-two bytes, made by a test".to_vec())}});
    let params = PatchParams { field_manager: Some("pam-operator".into()), ..PatchParams::default() };
    secrets.patch(KEY, &params, &Patch::Merge(key)).await.unwrap().data.unwrap()
}

#[tokio::test]
async fn the_digest_key_survives_whatever_helm_does() {
    let cluster = ControlPlane::shared().await.unwrap();
    let namespace = unique_name("key");
    let install = Installation::of(cluster, &namespace).install().await.unwrap();
    let written = write_key(install.client().await.unwrap(), &namespace).await;
    let secrets: Api<Secret> = Api::namespaced(cluster.admin_client().await.unwrap(), &namespace);
    let stored = async || secrets.get(KEY).await.unwrap().data;
    let chart = repository().join("charts/pam-operator").to_string_lossy().into_owned();
    let upgrade = ["upgrade", "pam-operator", &chart, "-n", &namespace, "--set", "crds.install=false"];
    for how in [&["--server-side=true", "--force-conflicts"][..], &["--server-side=false"], &["--server-side=true"]] {
        cluster.helm(&[&upgrade[..], how].concat()).await.unwrap();
        assert_eq!(stored().await.as_ref(), Some(&written), "{how:?}");
    }
    cluster.helm(&["rollback", "pam-operator", "1", "-n", &namespace]).await.unwrap();
    assert_eq!(stored().await.as_ref(), Some(&written), "roll-back");
    cluster.helm(&["uninstall", "pam-operator", "-n", &namespace]).await.unwrap();
    assert_eq!(stored().await.as_ref(), Some(&written), "removal");
    let again = Installation::of(cluster, &namespace).install().await.unwrap();
    assert_eq!(stored().await.as_ref(), Some(&written), "installation over a kept key");
    again.uninstall().await.unwrap();
}

#[tokio::test]
async fn the_key_is_in_no_manifest_that_helm_stores() {
    let cluster = ControlPlane::shared().await.unwrap();
    let namespace = unique_name("key");
    let install = Installation::of(cluster, &namespace).install().await.unwrap();
    write_key(install.client().await.unwrap(), &namespace).await;
    let install = Installation::of(cluster, &namespace).set("clusterName", "a").install().await.unwrap();
    let manifest = cluster.helm(&["get", "manifest", "pam-operator", "-n", &namespace]).await.unwrap();
    let (_, secret) = manifest.split_once(KEY).unwrap();
    let secret = secret.split("---").next().unwrap();
    assert!(!secret.contains("data:") && !secret.contains("lookup"), "{secret}");
    install.uninstall().await.unwrap();
}

#[tokio::test]
async fn releases_in_one_cluster_do_not_meet() {
    let cluster = ControlPlane::shared().await.unwrap();
    let watched = cluster.namespace("watched").await.unwrap();
    let release = |name: &'static str| {
        Installation::of(cluster, &unique_name("many")).named(name).set("watchNamespaces", json!([watched, "default"]))
    };
    let (one, two, three) = (release("pam-operator"), release("pam-operator"), release("other"));
    let one = one.install().await.unwrap();
    let two = two.install().await.unwrap();
    let three = three.install().await.unwrap();
    assert_eq!(three.deployment(), "other-pam-operator");
    for install in [one, two, three] {
        let client = install.client().await.unwrap();
        let secrets: Api<Secret> = Api::namespaced(client, &watched);
        secrets.list(&kube::api::ListParams::default()).await.unwrap();
        install.uninstall().await.unwrap();
    }
}

/// A copy of the chart whose `PamCredential` has another short name, as an older version's could.
fn older_chart(folder: &Path) -> PathBuf {
    let chart = folder.join("pam-operator");
    copy(&repository().join("charts/pam-operator"), &chart);
    let crd = chart.join("files/crds/pam-operator.io_pamcredentials.yaml");
    let text = fs::read_to_string(&crd).unwrap();
    assert!(text.contains("    - pamcred\n"));
    fs::write(crd, text.replace("    - pamcred\n", "    - oldname\n")).unwrap();
    chart
}

/// On a control plane of its own: only one release of a cluster can bring the CRDs.
#[tokio::test]
async fn crds_are_installed_upgraded_and_kept() {
    let cluster = ControlPlane::temporary().await.unwrap();
    let older = older_chart(&cluster.state().folder);
    let crds: Api<CustomResourceDefinition> = Api::all(cluster.admin_client().await.unwrap());
    let short_names = async || {
        let crd = crds.get("pamcredentials.pam-operator.io").await.unwrap();
        crd.spec.names.short_names.unwrap()
    };
    let release = || Installation::of(&cluster, "pam-operator").with_crds();
    release().chart(&older).install().await.unwrap();
    assert_eq!(short_names().await, ["oldname"], "installed");
    let install = release().install().await.unwrap();
    assert_eq!(short_names().await, ["pamcred"], "upgraded");
    install.uninstall().await.unwrap();
    assert_eq!(short_names().await, ["pamcred"], "kept");
    cluster.stop().await.unwrap();
}

/// The chart of the last version, as `helm package` made it.
const PREVIOUS: &str = "tests/e2e/chart/pam-operator-previous.tgz";

/// A release as users upgrade it: nothing that they have is lost or replaced on the way there, back, and out.
#[tokio::test]
async fn the_previous_chart_is_upgraded_rolled_back_removed_and_installed_again() {
    let cluster = ControlPlane::temporary().await.unwrap();
    let namespace = "pam-operator";
    let release = || Installation::of(&cluster, namespace).with_crds().set("clusterName", "prod");
    let previous = repository().join(PREVIOUS);
    let install = release().chart(&previous).install().await.unwrap();
    let written = write_key(install.client().await.unwrap(), namespace).await;
    let client = cluster.admin_client().await.unwrap();
    let (secrets, deployments) =
        (Api::<Secret>::namespaced(client.clone(), namespace), Api::<Deployment>::namespaced(client, namespace));
    let deployment = async || deployments.get("pam-operator").await.unwrap();
    let first = deployment().await;
    let upgrade = async || {
        let more = json!({"team": "pam"});
        release().set("commonLabels", more).set("podDisruptionBudget.enabled", true).install().await.unwrap()
    };
    let steps: [(&str, &[&str]); 3] =
        [("upgrade", &[]), ("roll-back", &["rollback", "pam-operator", "1", "-n", namespace]), ("upgrade", &[])];
    for (step, helm) in steps {
        if helm.is_empty() {
            upgrade().await;
        } else {
            cluster.helm(helm).await.unwrap();
        }
        let now = deployment().await;
        assert_eq!(now.metadata.uid, first.metadata.uid, "{step}");
        assert_eq!(now.spec.as_ref().unwrap().selector, first.spec.as_ref().unwrap().selector, "{step}");
        let is_upgraded = now.metadata.labels.unwrap().contains_key("team");
        assert_eq!(is_upgraded, step == "upgrade", "{step}");
        assert_eq!(secrets.get(KEY).await.unwrap().data.as_ref(), Some(&written), "{step}");
    }
    cluster.helm(&["uninstall", "pam-operator", "-n", namespace]).await.unwrap();
    assert!(deployments.get_opt("pam-operator").await.unwrap().is_none());
    upgrade().await;
    assert_eq!(secrets.get(KEY).await.unwrap().data.as_ref(), Some(&written), "installed again");
    cluster.stop().await.unwrap();
}

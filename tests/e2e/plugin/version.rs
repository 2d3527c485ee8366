//! `kubectl pam version` says which plugin, operator, kinds and cluster there are, as far as the user may see them.

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};

use super::Plugin;
use crate::support::World;

#[tokio::test]
async fn what_a_user_may_see_has_its_version_and_the_rest_is_named() {
    let world = World::start().await;
    let plugin = Plugin::new(&world);
    let (home, name) = (world.install.namespace(), world.install.deployment());
    let seen = plugin.run(&["version"]).await.ended(0).says(&[
        "plugin     v",
        &format!("(Deployment {name} in namespace {home}, "),
        "kind       pamcredentials.pam-operator.io v1alpha1\n",
        "kind       clusterpamconnections.pam-operator.io v1alpha1\n",
        "server     v1.",
    ]);
    assert!(!seen.out.contains("unknown    "), "{}", seen.out);
    let own = |json: &Value| {
        let operators = json["operators"].as_array().unwrap();
        operators.iter().find(|operator| operator["namespace"] == home).unwrap().clone()
    };
    let json = plugin.run(&["version", "-o", "json"]).await.ended(0).json();
    assert_eq!(own(&json)["version"], json["version"], "both are built together: {json}");
    assert_eq!(json["definitions"].as_array().unwrap().len(), 4, "{json}");

    let newer = Patch::Strategic(json!({"spec": {"template": {"spec": {"containers": [
        {"name": own_container(&world).await, "image": "pam-operator:99.1.0"}]}}}}));
    let deployments = Api::<Deployment>::namespaced(world.client.clone(), home);
    deployments.patch(name, &PatchParams::default(), &newer).await.unwrap();
    let warned = format!("the operator in namespace {home} ({name}) is v99.1.0: install the plugin of the operator's");
    assert!(plugin.run(&["version"]).await.ended(0).err.contains(&warned));

    let nobody = plugin.run(&["version", "--as", "nobody", "--as-group", "system:authenticated"]).await.ended(0);
    nobody.says(&[
        "server     v1.",
        "kind       pamcredentials.pam-operator.io v1alpha1\n",
        "unknown    cannot look for the operator's Deployment: Kubernetes refused (403)",
    ]);
    let client = plugin.run(&["version", "--client"]).await.ended(0).out;
    assert_eq!(client.lines().count(), 1, "{client}");
}

async fn own_container(world: &World) -> String {
    let deployments = Api::<Deployment>::namespaced(world.client.clone(), world.install.namespace());
    let found = deployments.get(world.install.deployment()).await.unwrap();
    found.spec.unwrap().template.spec.unwrap().containers[0].name.clone()
}

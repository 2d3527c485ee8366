//! P9: with a token of the operator nothing of a `PamCredential` can be changed but its status and the operator's finalizer,
//! and nothing outside the namespaces that are served.

use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Client, Error};
use local_cluster::{ControlPlane, Installation, unique_name, wait_until};
use pam_operator::api::{FIELD_MANAGER, FINALIZER, PamCredential};
use serde_json::{Value, json};

const THEIRS: &str = "example.com/theirs";
const NAME: &str = "svc";

/// Makes a credential that others have labelled, annotated, own and hold.
async fn make(admin: &Client, namespace: &str) {
    // The garbage collector deletes what has an owner that is not there.
    let owner =
        ConfigMap { metadata: ObjectMeta { name: Some("owner".into()), ..Default::default() }, ..Default::default() };
    let owners: Api<ConfigMap> = Api::namespaced(admin.clone(), namespace);
    let owner = owners.create(&PostParams::default(), &owner).await.unwrap();
    let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.metadata.uid});
    let object = json!({
        "apiVersion": "pam-operator.io/v1alpha1",
        "kind": "PamCredential",
        "metadata": {
            "name": NAME,
            "labels": {"a": "b"},
            "annotations": {"a": "b"},
            "ownerReferences": [owner],
            "finalizers": [THEIRS],
        },
        "spec": {"connectionRef": {"name": "none"}, "username": "svc", "hostname": "db01", "ip": "10.0.0.7"},
    });
    let api: Api<PamCredential> = Api::namespaced(admin.clone(), namespace);
    api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
}

/// The code and the text of a refusal.
fn refusal(result: Result<PamCredential, Error>) -> Option<(u16, String)> {
    match result {
        Ok(_) => None,
        Err(Error::Api(status)) => Some((status.code, status.message.clone())),
        Err(error) => panic!("{error}"),
    }
}

/// What a thief of the token would write.
fn forgeries() -> Vec<(Value, &'static str)> {
    let metadata = |field: &str, value: Value| json!({"metadata": {field: value}});
    vec![
        (json!({"spec": {"hostname": "mine"}}), "changes no spec"),
        (json!({"spec": {"deletionPolicy": "Disable"}, "metadata": {"finalizers": [THEIRS, FINALIZER]}}), "no spec"),
        (metadata("labels", json!({"a": "c"})), "no labels"),
        (metadata("labels", Value::Null), "no labels"),
        (metadata("annotations", json!({"pam-operator.io/push-value-requested-at": "now"})), "no labels, annotations"),
        (metadata("ownerReferences", json!([])), "owner references"),
        (metadata("finalizers", json!([])), "no finalizer but its own"),
        (metadata("finalizers", json!([FINALIZER])), "no finalizer but its own"),
        (metadata("finalizers", json!([THEIRS, "example.com/mine"])), "no finalizer but its own"),
    ]
}

fn of_operator(client: &Client, namespace: &str) -> Api<PamCredential> {
    Api::namespaced(client.clone(), namespace)
}

/// Waits until the API server knows the policy; it learns of one soon after it was made.
async fn refuses(api: &Api<PamCredential>, change: &Value) -> (u16, String) {
    let params = PatchParams { dry_run: true, ..PatchParams::default() };
    let refused = async || {
        let answer = refusal(api.patch(NAME, &params, &Patch::Merge(change)).await);
        answer.ok_or_else(|| anyhow::anyhow!("it is done"))
    };
    wait_until(&format!("{change} to be refused"), Duration::from_secs(20), refused).await.unwrap()
}

#[tokio::test]
async fn the_operators_token_changes_nothing_but_the_operators_finalizer() {
    let cluster = ControlPlane::shared().await.unwrap();
    let admin = cluster.admin_client().await.unwrap();
    let (served, elsewhere) =
        (cluster.namespace("served").await.unwrap(), cluster.namespace("elsewhere").await.unwrap());
    let release = Installation::of(cluster, &unique_name("admission"));
    let install = release.set("watchNamespaces", json!([served])).install().await.unwrap();
    let client = install.client().await.unwrap();
    make(&admin, &served).await;
    make(&admin, &elsewhere).await;
    let api = of_operator(&client, &served);
    for (change, words) in forgeries() {
        let (code, message) = refuses(&api, &change).await;
        assert!(code == 403 && message.contains(words), "{change}: {code} {message}");
    }
    // By server-side apply, too.
    let apply = PatchParams::apply(FIELD_MANAGER).force();
    let object = |more: Value| {
        let mut object =
            json!({"apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential", "metadata": {"name": NAME}});
        crate::support::merge(&mut object, more);
        Patch::Apply(object)
    };
    let forged = object(json!({"spec": {"hostname": "mine"}}));
    assert_eq!(refusal(api.patch(NAME, &apply, &forged).await).unwrap().0, 403);

    // What the operator does: its finalizer comes and goes, as in `src/controller/runtime/finalizer.rs`.
    let added = api.patch(NAME, &apply, &object(json!({"metadata": {"finalizers": [FINALIZER]}}))).await.unwrap();
    assert_eq!(added.metadata.finalizers.unwrap().len(), 2);
    let removed = json!({"metadata": {"finalizers": [THEIRS]}});
    let kept = api.patch(NAME, &PatchParams::default(), &Patch::Merge(&removed)).await.unwrap();
    assert_eq!(kept.metadata.finalizers.unwrap(), [THEIRS]);

    // Outside the namespaces that are served not even that, although RBAC has to allow it.
    let outside = of_operator(&client, &elsewhere);
    let held = json!({"metadata": {"finalizers": [THEIRS, FINALIZER]}});
    let (code, message) = refuses(&outside, &held).await;
    assert!(code == 403 && message.contains("watchNamespaces"), "{code} {message}");

    // Nobody else is concerned.
    let of_people = |namespace: &str| Api::<PamCredential>::namespaced(admin.clone(), namespace);
    let edit = json!({"spec": {"hostname": "db02"}, "metadata": {"finalizers": []}});
    of_people(&served).patch(NAME, &PatchParams::default(), &Patch::Merge(edit)).await.unwrap();

    // There the operator takes its finalizer off an object that is being deleted, and off no other.
    of_people(&elsewhere).patch(NAME, &PatchParams::default(), &Patch::Merge(held)).await.unwrap();
    assert_eq!(refuses(&outside, &removed).await.0, 403);
    of_people(&elsewhere).delete(NAME, &DeleteParams::default()).await.unwrap();
    let kept = outside.patch(NAME, &PatchParams::default(), &Patch::Merge(&removed)).await.unwrap();
    assert_eq!(kept.metadata.finalizers.unwrap(), [THEIRS]);
    install.uninstall().await.unwrap();
}

/// What the policy is for: without it the same token writes any spec.
#[tokio::test]
async fn without_the_policy_rights_alone_do_not_keep_a_spec() {
    let cluster = ControlPlane::shared().await.unwrap();
    let served = cluster.namespace("served").await.unwrap();
    let release = Installation::of(cluster, &unique_name("admission")).set("admissionPolicy.enabled", false);
    let install = release.install().await.unwrap();
    make(&cluster.admin_client().await.unwrap(), &served).await;
    let api = of_operator(&install.client().await.unwrap(), &served);
    let params = PatchParams { dry_run: true, ..PatchParams::default() };
    let written = api.patch(NAME, &params, &Patch::Merge(json!({"spec": {"hostname": "mine"}}))).await.unwrap();
    assert_eq!(written.spec.hostname, "mine");
    install.uninstall().await.unwrap();
}

//! P9: with a token of the operator nothing of a `PamCredential` or a `MySafePassword` can be changed but its status and the
//! operator's finalizer, and nothing outside the namespaces that are served.

use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, DynamicObject, ObjectMeta, Patch, PatchParams, PostParams};
use kube::core::ApiResource;
use kube::{Client, Error};
use local_cluster::{ControlPlane, Installation, unique_name, wait_until};
use pam_operator::api::{FIELD_MANAGER, FINALIZER, MySafePassword, PamCredential};
use serde_json::{Value, json};

const THEIRS: &str = "example.com/theirs";
const NAME: &str = "svc";

/// A kind whose objects the operator puts its finalizer on.
struct Held {
    resource: ApiResource,
    spec: Value,
    /// The `deletionPolicy` that a thief would like.
    policy: &'static str,
}

fn kinds() -> [Held; 2] {
    let credential =
        json!({"connectionRef": {"name": "none"}, "username": "svc", "hostname": "db01", "ip": "10.0.0.7"});
    let entry = json!({"connectionRef": {"name": "none"}, "username": "svc", "contentSecretRef": {"name": "none"}});
    [
        Held { resource: ApiResource::erase::<PamCredential>(&()), spec: credential, policy: "Disable" },
        Held { resource: ApiResource::erase::<MySafePassword>(&()), spec: entry, policy: "Deactivate" },
    ]
}

impl Held {
    fn api(&self, client: &Client, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(client.clone(), namespace, &self.resource)
    }

    /// Makes an object that others have labelled, annotated, own and hold.
    async fn make(&self, admin: &Client, namespace: &str) {
        // The garbage collector deletes what has an owner that is not there.
        let meta = ObjectMeta { generate_name: Some("owner-".into()), ..Default::default() };
        let owners: Api<ConfigMap> = Api::namespaced(admin.clone(), namespace);
        let owner = ConfigMap { metadata: meta, ..Default::default() };
        let owner = owners.create(&PostParams::default(), &owner).await.unwrap().metadata;
        let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": owner.name, "uid": owner.uid});
        let object = json!({
            "apiVersion": self.resource.api_version,
            "kind": self.resource.kind,
            "metadata": {
                "name": NAME,
                "labels": {"a": "b"},
                "annotations": {"a": "b"},
                "ownerReferences": [owner],
                "finalizers": [THEIRS],
            },
            "spec": self.spec,
        });
        let object = serde_json::from_value(object).unwrap();
        self.api(admin, namespace).create(&PostParams::default(), &object).await.unwrap();
    }

    /// What a thief of the token would write.
    fn forgeries(&self) -> Vec<(Value, &'static str)> {
        let metadata = |field: &str, value: Value| json!({"metadata": {field: value}});
        let held = json!({"spec": {"deletionPolicy": self.policy}, "metadata": {"finalizers": [THEIRS, FINALIZER]}});
        let annotations = json!({"pam-operator.io/push-value-requested-at": "now"});
        vec![
            (json!({"spec": {"notes": "mine"}}), "changes no spec"),
            (held, "no spec"),
            (metadata("labels", json!({"a": "c"})), "no labels"),
            (metadata("labels", Value::Null), "no labels"),
            (metadata("annotations", annotations), "no labels, annotations"),
            (metadata("ownerReferences", json!([])), "owner references"),
            (metadata("finalizers", json!([])), "no finalizer but its own"),
            (metadata("finalizers", json!([FINALIZER])), "no finalizer but its own"),
            (metadata("finalizers", json!([THEIRS, "example.com/mine"])), "no finalizer but its own"),
        ]
    }

    /// An object for server-side apply.
    fn applied(&self, more: Value) -> Patch<Value> {
        let (version, kind) = (&self.resource.api_version, &self.resource.kind);
        let mut object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": NAME}});
        crate::support::merge(&mut object, more);
        Patch::Apply(object)
    }
}

/// The code and the text of a refusal.
fn refusal(result: Result<DynamicObject, Error>) -> Option<(u16, String)> {
    match result {
        Ok(_) => None,
        Err(Error::Api(status)) => Some((status.code, status.message.clone())),
        Err(error) => panic!("{error}"),
    }
}

/// Waits until the API server knows the policy; it learns of one soon after it was made.
async fn refuses(api: &Api<DynamicObject>, change: &Value) -> (u16, String) {
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
    for kind in kinds() {
        kind.make(&admin, &served).await;
        kind.make(&admin, &elsewhere).await;
        changes_its_finalizer_alone(&kind, &kind.api(&client, &served)).await;
        // Nobody else is concerned.
        let edit = json!({"spec": {"notes": "theirs"}, "metadata": {"finalizers": []}});
        kind.api(&admin, &served).patch(NAME, &PatchParams::default(), &Patch::Merge(edit)).await.unwrap();
        lets_go_outside(&kind, &kind.api(&client, &elsewhere), &kind.api(&admin, &elsewhere)).await;
    }
    install.uninstall().await.unwrap();
}

async fn changes_its_finalizer_alone(kind: &Held, api: &Api<DynamicObject>) {
    for (change, words) in kind.forgeries() {
        let (code, message) = refuses(api, &change).await;
        assert!(code == 403 && message.contains(words), "{}: {change}: {code} {message}", kind.resource.kind);
    }
    // By server-side apply, too.
    let apply = PatchParams::apply(FIELD_MANAGER).force();
    let forged = kind.applied(json!({"spec": {"notes": "mine"}}));
    assert_eq!(refusal(api.patch(NAME, &apply, &forged).await).unwrap().0, 403);

    // What the operator does: its finalizer comes and goes, as in `src/controller/runtime/finalizer.rs`.
    let held = kind.applied(json!({"metadata": {"finalizers": [FINALIZER]}}));
    let added = api.patch(NAME, &apply, &held).await.unwrap();
    assert_eq!(added.metadata.finalizers.unwrap().len(), 2);
    let removed = json!({"metadata": {"finalizers": [THEIRS]}});
    let kept = api.patch(NAME, &PatchParams::default(), &Patch::Merge(&removed)).await.unwrap();
    assert_eq!(kept.metadata.finalizers.unwrap(), [THEIRS]);
}

/// Outside the namespaces that are served not even the finalizer can be put on, although RBAC has to allow it; and it can be
/// taken off an object that is being deleted, and off no other.
async fn lets_go_outside(kind: &Held, outside: &Api<DynamicObject>, of_people: &Api<DynamicObject>) {
    let held = json!({"metadata": {"finalizers": [THEIRS, FINALIZER]}});
    let (code, message) = refuses(outside, &held).await;
    assert!(code == 403 && message.contains("watchNamespaces"), "{}: {code} {message}", kind.resource.kind);
    let removed = json!({"metadata": {"finalizers": [THEIRS]}});
    of_people.patch(NAME, &PatchParams::default(), &Patch::Merge(held)).await.unwrap();
    assert_eq!(refuses(outside, &removed).await.0, 403);
    of_people.delete(NAME, &DeleteParams::default()).await.unwrap();
    let kept = outside.patch(NAME, &PatchParams::default(), &Patch::Merge(&removed)).await.unwrap();
    assert_eq!(kept.metadata.finalizers.unwrap(), [THEIRS]);
}

/// What the policy is for: without it the same token writes any spec.
#[tokio::test]
async fn without_the_policy_rights_alone_do_not_keep_a_spec() {
    let cluster = ControlPlane::shared().await.unwrap();
    let served = cluster.namespace("served").await.unwrap();
    let release = Installation::of(cluster, &unique_name("admission")).set("admissionPolicy.enabled", false);
    let install = release.install().await.unwrap();
    let (admin, client) = (cluster.admin_client().await.unwrap(), install.client().await.unwrap());
    for kind in kinds() {
        kind.make(&admin, &served).await;
        let params = PatchParams { dry_run: true, ..PatchParams::default() };
        let forged = json!({"spec": {"notes": "mine"}});
        let written = kind.api(&client, &served).patch(NAME, &params, &Patch::Merge(forged)).await.unwrap();
        assert_eq!(written.data["spec"]["notes"], "mine");
    }
    install.uninstall().await.unwrap();
}

//! P1: once the operator has done its work, an object that is applied from Git again shows no difference and is not written: as
//! Argo CD's and Flux's field managers apply it, and as `kubectl diff` compares it.

use std::collections::BTreeSet;

use kube::api::{Api, DynamicObject};
use kube::core::ApiResource;
use local_cluster::wait_until;
use pam_operator::api::{ClusterPamConnection, MySafePassword, PamConnection, PamCredential};
use serde_json::{Value, json};

use crate::samples;
use crate::support::{PATIENCE, World, assert_no_canary};

/// The field managers of Argo CD and of Flux.
const MANAGERS: [&str; 2] = ["argocd-controller", "kustomize-controller"];

/// An object of Git in a world.
struct Applied<'a> {
    world: &'a World,
    api: Api<DynamicObject>,
    object: Value,
}

impl<'a> Applied<'a> {
    fn new(world: &'a World, object: Value) -> Self {
        let resource = match object["kind"].as_str().unwrap() {
            "PamCredential" => ApiResource::erase::<PamCredential>(&()),
            "MySafePassword" => ApiResource::erase::<MySafePassword>(&()),
            "PamConnection" => ApiResource::erase::<PamConnection>(&()),
            "ClusterPamConnection" => ApiResource::erase::<ClusterPamConnection>(&()),
            other => panic!("{other}"),
        };
        let api = match object["metadata"]["namespace"].as_str() {
            Some(namespace) => Api::namespaced_with(world.client.clone(), namespace, &resource),
            None => Api::all_with(world.client.clone(), &resource),
        };
        Self { world, api, object }
    }

    fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().unwrap()
    }

    async fn live(&self) -> DynamicObject {
        self.api.get(self.name()).await.unwrap()
    }

    async fn kubectl(&self, args: &[&str]) {
        let args = [args, &["-f", "-"]].concat();
        let said = self.world.cluster.kubectl_with(&args, &self.object.to_string()).await;
        said.unwrap_or_else(|error| panic!("{}: {error}", self.object));
    }

    async fn applies(&self, manager: &str) {
        self.kubectl(&["apply", "--server-side", "--field-manager", manager]).await;
    }

    /// Waits until the operator has told of the newest generation, and holds the object if it has to.
    async fn is_reconciled(&self, ready: Option<&str>) {
        wait_until(&format!("{} to be reconciled", self.name()), PATIENCE, async || {
            let live = self.live().await;
            let status = &live.data["status"];
            anyhow::ensure!(status["observedGeneration"].as_i64() == live.metadata.generation, "{status}");
            let reason = &status["conditions"][0]["reason"];
            anyhow::ensure!(ready.is_none_or(|ready| reason == ready), "{status}");
            let is_held = ready == Some("Synced") && live.data["spec"]["deletionPolicy"] == "Disable";
            anyhow::ensure!(!is_held || live.metadata.finalizers.is_some(), "no finalizer");
            Ok(())
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", self.world.logs()));
    }

    /// Applied again it is not written, and no comparison finds anything.
    async fn shows_no_difference(&self) {
        for manager in MANAGERS {
            // The first time this manager gets its share of the object's fields.
            self.applies(manager).await;
            let before = self.live().await.metadata.resource_version;
            self.applies(manager).await;
            assert_eq!(self.live().await.metadata.resource_version, before, "{manager} wrote {}", self.object);
            self.kubectl(&["diff", "--server-side", "--field-manager", manager]).await;
        }
        self.kubectl(&["diff"]).await;
        let live = self.live().await;
        is_part_of(&self.object["spec"], &live.data["spec"], self.name());
        the_operator_owns_no_spec(&live);
    }
}

/// What tools that compare by themselves look at: what Git says is so, and no list has more than Git says.
fn is_part_of(wanted: &Value, live: &Value, path: &str) {
    match wanted {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, wanted)| is_part_of(wanted, &live[name], &format!("{path}.{name}")));
        }
        other => assert_eq!(other, live, "{path}"),
    }
}

/// The operator's share of an object is its status and its finalizer.
fn the_operator_owns_no_spec(live: &DynamicObject) {
    let entries = live.metadata.managed_fields.iter().flatten();
    for entry in entries.filter(|entry| !MANAGERS.contains(&entry.manager.as_deref().unwrap_or_default())) {
        let owned = serde_json::to_value(&entry.fields_v1).unwrap();
        let of_finalizers = ["f:metadata", "f:status"];
        let tops: Vec<_> =
            owned.as_object().unwrap().keys().filter(|top| !of_finalizers.contains(&top.as_str())).collect();
        assert!(tops.is_empty(), "{:?} owns {owned}", entry.manager);
        let metadata: Vec<_> = owned["f:metadata"].as_object().into_iter().flatten().map(|(name, _)| name).collect();
        assert!(metadata.iter().all(|name| *name == "f:finalizers"), "{:?} owns {owned}", entry.manager);
    }
}

/// The samples of `deploy/samples`, for this world: what they need is applied, and the operator's own kinds are
/// returned.
async fn of_git(world: &World) -> Vec<Value> {
    let mut own = Vec::new();
    for (_, objects) in samples::files().into_iter().filter(|(file, _)| file != "README.md") {
        for mut object in objects {
            let kind = object["kind"].as_str().unwrap().to_owned();
            match kind.as_str() {
                "Secret" if object["metadata"]["namespace"].is_null() => {
                    object["metadata"]["namespace"] = json!(world.namespace);
                    world.apply([object]).await;
                    continue;
                }
                "PamCredential" => {
                    object["spec"]["connectionRef"] = json!({"name": world.connection});
                    samples::admit(world, &object["spec"]);
                    object["metadata"]["namespace"] = json!(world.namespace);
                }
                "MySafePassword" => object["metadata"]["namespace"] = json!(world.namespace),
                "ClusterPamConnection" => {
                    object["metadata"]["name"] = json!(format!("{}-git", world.connection));
                    object["metadata"]["labels"] = json!({"world": world.connection});
                    own.push(as_a_tenants(world, &object));
                }
                _ => continue,
            }
            own.push(object);
        }
    }
    own
}

/// The same connection in the world's namespace.
fn as_a_tenants(world: &World, connection: &Value) -> Value {
    let mut object = connection.clone();
    object["kind"] = json!("PamConnection");
    object["metadata"] = json!({"name": "git", "namespace": world.namespace, "labels": {"world": world.connection}});
    object
}

#[tokio::test]
async fn no_sample_shows_a_difference() {
    let world = World::start().await;
    let mut kinds = BTreeSet::new();
    for mut object in of_git(&world).await {
        let kind = object["kind"].as_str().unwrap().to_owned();
        kinds.insert(kind.clone());
        let is_credential = kind == "PamCredential";
        if is_credential && object["metadata"]["name"] != "deploy-web-1" {
            object["spec"]["deletionPolicy"] = json!("Disable");
        }
        let applied = Applied::new(&world, object);
        applied.applies(MANAGERS[0]).await;
        applied.is_reconciled(is_credential.then_some("Synced")).await;
        applied.shows_no_difference().await;
    }
    assert!(kinds.iter().eq(["ClusterPamConnection", "MySafePassword", "PamConnection", "PamCredential"]), "{kinds:?}");
    assert_no_canary(&world.everything_said().await);
}

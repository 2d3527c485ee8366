//! P4, P7: the admission policies of `deploy/samples/policies` refuse what each is for, in words that name the field and the way
//! out, and let everything else through: what was there before can be edited, held by the finalizer and deleted.
//!
//! All policies are in force at once, on a control plane of their own, since they concern every namespace.

use std::time::Duration;

use local_cluster::{ControlPlane, wait_until};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::support::merge;

/// The group of the people who write objects without being administrators.
const WRITERS: &str = "writers";
/// The kinds that they write, by resource.
const RESOURCES: &str = "pamcredentials.pam-operator.io,mysafepasswords.pam-operator.io,pamconnections.pam-operator.io,clusterpamconnections.pam-operator.io";

/// The control plane with all samples of policies, and people who write objects.
async fn cluster() -> &'static ControlPlane {
    static CLUSTER: OnceCell<ControlPlane> = OnceCell::const_new();
    CLUSTER.get_or_init(with_policies).await
}

async fn with_policies() -> ControlPlane {
    local_cluster::ensure_crypto_provider();
    let cluster = ControlPlane::temporary().await.unwrap();
    cluster.apply_crds().await.unwrap();
    let verbs = "--verb=create,get,list,update,patch,delete";
    for command in [
        &["create", "namespace", "pam-operator"][..],
        &["create", "clusterrole", WRITERS, verbs, "--resource", RESOURCES],
        &["create", "clusterrolebinding", WRITERS, "--clusterrole", WRITERS, "--group", WRITERS],
    ] {
        cluster.kubectl(command).await.unwrap();
    }
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/samples/policies")).unwrap() {
        let path = entry.unwrap().path().to_string_lossy().into_owned();
        if !path.ends_with("/default-connection.yaml") || mutates(&cluster).await {
            cluster.kubectl(&["apply", "-f", &path]).await.unwrap();
        }
    }
    cluster
}

/// Whether the API server has MutatingAdmissionPolicies, as from Kubernetes 1.36 on.
async fn mutates(cluster: &ControlPlane) -> bool {
    let served = cluster.kubectl(&["get", "--raw", "/apis/admissionregistration.k8s.io/v1"]).await.unwrap();
    served.contains("\"mutatingadmissionpolicies\"")
}

/// A namespace, and the user `ana` who writes its objects.
struct Writer {
    cluster: &'static ControlPlane,
    namespace: String,
}

impl Writer {
    async fn new() -> Self {
        let cluster = cluster().await;
        Self { cluster, namespace: cluster.namespace("shop").await.unwrap() }
    }

    /// Runs kubectl as ana, in her namespace; an error is what it said.
    async fn kubectl(&self, args: &[&str], input: &str) -> Result<String, String> {
        let ana = ["-n", &self.namespace, "--as", "ana", "--as-group", WRITERS, "--as-group", "system:authenticated"];
        let said = self.cluster.kubectl_with(&[args, &ana].concat(), input).await;
        said.map_err(|error| error.to_string())
    }

    /// What the API server says when ana creates that object. Nothing is stored.
    async fn tries(&self, object: &Value) -> Result<String, String> {
        self.kubectl(&["create", "--dry-run=server", "-f", "-"], &object.to_string()).await
    }

    /// Fails unless the object is refused in these words. The API server learns of a policy soon after it was made.
    async fn is_refused(&self, object: &Value, words: &[&str]) {
        wait_until(&format!("{object} to be refused"), Duration::from_secs(20), async || {
            let said = self.tries(object).await.err().unwrap_or_default();
            anyhow::ensure!(words.iter().all(|word| said.contains(word)), "{words:?} are not in {said:?}");
            Ok(())
        })
        .await
        .unwrap();
    }

    /// Fails unless ana's merge patch is refused in these words.
    async fn is_refused_the_change(&self, object: &str, change: &Value, words: &[&str]) {
        let said = self.patches(object, change).await.expect_err("it was let in");
        assert!(words.iter().all(|word| said.contains(word)), "{change}: {said}");
    }

    async fn patches(&self, object: &str, change: &Value) -> Result<String, String> {
        self.kubectl(&["patch", object, "--type", "merge", "-p", &change.to_string()], "").await
    }

    /// As an administrator.
    async fn admin(&self, args: &[&str], input: &str) -> String {
        self.cluster.kubectl_with(&[args, &["-n", &self.namespace]].concat(), input).await.unwrap()
    }

    async fn admin_creates(&self, object: &Value) {
        self.admin(&["create", "-f", "-"], &object.to_string()).await;
    }

    /// Says in a connection's status, as the operator does, how many objects refer to it.
    async fn is_used(&self, connection: &str, count: u32) {
        let status = json!({"status": {"credentials": count}}).to_string();
        self.admin(&["patch", connection, "--subresource", "status", "--type", "merge", "-p", &status], "").await;
    }

    async fn connection_of(&self, credential: &str) -> String {
        self.admin(&["get", credential, "-o", "jsonpath={.spec.connectionRef.name}"], "").await
    }
}

fn object(kind: &str, name: &str, mut spec: Value, change: Value) -> Value {
    merge(&mut spec, change);
    json!({"apiVersion": "pam-operator.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn credential(name: &str, change: Value) -> Value {
    object("PamCredential", name, json!({"username": "svc-a", "hostname": "db01", "ip": "10.0.0.7"}), change)
}

fn entry(name: &str, change: Value) -> Value {
    let spec = json!({"connectionRef": {"name": "safe"}, "username": "a", "contentSecretRef": {"name": "s"}});
    object("MySafePassword", name, spec, change)
}

fn connection(kind: &str, name: &str, change: Value) -> Value {
    let spec = json!({
        "url": "https://pam.example.com",
        "productVersion": "4.2",
        "auth": {"oauth2": {"clientSecretRef": {"name": "login"}}},
    });
    object(kind, name, spec, change)
}

#[tokio::test]
async fn fields_that_reach_further_are_for_those_with_the_right() {
    let writer = Writer::new().await;
    let remedy =
        format!("ask for a RoleBinding to the ClusterRole pam-privileged-fields in namespace {}", writer.namespace);
    let adoption = json!({"adoptionPolicy": "ByIdentifier", "identifier": "9001"});
    let cases = [
        (
            credential("a", json!({"adoptionPolicy": "TakeOver"})),
            "spec.adoptionPolicy: ana has no right to set TakeOver",
        ),
        (credential("a", json!({"deletionPolicy": "Disable"})), "spec.deletionPolicy: ana has no right to set Disable"),
        (credential("a", json!({"parentPassword": 12})), "spec.parentPassword: ana has no right to set it"),
        (entry("a", adoption), "spec.adoptionPolicy: ana has no right to set ByIdentifier"),
        (
            entry("a", json!({"deletionPolicy": "Deactivate"})),
            "spec.deletionPolicy: ana has no right to set Deactivate",
        ),
    ];
    for (object, words) in &cases {
        writer.is_refused(object, &[words, &remedy]).await;
    }
    writer.tries(&credential("a", json!({"adoptionPolicy": "ByIdentifier"}))).await.unwrap();
    writer.tries(&entry("a", json!({}))).await.unwrap();
    what_is_there_can_be_edited(&writer).await;

    let role = ["create", "rolebinding", "ana", "--clusterrole", "pam-privileged-fields", "--user", "ana"];
    writer.admin(&role, "").await;
    let may = async || {
        writer.kubectl(&["auth", "can-i", "take-over", "pamcredentials"], "").await.map_err(anyhow::Error::msg)
    };
    let answer = wait_until("ana to have the right", Duration::from_secs(20), may).await.unwrap();
    assert_eq!(answer.trim(), "yes");
    for (object, _) in &cases {
        writer.tries(object).await.unwrap();
    }
}

/// Who has no right to set these fields can edit an object that has them, as the operator does with its finalizer.
async fn what_is_there_can_be_edited(writer: &Writer) {
    let privileged = json!({"adoptionPolicy": "TakeOver", "deletionPolicy": "Disable", "parentPassword": 12});
    writer.admin_creates(&credential("there", privileged)).await;
    let there = "pamcredential/there";
    writer.patches(there, &json!({"metadata": {"finalizers": ["example.com/held"]}})).await.unwrap();
    writer.patches(there, &json!({"spec": {"hostname": "db02"}})).await.unwrap();
    writer.is_refused_the_change(there, &json!({"spec": {"parentPassword": 13}}), &["spec.parentPassword"]).await;
    let less = json!({"adoptionPolicy": "ByIdentifier", "deletionPolicy": "Retain", "parentPassword": null});
    writer.patches(there, &json!({"spec": less})).await.unwrap();
    for (field, value) in [("adoptionPolicy", "TakeOver"), ("deletionPolicy", "Disable")] {
        writer.is_refused_the_change(there, &json!({"spec": {field: value}}), &[&format!("spec.{field}")]).await;
    }
    writer.patches(there, &json!({"metadata": {"finalizers": null}})).await.unwrap();
    writer.kubectl(&["delete", there], "").await.unwrap();
}

#[tokio::test]
async fn a_rule_that_allows_take_over_is_for_those_with_the_right() {
    let writer = Writer::new().await;
    let refusal = ["spec.access: ana has no right to allow TakeOver", "pam-privileged-fields"];
    let name = format!("rules-{}", writer.namespace);
    let of = |access: Value| connection("ClusterPamConnection", &name, json!({"access": access}));
    writer.is_refused(&of(json!([{"allow": ["DeviceSettings", "TakeOver"]}])), &refusal).await;
    writer.tries(&of(json!([{"allow": ["DeviceSettings"]}]))).await.unwrap();
    writer.tries(&connection("ClusterPamConnection", &name, json!({}))).await.unwrap();

    let rule = json!({"hostnames": ["db01"], "allow": ["TakeOver"]});
    writer.admin_creates(&of(json!([rule]))).await;
    let there = format!("clusterpamconnection/{name}");
    let access = |access: Value| json!({"spec": {"access": access}});
    writer.patches(&there, &access(json!([{"hostnames": ["a"]}, rule]))).await.unwrap();
    let wider = json!([{"allow": ["TakeOver"]}, rule]);
    writer.is_refused_the_change(&there, &access(wider), &refusal).await;
    writer.patches(&there, &access(json!([{"hostnames": ["a"]}]))).await.unwrap();
    writer.is_refused_the_change(&there, &access(json!([rule])), &refusal).await;
}

#[tokio::test]
async fn names_follow_the_rules_of_their_namespace() {
    let writer = Writer::new().await;
    let namespace = writer.namespace.clone();
    let username = [
        &format!("spec.username: root does not match ^(svc|app)-[a-z0-9-]+$, the rule of namespace {namespace}"),
        "pam-names",
    ];
    writer.is_refused(&credential("a", json!({"username": "root"})), &username).await;
    let reference = json!({"username": null, "usernameSecretRef": {"name": "s"}});
    writer.is_refused(&credential("a", reference), &["spec.usernameSecretRef", "write it into spec.username"]).await;
    let identifier = [&*format!("spec.identifier: mine does not match ^{namespace}[_.-]"), "leave the field out"];
    writer.is_refused(&credential("a", json!({"identifier": "mine"})), &identifier).await;
    writer.tries(&credential("a", json!({"identifier": format!("{namespace}_mine")}))).await.unwrap();

    // A namespace with a rule of its own.
    let own = json!({"data": {format!("{namespace}.usernames"): "^root$"}}).to_string();
    writer
        .cluster
        .kubectl(&["patch", "configmap", "pam-names", "-n", "pam-operator", "--type", "merge", "-p", &own])
        .await
        .unwrap();
    writer.is_refused(&credential("a", json!({})), &["spec.username: svc-a does not match ^root$"]).await;
    writer.tries(&credential("a", json!({"username": "root"}))).await.unwrap();

    // From before the rules.
    let other = Writer::new().await;
    let every = json!({"data": {format!("{}.usernames", other.namespace): ".*"}}).to_string();
    other
        .cluster
        .kubectl(&["patch", "configmap", "pam-names", "-n", "pam-operator", "--type", "merge", "-p", &every])
        .await
        .unwrap();
    let old = credential("old", json!({"username": "Old"}));
    wait_until("the rule", Duration::from_secs(20), async || other.tries(&old).await.map_err(anyhow::Error::msg))
        .await
        .unwrap();
    other.admin_creates(&old).await;
    let none = json!({"data": {format!("{}.usernames", other.namespace): null}}).to_string();
    other
        .cluster
        .kubectl(&["patch", "configmap", "pam-names", "-n", "pam-operator", "--type", "merge", "-p", &none])
        .await
        .unwrap();
    other.is_refused(&credential("a", json!({"username": "Old"})), &["spec.username"]).await;
    other.patches("pamcredential/old", &json!({"metadata": {"finalizers": ["example.com/held"]}})).await.unwrap();
    other
        .patches("pamcredential/old", &json!({"metadata": {"finalizers": null}, "spec": {"ip": "10.0.0.8"}}))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_connection_that_objects_refer_to_is_deleted_with_a_confirmation_alone() {
    let writer = Writer::new().await;
    let name = format!("used-{}", writer.namespace);
    for kind in ["ClusterPamConnection", "PamConnection"] {
        writer.admin_creates(&connection(kind, &name, json!({}))).await;
        let there = format!("{}/{name}", kind.to_lowercase());
        writer.is_used(&there, 12).await;
        let refused = async || {
            let said = writer.kubectl(&["delete", &there, "--dry-run=server"], "").await.err().unwrap_or_default();
            let words = ["status.credentials: 12 objects refer to this connection", "confirm-deletion-with=12"];
            anyhow::ensure!(words.iter().all(|word| said.contains(word)), "{said}");
            Ok(())
        };
        wait_until("the deletion to be refused", Duration::from_secs(20), refused).await.unwrap();
        writer.kubectl(&["annotate", &there, "pam-operator.example/confirm-deletion-with=11"], "").await.unwrap();
        writer.kubectl(&["delete", &there], "").await.expect_err("another number");
        let confirm = ["annotate", "--overwrite", &there, "pam-operator.example/confirm-deletion-with=12"];
        writer.kubectl(&confirm, "").await.unwrap();
        writer.kubectl(&["delete", &there], "").await.unwrap();

        writer.admin_creates(&connection(kind, &name, json!({}))).await;
        writer.kubectl(&["delete", &there], "").await.expect("nothing refers to it");
    }
    // A namespace that goes takes its connections along.
    writer.admin_creates(&connection("PamConnection", &name, json!({}))).await;
    writer.is_used(&format!("pamconnection/{name}"), 12).await;
    writer.cluster.kubectl(&["delete", "namespace", &writer.namespace, "--timeout=60s"]).await.unwrap();
}

#[tokio::test]
async fn a_credential_that_names_no_connection_gets_that_of_its_namespace() {
    let writer = Writer::new().await;
    if !mutates(writer.cluster).await {
        return eprintln!("the API server has no MutatingAdmissionPolicies");
    }
    writer.admin_creates(&credential("before", json!({}))).await;
    let label = ["label", "namespace", &writer.namespace, "pam-operator.example/connection=pam-europe"];
    writer.cluster.kubectl(&label).await.unwrap();
    let created = async || {
        let args = ["create", "--dry-run=server", "-o", "jsonpath={.spec.connectionRef}", "-f", "-"];
        let said = writer.kubectl(&args, &credential("a", json!({})).to_string()).await.map_err(anyhow::Error::msg)?;
        anyhow::ensure!(said == r#"{"kind":"ClusterPamConnection","name":"pam-europe"}"#, "{said}");
        Ok(())
    };
    wait_until("the namespace's connection", Duration::from_secs(20), created).await.unwrap();

    // Whichever way it is applied, twice: it stays, and nothing shows as a difference.
    let server_side = ["apply", "--server-side", "--field-manager", "argocd-controller", "-f", "-"];
    for (name, apply) in [("client-side", &["apply", "-f", "-"][..]), ("server-side", &server_side)] {
        let object = credential(name, json!({})).to_string();
        for _ in 0..2 {
            writer.kubectl(apply, &object).await.unwrap();
            assert_eq!(writer.connection_of(&format!("pamcredential/{name}")).await, "pam-europe", "{name}");
        }
        let diff = [&["diff"], &apply[1..]].concat();
        writer.kubectl(&diff, &object).await.unwrap();
    }
    let own = credential("own", json!({"connectionRef": {"name": "other"}}));
    writer.kubectl(&["apply", "-f", "-"], &own.to_string()).await.unwrap();
    assert_eq!(writer.connection_of("pamcredential/own").await, "other");
    // An object that is there is not moved into another PAM, as when the operator puts its finalizer on.
    writer.patches("pamcredential/before", &json!({"metadata": {"finalizers": ["example.com/held"]}})).await.unwrap();
    assert_eq!(writer.connection_of("pamcredential/before").await, "default");
    writer.patches("pamcredential/before", &json!({"metadata": {"finalizers": null}})).await.unwrap();
}

//! Connections, Secrets and credentials of a test's world: made, changed and waited for.

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, Patch, PatchParams, PostParams};
use local_cluster::wait_until;
use pam_operator::api::{ClusterPamConnection, PamCredential};
use serde_json::{Value, json};

use super::{CANARY, PATIENCE, World, base64, is, is_not_found, merge};

impl World {
    /// The Secret with the OAuth client, in the operator's namespace.
    pub async fn put_login(&self, client_id: &str, client_secret: &str) {
        let data = json!({"clientId": client_id, "clientSecret": client_secret});
        self.put_secret_in(self.install.namespace(), "login", data).await;
    }

    /// Makes or changes the connection; `change` is merged into its spec.
    pub async fn put_connection(&self, change: Value) {
        let mut spec = json!({
            "url": self.sim.url(),
            "productVersion": self.version,
            "auth": {"oauth2": {"clientSecretRef": {"name": "login"}}},
            "tls": {"caBundle": base64(self.sim.ca_pem().as_bytes())},
            "access": [{"identifiers": ["*"], "allow": ["TakeOver", "DeviceSettings", "Owner"]}],
            // The first list that nobody asked for comes at any time within the interval: in no test's while, mostly.
            "inventory": {"interval": "168h"},
        });
        merge(&mut spec, change);
        let object = json!({
            "apiVersion": "pam-operator.io/v1alpha1",
            "kind": "ClusterPamConnection",
            "metadata": {"name": self.connection, "labels": {"world": self.connection}},
            "spec": spec,
        });
        self.connections()
            .patch(&self.connection, &PatchParams::apply("test").force(), &Patch::Apply(object))
            .await
            .unwrap();
    }

    pub fn connections(&self) -> Api<ClusterPamConnection> {
        Api::all(self.client.clone())
    }

    pub async fn connection_becomes(&self, reason: &str) -> ClusterPamConnection {
        let what = format!("connection {} to be {reason}", self.connection);
        wait_until(&what, PATIENCE, async || {
            let found = self.connections().get(&self.connection).await?;
            let status = found.status.clone().unwrap_or_default();
            let current = status.observed_generation == found.metadata.generation;
            is(&status.conditions, reason, current).map(|()| found)
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", self.logs()))
    }

    pub async fn put_secret(&self, name: &str, data: Value) {
        self.put_secret_in(&self.namespace, name, data).await;
    }

    pub async fn put_secret_in(&self, namespace: &str, name: &str, data: Value) {
        let api = Api::<Secret>::namespaced(self.client.clone(), namespace);
        let object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data});
        api.patch(
            name,
            &PatchParams::default(),
            &Patch::Merge(json!({"stringData": data, "metadata": {"name": name}})),
        )
        .await
        .map(drop)
        .or_else(|error| if is_not_found(&error) { Ok(()) } else { Err(error) })
        .unwrap();
        if api.get_opt(name).await.unwrap().is_none() {
            api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
        }
    }

    /// Replaces a Secret's data by raw bytes.
    pub async fn put_bytes(&self, name: &str, key: &str, bytes: &[u8]) {
        let api = self.secrets();
        let object =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {key: base64(bytes)}});
        api.patch(name, &PatchParams::apply("test-bytes").force(), &Patch::Apply(object)).await.unwrap();
    }

    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub fn credentials(&self) -> Api<PamCredential> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// A credential as JSON: username after its name, on db01, with its value in a Secret of its name.
    pub fn credential_json(&self, name: &str, change: Value) -> Value {
        let mut spec = json!({
            "connectionRef": {"name": self.connection},
            "username": name,
            "hostname": "db01",
            "ip": "10.0.0.7",
            "contentSecretRef": {"name": name},
        });
        merge(&mut spec, change);
        json!({
            "apiVersion": "pam-operator.io/v1alpha1",
            "kind": "PamCredential",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": spec,
        })
    }

    /// Makes or changes a credential; `change` is merged into its spec.
    pub async fn put_credential(&self, name: &str, change: Value) {
        let object = self.credential_json(name, change);
        self.credentials().patch(name, &PatchParams::apply("test").force(), &Patch::Apply(object)).await.unwrap();
    }

    /// A Secret with the canary and a credential for it, synced.
    pub async fn synced(&self, name: &str) -> PamCredential {
        self.put_secret(name, json!({"password": format!("{CANARY}-{name}")})).await;
        self.put_credential(name, json!({})).await;
        self.becomes(name, "Synced").await
    }

    pub async fn get(&self, name: &str) -> PamCredential {
        self.credentials().get(name).await.unwrap()
    }

    /// Waits until a credential has that reason, for its newest generation.
    pub async fn becomes(&self, name: &str, reason: &str) -> PamCredential {
        self.becomes_within(name, reason, PATIENCE).await
    }

    /// Waits so long until a credential has that reason, for its newest generation.
    pub async fn becomes_within(&self, name: &str, reason: &str, patience: Duration) -> PamCredential {
        wait_until(&format!("{name} to be {reason}"), patience, async || {
            let found = self.credentials().get(name).await?;
            let status = found.status.clone().unwrap_or_default();
            let current = status.observed_generation == found.metadata.generation;
            is(&status.conditions, reason, current).map(|()| found)
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", self.logs()))
    }

    pub async fn annotate(&self, name: &str, annotation: &str, value: &str) {
        let patch = json!({"metadata": {"annotations": {annotation: value}}});
        self.credentials().patch_metadata(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    /// Waits until the PAM holds `value` for the record of `name`.
    pub async fn pam_holds(&self, name: &str, value: &str) {
        let id = self.get(name).await.status.and_then(|status| status.id).expect("it has a record");
        wait_until(&format!("the PAM to hold the new value of {name}"), PATIENCE, async || {
            anyhow::ensure!(self.sim.value_of(&id).as_deref() == Some(value), "another value");
            Ok(())
        })
        .await
        .unwrap();
    }
}

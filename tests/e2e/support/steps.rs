//! Steps that many tests take, and a second PAM.

use kube::api::{Api, DeleteParams, ListParams};
use local_cluster::wait_until;
use pam_operator::api::PamCredential;
use pam_simulator::{Config, Simulator};
use serde_json::{Value, json};

use super::{PATIENCE, World, base64, merge, ready};

/// Long enough for a pass that does something, several times over.
pub const A_MOMENT: std::time::Duration = std::time::Duration::from_secs(2);

/// A PAM of its own that lets the world's login in, with the same devices.
pub async fn another_pam(world: &World) -> Simulator {
    let config = Config::of(world.sim.version()).device("db01", "10.0.0.7").device("web01", "10.0.0.8");
    Simulator::start(config.only_client(&world.sim.client_id(), world.sim.client_secret())).await.unwrap()
}

/// What a connection's spec says to lead to that PAM.
pub fn leading_to(sim: &Simulator) -> Value {
    json!({"url": sim.url(), "tls": {"caBundle": base64(sim.ca_pem().as_bytes())}})
}

impl World {
    /// The Secret of a credential.
    pub fn secret_json(&self, name: &str, value: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": name, "namespace": self.namespace},
            "stringData": {"password": value},
        })
    }

    /// Applies objects with kubectl, all at once.
    pub async fn apply(&self, objects: impl IntoIterator<Item = Value>) {
        let documents = objects.into_iter().map(|object| object.to_string()).collect::<Vec<_>>().join("\n---\n");
        self.cluster.apply(&documents).await.unwrap();
    }

    /// A second connection, `{connection}-{suffix}`, served by the same operator; returns its name.
    pub async fn put_another_connection(&self, suffix: &str, change: Value) -> String {
        let name = format!("{}-{suffix}", self.connection);
        let mut spec = serde_json::to_value(self.connections().get(&self.connection).await.unwrap().spec).unwrap();
        merge(&mut spec, change);
        self.apply([json!({
            "apiVersion": "pam-operator.io/v1alpha1",
            "kind": "ClusterPamConnection",
            "metadata": {"name": name, "labels": {"world": self.connection}},
            "spec": spec,
        })])
        .await;
        name
    }

    pub fn credentials_in(&self, namespace: &str) -> Api<PamCredential> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// Waits until a credential of that namespace has one of these reasons, for its newest generation.
    pub async fn becomes_in(&self, namespace: &str, name: &str, reasons: &[&str]) -> PamCredential {
        wait_until(&format!("{namespace}/{name} to be one of {reasons:?}"), PATIENCE, async || {
            let found = self.credentials_in(namespace).get(name).await?;
            let current = found.status.as_ref().and_then(|s| s.observed_generation) == found.metadata.generation;
            anyhow::ensure!(current && reasons.contains(&ready(&found).1.as_str()), "{:?}", ready(&found));
            Ok(found)
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", self.logs()))
    }

    /// Waits until every credential of the namespace has one of these reasons, for its newest generation.
    pub async fn all_become(&self, count: usize, reasons: &[&str]) -> Vec<PamCredential> {
        wait_until(&format!("{count} to be {reasons:?}"), PATIENCE * 4, async || {
            let all = self.credentials().list(&ListParams::default()).await?.items;
            let there = |found: &&PamCredential| {
                let current = found.status.as_ref().and_then(|s| s.observed_generation) == found.metadata.generation;
                current && reasons.contains(&ready(found).1.as_str())
            };
            let others: Vec<_> = all.iter().filter(|found| !there(found)).map(ready).collect();
            anyhow::ensure!(all.len() == count && others.is_empty(), "{} are there; not so: {others:?}", all.len());
            Ok(all)
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", self.logs()))
    }

    /// Deletes a credential; a finalizer may hold it.
    pub async fn delete(&self, name: &str) {
        self.credentials().delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Waits until a credential is gone.
    pub async fn is_gone(&self, name: &str) {
        self.is_gone_within(name, PATIENCE).await;
    }

    /// Waits so long until a credential is gone.
    pub async fn is_gone_within(&self, name: &str, patience: std::time::Duration) {
        wait_until(&format!("{name} to be gone"), patience, async || {
            let found = self.credentials().get_opt(name).await?;
            anyhow::ensure!(found.is_none(), "{:?}", found.map(|found| ready(&found)));
            Ok(())
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", self.logs()));
    }

    /// Waits for an event of that reason on that object: it comes after the status, or after the finalizer is off.
    pub async fn event_of(&self, name: &str, reason: &str) {
        wait_until(&format!("the event {reason} of {name}"), PATIENCE, async || {
            let is = |event: &k8s_openapi::api::events::v1::Event| {
                let about = event.regarding.as_ref().and_then(|object| object.name.as_deref());
                event.reason.as_deref() == Some(reason) && about == Some(name)
            };
            let events = self.events().await;
            anyhow::ensure!(events.iter().any(is), "{} others", events.len());
            Ok(())
        })
        .await
        .unwrap();
    }

    /// Waits until a record holds that value.
    pub async fn record_holds(&self, id: &str, value: &str) {
        wait_until(&format!("record {id} to hold the new value"), PATIENCE, async || {
            anyhow::ensure!(self.sim.value_of(id).as_deref() == Some(value), "another value");
            Ok(())
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", self.logs()));
    }
}

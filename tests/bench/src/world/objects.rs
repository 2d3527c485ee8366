//! Makes Secrets, `PamCredentials` and connections, many at once.

use std::sync::Arc;

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::{StreamExt, TryStreamExt, stream};
use kube::Client;
use pam_simulator::Simulator;
use serde_json::{Value, json};

use super::plan::Plan;
use crate::progress::Progress;

/// The objects' namespaces: the operator leaves a part of a PAM's requests to others than the busiest namespace.
pub const NAMESPACES: usize = 10;
/// The operator's namespace.
pub const OPERATOR_NAMESPACE: &str = "pam-operator";
/// The only device of each simulated PAM.
pub const DEVICE: [&str; 2] = ["db01", "10.0.0.7"];
/// More requests at once than this make an API server on two cores slower.
pub const AT_ONCE: usize = 16;
const GROUP: &str = "/apis/pam-operator.io/v1alpha1";

/// One object of the world by its number; also the name of its Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object(pub usize);

impl Object {
    /// Its namespace.
    #[must_use]
    pub fn namespace(self) -> String {
        namespace(self.0 % NAMESPACES)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> String {
        format!("credential-{}", self.0)
    }

    /// The identifier that the operator makes up for it.
    #[must_use]
    pub fn identifier(self) -> String {
        format!("{}_{}_{}", super::CLUSTER_NAME, self.namespace(), self.name())
    }
}

/// A namespace of objects.
#[must_use]
pub fn namespace(number: usize) -> String {
    format!("team-{number}")
}

/// The connection to the PAM of that number.
#[must_use]
pub fn connection(number: usize) -> String {
    if number == 0 { "default".to_owned() } else { format!("pam-{number}") }
}

/// Something to be made: where it is posted to, and what.
struct Creation {
    path: String,
    body: Value,
}

impl Creation {
    fn secret(namespace: &str, name: &str, value: &str) -> Self {
        Self {
            path: format!("/api/v1/namespaces/{namespace}/secrets"),
            body: json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"password": value},
            }),
        }
    }

    fn credential(object: Object, pams: usize) -> Self {
        let (name, [hostname, ip]) = (object.name(), DEVICE);
        Self {
            path: format!("{GROUP}/namespaces/{}/pamcredentials", object.namespace()),
            body: json!({
                "apiVersion": "pam-operator.io/v1alpha1",
                "kind": "PamCredential",
                "metadata": {"name": name},
                "spec": {
                    "connectionRef": {"name": connection(object.0 % pams)},
                    "username": name, "hostname": hostname, "ip": ip,
                    "contentSecretRef": {"name": name},
                },
            }),
        }
    }

    async fn send(self, client: &Client) -> Result<()> {
        let request = http::Request::post(&self.path).header("content-type", "application/json");
        let body = serde_json::to_vec(&self.body)?;
        client.request_text(request.body(body)?).await.with_context(|| format!("cannot create in {}", self.path))?;
        Ok(())
    }
}

/// Makes all Secrets and then all `PamCredentials` of a plan.
pub async fn create(client: &Client, plan: &Plan, progress: &Progress) -> Result<()> {
    let objects = || (0..plan.objects).map(Object);
    let secrets = objects().map(|object| Creation::secret(&object.namespace(), &object.name(), &value(object, 0)));
    create_all(client, secrets, progress).await?;
    let unrelated = (0..plan.unrelated)
        .map(|number| Creation::secret(&namespace(number % NAMESPACES), &format!("unrelated-{number}"), "unrelated"));
    create_all(client, unrelated, progress).await?;
    create_all(client, objects().map(|object| Creation::credential(object, plan.pams)), progress).await
}

/// The value of an object's Secret after so many rotations.
#[must_use]
pub fn value(object: Object, rotation: usize) -> String {
    format!("value-{}-{rotation}", object.0)
}

async fn create_all(client: &Client, all: impl ExactSizeIterator<Item = Creation>, progress: &Progress) -> Result<()> {
    let created = stream::iter(all).map(|creation| creation.send(client));
    let counted = created.buffer_unordered(AT_ONCE).try_for_each(async |()| {
        progress.advance(1);
        Ok(())
    });
    counted.await
}

/// Makes the namespaces of the objects.
pub async fn create_namespaces(client: &Client) -> Result<()> {
    for number in 0..NAMESPACES {
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace(number)}});
        Creation { path: "/api/v1/namespaces".to_owned(), body }.send(client).await?;
    }
    Ok(())
}

/// Makes the login and the connection for each PAM.
pub async fn connect(client: &Client, plan: &Plan, pams: &[Arc<Simulator>]) -> Result<()> {
    for (number, pam) in pams.iter().enumerate() {
        login(number, pam).send(client).await?;
        Creation { path: format!("{GROUP}/clusterpamconnections"), body: connection_object(plan, number, pam) }
            .send(client)
            .await?;
    }
    Ok(())
}

fn login(number: usize, pam: &Simulator) -> Creation {
    let name = format!("login-{number}");
    let data = json!({"clientId": pam.client_id(), "clientSecret": pam.client_secret()});
    Creation {
        path: format!("/api/v1/namespaces/{OPERATOR_NAMESPACE}/secrets"),
        body: json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}),
    }
}

fn connection_object(plan: &Plan, number: usize, pam: &Simulator) -> Value {
    json!({
        "apiVersion": "pam-operator.io/v1alpha1",
        "kind": "ClusterPamConnection",
        "metadata": {"name": connection(number)},
        "spec": {
            "url": pam.url(),
            "productVersion": "4.2",
            "auth": {"oauth2": {"clientSecretRef": {"name": format!("login-{number}")}}},
            "tls": {"caBundle": STANDARD.encode(pam.ca_pem())},
            "limits": limits(plan.concurrency, plan.requests_per_second),
            "inventory": {"interval": plan.list_interval},
        },
    })
}

/// The limits of a connection; a burst that does not matter.
#[must_use]
pub fn limits(at_once: usize, per_second: u32) -> Value {
    json!({"maxConcurrentRequests": at_once.min(64), "requestsPerSecond": per_second, "burst": 1})
}

//! P3: of several replicas one leads, and the next one takes over, with the rights that the chart gives.

mod lease;
mod proxy;
mod replicas;

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::{Api, Client};
use local_cluster::{ControlPlane, Installation, unique_name};
use pam_operator::leader::{LEASE_NAME, Lead, Leadership};
use serde_json::json;
use tokio::{sync::oneshot, time::timeout};

const LEASE: Duration = Duration::from_secs(4);

const SOON: Duration = Duration::from_secs(3);

/// An installed chart, and the lease in its namespace.
struct Chart {
    install: Installation<'static>,
    leases: Api<Lease>,
}

impl Chart {
    async fn new() -> Self {
        let cluster = ControlPlane::shared().await.unwrap();
        let own = unique_name("leader");
        // It must not serve what other tests have on this control plane.
        let release = Installation::of(cluster, &own)
            .set("watchNamespaces", json!([own]))
            .set("connectionSelector", format!("world={own}"))
            .set("leaderElection.leaseDurationSeconds", 5);
        let install = release.install().await.unwrap();
        let leases = Api::namespaced(cluster.admin_client().await.unwrap(), install.namespace());
        Self { install, leases }
    }

    async fn candidate(&self, identity: &str) -> Leadership {
        self.candidate_with(self.install.client().await.unwrap(), identity)
    }

    fn candidate_with(&self, client: Client, identity: &str) -> Leadership {
        Leadership::elected(client, self.install.namespace(), identity, LEASE)
    }

    async fn lease(&self) -> LeaseSpec {
        self.leases.get(LEASE_NAME).await.unwrap().spec.unwrap()
    }

    async fn holder(&self) -> Option<String> {
        self.leases.get_opt(LEASE_NAME).await.unwrap()?.spec?.holder_identity
    }
}

async fn lead(candidate: &Leadership) -> Lead {
    timeout(LEASE * 5, candidate.acquire(|| (), std::future::pending())).await.unwrap().unwrap()
}

/// A candidate that waits, known to have seen that another one leads.
async fn waiting(candidate: Leadership) -> tokio::task::JoinHandle<Lead> {
    let (standby, is_standby) = oneshot::channel();
    let task = tokio::spawn(async move {
        let tell = move || standby.send(()).unwrap();
        candidate.acquire(tell, std::future::pending()).await.unwrap()
    });
    timeout(SOON, is_standby).await.unwrap().unwrap();
    task
}

//! Counts the calls to the API server (audit log) and to the PAM (journal), and collects what the operator said.

use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, ListParams};
use local_cluster::{Mark, Requests};
use pam_simulator::Journal;

use super::World;

/// Where counting began.
pub struct Count {
    audit: Mark,
    journal: pam_simulator::Mark,
}

impl Count {
    /// Where counting the calls to the API server began.
    pub fn audit_mark(&self) -> Mark {
        self.audit
    }
}

impl World {
    /// Starts counting calls to the API server and to the PAM.
    pub async fn count(&self) -> Count {
        Count { audit: self.cluster.audit().mark().await.unwrap(), journal: self.sim.mark() }
    }

    /// What the operator asked of the API server since then, leases aside.
    pub async fn requests(&self, count: &Count) -> Requests {
        let all = self.cluster.audit().since(count.audit).await.unwrap();
        all.by(&self.install.user()).without_leases()
    }

    /// What the operator asked of the API server since then about the namespace of this world. Outside it a process that just
    /// started reads the credentials that an earlier one may have served, and tells of the connection.
    pub async fn requests_within(&self, count: &Count) -> Requests {
        let all = self.requests(count).await;
        let outside = all.filter(|request| request.namespace != self.namespace).writes();
        assert_eq!(outside.len(), outside.namespace("default").resource("events").len(), "{outside}");
        all.namespace(&self.namespace)
    }

    /// What the PAM was asked since then.
    pub fn journal(&self, count: &Count) -> Journal {
        self.sim.since(count.journal)
    }

    /// Nothing was asked of the PAM and nothing written to the API server since then.
    pub async fn assert_nothing_done(&self, count: &Count) {
        let writes = self.requests(count).await.writes();
        if !writes.is_empty() {
            let everyone = self.cluster.audit().since(count.audit).await.unwrap().without_leases();
            let here = everyone.namespace(&self.namespace);
            panic!("{writes}\nof all these, in {}: {here}\n{}", self.namespace, self.logs());
        }
        let journal = self.journal(count);
        assert_eq!(journal.len(), 0, "{journal:?}");
    }

    pub async fn events(&self) -> Vec<Event> {
        let api = Api::<Event>::namespaced(self.client.clone(), &self.namespace);
        api.list(&ListParams::default()).await.unwrap().items
    }

    /// Everything the operator ever said in public: logs, events, statuses, metrics.
    pub async fn everything_said(&self) -> String {
        let mut said = self.logs();
        for event in self.events().await {
            said += &serde_json::to_string(&event).unwrap();
        }
        for credential in self.credentials().list(&ListParams::default()).await.unwrap() {
            said += &serde_json::to_string(&credential.status).unwrap();
        }
        said += &serde_json::to_string(&self.connections().get(&self.connection).await.unwrap().status).unwrap();
        if let Some(operator) = &self.operator {
            said += &operator.metrics().await.unwrap();
        }
        said
    }
}

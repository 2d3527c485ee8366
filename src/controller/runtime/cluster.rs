//! The Kubernetes side of every pass, whatever the kind.

use std::sync::Arc;

use kube::Client;

use crate::clock::Clock;
use crate::config::Config;
use crate::controller::runtime::dependencies::{Dependencies, Dependency};
use crate::controller::runtime::error::Error;
use crate::controller::runtime::managed::Managed;
use crate::controller::runtime::metadata_cache::MetadataCache;
use crate::controller::runtime::namespaces::Namespaces;
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::runtime::parked::SlotQueue;
use crate::controller::runtime::recorder::Recorder;
use crate::controller::runtime::retry::Retries;
use crate::controller::runtime::trigger::Triggers;
use crate::controller::runtime::watch_contacts::WatchContacts;
use crate::leader::LeadHandle;
use crate::metrics::Metrics;
use crate::probes::Readiness;

/// The Kubernetes side of every pass: the client, what the watches of objects of other kinds show, and when passes may run.
pub(crate) struct Cluster {
    pub(crate) client: Client,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Clock,
    /// The operator's own namespace, where cluster connections have their Secrets.
    pub(crate) namespace: String,
    /// The name of this cluster: the first part of generated identifiers.
    pub(crate) name: String,
    /// Whether this replica may write.
    pub(crate) lead: LeadHandle,
    /// Whether every object is served as with `spec.mode: Plan`.
    pub(crate) plan_only: bool,
    /// Limits how many passes work at once.
    pub(crate) slots: Arc<SlotQueue>,
    pub(crate) retries: Retries,
    pub(crate) dependencies: Dependencies,
    pub(crate) triggers: Arc<Triggers>,
    /// The uid and resourceVersion of each watched Secret, never a value: a pass reads a value from the API server.
    pub(crate) secret_versions: MetadataCache,
    /// The uid and resourceVersion of each watched ConfigMap.
    pub(crate) config_map_versions: MetadataCache,
    pub(crate) namespaces: Namespaces,
    /// When the API server last answered each watch.
    pub(crate) contacts: WatchContacts,
    /// What `/readyz` waits for.
    pub(crate) readiness: Readiness,
}

/// Holds the parts of a [`Cluster`] that are known only after the start.
pub(crate) struct Started {
    pub(crate) cluster_name: String,
    pub(crate) lead: LeadHandle,
    pub(crate) triggers: Triggers,
    pub(crate) contacts: WatchContacts,
    pub(crate) readiness: Readiness,
}

impl Cluster {
    /// Returns the cluster side of a process that begins now.
    pub(crate) fn new(client: Client, config: &Config, metrics: Metrics, started: Started) -> Self {
        let Started { cluster_name, lead, triggers, contacts, readiness } = started;
        let triggers = Arc::new(triggers);
        Self {
            recorder: Recorder::new(client.clone(), config.clock, config.pod_name.clone()),
            client,
            metrics,
            clock: config.clock,
            namespace: config.namespace.clone(),
            name: cluster_name,
            lead,
            plan_only: config.plan_only,
            slots: Arc::new(SlotQueue::new(config.max_concurrent_reconciles.get(), Arc::clone(&triggers))),
            retries: Retries::default(),
            dependencies: Dependencies::default(),
            triggers,
            secret_versions: MetadataCache::default(),
            config_map_versions: MetadataCache::default(),
            namespaces: Namespaces::default(),
            contacts,
            readiness,
        }
    }

    /// Checks that this process may begin a write: a process that is about to end, or no longer leads, may not. With
    /// `--plan-only` no decision leads to a write; should one, the write ends here.
    pub(crate) fn may_write(&self) -> Result<(), Error> {
        if self.plan_only {
            return Err(Error::PlanOnly);
        }
        match (self.slots.is_closed(), self.lead.is_held()) {
            (true, _) => Err(Error::Stopping),
            (_, false) => Err(Error::NotLeading),
            _ => Ok(()),
        }
    }

    /// Records what an object depends on. Call this before reading any dependency: a dependency that changes in between is
    /// then either read in its new state or wakes the object.
    pub(crate) fn track<K: Managed>(&self, object: &K) {
        self.dependencies.set(&object.object_id(), object.dependencies(&self.namespace));
    }

    /// Wakes the objects that depend on `of`: before others, unless `of` is an object of ours, on which any number may depend.
    pub(crate) fn wake_dependents(&self, of: &Dependency) {
        let dependents = self.dependencies.to(of);
        match of {
            Dependency::Secret(_) | Dependency::ConfigMap(_) => self.triggers.wake_fresh(&dependents),
            Dependency::Namespace(_) | Dependency::Object(_) | Dependency::Holder(_) => self.triggers.wake(&dependents),
        }
    }

    /// Wakes the objects that wait for what an object of the kind `K` has or had.
    pub(crate) fn wake_waiting<K: Managed>(&self, key: &NamespacedName) {
        let holder = Dependency::Holder(ObjectId::new::<K>(key.clone()));
        self.triggers.wake_after_release(&self.dependencies.to(&holder));
    }

    /// Forgets an object that is gone.
    pub(crate) fn forget(&self, object: &ObjectId) {
        self.dependencies.forget(object);
        self.retries.forget(object);
        self.slots.forget(object);
        self.triggers.forget(object);
    }
}

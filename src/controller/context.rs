//! What every pass shares.

use std::sync::Arc;

use kube::Client;
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::reflector::ObjectRef;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use crate::api::{ConnectionKind, FIELD_MANAGER, PamConnectionStatus, PamCredentialStatus};
use crate::clock::Clock;
use crate::config::Config;
use crate::controller::connection::clients::ClientCache;
use crate::controller::connection::health::ConnectionHealths;
use crate::controller::connection::inventory::Inventories;
use crate::controller::connection::object::{AnyConnection, connection_of};
use crate::controller::credential::claims::Claims;
use crate::controller::credential::facts::access::permitted;
use crate::controller::credential::shutdown::{self, Handover};
use crate::controller::credential::state::Memory;
use crate::controller::runtime::dependencies::{Dependencies, Dependency};
use crate::controller::runtime::error::Error;
use crate::controller::runtime::metadata_cache::{Key, MetadataCache};
use crate::controller::runtime::namespaces::Namespaces;
use crate::controller::runtime::object_id::ObjectId;
use crate::controller::runtime::retry::Retries;
use crate::controller::runtime::status_store::StatusStore;
use crate::controller::runtime::watch::{Credential, Guarded, GuardedClusterConnection, GuardedConnection};
use crate::controller::runtime::worker_slots::WorkerSlots;
use crate::controller::secret::digest::DigestKey;
use crate::leader::LeadHandle;
use crate::metrics::Metrics;
use crate::pam::{AllowedHosts, VaultId};

/// What every pass shares.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Clock,
    /// The operator's own namespace, where connections have their Secrets.
    pub(crate) namespace: String,
    /// The first part of generated identifiers.
    pub(crate) cluster_name: String,
    /// That, and what it was before.
    pub(crate) cluster_names: Vec<String>,
    /// Where tenants' connections may lead.
    pub(crate) allowed_hosts: AllowedHosts,
    /// The first parts of those that were generated before.
    pub(crate) former_cluster_names: Vec<String>,
    /// Whether a connection may exist and yet not be served by this operator.
    pub(crate) selects_connections: bool,
    pub(crate) key: DigestKey,
    pub(crate) secrets: MetadataCache,
    pub(crate) config_maps: MetadataCache,
    pub(crate) namespaces: Namespaces,
    pub(crate) dependencies: Dependencies,
    pub(crate) claims: Claims,
    pub(crate) connections: ClientCache,
    pub(crate) inventories: Inventories,
    pub(crate) retries: Retries,
    /// How connections stand, beside their login.
    pub(crate) standings: ConnectionHealths,
    pub(crate) written: StatusStore<PamCredentialStatus>,
    pub(crate) written_connections: StatusStore<PamConnectionStatus>,
    pub(crate) memory: Memory,
    /// Whether this replica may write.
    pub(crate) lead: LeadHandle,
    /// Whose turn it is to work with which PAM.
    pub(crate) slots: WorkerSlots,
    pub(crate) wake: Arc<Wake>,
}

/// Where objects of one kind are woken, by namespace; `None` is the one that serves all of them.
pub(crate) type Scoped<K> = Vec<(Option<String>, UnboundedSender<ObjectRef<K>>)>;

/// Wakes objects though they did not change themselves.
pub(crate) struct Wake {
    pub(crate) credentials: Scoped<Guarded>,
    pub(crate) connections: Scoped<GuardedConnection>,
    pub(crate) cluster_connections: UnboundedSender<ObjectRef<GuardedClusterConnection>>,
}

impl Wake {
    /// Wakes these.
    pub(crate) fn all(&self, subjects: &[ObjectId]) {
        for subject in subjects {
            match subject {
                ObjectId::Credential(key) => send(&self.credentials, key),
                ObjectId::Connection((namespace, name)) if namespace.is_empty() => {
                    // A receiver is gone only while everything stops.
                    let _ = self.cluster_connections.send(ObjectRef::new(name));
                }
                ObjectId::Connection(key) => send(&self.connections, key),
            }
        }
    }
}

fn send<K>(senders: &Scoped<K>, (namespace, name): &Key)
where
    K: kube::Resource<DynamicType = ()>,
{
    let serves = |scope: &Option<String>| scope.as_ref().is_none_or(|scope| scope == namespace);
    for (_, sender) in senders.iter().filter(|(scope, _)| serves(scope)) {
        let _ = sender.send(ObjectRef::new(name).within(namespace));
    }
}

/// What a context is given, beside what it starts empty with.
pub(crate) struct Given {
    pub(crate) cluster_name: String,
    pub(crate) key: DigestKey,
    pub(crate) lead: LeadHandle,
    pub(crate) wake: Wake,
    pub(crate) connections: ClientCache,
}

impl Context {
    pub(crate) fn new(client: Client, config: &Config, metrics: Metrics, given: Given) -> Self {
        let Given { cluster_name, key, lead, wake, connections } = given;
        let before = Handover::of(lead.vouched(), &shutdown::served(config, &key));
        let wake = Arc::new(wake);
        Self {
            recorder: recorder(client.clone(), config),
            metrics,
            clock: config.clock,
            namespace: config.namespace.clone(),
            cluster_names: [vec![cluster_name.clone()], config.former_cluster_names.clone()].concat(),
            cluster_name,
            allowed_hosts: config.allowed_hosts.clone(),
            former_cluster_names: config.former_cluster_names.clone(),
            selects_connections: config.connection_selector.is_some(),
            key,
            secrets: MetadataCache::default(),
            config_maps: MetadataCache::default(),
            namespaces: Namespaces::default(),
            dependencies: Dependencies::default(),
            claims: Claims::default(),
            connections,
            inventories: Inventories::default(),
            retries: Retries::default(),
            standings: ConnectionHealths::new(Arc::clone(&wake)),
            written: StatusStore::default(),
            written_connections: StatusStore::default(),
            memory: Memory::new(before),
            lead,
            slots: WorkerSlots::new(config.max_concurrent_reconciles.get()),
            wake,
            client,
        }
    }

    /// Whether a write may be begun: not by a process that is about to end, nor by one that no longer leads.
    pub(crate) fn may_write(&self) -> Result<(), Error> {
        match (self.slots.is_closed(), self.lead.is_held()) {
            (true, _) => Err(Error::Stopping),
            (_, false) => Err(Error::NotLeading),
            _ => Ok(()),
        }
    }

    /// Takes in a credential as the watch shows it.
    pub(crate) fn note(&self, credential: &Credential) {
        self.standings.note_credential(credential);
        if credential.metadata.deletion_timestamp.is_some() {
            let uid = credential.metadata.uid.as_deref().unwrap_or_default();
            self.step_aside(&crate::controller::runtime::watch::key(credential), uid);
        } else {
            if self.claims.note(credential) {
                self.wake_waiting(&crate::controller::runtime::watch::key(credential));
            }
            self.want(credential);
        }
    }

    /// Takes in a connection as the watch shows it.
    pub(crate) fn note_connection(&self, connection: AnyConnection) {
        let status = self.connection_status(&connection);
        if self.standings.note(&connection, &status, (Instant::now(), self.clock.now())) {
            // Each of those that the list lacks is to be told so by itself.
            self.inventories.ask(&connection.key());
        }
        self.connections.note(connection);
    }

    /// Takes in what record a credential that is to stay would have.
    pub(crate) fn want(&self, credential: &Credential) {
        let meta = &credential.metadata;
        let view = self.connection(&connection_of(credential));
        let (Some(uid), Some(view), None) = (&meta.uid, view, &meta.deletion_timestamp) else { return };
        let status = credential.status.clone().unwrap_or_default();
        let identifier =
            crate::controller::credential::facts::target::identifier(credential, &status, &self.cluster_name);
        let may = permitted(credential, &identifier, &view.connection, self).is_ok();
        let by_tenant = view.connection.kind() == ConnectionKind::PamConnection;
        let place = VaultId::new(&view.origin, view.tenant.as_deref());
        self.claims.want(
            uid,
            &crate::controller::runtime::watch::key(credential),
            (&place, by_tenant),
            Some(&*identifier).filter(|_| may),
        );
    }

    /// Gives those who wait for what this credential has their turn.
    fn step_aside(&self, key: &Key, uid: &str) {
        if self.claims.release(uid) {
            self.wake_waiting(key);
        }
    }

    /// Wakes those who wait for what a credential has or had.
    pub(crate) fn wake_waiting(&self, key: &Key) {
        let waiting = self.dependencies.to(&Dependency::Credential(key.clone()));
        self.memory.poke(&waiting);
        self.wake.all(&waiting);
    }

    /// Forgets a credential that is gone.
    pub(crate) fn forget(&self, key: &Key, uid: &str) {
        self.claims.forget(uid);
        self.standings.forget_credential(uid);
        self.wake_waiting(key);
        let subject = ObjectId::Credential(key.clone());
        self.dependencies.forget(&subject);
        self.retries.forget(&subject);
        self.written.forget(uid);
        self.metrics.set_credentials(self.memory.forget(&subject, uid));
    }

    /// Forgets a connection that is gone, and wakes its credentials.
    pub(crate) fn forget_connection(&self, key: &Key, uid: &str) {
        let subject = ObjectId::Connection(key.clone());
        self.dependencies.forget(&subject);
        self.retries.forget(&subject);
        self.connections.forget(key, uid);
        self.standings.forget(key, uid);
        self.written_connections.forget(uid);
        self.memory.forget_connection(key);
        self.inventories.forget(key);
        self.wake.all(&self.dependencies.to(&Dependency::Connection(key.clone())));
    }
}

fn recorder(client: Client, config: &Config) -> Recorder {
    Recorder::new(client, Reporter { controller: FIELD_MANAGER.to_owned(), instance: Some(config.pod_name.clone()) })
}

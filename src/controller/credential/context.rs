//! What passes over credentials share.

use std::collections::HashSet;
use std::sync::Arc;

use crate::api::{AdoptionPolicy, DeletionPolicy, Mode, PamCredential, PamCredentialStatus};
use crate::config::Config;
use crate::controller::connection;
use crate::controller::connection::access_rules::Deciders;
use crate::controller::connection::object::{ConnectionId, RefersToConnection, dependencies_on};
use crate::controller::credential::claims::{self, Claims};
use crate::controller::credential::facts::access::permitted;
use crate::controller::credential::facts::identity;
use crate::controller::credential::facts::secret_refs::secret_names;
use crate::controller::runtime::cluster::Cluster;
use crate::controller::runtime::dependencies::Dependency;
use crate::controller::runtime::finalizer;
use crate::controller::runtime::managed::Managed;
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::runtime::object_states::ObjectStates;
use crate::controller::runtime::shown_objects::ShownObjects;
use crate::controller::runtime::status_store::StatusStore;
use crate::controller::runtime::throwaway::is_throwaway;
use crate::controller::secret::digest::OwnedKey;
use crate::domain::credential::Status;
use crate::domain::{DigestsOf, VaultId, WantedRecord};
use crate::metrics::Kind;

/// What passes over credentials share.
pub(crate) struct Context {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) connections: Arc<connection::context::Context>,
    pub(crate) claims: Claims,
    /// What is remembered of single credentials.
    pub(crate) state: ObjectStates,
    /// The newest statuses.
    pub(crate) statuses: StatusStore<PamCredentialStatus>,
    /// The name of this cluster, and then its former names: identifiers begin with one of them.
    cluster_names: Vec<String>,
    /// The credentials that the watches show.
    pub(crate) shown: ShownObjects<PamCredential>,
}

impl Managed for PamCredential {
    type Status = PamCredentialStatus;

    const KIND: Kind = Kind::PamCredential;

    fn status(&self) -> Option<&PamCredentialStatus> {
        self.status.as_ref()
    }

    fn dependencies(&self, _home: &str) -> HashSet<Dependency> {
        dependencies_on(self, &secret_names(self))
    }

    fn is_suspended(&self) -> bool {
        self.spec.suspend
    }
}

impl RefersToConnection for PamCredential {
    fn connection_id(&self) -> ConnectionId {
        ConnectionId::of(&self.spec.connection_ref, self.metadata.namespace.as_deref().unwrap_or_default())
    }

    /// The record of an object that is being deleted has to be disabled.
    fn is_leaving(&self) -> bool {
        let disable = self.spec.deletion_policy == DeletionPolicy::Disable && self.spec.mode == Mode::Apply;
        self.metadata.deletion_timestamp.is_some() && disable && !self.spec.suspend && finalizer::is_on(self)
    }

    /// The list shows what became of a record of ours, and what a plan would find.
    fn is_listed(&self) -> bool {
        let is_written = self.status.as_ref().is_some_and(|status| status.id.is_some());
        is_written || self.spec.mode == Mode::Plan
    }
}

impl Context {
    /// Makes it for a process that begins now.
    pub(crate) fn new(connections: Arc<connection::context::Context>, config: &Config) -> Self {
        let cluster = Arc::clone(&connections.cluster);
        Self {
            claims: Claims::new(cluster.clock.now()),
            state: ObjectStates::default(),
            statuses: StatusStore::default(),
            cluster_names: [vec![cluster.name.clone()], config.former_cluster_names.clone()].concat(),
            shown: ShownObjects::default(),
            cluster,
            connections,
        }
    }

    /// Takes in a credential as the watch shows it.
    pub(crate) fn note(&self, credential: &PamCredential) {
        let key = NamespacedName::of(credential);
        // A throwaway has nothing and claims nothing, so that nothing is to be known of it.
        if is_throwaway(&credential.metadata) {
            self.release(&key, credential.metadata.uid.as_deref().unwrap_or_default());
            return;
        }
        self.state.note_shown(credential, self.cluster.clock.now());
        self.connections.health.note_referrer(credential);
        self.note_digests(credential);
        if credential.metadata.deletion_timestamp.is_some() && !keeps_record(credential) {
            if self.claims.forget(credential.metadata.uid.as_deref().unwrap_or_default()) {
                self.wake_waiting(&key);
            }
        } else {
            if self.claims.note(credential) {
                self.wake_waiting(&key);
            }
            self.want(credential);
        }
    }

    /// Records a credential that this operator serves and that has digests of a key that is lost.
    fn note_digests(&self, credential: &PamCredential) {
        let has_former = || {
            let digests = credential.status.as_ref().map(|status| status.digests.clone()).unwrap_or_default();
            let keyed = OwnedKey { key: &self.connections.key, owner: String::new() };
            let is_served = self.connections.store.get(&credential.connection_id()).is_some();
            is_served && Status { digests, ..Status::default() }.digests_of(&keyed) == DigestsOf::Another
        };
        self.connections.former_digests.note(credential.metadata.uid.as_deref(), has_former);
    }

    /// Returns the former names of this cluster: identifiers that were generated earlier begin with one of them.
    pub(crate) fn former_cluster_names(&self) -> &[String] {
        self.cluster_names.get(1..).unwrap_or_default()
    }

    /// Returns what an access rule is read with.
    pub(crate) fn deciders(&self) -> Deciders<'_> {
        Deciders { cluster_names: &self.cluster_names, namespaces: &self.cluster.namespaces }
    }

    /// Takes in what record a credential that has none would have.
    pub(crate) fn want(&self, credential: &PamCredential) {
        let Some(uid) = &credential.metadata.uid else { return };
        let name = claims::object_name(&NamespacedName::of(credential));
        let none =
            || WantedRecord { name: name.clone(), connection: String::new(), vault: VaultId::default(), record: None };
        self.claims.want(uid, self.wanted(credential).unwrap_or_else(none));
    }

    /// Returns the record that a credential would write if the record were free.
    fn wanted(&self, credential: &PamCredential) -> Option<WantedRecord> {
        let spec = &credential.spec;
        let writes = !spec.suspend && spec.mode == Mode::Apply && spec.adoption_policy != AdoptionPolicy::Never;
        let stays = credential.metadata.deletion_timestamp.is_none();
        let state = self.connections.state(&credential.connection_id()).filter(|_| writes && stays)?;
        let status = credential.status.clone().unwrap_or_default();
        let vault = VaultId::new(&state.origin, state.tenant.as_deref());
        let known = status.connection.as_ref().filter(|_| status.id.is_some()).map(claims::vault_of);
        let identifier = identity::identifier(credential, &status, &self.cluster.name);
        let permitted = permitted(credential, &identifier, &state.connection, self.deciders()).is_ok();
        let may = permitted && known.is_none_or(|known| !known.may_be(&vault));
        let name = claims::object_name(&NamespacedName::of(credential));
        let record = may.then(|| claims::record_key(credential, &identifier));
        Some(WantedRecord { name, connection: claims::connection_name(credential), vault, record })
    }

    /// Wakes the credentials that wait for what a credential has or had.
    pub(crate) fn wake_waiting(&self, key: &NamespacedName) {
        self.cluster.wake_waiting::<PamCredential>(key);
    }

    /// Tells once of the record of an object that was let go although its record could not be disabled.
    pub(crate) fn tell_left_enabled(&self, NamespacedName { namespace, name }: &NamespacedName, uid: &str) {
        if let Some(id) = self.state.take_left_enabled(uid) {
            // No event can be made in a namespace that is going away.
            tracing::warn!(%namespace, %name, id, "its namespace went away together with the connection or its login: the record stays enabled in the PAM");
            self.cluster.metrics.record_left_enabled();
        }
    }

    /// Forgets a credential outside the watched namespaces: of such a one nothing is kept between two passes.
    pub(crate) fn forget_outside(&self, credential: &PamCredential) {
        self.forget(&NamespacedName::of(credential), credential.metadata.uid.as_deref().unwrap_or_default());
    }

    /// Takes from a credential what it claims or comes for.
    fn release(&self, key: &NamespacedName, uid: &str) {
        self.connections.health.forget_referrer(uid);
        if self.claims.forget(uid) {
            self.wake_waiting(key);
        }
    }

    /// Forgets a credential that is gone.
    pub(crate) fn forget(&self, key: &NamespacedName, uid: &str) {
        self.tell_left_enabled(key, uid);
        self.claims.forget(uid);
        self.connections.health.forget_referrer(uid);
        self.wake_waiting(key);
        self.cluster.forget(&ObjectId::new::<PamCredential>(key.clone()));
        self.statuses.forget(uid);
        self.cluster.metrics.set_credentials(self.state.forget(uid));
    }
}

/// Whether a credential that is being deleted has its record until the finalizer is off: that record is disabled, or handed
/// over, and no other credential writes onto it before.
fn keeps_record(credential: &PamCredential) -> bool {
    credential.spec.deletion_policy == DeletionPolicy::Disable && finalizer::is_on(credential)
}

//! What passes over entries of MySafe share.

use std::collections::HashSet;
use std::sync::Arc;

use crate::api::{EntryDeletionPolicy, Mode, MySafePassword, MySafePasswordStatus};
use crate::controller::connection;
use crate::controller::connection::object::{ConnectionId, RefersToConnection, dependencies_on};
use crate::controller::runtime::cluster::Cluster;
use crate::controller::runtime::dependencies::Dependency;
use crate::controller::runtime::finalizer;
use crate::controller::runtime::managed::Managed;
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::runtime::object_states::ObjectStates;
use crate::controller::runtime::shown_objects::ShownObjects;
use crate::controller::runtime::status_store::StatusStore;
use crate::controller::runtime::throwaway::is_throwaway;
use crate::controller::safe_password::claims::Claims;
use crate::controller::safe_password::facts::list::is_compared;
use crate::controller::safe_password::facts::secret_refs::secret_names;
use crate::controller::secret::digest::OwnedKey;
use crate::domain::DigestsOf;
use crate::domain::safe_password::{ACTIVE, Status};
use crate::metrics::Kind;

/// What passes over entries share.
pub(crate) struct Context {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) connections: Arc<connection::context::Context>,
    pub(crate) claims: Claims,
    /// What is remembered of single objects.
    pub(crate) state: ObjectStates,
    /// The newest statuses.
    pub(crate) statuses: StatusStore<MySafePasswordStatus>,
    /// The objects that the watches show.
    pub(crate) shown: ShownObjects<MySafePassword>,
}

impl Managed for MySafePassword {
    type Status = MySafePasswordStatus;

    const KIND: Kind = Kind::MySafePassword;

    fn status(&self) -> Option<&MySafePasswordStatus> {
        self.status.as_ref()
    }

    fn dependencies(&self, _home: &str) -> HashSet<Dependency> {
        dependencies_on(self, &secret_names(&self.spec))
    }

    fn is_suspended(&self) -> bool {
        self.spec.suspend
    }
}

impl RefersToConnection for MySafePassword {
    fn connection_id(&self) -> ConnectionId {
        ConnectionId::of(&self.spec.connection_ref, self.metadata.namespace.as_deref().unwrap_or_default())
    }

    /// The entry of an object that is being deleted has to be deactivated; or that of an object whose spec asks for it.
    fn is_leaving(&self) -> bool {
        let applies = self.spec.mode == Mode::Apply && !self.spec.suspend;
        let deactivates = if self.metadata.deletion_timestamp.is_some() {
            self.spec.deletion_policy == EntryDeletionPolicy::Deactivate && finalizer::is_on(self)
        } else {
            let status = self.status.as_ref().filter(|status| status.identifier.is_some());
            let told = |status: &MySafePasswordStatus| status.digests.get(ACTIVE).is_some_and(|told| told == "false");
            self.spec.active == Some(false) && status.is_some_and(|status| !told(status))
        };
        applies && deactivates
    }

    fn is_listed(&self) -> bool {
        is_compared(self)
    }
}

impl Context {
    /// Makes it for a process that begins now.
    pub(crate) fn new(connections: Arc<connection::context::Context>) -> Self {
        Self {
            cluster: Arc::clone(&connections.cluster),
            claims: Claims::new(connections.cluster.clock.now()),
            state: ObjectStates::default(),
            statuses: StatusStore::default(),
            shown: ShownObjects::default(),
            connections,
        }
    }

    /// Takes in an object as the watch shows it.
    pub(crate) fn note(&self, object: &MySafePassword) {
        // A throwaway has nothing and claims nothing, so that nothing is to be known of it.
        if is_throwaway(&object.metadata) {
            self.release(&NamespacedName::of(object), object.metadata.uid.as_deref().unwrap_or_default());
            return;
        }
        self.state.note_shown(object, self.cluster.clock.now());
        self.connections.health.note_referrer(object);
        self.note_digests(object);
        if self.claims.note(object) {
            self.wake_waiting(&NamespacedName::of(object));
        }
    }

    /// Records an object that this operator serves and that has digests of a key that is lost.
    fn note_digests(&self, object: &MySafePassword) {
        let has_former = || {
            let digests = object.status.as_ref().map(|status| status.digests.clone()).unwrap_or_default();
            let keyed = OwnedKey { key: &self.connections.key, owner: String::new() };
            let is_served = self.connections.store.get(&object.connection_id()).is_some();
            is_served && Status { digests, ..Status::default() }.digests_of(&keyed) == DigestsOf::Another
        };
        self.connections.former_digests.note(object.metadata.uid.as_deref(), has_former);
    }

    /// Wakes the objects that wait for the entry that an object has or had.
    pub(crate) fn wake_waiting(&self, key: &NamespacedName) {
        self.cluster.wake_waiting::<MySafePassword>(key);
    }

    /// Tells once of the entry of an object that was let go although its entry could not be deactivated.
    pub(crate) fn tell_left_active(&self, NamespacedName { namespace, name }: &NamespacedName, uid: &str) {
        if let Some(identifier) = self.state.take_left_enabled(uid) {
            // No event can be made in a namespace that is going away.
            tracing::warn!(%namespace, %name, identifier, "its namespace went away together with the connection or its login: the entry stays active in MySafe");
            self.cluster.metrics.record_left_enabled();
        }
    }

    /// Takes from an object what it claims.
    fn release(&self, key: &NamespacedName, uid: &str) {
        self.connections.health.forget_referrer(uid);
        if self.claims.forget(uid) {
            self.wake_waiting(key);
        }
    }

    /// Forgets an object that is gone.
    pub(crate) fn forget(&self, key: &NamespacedName, uid: &str) {
        self.tell_left_active(key, uid);
        self.release(key, uid);
        self.cluster.forget(&ObjectId::new::<MySafePassword>(key.clone()));
        self.statuses.forget(uid);
        self.cluster.metrics.set_my_safe_passwords(self.state.forget(uid));
    }
}

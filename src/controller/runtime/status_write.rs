//! Writes the status of an object of a namespace, where it differs from what was written last.

use k8s_openapi::NamespaceResourceScope;
use kube::Resource;
use kube::api::Api;

use crate::api::{Conditioned as _, is_same_status};
use crate::controller::runtime::cluster::Cluster;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::managed::{Managed, Reconciler};
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::runtime::pass_log;
use crate::controller::runtime::status_store::{self, StatusStore};

/// Writes the statuses of one pass over one object; nothing else in the operator does. An object that turns out to be gone is
/// forgotten: nothing else would remove what is remembered of the object.
pub(crate) struct StatusWrite<'a, K: Managed, R> {
    pub(crate) object: &'a K,
    /// Serves the objects of the kind.
    pub(crate) reconciler: &'a R,
    /// The newest status when the pass began, or as the pass wrote it since.
    pub(crate) before: &'a K::Status,
    pub(crate) statuses: &'a StatusStore<K::Status>,
    pub(crate) cluster: &'a Cluster,
}

impl<K: Managed + Resource<Scope = NamespaceResourceScope>, R: Reconciler<K>> StatusWrite<'_, K, R> {
    /// Writes a status that an earlier pass could not write, even if the object still waits for a retry.
    ///
    /// A status that cannot be written ends the pass: what it tells of is recorded before anything else is sent. Only a
    /// deletion goes on, since it sends no value, and a status that the API server refuses must not keep the finalizer (P7).
    pub(crate) async fn write_owed(&self) -> Result<(), Error> {
        if !self.statuses.is_owed(self.uid()) {
            return Ok(());
        }
        match self.write(self.before).await {
            Err(error) if self.object.meta().deletion_timestamp.is_some() => {
                let NamespacedName { namespace, name } = NamespacedName::of(self.object);
                tracing::warn!(%namespace, %name, %error, "the deletion continues without a status");
                Ok(())
            }
            result => result.map(drop),
        }
    }

    /// Writes a status at the end of a pass if it differs. Returns `false` if the object is gone, or is not served and changed.
    pub(crate) async fn write_served(&self, next: &K::Status, unserved: bool) -> Result<bool, Error> {
        if unserved { self.write_unless_changed(next).await } else { self.write(next).await }
    }

    /// Writes a status if it differs. Returns `false` if the object is gone.
    pub(crate) async fn write(&self, next: &K::Status) -> Result<bool, Error> {
        if is_same_status(self.before, next) && !self.statuses.is_owed(self.uid()) {
            return Ok(true);
        }
        // Noted before the write: if the write fails, the next pass owes the status, and does not push again.
        self.statuses.owe(self.uid(), next.clone());
        let version = status_store::write(&self.api(), self.object.meta(), next).await?;
        let is_there = self.note(version.as_deref(), next);
        if !is_there {
            self.reconciler.forget(&NamespacedName::of(self.object), self.uid());
        }
        Ok(is_there)
    }

    /// Writes the status of an object that this operator does not serve any more, if it differs. Another operator may have
    /// begun to serve the object: then its status stays, and so nothing is owed either. Returns `false` if the object is gone,
    /// or changed.
    async fn write_unless_changed(&self, next: &K::Status) -> Result<bool, Error> {
        match self.write_onto_version(next).await {
            Err(error) if error.is_invalid() || error.is_conflict() => Ok(false),
            result => result,
        }
    }

    /// Writes a status onto the very version of the object that the pass saw, if it differs. Nothing is owed where that fails.
    /// Returns `false` if the object is gone, or changed.
    pub(crate) async fn write_onto_version(&self, next: &K::Status) -> Result<bool, Error> {
        if is_same_status(self.before, next) {
            return Ok(true);
        }
        match status_store::write_unless_changed(&self.api(), self.object.meta(), next).await {
            // A failed test and a status that the API server does not take are the same refusal.
            Err(error) if error.is_invalid() || error.is_conflict() => {
                if status_store::is_changed(&self.api(), self.object.meta()).await? { Ok(false) } else { Err(error) }
            }
            version => Ok(self.note(version?.as_deref(), next)),
        }
    }

    fn note(&self, version: Option<&str>, next: &K::Status) -> bool {
        self.cluster.metrics.status_written(K::KIND);
        self.statuses.note(self.uid(), version, next.clone());
        if version.is_some() {
            self.log_transition(next);
        }
        version.is_some()
    }

    /// Logs what became of `Ready`. A status that was owed is in `before`, too: nothing was logged of it.
    fn log_transition(&self, next: &K::Status) {
        let before = if is_same_status(self.before, next) { self.object.status() } else { Some(self.before) };
        let before = before.map(|before| before.conditions().as_slice()).unwrap_or_default();
        pass_log::transition(&self.object.object_id(), before, next.conditions());
    }

    fn api(&self) -> Api<K> {
        let namespace = self.object.meta().namespace.as_deref().unwrap_or_default();
        Api::namespaced(self.cluster.client.clone(), namespace)
    }

    fn uid(&self) -> &str {
        self.object.meta().uid.as_deref().unwrap_or_default()
    }
}

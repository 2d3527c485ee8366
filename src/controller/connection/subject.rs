//! What a pass over an object knows of the object, whatever the kind.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use crate::api::{ConditionType, Conditioned as _, find};
use crate::controller::connection::access_rules::wait_for_labels;
use crate::controller::connection::context::Context;
use crate::controller::connection::facts::ConnectionFacts;
use crate::controller::connection::object::{ConnectionId, RefersToConnection};
use crate::controller::connection::state::ConnectionState;
use crate::controller::runtime::cluster::Cluster;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::runtime::object_states::ObjectStates;
use crate::controller::runtime::pass_end::PassEnd;
use crate::controller::runtime::retry::input_hash;
use crate::controller::runtime::status_store::status_trace;
use crate::controller::runtime::throwaway::is_throwaway;
use crate::controller::runtime::times::Times;
use crate::controller::secret::digest::OwnedKey;
use crate::controller::secret::versions;
use crate::domain::{Reason, SecretVersion, Turn, Urgency};

/// How long an object waits for the first login of its connection before the object says so. Most first logins take a moment,
/// and each object of a new connection would write a status and an event to say what is no longer true.
const FIRST_LOGIN: Duration = Duration::from_secs(5);

/// An object that a pass is about, with what is known of the object without a call.
pub(crate) struct Subject<'a, K: RefersToConnection> {
    pub(crate) object: &'a K,
    pub(crate) key: NamespacedName,
    /// The status in the form of the API: as stored in the API server, or as this process last wrote it where the watch
    /// has not shown that write yet. What is written is compared with it.
    pub(crate) stored: K::Status,
    /// Whether the object is served as with `spec.mode: Plan` whatever its spec says (`--plan-only`).
    pub(crate) plan_only: bool,
    /// The key of the object's digests.
    pub(crate) keyed: OwnedKey<'a>,
    pub(crate) connection: ConnectionFacts,
    /// The newest versions of the Secrets, by metadata; `None` if one of the Secrets is missing.
    pub(crate) versions: Option<Vec<SecretVersion>>,
    pub(crate) times: Times,
    /// How often something that the object waited for was released, when this pass began.
    pub(crate) wake_generation: u64,
    /// Whose turn this pass takes: its namespace's.
    pub(crate) turn: Turn,
}

impl<'a, K: RefersToConnection> Subject<'a, K> {
    /// Returns what is known of an object whose newest status is `stored`, and whose spec refers to these Secrets.
    pub(crate) fn of(
        object: &'a K,
        stored: K::Status,
        connection: ConnectionFacts,
        secrets: &[&str],
        states: &ObjectStates,
        context: &'a Context,
    ) -> Self {
        let (key, cluster) = (NamespacedName::of(object), &context.cluster);
        Self {
            stored,
            connection,
            plan_only: cluster.plan_only,
            keyed: OwnedKey { key: &context.key, owner: key.to_string() },
            versions: versions::known_versions(&key.namespace, secrets, &cluster.secret_versions),
            times: Times::of(cluster.clock, states),
            wake_generation: cluster.triggers.release_count(&object.object_id()),
            turn: Turn::default(),
            key,
            object,
        }
    }

    /// Returns the object's name among those of all kinds.
    pub(crate) fn object_id(&self) -> ObjectId {
        self.object.object_id()
    }

    /// Returns the connection that the object is for.
    pub(crate) fn connection_id(&self) -> ConnectionId {
        self.object.connection_id()
    }

    /// Returns the uid of the object.
    pub(crate) fn uid(&self) -> &str {
        self.object.meta().uid.as_deref().unwrap_or_default()
    }

    /// Returns the generation of the object.
    pub(crate) fn generation(&self) -> i64 {
        self.object.meta().generation.unwrap_or_default()
    }

    /// Returns whether the object is being deleted.
    pub(crate) fn is_deleting(&self) -> bool {
        self.object.meta().deletion_timestamp.is_some()
    }

    /// Returns whether the object is the one that a throwaway asks for, with the throwaway's spec.
    pub(crate) fn is_of_throwaway(&self) -> bool {
        is_throwaway(self.object.meta())
    }

    /// Returns the hash of all inputs of a pass; while it is unchanged, a retry before the backoff is over is pointless.
    pub(crate) fn input_hash(&self) -> u64 {
        let meta = self.object.meta();
        let version = |version: &SecretVersion| (version.uid.clone(), version.resource_version.clone());
        let versions = self.versions.as_ref().map(|versions| versions.iter().map(version).collect::<Vec<_>>());
        // Finalizers count only while the object is being deleted: before, this operator adds its own within a pass.
        let deleting = meta.deletion_timestamp.as_ref().map(|_| meta.finalizers.as_ref());
        let cluster = (&self.connection.state, &self.connection.access);
        let annotations = meta.annotations.as_ref();
        input_hash(&(self.uid(), self.generation(), deleting, annotations, versions, cluster, self.wake_generation))
    }

    /// Returns whether `Ready` is true for the newest generation: a plan is no such thing.
    pub(crate) fn is_ready(&self) -> bool {
        find(self.stored.conditions(), ConditionType::Ready).is_some_and(|ready| {
            let planned = ready.reason == Reason::Planned.as_str();
            ready.status == "True" && ready.observed_generation == Some(self.generation()) && !planned
        })
    }

    /// Notes whose turn the pass takes. What somebody edited since `known`, the generation and the Secrets that the status
    /// tells of, comes before the backlog of its namespace, but for what failed since with the same inputs: a retry is backlog.
    pub(crate) fn take_turn(&mut self, known: Option<i64>, source: &[SecretVersion], cluster: &Cluster) {
        let is_edited = self.has_new_spec(known) || self.has_new_secret(source, cluster);
        let has_failed = || cluster.retries.has_failed(&self.object_id(), self.input_hash());
        let urgency = if is_edited && !has_failed() { Urgency::Fresh } else { Urgency::Backlog };
        self.turn = Turn::of(&self.key.namespace, urgency);
    }

    /// Returns whether the object was made or its spec edited, and this process saw that. Of an edited spec it cannot be told
    /// when that was: few are edited while no operator runs.
    fn has_new_spec(&self, known: Option<i64>) -> bool {
        let made = self.object.meta().creation_timestamp.as_ref();
        // The time has whole seconds.
        let is_new = || made.is_some_and(|made| made.0 >= self.times.started - SignedDuration::from_secs(1));
        known.map_or_else(is_new, |known| known != self.generation())
    }

    /// Returns whether a Secret changed since the last push, and this process saw that.
    fn has_new_secret(&self, source: &[SecretVersion], cluster: &Cluster) -> bool {
        let new = self.versions.iter().flatten().filter(|version| !source.contains(version));
        let key = |version: &SecretVersion| NamespacedName::new(&self.key.namespace, &version.name);
        new.map(key).any(|key| cluster.secret_versions.is_just_changed(&key))
    }

    /// Returns why this operator does not serve the object: its connection is there, but this operator does not select the
    /// connection. `None` if it serves the object.
    pub(crate) async fn why_unserved(&self, context: &Context) -> Result<Option<String>, Error> {
        let id = self.connection_id();
        let unserved = self.connection.state.is_none() && context.is_unselected(&id).await?;
        Ok(unserved.then(|| format!("{id} is not selected by this operator's connectionSelector")))
    }

    /// Returns how the pass ends if the object still waits for a retry or for the labels of its namespace; `None` if it does not.
    pub(crate) fn waits(&self, cluster: &Cluster) -> Option<PassEnd> {
        self.waits_as(&self.object_id(), cluster)
    }

    /// Returns the same of a pass that is counted as one over the object of that id.
    pub(crate) fn waits_as(&self, id: &ObjectId, cluster: &Cluster) -> Option<PassEnd> {
        let gate = cluster.retries.gate(id, self.input_hash(), Instant::now());
        PassEnd::at_gate(gate).or_else(|| {
            // A deletion needs no access.
            let state = self.connection.state.as_ref().filter(|_| !self.is_deleting());
            let connection = state.map(|state| &*state.connection);
            let wait = wait_for_labels(connection, &self.key.namespace, &cluster.namespaces);
            wait.map(|wait| PassEnd::waiting(Some(wait)))
        })
    }

    /// Returns how a pass ends that found nothing but that the connection is not ready, while the connection was not tried yet;
    /// `None` if the object has waited for that long enough to say so. What the login comes to changes the inputs, and wakes
    /// the object.
    pub(crate) fn waits_for_first_login(&self, cluster: &Cluster) -> Option<PassEnd> {
        let (id, inputs) = (self.object_id(), self.input_hash());
        let is_untried = self.connection.state.as_ref().is_some_and(ConnectionState::is_untried);
        if !is_untried || cluster.retries.has_failed(&id, inputs) {
            return None;
        }
        cluster.retries.hold(&id, inputs, Instant::now() + FIRST_LOGIN);
        Some(PassEnd::waiting(Some(FIRST_LOGIN)))
    }

    /// Returns whether the digests in the status are another operator's again and again, after this one made its own.
    /// `observed` is the generation that the status is about; `foreign` says that digests in it were made with another key.
    pub(crate) fn is_other_operator_writing(
        &self,
        observed: Option<i64>,
        foreign: bool,
        states: &ObjectStates,
    ) -> bool {
        // Nothing is noted of the object that a throwaway asks for.
        if self.is_of_throwaway() {
            return false;
        }
        let trace = status_trace(self.object, self.stored.conditions(), observed, foreign);
        states.is_other_operator_writing(self.uid(), trace, Instant::now())
    }
}

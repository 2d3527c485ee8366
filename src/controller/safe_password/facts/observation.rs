//! All that a pass holds of one object: plain data, and what follows from it.

use std::time::Duration;

use crate::api::{ConditionType, MySafePassword, MySafePasswordStatus, Product, find};
use crate::controller::connection::facts::ConnectionFacts;
use crate::controller::connection::object::{ConnectionId, RefersToConnection as _};
use crate::controller::connection::state::ConnectionState;
use crate::controller::runtime::finalizer;
use crate::controller::runtime::managed::Managed as _;
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::runtime::retry::input_hash;
use crate::controller::runtime::throwaway::is_throwaway;
use crate::controller::runtime::times::Times;
use crate::controller::safe_password::claims::EntryKey;
use crate::controller::safe_password::facts::desired;
use crate::controller::safe_password::facts::secret_inputs::SecretInputs;
use crate::controller::secret::digest::OwnedKey;
use crate::domain::safe_password::{
    Appearance, Desired, EntryDrift, EntryList, Input, List, SecretsState, Situation, Status, Write,
};
use crate::domain::{Connection, Reason, RecordId, SecretVersion, Turn, VaultId, safe_password};
use crate::message::problem::Problem;
use crate::pam::PamError;

/// All that a pass holds of one object, from the cluster and from the PAM.
pub(crate) struct Observation<'a> {
    pub(crate) object: &'a MySafePassword,
    pub(crate) key: NamespacedName,
    /// The status in the form of the API, as it was last written. What is written is compared with it.
    pub(crate) stored: MySafePasswordStatus,
    /// What the object remembered when the pass began: without what the pass announced.
    pub(crate) status: Status,
    pub(crate) desired: Desired,
    pub(crate) appearance: Appearance,
    /// Whether the object is served as with `spec.mode: Plan` whatever its spec says (`--plan-only`).
    pub(crate) plan_only: bool,
    /// Our finalizer is on the object.
    pub(crate) finalizer: bool,
    /// The key of the object's digests.
    pub(crate) keyed: OwnedKey<'a>,
    pub(crate) connection: ConnectionFacts,
    /// The newest versions of the Secrets, by metadata; `None` if one of the Secrets is missing.
    pub(crate) versions: Option<Vec<SecretVersion>>,
    pub(crate) surroundings: Surroundings,
    /// What this pass found out by calls.
    pub(crate) found: Found,
    pub(crate) times: Times,
    /// How often something that the object waited for was released, when this pass began.
    pub(crate) wake_generation: u64,
    /// Whose turn this pass takes: its namespace's.
    pub(crate) turn: Turn,
}

/// What else of the cluster a decision depends on.
#[derive(Default)]
pub(crate) struct Surroundings {
    /// The other object that has the entry.
    pub(crate) holder: Option<NamespacedName>,
    /// Another operator writes the object's status again and again.
    pub(crate) other_operator_writes: bool,
    /// The namespace is going away.
    pub(crate) namespace_terminating: bool,
    /// This operator served the object last, and does not serve it any more.
    pub(crate) unserved: bool,
}

/// The results of the calls of this pass; all of it is empty before the first call.
#[derive(Default)]
pub(crate) struct Found {
    /// What the Secrets or the connection lack.
    pub(crate) problem: Option<Problem>,
    /// The connection, where only this pass saw what it lacks.
    pub(crate) connection: Option<Connection>,
    pub(crate) secrets: Option<SecretInputs>,
    /// Why the Secrets cannot be sent.
    pub(crate) unusable: Option<SecretsState>,
    pub(crate) list: Option<EntryList>,
    /// A list was looked at, or tried to be.
    pub(crate) looked: bool,
    /// Why there is no list.
    pub(crate) failure: Option<PamError>,
    /// What a regular list shows.
    pub(crate) comparison: Comparison,
    /// When the entry is compared with a regular list again.
    pub(crate) compare_in: Option<Duration>,
    /// The write that this pass announced.
    pub(crate) announced: Option<Write>,
}

/// How the entry compares with a regular list.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Comparison {
    /// No list was looked at that tells.
    #[default]
    None,
    /// The list shows the entry as it was written.
    AsWritten,
    /// The list shows the entry otherwise.
    Drifted(EntryDrift),
}

impl Observation<'_> {
    pub(crate) fn object_id(&self) -> ObjectId {
        self.object.object_id()
    }

    pub(crate) fn connection_id(&self) -> ConnectionId {
        self.object.connection_id()
    }

    pub(crate) fn uid(&self) -> &str {
        self.object.metadata.uid.as_deref().unwrap_or_default()
    }

    /// Returns whether the object is the one that a throwaway asks for, with the throwaway's spec.
    pub(crate) fn is_of_throwaway(&self) -> bool {
        is_throwaway(&self.object.metadata)
    }

    pub(crate) fn generation(&self) -> i64 {
        self.object.metadata.generation.unwrap_or_default()
    }

    pub(crate) fn is_deleting(&self) -> bool {
        self.object.metadata.deletion_timestamp.is_some()
    }

    /// Returns what rules are asked with.
    pub(crate) fn input(&self) -> Input<'_> {
        Input {
            uid: self.uid(),
            generation: self.generation(),
            deleting: self.is_deleting(),
            // With `--plan-only` no finalizer is missing: a copy of a cluster has to be torn down without one. Nor is one for a
            // throwaway, which goes at once.
            finalizer: self.finalizer || (self.plan_only && !self.is_deleting()) || self.is_of_throwaway(),
            ready: self.is_ready(),
            desired: &self.desired,
            appearance: &self.appearance,
            asked: desired::asked(self.object),
            status: &self.status,
            connection: self.connection_state(),
            vault: self.connection.vault.as_ref(),
            keyed: &self.keyed,
            versions: self.versions.as_deref(),
            read: self.found.secrets.as_ref().map(|secrets| &secrets.read),
            list: self.found.list.as_ref(),
            now: self.times.now,
            ended: self.times.ended,
            started: self.times.started,
        }
    }

    /// Returns what a decision turns on.
    pub(crate) fn situation(&self) -> Situation {
        self.situation_of(&self.input())
    }

    /// Returns what a decision turns on with another status.
    pub(crate) fn situation_of(&self, input: &Input<'_>) -> Situation {
        let mut situation = safe_password::situation(input);
        situation.other_finalizers = !finalizer::others(self.object).is_empty();
        situation.namespace_terminating = self.surroundings.namespace_terminating;
        situation.claimed_by_other = self.surroundings.holder.is_some();
        situation.unserved = self.surroundings.unserved;
        situation.other_operator_writes = self.surroundings.other_operator_writes;
        situation.denied = self.connection.denial().is_some();
        situation.adoption_granted = self.connection.grants().take_over;
        situation.announced = self.found.announced;
        situation.secrets = self.found.unusable.unwrap_or(situation.secrets);
        if self.found.looked && situation.list == List::NotAsked {
            situation.list = List::Failed(self.found.list_failure());
        }
        situation
    }

    /// Returns the connection as a decision sees it.
    pub(crate) fn connection_state(&self) -> Connection {
        let seen = || ConnectionState::state(self.connection.state.as_ref(), Product::MySafe);
        if self.surroundings.unserved { Connection::Missing } else { self.found.connection.unwrap_or_else(seen) }
    }

    /// Returns the entry of that identifier, where the connection leads now.
    pub(crate) fn entry(&self, identifier: RecordId) -> Option<EntryKey> {
        let vault = self.connection.vault.as_ref()?;
        Some(EntryKey { vault: VaultId::new(&vault.origin, vault.requested_tenant.as_deref()), identifier })
    }

    /// Returns the hash of all inputs of a pass; while it is unchanged, a retry before the backoff is over is pointless.
    pub(crate) fn input_hash(&self) -> u64 {
        let meta = &self.object.metadata;
        let version = |version: &SecretVersion| (version.uid.clone(), version.resource_version.clone());
        let versions = self.versions.as_ref().map(|versions| versions.iter().map(version).collect::<Vec<_>>());
        // Finalizers count only while the object is being deleted: before, this operator adds its own.
        let deleting = meta.deletion_timestamp.as_ref().map(|_| meta.finalizers.as_ref());
        let cluster = (&self.connection.state, &self.connection.access);
        let annotations = meta.annotations.as_ref();
        input_hash(&(self.uid(), self.generation(), deleting, annotations, versions, cluster, self.wake_generation))
    }

    /// Returns whether spec or Secrets may be other than those that the status tells of.
    pub(crate) fn is_edited(&self) -> bool {
        let is_known = self.status.observed_generation == Some(self.generation());
        !is_known || self.versions.as_ref() != Some(&self.status.source)
    }

    /// Returns whether `Ready` is true for the newest generation: a plan is no such thing.
    fn is_ready(&self) -> bool {
        find(&self.stored.conditions, ConditionType::Ready).is_some_and(|ready| {
            let planned = ready.reason == Reason::Planned.as_str();
            ready.status == "True" && ready.observed_generation == Some(self.generation()) && !planned
        })
    }
}

impl Found {
    /// Returns why nothing is known of the list.
    fn list_failure(&self) -> Reason {
        let by_error = self.failure.as_ref().map(crate::message::pam_error::reason);
        by_error.or(self.problem.as_ref().map(|problem| problem.reason)).unwrap_or(Reason::Progressing)
    }
}

//! All that a pass holds of one object: plain data, and what follows from it.

use std::ops::{Deref, DerefMut};

use jiff::Timestamp;

use crate::api::{MySafePassword, Product};
use crate::controller::connection::state::ConnectionState;
use crate::controller::connection::subject::Subject;
use crate::controller::runtime::finalizer;
use crate::controller::safe_password::claims::{EntryKey, Holder};
use crate::controller::safe_password::facts::desired;
use crate::controller::safe_password::facts::secret_inputs::SecretInputs;
use crate::domain::safe_password::{
    Appearance, Desired, EntryDrift, EntryList, Input, List, SecretsState, Situation, Status, Write,
};
use crate::domain::{Connection, Reason, RecordId, VaultId, safe_password};
use crate::message::problem::Problem;
use crate::pam::PamError;

/// All that a pass holds of one object, from the cluster and from the PAM.
pub(crate) struct Observation<'a> {
    /// What is known of an object of any kind; an observation has the fields and methods of its subject.
    pub(crate) subject: Subject<'a, MySafePassword>,
    /// What the object remembered when the pass began: without what the pass announced.
    pub(crate) status: Status,
    pub(crate) desired: Desired,
    pub(crate) appearance: Appearance,
    /// Our finalizer is on the object.
    pub(crate) finalizer: bool,
    pub(crate) surroundings: Surroundings,
    /// What this pass found out by calls.
    pub(crate) found: Found,
}

/// What else of the cluster a decision depends on.
#[derive(Default)]
pub(crate) struct Surroundings {
    /// The other object that has the entry.
    pub(crate) holder: Option<Holder>,
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

impl<'a> Deref for Observation<'a> {
    type Target = Subject<'a, MySafePassword>;

    fn deref(&self) -> &Self::Target {
        &self.subject
    }
}

impl DerefMut for Observation<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.subject
    }
}

impl Observation<'_> {
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

    /// Returns when the object that has the entry counts no longer, if that is known.
    pub(crate) fn claim_ends(&self) -> Option<Timestamp> {
        self.surroundings.holder.as_ref()?.until
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
}

impl Found {
    /// Returns why nothing is known of the list.
    fn list_failure(&self) -> Reason {
        let by_error = self.failure.as_ref().map(crate::message::pam_error::reason);
        by_error.or(self.problem.as_ref().map(|problem| problem.reason)).unwrap_or(Reason::Progressing)
    }
}

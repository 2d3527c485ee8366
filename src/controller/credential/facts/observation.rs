//! All that a pass holds of one credential: plain data, and what follows from it.

use std::ops::{Deref, DerefMut};

use jiff::Timestamp;

use crate::api::{PamCredential, Product};
use crate::controller::connection::health::ListHold;
use crate::controller::connection::state::ConnectionState;
use crate::controller::connection::subject::Subject;
use crate::controller::credential::facts::secret_inputs::SecretInputs;
use crate::controller::credential::facts::{desired, identity};
use crate::domain::credential::{
    Asked, CONTENT, Desired, DriftFinding, KEYED, SituationInput, Status, Target, TransitionInput,
};
use crate::domain::keyed::is_in_doubt;
use crate::domain::{Account, Keyed as _, ObjectName, SecretVersion, SecretsState, Seen, Situation, ValueComparison};
use crate::message::problem::Problem;
use crate::pam::{ListedCredential, PamError};

/// All that a pass holds of one credential, from the cluster and from the PAM.
pub(crate) struct Observation<'a> {
    /// What is known of an object of any kind; an observation has the fields and methods of its subject.
    pub(crate) subject: Subject<'a, PamCredential>,
    /// The stored status in the form of the domain: without plan and conditions. Rules are applied to it.
    pub(crate) status: Status,
    pub(crate) desired: Desired,
    pub(crate) asked: Asked,
    /// The identifier that is sent.
    pub(crate) identifier: String,
    /// The account that is sent; `None` while the username has not been read.
    pub(crate) account: Option<Account>,
    /// What the decision turns on.
    pub(crate) situation: Situation,
    /// What this pass found out by calls.
    pub(crate) found: Found,
}

/// The results of the calls of this pass; all of it is empty before the first call.
#[derive(Default)]
pub(crate) struct Found {
    /// What the Secrets or the connection lack.
    pub(crate) problem: Option<Problem>,
    /// `problem` is the connection's, and only this pass saw it.
    pub(crate) problem_of_connection: bool,
    pub(crate) secrets: Option<SecretInputs>,
    pub(crate) sight: Option<Sight>,
    /// The connection's rules would let the credential have the identifier of the listed record.
    pub(crate) may_use_listed: bool,
    /// The namespaces for which the list that was looked at cannot be trusted.
    pub(crate) list_hold: ListHold,
    /// What the newest list shows of our record, if the list is newer than our last write.
    pub(crate) drift: Option<DriftFinding>,
    /// Why there is no list.
    pub(crate) failure: Option<PamError>,
    /// When the claim counts no longer that keeps this object from writing, should nothing come of that claim.
    pub(crate) claim_ends: Option<Timestamp>,
    /// The object that an annotation names to get the record, if the operator does not serve its namespace.
    pub(crate) unserved_heir: Option<ObjectName>,
    /// This pass announced the write in the status: no earlier pass can have sent it.
    pub(crate) announced: bool,
}

/// What the list shows of our identifier and account.
pub(crate) struct Sight {
    pub(crate) seen: Seen,
    /// The record that an update would be for.
    pub(crate) record: Option<ListedCredential>,
    /// The ids of the records that block the object.
    pub(crate) ids: Vec<String>,
    /// The ids of records with the username and only one of hostname and ip, or with an account that looks like ours.
    pub(crate) near: Vec<String>,
}

impl<'a> Deref for Observation<'a> {
    type Target = Subject<'a, PamCredential>;

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
    /// Returns what a write is for.
    pub(crate) fn target(&self) -> Target<'_> {
        Target {
            identifier: &self.identifier,
            origin: self.connection.vault.as_ref().map(|vault| vault.origin.as_str()),
            account: self.account.as_ref(),
        }
    }

    /// Returns what the facts are derived from; `suspected_write` says that an earlier process may have sent a write that the
    /// status does not tell of.
    pub(crate) fn situation_input(&self, suspected_write: bool) -> SituationInput<'_> {
        SituationInput {
            deleting: self.is_deleting(),
            finalizer: crate::controller::runtime::finalizer::is_on(self.object),
            generation: self.generation(),
            desired: &self.desired,
            asked: &self.asked,
            status: &self.status,
            connection: ConnectionState::state(self.connection.state.as_ref(), Product::PamCore),
            vault: self.connection.vault.as_ref(),
            target: self.target(),
            keyed: &self.keyed,
            versions: self.versions.as_deref(),
            now: self.times.now,
            suspected_write,
            recently_started: self.times.is_recently_started(),
        }
    }

    /// Returns what the next status is made from.
    pub(crate) fn transition_input(&self) -> TransitionInput<'_> {
        TransitionInput {
            generation: self.generation(),
            now: self.times.now,
            ended: self.times.ended,
            started: self.times.started,
            situation: &self.situation,
            desired: &self.desired,
            asked: &self.asked,
            vault: self.connection.vault.as_ref(),
            target: self.target(),
            keyed: &self.keyed,
            read: self.found.secrets.as_ref().map(|secrets| &secrets.read),
            versions: self.versions.as_deref(),
            replaced: self.replaced(),
            remote: self.found.drift.as_ref().map(|drift| &drift.remote),
            just_announced: self.found.announced,
            list_interval: self.connection.list_interval(),
        }
    }

    /// Returns whether a text of an answer or a list is the value of this credential: the one that was read, else the one
    /// that was last sent.
    pub(crate) fn is_value(&self, text: &str) -> bool {
        let read = self.found.secrets.as_ref().and_then(|secrets| secrets.read.digests.get(CONTENT));
        identity::is_value(text, &self.keyed, read.or_else(|| self.status.digests.get(CONTENT)))
    }

    /// Returns the identifier that a write would replace by ours.
    pub(crate) fn replaced(&self) -> Option<&str> {
        let sight = self.found.sight.as_ref().filter(|sight| matches!(sight.seen, Seen::AccountOther { .. }))?;
        sight.record.as_ref()?.identifier.as_deref()
    }

    /// Returns the listed record that an update would be for.
    pub(crate) fn listed(&self) -> Option<&ListedCredential> {
        self.found.sight.as_ref()?.record.as_ref()
    }

    /// Derives again what the status remembers of writes for this very target, once more of the target is known.
    pub(crate) fn refresh_target(&mut self) {
        let (mismatch, in_flight) = {
            let target = self.target();
            let intent = target.intent(&self.status, self.replaced(), &self.keyed);
            (target.is_mismatch(&self.status, &self.keyed), intent)
        };
        (self.situation.mismatch, self.situation.in_flight) = (mismatch, in_flight);
    }

    /// Notes the username that was read, and with it the account.
    pub(crate) fn note_username(&mut self) {
        let username = self.found.secrets.as_ref().and_then(|secrets| secrets.username.as_ref());
        self.account = desired::account(self.object, username.map(|username| username.as_str()));
        self.refresh_target();
    }

    /// Returns what is known of the Secrets without reading one; `unchanged` says that this process read these versions and
    /// found what was sent.
    pub(crate) fn secrets_from_cache(&self, unchanged: bool) -> SecretsState {
        match &self.versions {
            Some(versions) if versions.is_empty() => SecretsState::Read(ValueComparison::None),
            Some(versions) if self.was_sent(versions, unchanged) => SecretsState::Unchanged,
            // A missing Secret is found when it is read: then it can be named.
            _ => SecretsState::Unread,
        }
    }

    /// Whether what was last sent was made from these versions, by the spec as it is.
    fn was_sent(&self, versions: &[SecretVersion], unchanged: bool) -> bool {
        let is_sure = |digest: &String| !is_in_doubt(digest) && !self.keyed.is_foreign(digest);
        let sure = KEYED.into_iter().filter_map(|name| self.status.digests.get(name)).all(is_sure);
        sure && ((self.is_ready() && self.status.source == versions) || unchanged)
    }
}

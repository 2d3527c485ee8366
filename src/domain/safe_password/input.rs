//! What a decision and a transition are made of: names, digests and times, which the facts leave out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::{
    ACTIVE, Appearance, Binding, ConnectedVault, Connection, EntryList, InFlightState, Keyed, REMOVED, RecordId,
    SHARES, SecretVersion, SecretsState, Status, Switch, Write, digest_field, is_in_doubt,
};

/// What a spec asks for. The values of its fields stay outside: a rule compares digests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// `spec.deletionPolicy` is `Deactivate`.
    pub deactivates: bool,
    /// `spec.suspend`.
    pub suspended: bool,
    /// `spec.mode` is `Plan`.
    pub plan: bool,
    /// `spec.identifier`.
    pub identifier: Option<RecordId>,
    /// `spec.active`.
    pub active: Option<bool>,
    /// Digests of the groups of fields that do not come from Secrets.
    pub groups: BTreeMap<String, String>,
    /// Names of the groups that come from Secrets.
    pub secret_groups: BTreeSet<&'static str>,
}

/// What was read from the Secrets, without the values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadSecrets {
    /// Keyed digests by group of fields.
    pub digests: BTreeMap<String, String>,
    /// The versions that were read.
    pub versions: Vec<SecretVersion>,
}

/// What a decision and a transition are made of.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Uid of the object.
    pub uid: &'a str,
    /// Generation of the object.
    pub generation: i64,
    /// The object is being deleted.
    pub deleting: bool,
    /// Our finalizer is on the object.
    pub finalizer: bool,
    /// `Ready` is true in the status, for this generation.
    pub ready: bool,
    /// What the spec asks for.
    pub desired: &'a Desired,
    /// How the spec has the entry look.
    pub appearance: &'a Appearance,
    /// `pam-operator.io/reconcile-requested-at`.
    pub asked: Option<&'a str>,
    /// The status as it was before the pass, without what the pass announced.
    pub status: &'a Status,
    /// State of the connection.
    pub connection: Connection,
    /// Where the connection leads.
    pub vault: Option<&'a ConnectedVault>,
    /// The key of the object's digests.
    pub keyed: &'a dyn Keyed,
    /// The newest versions of the Secrets, by metadata; `None` if one of the Secrets is missing.
    pub versions: Option<&'a [SecretVersion]>,
    /// What was read from the Secrets.
    pub read: Option<&'a ReadSecrets>,
    /// The list.
    pub list: Option<&'a EntryList>,
    /// The time of day when the pass began.
    pub now: Timestamp,
    /// The time of day when the call of the pass ended, or when its write is announced: the pass may have waited long
    /// before, and the call for long.
    pub ended: Timestamp,
    /// When this process began.
    pub started: Timestamp,
}

impl<'a> Input<'a> {
    /// Returns where the entry of the status is.
    #[must_use]
    pub fn binding(&self) -> Binding {
        self.status.binding(self.vault, self.keyed)
    }

    /// Returns what a write sends: the digest of its content, by group of fields.
    #[must_use]
    pub fn content(&self, write: Write) -> BTreeMap<String, String> {
        let owned = |(group, digest): (&str, &String)| (group.to_owned(), digest.clone());
        match write {
            Write::Create => self.wanted().filter(|(group, _)| !SHARES.contains(group)).map(owned).collect(),
            Write::Update => self.due().into_iter().map(owned).collect(),
            Write::Activate => [(ACTIVE.to_owned(), true.to_string())].into(),
            Write::Deactivate => [(ACTIVE.to_owned(), false.to_string())].into(),
        }
    }

    /// Returns whether an identifier is what a Secret of the object holds: what is listed or answered may be an echo, and must
    /// not come into the status (P8).
    pub(super) fn repeats_secret(&self, id: &RecordId) -> bool {
        let read = self.read.map(|read| &read.digests).into_iter().flatten();
        let sent = self.status.in_flight.as_ref().map(|write| &write.groups).into_iter().flatten();
        let is_of = |group: &str, digest: &str| {
            self.keyed.made(digest) && self.keyed.is_of(digest, &digest_field(group), id.as_bytes())
        };
        read.chain(sent).any(|(group, digest)| is_of(group, digest))
    }

    /// Returns how long the PAM may still execute the write without an answer.
    #[must_use]
    pub fn window_left(&self) -> Option<Duration> {
        self.status.in_flight.as_ref()?.left(self.started, self.now)
    }

    /// Returns the identifier that says which entry a decision is about. An object that is being deleted takes over nothing.
    pub(super) fn known_identifier(&self) -> Option<&'a RecordId> {
        let named = self.desired.identifier.as_ref().filter(|_| !self.deleting);
        self.status.identifier.as_ref().or(named)
    }

    /// Everything that the spec and its Secrets say, as far as it was read.
    fn wanted(&self) -> impl Iterator<Item = (&'a str, &'a String)> {
        let read = self.read.map(|read| read.digests.iter()).into_iter().flatten();
        self.desired.groups.iter().chain(read).map(|(group, digest)| (group.as_str(), digest))
    }

    /// The groups that an update has to send, with the digests of their contents.
    pub(super) fn due(&self) -> Vec<(&'a str, &'a String)> {
        self.wanted().filter(|(group, digest)| self.is_due(group, digest)).collect()
    }

    /// Whether somebody asks by annotation for everything to be sent, and it was not sent since.
    fn is_asked(&self) -> bool {
        self.asked.is_some() && self.asked != self.status.handled.as_deref()
    }

    fn is_due(&self, group: &str, digest: &str) -> bool {
        match self.status.digests.get(group) {
            // Shares send e-mail: a request does not send them again.
            _ if self.is_late(group) || (self.is_asked() && !SHARES.contains(&group)) => true,
            Some(recorded) if recorded == digest => false,
            Some(recorded) if self.is_from_secret(group) && self.keyed.is_foreign(recorded) => {
                // The key was lost. What comes from the same versions is the same.
                is_in_doubt(recorded) || self.read.is_none_or(|read| read.versions != self.status.source)
            }
            _ => true,
        }
    }

    /// Whether the PAM may have overwritten a group late with another content than it accepted since.
    fn is_late(&self, group: &str) -> bool {
        let elapsed = self.status.in_flight.as_ref().filter(|_| self.window_left().is_none());
        let carried = elapsed.filter(|write| write.create.is_none()).and_then(|write| write.groups.get(group));
        carried.is_some() && carried != self.status.digests.get(group)
    }

    fn is_from_secret(&self, group: &str) -> bool {
        self.desired.secret_groups.iter().any(|one| *one == group)
    }

    pub(super) fn switch_due(&self) -> Switch {
        let is_told =
            |active: bool| self.status.digests.get(ACTIVE) == Some(&active.to_string()) && !self.is_late(ACTIVE);
        match self.desired.active {
            Some(active) if is_told(active) => Switch::None,
            Some(true) => Switch::Activate,
            Some(false) => Switch::Deactivate,
            None => Switch::None,
        }
    }

    pub(super) fn secrets(&self) -> SecretsState {
        let changed = || self.due().iter().any(|(group, _)| self.is_from_secret(group));
        match self.read {
            Some(_) => SecretsState::Read { changed: changed() },
            None if self.are_secrets_unchanged() => SecretsState::Unchanged,
            None => SecretsState::Unread,
        }
    }

    /// Whether the Secrets are those that the last pass found nothing due with.
    fn are_secrets_unchanged(&self) -> bool {
        let is_sure = |group: &&str| {
            let recorded = self.status.digests.get(*group);
            recorded
                .is_some_and(|recorded| recorded != REMOVED && self.keyed.is_own(recorded) && !is_in_doubt(recorded))
        };
        let late = self.desired.secret_groups.iter().any(|group| self.is_late(group));
        let same = self.versions == Some(self.status.source.as_slice());
        self.ready && same && !self.is_asked() && !late && self.desired.secret_groups.iter().all(is_sure)
    }

    pub(super) fn in_flight(&self) -> InFlightState {
        match (self.status.create_in_flight(), self.window_left()) {
            (Some(_), Some(_)) => InFlightState::CreateOpen,
            (Some(_), None) => InFlightState::CreateElapsed,
            (None, Some(_)) => InFlightState::WriteOpen,
            (None, None) => InFlightState::None,
        }
    }
}

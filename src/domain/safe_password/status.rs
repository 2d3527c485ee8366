//! What an object remembers between two passes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    Binding, BoundVault, CONTENT, ConnectedVault, DigestsOf, Keyed, RecordId, SecretVersion, TOTP, settle_left,
};

/// What an object remembers between two passes: its status, but for plan and conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Status {
    /// The generation that the status is about.
    pub observed_generation: Option<i64>,
    /// The identifier of the entry.
    pub identifier: Option<RecordId>,
    /// The number of the last POST that was announced. The tag of the entry is made of it.
    pub attempt: u32,
    /// The vault of the entry.
    pub vault: Option<BoundVault>,
    /// When the PAM last accepted a write.
    pub last_write: Option<Timestamp>,
    /// The versions of the Secrets that the digests are of.
    pub source: Vec<SecretVersion>,
    /// Digests of what the PAM last accepted, by group of fields; one is in doubt while a later write of the group has no
    /// answer and none came since.
    pub digests: BTreeMap<String, String>,
    /// The write without an answer.
    pub in_flight: Option<InFlight>,
    /// The last value of the annotation `pam-operator.io/reconcile-requested-at` that was acted on.
    pub handled: Option<String>,
}

/// The write without an answer; or all of them, if there are several.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InFlight {
    /// The POST, if the write makes an entry: always that of the last attempt.
    pub create: Option<CreateAttempt>,
    /// Digests of what the write carries, by group of fields; [`InFlight::SEVERAL`] where several writes carry different
    /// contents.
    pub groups: BTreeMap<String, String>,
    /// When the write was announced, or found to have no answer.
    pub since: Timestamp,
}

/// A POST that makes an entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateAttempt {
    /// The largest identifier that a list showed before the POST.
    pub largest: Option<RecordId>,
    /// Keyed digest of the entry's looks.
    pub looks: String,
}

impl InFlight {
    /// In the place of a digest: no content is the same.
    pub const SEVERAL: &'static str = "";

    /// Returns how long the PAM may still execute the write. A process that began at `started` cannot know how long an
    /// earlier process kept trying after the announcement.
    pub(super) fn left(&self, started: Timestamp, now: Timestamp) -> Option<std::time::Duration> {
        settle_left(self.since.max(started), now)
    }

    /// Combines an earlier write that still has no answer with this one.
    pub(super) fn after(mut self, earlier: Option<Self>) -> Self {
        let earlier = earlier.filter(|earlier| earlier.create.is_none()).map(|earlier| earlier.groups);
        for (group, content) in earlier.unwrap_or_default() {
            let both = self.groups.entry(group).or_insert_with(|| content.clone());
            if *both != content {
                Self::SEVERAL.clone_into(both);
            }
        }
        self
    }

    /// Returns what is left of this write, which the PAM can no longer execute, once a later write of `accepted` was
    /// answered.
    pub(super) fn after_answer(mut self, accepted: &BTreeMap<String, String>) -> Option<Self> {
        self.groups.retain(|group, _| !accepted.contains_key(group));
        (!self.groups.is_empty()).then_some(self)
    }
}

impl Status {
    /// Returns whether the entry is where the connection leads now, through the login that wrote it; without a connection,
    /// nothing says otherwise.
    #[must_use]
    pub fn binding(&self, now: Option<&ConnectedVault>, keyed: &dyn Keyed) -> Binding {
        match (&self.identifier, &self.vault, now) {
            (None, ..) => Binding::Unbound,
            (Some(_), Some(known), Some(now)) if !now.leads_to(known) || is_other_login(known, now, keyed) => {
                Binding::BoundElsewhere
            }
            (Some(_), ..) => Binding::Bound,
        }
    }

    /// Returns whose key the digests of what came from Secrets were made with. A username of the spec has a digest without a key.
    #[must_use]
    pub fn digests_of(&self, keyed: &dyn Keyed) -> DigestsOf {
        DigestsOf::of(|| [CONTENT, TOTP].into_iter().filter_map(|group| self.digests.get(group)), keyed)
    }

    /// Returns the POST without an answer.
    #[must_use]
    pub fn create_in_flight(&self) -> Option<&CreateAttempt> {
        self.in_flight.as_ref().and_then(|write| write.create.as_ref())
    }
}

/// Whether another access key logs in than the one that wrote the entry. It may be another user's, who sees other entries.
fn is_other_login(known: &BoundVault, now: &ConnectedVault, keyed: &dyn Keyed) -> bool {
    let both = known.used.login.as_ref().zip(now.login.as_ref());
    both.is_some_and(|(known, now)| keyed.made(known) && keyed.made(now) && known != now)
}

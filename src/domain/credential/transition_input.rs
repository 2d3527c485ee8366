//! What a transition depends on, beside the status, the decision and the result.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    ACCOUNT, Asked, Binding, CONTENT, ConnectedVault, Desired, Expect, Expected, Keyed, Push, ReadSecrets, Remote,
    SecretVersion, SecretsState, Seen, Situation, Status, Target, USERNAME, UnackedWrite, ValueComparison, WriteAction,
    is_only_correction, whole_second,
};
use crate::domain::RecordId;

/// What [`transition`](super::transition()) depends on, beside the status, the decision and the result: the facts of the
/// decision, and the names, digests and times that the facts leave out.
#[derive(Clone, Copy)]
pub struct TransitionInput<'a> {
    /// Generation of the object.
    pub generation: i64,
    /// The time of day when the pass began, which the facts are of.
    pub now: Timestamp,
    /// The time of day when the pass's call ended: the pass may have waited long before the call, and the call for long.
    pub ended: Timestamp,
    /// When this process began.
    pub started: Timestamp,
    /// What the decision was made on.
    pub situation: &'a Situation,
    /// What the spec asks for.
    pub desired: &'a Desired,
    /// What somebody asks for by annotation.
    pub asked: &'a Asked,
    /// Where the connection leads.
    pub vault: Option<&'a ConnectedVault>,
    /// What a write is for.
    pub target: Target<'a>,
    /// The key of the object's digests.
    pub keyed: &'a dyn Keyed,
    /// What was read from the Secrets.
    pub read: Option<&'a ReadSecrets>,
    /// The newest versions of the Secrets, by metadata; `None` if one of the Secrets is missing.
    pub versions: Option<&'a [SecretVersion]>,
    /// The identifier that a write replaces.
    pub replaced: Option<&'a str>,
    /// What the newest list shows of the record.
    pub remote: Option<&'a Remote>,
    /// Whether this pass announced the write: no earlier pass can have sent it.
    pub just_announced: bool,
    /// How often the connection lists.
    pub list_interval: Duration,
}

impl TransitionInput<'_> {
    /// Returns what the answer to a push has to say. `listed` is the id of the record that the list shows; `made_before`
    /// says that an earlier POST of ours made the record, its answer lost.
    #[must_use]
    pub fn expected(&self, status: &Status, push: Push, listed: Option<&RecordId>, made_before: bool) -> Expected {
        let bound = status.vault.as_ref().filter(|_| self.situation.binding == Binding::Bound);
        Expected {
            expect: push.expect,
            id: match push.expect {
                Expect::Create => None,
                // Where there is no list, the user's word is on the record that an answer named.
                Expect::Existing => listed.cloned().or_else(|| status.mismatch.as_ref()?.id.clone()),
                Expect::Update => status.id.clone(),
            },
            identifier: self.target.identifier.to_owned(),
            tenant: bound.and_then(|bound| bound.tenant.clone()),
            maybe_made_before: made_before,
        }
    }

    pub(super) fn write(&self, action: WriteAction, value: bool) -> UnackedWrite {
        UnackedWrite {
            action,
            identifier: self.target.identifier.to_owned(),
            account: self.target.account_digest(self.keyed),
            origin: self.target.origin.unwrap_or_default().to_owned(),
            former: self.replaced.map(str::to_owned).filter(|_| action == WriteAction::TakeOver),
            since: whole_second(self.ended),
            value,
        }
    }

    /// Whether what an earlier process sent may have carried a value: the value of another version of the Secret, that of
    /// another Secret which the spec named before it was edited back, or one that the earlier process knew to be open.
    pub(super) fn value_may_come(&self, before: &Status) -> bool {
        let other_spec = before.observed_generation != Some(self.generation);
        self.value_of_version_may_come(before) || (other_spec && self.could_carry_value(before))
    }

    /// The same where the spec named the same Secret.
    pub(super) fn value_of_version_may_come(&self, before: &Status) -> bool {
        let open = before.in_flight.as_ref().is_some_and(|write| write.value);
        let other_version = self.versions != Some(before.source.as_slice());
        open || (other_version && self.could_carry_value(before))
    }

    fn could_carry_value(&self, before: &Status) -> bool {
        self.desired.has_value && !before.value_withheld
    }

    /// Returns whether a push is for the record that the status speaks of.
    #[must_use]
    pub fn is_same_record(&self, push: Push) -> bool {
        push.expect == Expect::Update || matches!(self.situation.inventory.seen(), Some(Seen::Ours { .. }))
    }

    /// Returns whether a push leaves a record behind in another vault that the deletion of the object would have disabled:
    /// after the push nothing remembers that record.
    #[must_use]
    pub fn leaves_record_enabled(&self, push: Push) -> bool {
        self.desired.disable && self.situation.binding == Binding::BoundElsewhere && !self.is_same_record(push)
    }

    /// Returns whether a push does nothing but undo what somebody else did.
    #[must_use]
    pub fn only_corrects(&self, push: Push) -> bool {
        let value = match self.situation.secrets {
            SecretsState::Read(value) => value,
            _ => ValueComparison::None,
        };
        push.expect == Expect::Update && is_only_correction(self.situation, value)
    }

    /// Returns the names of the groups of fields that a push carries, the account among them where it is new.
    #[must_use]
    pub fn sent_groups(&self, status: &Status, push: Push) -> Vec<String> {
        let plain = self.desired.groups.keys();
        let plain = plain.filter(|group| match group.as_str() {
            ACCOUNT => self.situation.account_changed,
            group => push.all_fields || self.desired.differs(group, &status.digests),
        });
        let secret = self.read.into_iter().flat_map(|read| read.digests.keys()).filter(|group| match group.as_str() {
            CONTENT => push.value,
            USERNAME => self.situation.account_changed,
            group => push.all_fields || self.read.is_some_and(|read| read.due.contains(group)),
        });
        plain.chain(secret).cloned().collect()
    }
}

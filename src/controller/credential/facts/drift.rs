//! What a list shows of a record, against what was written (`design.md` 5, *drift*).

use jiff::Timestamp;

use crate::api::{ConditionType, DriftPolicy, Mode, PamCredentialSpec, PamCredentialStatus, ROTATED_IN_VAULT, find};
use crate::controller::credential::facts::{field_groups, identity, settings};
use crate::controller::secret::digest::OwnedKey;
use crate::domain::credential::{
    ACCOUNT, CONTENT, DriftFinding, DriftInput, ListedRecord, Status, USERNAME, find_drift, remembered,
};
use crate::domain::{Compared, Drift, Keyed as _, canonical_address, folded};
use crate::pam::{self, ListedCredential, Snapshot};

/// A record as it was written.
pub(crate) struct WrittenRecord<'a> {
    pub(crate) spec: &'a PamCredentialSpec,
    pub(crate) status: &'a Status,
    pub(crate) keyed: &'a OwnedKey<'a>,
}

impl WrittenRecord<'_> {
    /// Returns what a list shows of the record; `None` where the list is not newer than our last write to it.
    pub(crate) fn drift_in(&self, snapshot: &Snapshot, listed_at: Timestamp) -> Option<DriftFinding> {
        let id = self.status.id.as_deref()?;
        // What was written through another connection is not noted in this one's list.
        let newer = self.status.last_write.is_none_or(|last| last <= listed_at);
        if !newer || snapshot.is_written(id) {
            return None;
        }
        let input = DriftInput {
            account_as_sent: self.status.digests.get(ACCOUNT) == Some(&field_groups::account(self.spec)),
            has_value: self.spec.content_secret_ref.is_some(),
        };
        let listed = snapshot.by_id(id).map(|record| self.compare(record, snapshot));
        Some(find_drift(self.status, input, listed.as_ref()))
    }

    fn compare(&self, record: ListedCredential, snapshot: &Snapshot) -> ListedRecord {
        ListedRecord {
            renamed: self.is_renamed(&record),
            on_other_device: !at(&self.spec.hostname, &record.hostname) || !at(&self.spec.ip, &record.ip),
            has_second: self.has_second(&record, snapshot),
            rotates: record.automatic_change.unwrap_or(settings::rotates(self.spec)),
            identifier: self.identifier_in(&record),
            change: record.change,
        }
    }

    fn identifier_in(&self, record: &ListedCredential) -> Option<String> {
        let is_value = |text: &str| identity::is_value(text, self.keyed, self.status.digests.get(CONTENT));
        let own = self.status.identifier.as_deref();
        record.identifier.as_ref().map(|identifier| identity::listed(identifier, own, is_value).to_string())
    }

    fn is_renamed(&self, record: &ListedCredential) -> bool {
        if let Some(username) = &self.spec.username {
            return !same(username, &record.username);
        }
        // A username from a Secret is known by its digest alone.
        let digest = self.status.digests.get(USERNAME);
        let compared = || self.keyed.compare(digest, USERNAME, record.username.as_bytes());
        !record.username.is_empty() && compared() == Compared::Changed
    }

    /// Whether another record has our identifier or our account.
    fn has_second(&self, record: &ListedCredential, snapshot: &Snapshot) -> bool {
        let account = pam::Account::new(&record.username, &record.hostname, &record.ip);
        let seen = snapshot.look(self.status.identifier.as_deref().unwrap_or_default(), &account);
        let mut all = seen.identified.iter().chain(&seen.same_account);
        all.any(|other| other.id != record.id && !other.is_ssh_key())
    }
}

/// A list that leaves something out says nothing of it.
fn same(written: &str, listed: &str) -> bool {
    listed.is_empty() || folded(written) == folded(listed)
}

/// As [`same`], for what may be an address.
fn at(written: &str, listed: &str) -> bool {
    listed.is_empty() || canonical_address(written) == canonical_address(listed)
}

/// Returns whether a status does not tell of a drift yet, or something has to be done about it. What is told need not have
/// been corrected: it may have been told before the policy was `Correct`.
pub(crate) fn is_news(
    finding: &DriftFinding,
    spec: &PamCredentialSpec,
    status: &Status,
    stored: &PamCredentialStatus,
) -> bool {
    let remote = remembered(status.remote.as_ref(), &finding.remote) != status.remote;
    let news = remote || reason(finding.drift) != told(stored);
    news || is_to_be_corrected(finding, spec, status, stored)
}

fn is_to_be_corrected(
    finding: &DriftFinding,
    spec: &PamCredentialSpec,
    status: &Status,
    stored: &PamCredentialStatus,
) -> bool {
    let wanted = spec.drift_policy == DriftPolicy::Correct && spec.mode == Mode::Apply;
    // A correction that is being tried and fails has its own time to be tried again.
    let at_rest = find(&stored.conditions, ConditionType::Ready).is_some_and(|ready| ready.status == "True");
    let possible = finding.drift.is_correctable() && finding.reachable && !status.corrections_exhausted();
    wanted && at_rest && possible
}

/// Returns the drift that a status tells of, by its reason.
pub(crate) fn told(stored: &PamCredentialStatus) -> Option<&str> {
    find(&stored.conditions, ConditionType::Drifted).map(|condition| condition.reason.as_str())
}

/// Returns whether a status tells already that its record is no longer where it was.
pub(crate) fn is_told_lost(stored: &PamCredentialStatus) -> bool {
    let all = [Drift::NotListed, Drift::Identifier, Drift::Renamed, Drift::Moved];
    told(stored).is_some_and(|told| all.into_iter().filter_map(reason).any(|reason| reason == told))
}

/// Returns the reason of the condition `Drifted`.
pub(crate) const fn reason(drift: Drift) -> Option<&'static str> {
    Some(match drift {
        Drift::None => return None,
        Drift::NotListed => "NotListed",
        Drift::Identifier => "IdentifierChanged",
        Drift::Renamed => "Renamed",
        Drift::Moved => "Moved",
        Drift::SecondRecord => "SecondRecord",
        Drift::Changed => "ChangedInVault",
        Drift::Rotated => ROTATED_IN_VAULT,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::credential::facts::stored_status::from_stored;
    use crate::domain::credential::Remote;
    use serde_json::json;

    #[test]
    fn what_is_told_already_is_news_while_it_is_to_be_corrected() {
        let spec = |policy: &str, mode: &str| -> PamCredentialSpec {
            let spec =
                json!({"username": "svc", "hostname": "db01", "ip": "10.0.0.7", "driftPolicy": policy, "mode": mode});
            serde_json::from_value(spec).unwrap()
        };
        let found = |drift, reachable| {
            let remote = Remote { change: Some("2030-01-01 00:30:00".to_owned()), identifier: None };
            DriftFinding { drift, remote, older: false, reachable, never_taken: false }
        };
        let stands = |ready: &str, corrections: usize| -> PamCredentialStatus {
            let at = "2030-01-01T00:00:00Z";
            let drifted = json!({"type": "Drifted", "status": "True", "reason": "ChangedInVault", "message": "", "lastTransitionTime": at});
            let ready =
                json!({"type": "Ready", "status": ready, "reason": "", "message": "", "lastTransitionTime": at});
            let remote = json!({"change": "2030-01-01 00:00:00"});
            let status =
                json!({"remote": remote, "conditions": [ready, drifted], "corrections": vec![at; corrections]});
            serde_json::from_value(status).unwrap()
        };
        let news = |finding: &DriftFinding, spec: &PamCredentialSpec, stored: &PamCredentialStatus| {
            is_news(finding, spec, &from_stored(stored), stored)
        };
        let told = |corrections| stands("True", corrections);
        let changed = found(Drift::Changed, true);
        assert!(news(&changed, &spec("Correct", "Apply"), &told(0)));
        assert!(!news(&changed, &spec("Report", "Apply"), &told(0)));
        assert!(!news(&changed, &spec("Correct", "Plan"), &told(0)));
        assert!(!news(&changed, &spec("Correct", "Apply"), &told(3)), "it was corrected often enough");
        assert!(!news(&changed, &spec("Correct", "Apply"), &stands("False", 0)), "it is being tried, and fails");
        assert!(!news(&found(Drift::Changed, false), &spec("Correct", "Apply"), &told(0)), "no write would meet it");
        assert!(news(&found(Drift::Moved, false), &spec("Report", "Apply"), &told(0)), "told is another thing");
    }
}

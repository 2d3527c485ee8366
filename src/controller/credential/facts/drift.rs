//! What the newest list shows of a record, against what was written (`design.md` 5, *drift*).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::api::{
    ConditionType, DriftPolicy, Mode, PamCredentialSpec, PamCredentialStatus, RemoteStatus, condition,
    find as find_condition,
};
use crate::controller::credential::facts::corrections;
use crate::controller::credential::facts::field_groups;
use crate::controller::credential::facts::settings;
use crate::controller::credential::observe::observation::Observation;
use crate::controller::secret::digest::{Compared, DigestKey};
use crate::domain::Drift;
use crate::pam::{self, ListedCredential, Snapshot};

/// What a list shows of the record in a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) drift: Drift,
    /// When the record last changed, in the PAM's words, if that may be held against later lists.
    change: Option<String>,
    /// The identifier that it has, if another.
    identifier: Option<String>,
    /// It is older than it was.
    pub(crate) older: bool,
    /// Writing it again would meet it, and no other.
    reachable: bool,
    /// It is where no list ever showed it since it was last written, under our own identifier: the PAM did not take what was
    /// written, or shows it in its own words.
    pub(crate) never_taken: bool,
}

/// A record as it was written.
pub(crate) struct AsWritten<'a> {
    pub(crate) spec: &'a PamCredentialSpec,
    pub(crate) status: &'a PamCredentialStatus,
    /// Who the digests belong to.
    pub(crate) owner: &'a str,
}

/// Looks for the record of a status in a list; `None` where the list is not newer than our last write to it.
pub(crate) fn find(
    written: &AsWritten<'_>,
    key: &DigestKey,
    (snapshot, listed_at): (&Snapshot, jiff::Timestamp),
) -> Option<Finding> {
    let status = written.status;
    let id = status.id.as_deref()?;
    // What was written through another connection is not noted in this one's list.
    let newer = status.last_sync_time.as_ref().is_none_or(|last| last.0 <= listed_at);
    if !newer || snapshot.is_written(id) {
        return None;
    }
    let Some(record) = snapshot.by_id(id) else {
        return Some(Finding {
            drift: Drift::NotListed,
            change: None,
            identifier: None,
            older: false,
            reachable: false,
            never_taken: false,
        });
    };
    let identifier = record.identifier.clone().filter(|listed| Some(listed) != status.identifier.as_ref());
    let (known, settled) =
        (status.remote.as_ref().and_then(|remote| remote.change.as_ref()), status.unsettled.is_none());
    let moved = settled && known.is_some() && record.change.is_some() && known != record.change.as_ref();
    let under_ours = record.identifier.is_some() && identifier.is_none();
    Some(Finding {
        never_taken: under_ours && settled && known.is_none() && record.change.is_some(),
        drift: drift(written, &record, (identifier.is_some(), moved), (key, snapshot)),
        older: moved && is_older(record.change.as_deref(), known.map(String::as_str)),
        reachable: is_reachable(written, &record, identifier.is_some(), (key, snapshot)),
        change: record.change.filter(|_| settled),
        identifier,
    })
}

/// The PAM looks for the identifier first, and then for the account (API 2.6).
fn is_reachable(
    written: &AsWritten<'_>,
    record: &ListedCredential,
    another: bool,
    (key, snapshot): (&DigestKey, &Snapshot),
) -> bool {
    let at_account = !is_renamed(written, record, key) && is_on_its_device(written, record);
    (!another || at_account) && !has_second(written, record, snapshot)
}

fn is_on_its_device(written: &AsWritten<'_>, record: &ListedCredential) -> bool {
    same(&written.spec.hostname, &record.hostname) && same(&written.spec.ip, &record.ip)
}

fn drift(
    written: &AsWritten<'_>,
    record: &ListedCredential,
    (another, moved): (bool, bool),
    (key, snapshot): (&DigestKey, &Snapshot),
) -> Drift {
    let spec = written.spec;
    // An edit of the account that was not sent yet says nothing of where the record should be.
    let as_sent = written.status.digests.get(field_groups::ACCOUNT) == Some(&field_groups::account(spec));
    let rotates = record.automatic_change.unwrap_or(settings::rotates(spec));
    if another {
        Drift::Identifier
    } else if as_sent && is_renamed(written, record, key) {
        Drift::Renamed
    } else if as_sent && !is_on_its_device(written, record) {
        Drift::Moved
    } else if has_second(written, record, snapshot) {
        Drift::SecondRecord
    } else if moved && !rotates {
        Drift::Changed
    } else if moved && spec.content_secret_ref.is_some() && !written.status.value_held_back {
        Drift::Rotated
    } else {
        Drift::None
    }
}

/// A list that leaves something out says nothing of it.
fn same(written: &str, listed: &str) -> bool {
    listed.is_empty() || written.to_lowercase() == listed.to_lowercase()
}

fn is_renamed(written: &AsWritten<'_>, record: &ListedCredential, key: &DigestKey) -> bool {
    if let Some(username) = &written.spec.username {
        return !same(username, &record.username);
    }
    // One of a Secret is known by its digest alone.
    if record.username.is_empty() {
        return false;
    }
    let digest = written.status.digests.get(field_groups::USERNAME);
    key.compare(digest, written.owner, field_groups::USERNAME, record.username.as_bytes()) == Compared::Changed
}

/// Whether another record has our identifier or our account by now.
fn has_second(written: &AsWritten<'_>, record: &ListedCredential, snapshot: &Snapshot) -> bool {
    let account = pam::Account::new(&record.username, &record.hostname, &record.ip);
    let seen = snapshot.look(written.status.identifier.as_deref().unwrap_or_default(), &account);
    let mut all = seen.identified.iter().chain(&seen.same_account);
    all.any(|other| other.id != record.id && !other.is_ssh_key())
}

/// Times of one form compare as texts; they have no time zone, so that nothing else can be made of them.
fn is_older(listed: Option<&str>, known: Option<&str>) -> bool {
    listed.zip(known).is_some_and(|(listed, known)| listed.len() == known.len() && listed < known)
}

impl Finding {
    /// What a status remembers of the list after this: the first one after our last write is what later ones are held
    /// against.
    fn remote(&self, before: Option<&RemoteStatus>) -> Option<RemoteStatus> {
        let change = before.and_then(|before| before.change.clone()).or_else(|| self.change.clone());
        let identifier = self.identifier.clone();
        (change.is_some() || identifier.is_some()).then_some(RemoteStatus { change, identifier })
    }

    /// Whether a status does not say so yet, or something is to be done about it. What is told need not have been corrected:
    /// it may have been told before the policy was `Correct`, which then no list was known for.
    pub(crate) fn is_news(&self, spec: &PamCredentialSpec, status: &PamCredentialStatus) -> bool {
        let news = self.remote(status.remote.as_ref()) != status.remote || reason(self.drift) != told(status);
        news || self.is_to_be_corrected(spec, status)
    }

    fn is_to_be_corrected(&self, spec: &PamCredentialSpec, status: &PamCredentialStatus) -> bool {
        let wanted = spec.drift_policy == DriftPolicy::Correct && spec.mode == Mode::Apply;
        // One that is being tried and fails has its own time to be tried again.
        let at_rest =
            find_condition(&status.conditions, ConditionType::Ready).is_some_and(|ready| ready.status == "True");
        wanted && at_rest && self.drift.is_correctable() && self.reachable && !corrections::are_all_used(status)
    }
}

/// The drift that a status tells of, by its reason.
pub(crate) fn told(status: &PamCredentialStatus) -> Option<&str> {
    find_condition(&status.conditions, ConditionType::Drifted).map(|condition| condition.reason.as_str())
}

/// Whether a status tells already that its record is no longer where it was.
pub(crate) fn is_told_lost(status: &PamCredentialStatus) -> bool {
    let all = [Drift::NotListed, Drift::Identifier, Drift::Renamed, Drift::Moved];
    told(status).is_some_and(|told| all.into_iter().filter_map(reason).any(|reason| reason == told))
}

const fn reason(drift: Drift) -> Option<&'static str> {
    Some(match drift {
        Drift::None => return None,
        Drift::NotListed => "NotListed",
        Drift::Identifier => "IdentifierChanged",
        Drift::Renamed => "Renamed",
        Drift::Moved => "Moved",
        Drift::SecondRecord => "SecondRecord",
        Drift::Changed => "ChangedInVault",
        Drift::Rotated => "RotatedInVault",
    })
}

/// Takes what the list shows into a status.
pub(crate) fn note(next: &mut PamCredentialStatus, observed: &Observation<'_>) {
    if let Some(finding) = &observed.finding {
        next.remote = finding.remote(next.remote.as_ref());
    }
}

/// The condition `Drifted`, while it is true. What was said stays while no newer list is known.
pub(crate) fn drifted(observed: &Observation<'_>, next: &PamCredentialStatus) -> Option<Condition> {
    let before = &observed.status.conditions;
    let Some(finding) = &observed.finding else {
        return find_condition(before, ConditionType::Drifted).cloned();
    };
    let reason = reason(finding.drift)?;
    let message = message(observed, finding, next);
    let now = Time(observed.clock.now());
    Some(condition(ConditionType::Drifted, "True", (reason, &message), Some(observed.generation), &now, before))
}

fn message(observed: &Observation<'_>, finding: &Finding, next: &PamCredentialStatus) -> String {
    let (id, own) = (next.id.as_deref().unwrap_or_default(), next.identifier.as_deref().unwrap_or_default());
    let what = match finding.drift {
        Drift::None => String::new(),
        Drift::NotListed => format!(
            "The PAM's list no longer shows record {id}: it was removed, or taken out of what the login is given. Nothing is written for that. Give the login access to it again; if it was removed, delete this object with deletionPolicy Retain and apply it anew"
        ),
        Drift::Identifier => format!(
            "Record {id} has another identifier in the PAM by now ({}) than {own}",
            finding.identifier.as_deref().unwrap_or_default()
        ),
        Drift::Renamed => format!("Record {id} has another username in the PAM than it was written with"),
        Drift::Moved => format!(
            "Record {id} is on another device in the PAM than spec.hostname and spec.ip say. Move it there in the PAM (some versions do not move a record when they are told to); or, if it is where it belongs, write hostname and ip down as the PAM shows them"
        ),
        Drift::SecondRecord => format!(
            "Another record than {id} has the same identifier, or the same username, hostname and ip, in the PAM by now: which of the two people use is not known. Remove or rename the other one there"
        ),
        Drift::Changed => format!(
            "Record {id} was changed in the PAM since it was last written: its value or its fields may be others"
        ),
        Drift::Rotated => format!(
            "The vault rotated the value of record {id}: the one in the Secret is older. Put the new one into the Secret, or annotate this object with {}=<any new text> to send the Secret's",
            crate::api::PUSH_VALUE_REQUESTED_AT
        ),
    };
    what + remedy(observed, finding.drift)
}

/// What is done about it, or may be.
fn remedy(observed: &Observation<'_>, drift: Drift) -> &'static str {
    match observed.object.spec.drift_policy {
        _ if !drift.is_correctable() => "",
        DriftPolicy::Report => {
            ". To write it again, annotate this object with pam-operator.io/reconcile-requested-at=<any new text>, or set spec.driftPolicy to Correct"
        }
        DriftPolicy::Correct if observed.situation.corrections_exhausted => {
            ". It was corrected three times, and is not as it was written: somebody else keeps writing to it, or the PAM does not take that. It is left alone until this object or its Secret changes"
        }
        DriftPolicy::Correct => ". It is about to be written again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_told_already_is_news_while_it_is_to_be_corrected() {
        let spec = |policy: &str, mode: &str| -> PamCredentialSpec {
            let spec =
                json!({"username": "svc", "hostname": "db01", "ip": "10.0.0.7", "driftPolicy": policy, "mode": mode});
            serde_json::from_value(spec).unwrap()
        };
        let found = |drift, reachable| {
            let change = Some("2030-01-01 00:30:00".to_owned());
            Finding { drift, change, identifier: None, older: false, reachable, never_taken: false }
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
        let told = |corrections| stands("True", corrections);
        let changed = found(Drift::Changed, true);
        assert!(changed.is_news(&spec("Correct", "Apply"), &told(0)));
        assert!(!changed.is_news(&spec("Report", "Apply"), &told(0)));
        assert!(!changed.is_news(&spec("Correct", "Plan"), &told(0)));
        assert!(!changed.is_news(&spec("Correct", "Apply"), &told(3)), "it was corrected often enough");
        assert!(!changed.is_news(&spec("Correct", "Apply"), &stands("False", 0)), "it is being tried, and fails");
        assert!(!found(Drift::Changed, false).is_news(&spec("Correct", "Apply"), &told(0)), "no write would meet it");
        assert!(found(Drift::Moved, false).is_news(&spec("Report", "Apply"), &told(0)), "told is another thing");
    }
}

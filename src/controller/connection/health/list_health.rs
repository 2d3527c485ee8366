//! Translates the trust in a list to what the connection's status says of the list, and back after a restart.

use std::collections::BTreeMap;

use super::message;
use super::status_fields::{SideCondition, number, size};
use crate::api::{ConditionType, InventoryStatus, NamespaceInventory, PamConnectionStatus, find};
use crate::domain::{ListFinding, ListRecord, ListTrust, ListVerdict, MissingRecords, ShownMissing};

const ENDED_EARLY: &str = "ListEndedEarly";
const NOT_KEPT: &str = "ListNotKept";
const MISSING: &str = "RecordsMissing";
const NAMESPACE_MISSING: &str = "NamespaceRecordsMissing";
const RESTORED: &str = "ChangeWentBack";

/// Returns what the connection's status says of the last list of an earlier process.
pub(super) fn restored(status: &PamConnectionStatus) -> ListRecord {
    let incomplete = find(&status.conditions, ConditionType::InventoryIncomplete);
    let confirmed = lacking(status).filter(|lacking| lacking.confirmed).map(|lacking| lacking.namespace.clone());
    ListRecord {
        finding: finding(status),
        is_held: incomplete.is_some_and(|condition| condition.reason != NAMESPACE_MISSING),
        confirmed: confirmed.collect(),
    }
}

fn finding(status: &PamConnectionStatus) -> Option<ListFinding> {
    let incomplete = find(&status.conditions, ConditionType::InventoryIncomplete);
    let incomplete = incomplete.filter(|condition| condition.status == "True");
    let known = status.inventory.as_ref();
    let count = |pick: fn(&InventoryStatus) -> Option<i64>| known.and_then(pick).map_or(0, size);
    // After a confirmation the status keeps the numbers and loses the condition.
    let lacked = known.is_some_and(|known| known.missing.is_some());
    let complete = ListVerdict::Complete { older: count(|i| i.older) };
    let verdict = match incomplete {
        _ if lacked => ListVerdict::Missing(MissingRecords { missing: count(|i| i.missing), of: count(|i| i.known) }),
        Some(condition) if condition.reason == NAMESPACE_MISSING => complete,
        Some(condition) if condition.reason == NOT_KEPT => ListVerdict::NotKept,
        Some(_) => ListVerdict::EndedEarly,
        None => complete,
    };
    let both = |lacking: &NamespaceInventory| {
        (lacking.namespace.clone(), MissingRecords { missing: size(lacking.missing), of: size(lacking.known) })
    };
    let is_known = known.is_some() || incomplete.is_some();
    let namespaces = lacking(status).map(both).collect();
    is_known.then(|| ListFinding { records: count(|i| Some(i.records)), verdict, namespaces })
}

fn lacking(status: &PamConnectionStatus) -> impl Iterator<Item = &NamespaceInventory> {
    status.inventory.iter().flat_map(|inventory| &inventory.namespaces)
}

/// Returns the numbers of missing records that a status asks a person to confirm.
pub(super) fn shown_missing(status: &PamConnectionStatus) -> Option<ShownMissing> {
    let incomplete = find(&status.conditions, ConditionType::InventoryIncomplete)?;
    match incomplete.reason.as_str() {
        MISSING => {
            let total = size(status.inventory.as_ref()?.missing?);
            Some(ShownMissing { total, namespaces: BTreeMap::new() })
        }
        NAMESPACE_MISSING => {
            let held = lacking(status).filter(|lacking| !lacking.confirmed);
            let namespaces: BTreeMap<_, _> = held.map(|it| (it.namespace.clone(), size(it.missing))).collect();
            Some(ShownMissing { total: namespaces.values().sum(), namespaces })
        }
        _ => None,
    }
}

/// Returns the numbers of the list for the status.
pub(super) fn status(trust: &ListTrust) -> Option<InventoryStatus> {
    let ListFinding { records, verdict, namespaces } = trust.finding()?;
    let (missing, known, older) = match *verdict {
        ListVerdict::Missing(MissingRecords { missing, of }) => (Some(number(missing)), Some(number(of)), None),
        ListVerdict::Complete { older: older @ 1.. } => (None, None, Some(number(older))),
        ListVerdict::Complete { .. } | ListVerdict::EndedEarly | ListVerdict::NotKept => (None, None, None),
    };
    let lacking = |(namespace, missing): (&String, &MissingRecords)| NamespaceInventory {
        namespace: namespace.clone(),
        missing: number(missing.missing),
        known: number(missing.of),
        confirmed: trust.is_confirmed(namespace),
    };
    let namespaces = namespaces.iter().map(lacking).collect();
    Some(InventoryStatus { records: number(*records), complete: !trust.is_held(), missing, known, older, namespaces })
}

/// Returns the conditions that the trust in the list leads to.
pub(super) fn conditions(trust: &ListTrust) -> Vec<SideCondition> {
    let Some(finding) = trust.finding() else { return Vec::new() };
    let restored = match finding.verdict {
        ListVerdict::Complete { older: older @ 1.. } => {
            Some((ConditionType::VaultRestored, RESTORED, message::vault_restored(older)))
        }
        _ => None,
    };
    let incomplete = incomplete(trust, finding);
    let incomplete = incomplete.map(|(reason, message)| (ConditionType::InventoryIncomplete, reason, message));
    let all = incomplete.into_iter().chain(restored);
    all.map(|(kind, reason, message)| SideCondition { kind, reason, message }).collect()
}

/// Returns reason and message of a list that cannot be trusted, for all namespaces or for some.
fn incomplete(trust: &ListTrust, finding: &ListFinding) -> Option<(&'static str, String)> {
    match finding.verdict {
        ListVerdict::EndedEarly => return Some((ENDED_EARLY, message::list_ended_early())),
        ListVerdict::NotKept => return Some((NOT_KEPT, message::list_not_kept())),
        ListVerdict::Missing(_) | ListVerdict::Complete { .. } => {}
    }
    let shown = trust.held()?;
    let unused = trust.unused_value(&shown);
    Some(match finding.verdict {
        ListVerdict::Missing(missing) => (MISSING, message::records_missing(missing, unused)),
        _ => (NAMESPACE_MISSING, message::namespace_records_missing(&shown, unused)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    fn trust(verdict: ListVerdict) -> ListTrust {
        let mut trust = ListTrust::default();
        trust.note(ListFinding::of_all(120, verdict));
        trust
    }

    const MISSING_12: ListVerdict = ListVerdict::Missing(MissingRecords { missing: 12, of: 100 });

    fn shown(total: usize) -> ShownMissing {
        ShownMissing { total, namespaces: BTreeMap::new() }
    }

    fn condition(trust: &ListTrust) -> Option<SideCondition> {
        conditions(trust).into_iter().next()
    }

    fn confirmed() -> ListTrust {
        let mut trust = trust(MISSING_12);
        trust.observe(Some("12"), Some(&shown(12)));
        trust
    }

    /// Returns a status with the numbers and the condition of a list.
    fn written(trust: &ListTrust) -> PamConnectionStatus {
        let now = Time(jiff::Timestamp::now());
        let conditions = conditions(trust).into_iter().map(|SideCondition { kind, reason, message }| {
            api::condition(kind, "True", reason, &message, None, &now, &[])
        });
        PamConnectionStatus {
            inventory: status(trust),
            conditions: conditions.collect(),
            ..PamConnectionStatus::default()
        }
    }

    #[test]
    fn what_was_confirmed_has_no_condition_and_is_complete() {
        assert!(condition(&confirmed()).is_none() && status(&confirmed()).unwrap().complete);
        assert!(!status(&trust(MISSING_12)).unwrap().complete);
    }

    #[test]
    fn a_message_says_how_many_what_is_held_back_and_what_to_do() {
        let SideCondition { kind, reason, message } = condition(&trust(MISSING_12)).unwrap();
        assert_eq!((kind, reason), (ConditionType::InventoryIncomplete, "RecordsMissing"));
        let parts = ["12 of the 100", "first pushes, corrections and disables", "confirm-inventory: \"12\""];
        assert!(parts.iter().all(|part| message.contains(part)) && !message.contains("set it again"), "{message}");
        let mut stale = ListTrust::default();
        stale.observe(Some("12"), None);
        stale.note(ListFinding::of_all(120, MISSING_12));
        assert!(condition(&stale).unwrap().message.ends_with("remove it, and set it again"));
        let SideCondition { kind, reason, message } = condition(&trust(ListVerdict::Complete { older: 7 })).unwrap();
        assert_eq!((kind, reason), (ConditionType::VaultRestored, "ChangeWentBack"));
        assert!(message.contains(" 7 records") && message.contains("reconcile-requested-at"), "{message}");
        assert!(condition(&trust(ListVerdict::Complete { older: 0 })).is_none());
    }

    #[test]
    fn a_list_that_was_not_kept_says_how_much_may_be_and_what_to_do() {
        let SideCondition { kind, reason, message } = condition(&trust(ListVerdict::NotKept)).unwrap();
        assert_eq!((kind, reason), (ConditionType::InventoryIncomplete, "ListNotKept"));
        let parts = ["was not kept", "12 MiB", "32 MiB", "first pushes, corrections and disables", "fewer records"];
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        assert!(!status(&trust(ListVerdict::NotKept)).unwrap().complete);
    }

    #[test]
    fn a_restart_knows_what_the_status_says_and_shows() {
        let complete = |older| ListVerdict::Complete { older };
        for verdict in [complete(0), complete(4), ListVerdict::EndedEarly, ListVerdict::NotKept, MISSING_12] {
            let before = trust(verdict);
            assert_eq!(restored(&written(&before)).finding.as_ref(), before.finding());
            assert_eq!(shown_missing(&written(&before)), (verdict == MISSING_12).then(|| shown(12)));
        }
        assert_eq!(restored(&PamConnectionStatus::default()), ListRecord::default());
    }

    #[test]
    fn what_was_confirmed_is_known_to_be_that_after_a_restart() {
        let status = written(&confirmed());
        assert_eq!(
            restored(&status).finding.as_ref(),
            confirmed().finding(),
            "its condition is gone, its numbers are not"
        );
        assert_eq!(shown_missing(&status), None);
        assert!(!ListTrust::restored(&restored(&status), Some("12")).is_held());
    }

    /// Twelve records of one namespace, and five of another, where a third has many.
    fn of_namespaces() -> ListTrust {
        let lacking = |missing, of| MissingRecords { missing, of };
        let both = [("team-a", lacking(12, 50)), ("team-b", lacking(5, 9))];
        let namespaces = both.map(|(namespace, missing)| (namespace.to_owned(), missing)).into();
        let mut trust = ListTrust::default();
        trust.note(ListFinding { records: 900, verdict: ListVerdict::Complete { older: 3 }, namespaces });
        trust
    }

    #[test]
    fn what_concerns_some_namespaces_alone_names_them_and_their_numbers() {
        let conditions = conditions(&of_namespaces());
        let [SideCondition { kind, reason, message }, restored] = conditions.as_slice() else { panic!() };
        assert_eq!((*kind, *reason), (ConditionType::InventoryIncomplete, "NamespaceRecordsMissing"));
        let parts = ["team-a 12", "team-b 5", "those of the others", "confirm-inventory: \"17\"", "\"team-a=12\""];
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        assert_eq!(restored.reason, "ChangeWentBack");
        let inventory = status(&of_namespaces()).unwrap();
        assert!(inventory.complete && inventory.missing.is_none() && inventory.namespaces.len() == 2);
    }

    #[test]
    fn a_restart_knows_which_namespaces_lack_records_and_which_were_confirmed() {
        let mut before = of_namespaces();
        assert_eq!(shown_missing(&written(&before)), before.held());
        before.observe(Some("team-b=5"), before.held().as_ref());
        let status = written(&before);
        let after = ListTrust::restored(&super::restored(&status), Some("team-b=5"));
        assert_eq!((after.finding(), after.held()), (before.finding(), before.held()));
        assert!(after.is_held_for("team-a") && !after.is_held_for("team-b") && !after.is_held_for("team-c"));
        assert_eq!(shown_missing(&status), before.held());
    }
}

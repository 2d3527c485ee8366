//! Translates the trust in a list to what the connection's status says of the list, and back after a restart.

use super::message;
use super::status_fields::{SideCondition, number, size};
use crate::api::{ConditionType, InventoryStatus, PamConnectionStatus, find};
use crate::domain::{ListFinding, ListTrust, ListVerdict};

const ENDED_EARLY: &str = "ListEndedEarly";
const NOT_KEPT: &str = "ListNotKept";
const MISSING: &str = "RecordsMissing";
const RESTORED: &str = "ChangeWentBack";

/// Returns what the connection's status says of the last list of an earlier process.
pub(super) fn restored(status: &PamConnectionStatus) -> Option<ListFinding> {
    let incomplete = find(&status.conditions, ConditionType::InventoryIncomplete);
    let incomplete = incomplete.filter(|condition| condition.status == "True");
    let known = status.inventory.as_ref();
    let count = |pick: fn(&InventoryStatus) -> Option<i64>| known.and_then(pick).map_or(0, size);
    // After a confirmation the status keeps the numbers and loses the condition.
    let lacked = known.is_some_and(|known| known.missing.is_some());
    let verdict = match incomplete {
        _ if lacked => ListVerdict::Missing { missing: count(|i| i.missing), of: count(|i| i.known) },
        Some(condition) if condition.reason == NOT_KEPT => ListVerdict::NotKept,
        Some(_) => ListVerdict::EndedEarly,
        None => ListVerdict::Complete { older: count(|i| i.older) },
    };
    let is_known = known.is_some() || incomplete.is_some();
    is_known.then(|| ListFinding { records: count(|i| Some(i.records)), verdict })
}

/// Returns the number of missing records that a status asks a person to confirm.
pub(super) fn shown_missing(status: &PamConnectionStatus) -> Option<usize> {
    let incomplete = find(&status.conditions, ConditionType::InventoryIncomplete)?;
    let missing = status.inventory.as_ref().and_then(|inventory| inventory.missing);
    missing.filter(|_| incomplete.reason == MISSING).map(size)
}

/// Returns the numbers of the list for the status.
pub(super) fn status(trust: &ListTrust) -> Option<InventoryStatus> {
    let ListFinding { records, verdict } = trust.finding()?;
    let (missing, known, older) = match verdict {
        ListVerdict::Missing { missing, of } => (Some(number(missing)), Some(number(of)), None),
        ListVerdict::Complete { older: older @ 1.. } => (None, None, Some(number(older))),
        ListVerdict::Complete { .. } | ListVerdict::EndedEarly | ListVerdict::NotKept => (None, None, None),
    };
    Some(InventoryStatus { records: number(records), complete: !trust.is_held(), missing, known, older })
}

/// Returns the condition that the trust in the list leads to.
pub(super) fn condition(trust: &ListTrust) -> Option<SideCondition> {
    let (kind, reason, message) = match trust.finding()?.verdict {
        ListVerdict::EndedEarly => (ConditionType::InventoryIncomplete, ENDED_EARLY, message::list_ended_early()),
        ListVerdict::NotKept => (ConditionType::InventoryIncomplete, NOT_KEPT, message::list_not_kept()),
        ListVerdict::Missing { missing, of } if trust.is_held() => {
            let message = message::records_missing(missing, of, trust.unused_value(missing));
            (ConditionType::InventoryIncomplete, MISSING, message)
        }
        ListVerdict::Complete { older: older @ 1.. } => {
            (ConditionType::VaultRestored, RESTORED, message::vault_restored(older))
        }
        ListVerdict::Missing { .. } | ListVerdict::Complete { .. } => return None,
    };
    Some(SideCondition { kind, reason, message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    fn trust(verdict: ListVerdict) -> ListTrust {
        let mut trust = ListTrust::default();
        trust.note(ListFinding { records: 120, verdict });
        trust
    }

    const MISSING_12: ListVerdict = ListVerdict::Missing { missing: 12, of: 100 };

    fn confirmed() -> ListTrust {
        let mut trust = trust(MISSING_12);
        trust.observe(Some("12"), Some(12));
        trust
    }

    /// Returns a status with the numbers and the condition of a list.
    fn written(trust: &ListTrust) -> PamConnectionStatus {
        let now = Time(jiff::Timestamp::now());
        let conditions = condition(trust).map(|SideCondition { kind, reason, message }| {
            api::condition(kind, "True", reason, &message, None, &now, &[])
        });
        PamConnectionStatus {
            inventory: status(trust),
            conditions: conditions.into_iter().collect(),
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
        stale.note(ListFinding { records: 120, verdict: MISSING_12 });
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
            assert_eq!(restored(&written(&before)), before.finding());
            assert_eq!(shown_missing(&written(&before)), (verdict == MISSING_12).then_some(12));
        }
        assert_eq!(restored(&PamConnectionStatus::default()), None);
    }

    #[test]
    fn what_was_confirmed_is_known_to_be_that_after_a_restart() {
        let status = written(&confirmed());
        assert_eq!(restored(&status), confirmed().finding(), "its condition is gone, its numbers are not");
        assert_eq!(shown_missing(&status), None);
        assert!(!ListTrust::restored(restored(&status), false, Some("12")).is_held());
    }
}

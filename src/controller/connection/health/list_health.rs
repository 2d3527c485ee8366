//! What the last list of a connection's PAM showed, and what its status says of that.

use crate::api::{CONFIRM_INVENTORY, ConditionType, InventoryStatus, PUSH_VALUE_REQUESTED_AT, PamConnectionStatus};
use crate::api::{RECONCILE_REQUESTED_AT, find};

/// What the last list showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InventoryFinding {
    /// How many records it held.
    pub(crate) records: usize,
    /// Whether it can be trusted.
    pub(crate) verdict: InventoryVerdict,
}

/// Whether a list can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InventoryVerdict {
    /// It can.
    Complete {
        /// Records whose `change` went backwards.
        older: usize,
    },
    /// It ended early.
    EndedEarly,
    /// It lacks, or shows moved, many of the records that are known.
    Missing {
        /// So many.
        missing: usize,
        /// Of so many.
        of: usize,
    },
}

/// A condition that stands while true: what it is, its reason and its message.
pub(crate) type Standing = (ConditionType, &'static str, String);

const ENDED_EARLY: &str = "ListEndedEarly";
const MISSING: &str = "RecordsMissing";
const AGAIN: &str =
    ". The annotation has this value already, maybe from before this number was shown: remove it, and set it again";
const HELD_BACK: &str = "first pushes, corrections and disables are held back";

impl InventoryFinding {
    /// What an earlier process left in the connection's status.
    pub(crate) fn restored(status: &PamConnectionStatus) -> Option<Self> {
        let incomplete = find(&status.conditions, ConditionType::InventoryIncomplete);
        let incomplete = incomplete.filter(|condition| condition.status == "True");
        let known = status.inventory.as_ref();
        let count = |pick: fn(&InventoryStatus) -> Option<i64>| known.and_then(pick).map_or(0, size);
        // Its numbers stay when it is confirmed; only the condition goes.
        let lacked = known.is_some_and(|known| known.missing.is_some());
        let verdict = match incomplete {
            _ if lacked => InventoryVerdict::Missing { missing: count(|i| i.missing), of: count(|i| i.known) },
            Some(_) => InventoryVerdict::EndedEarly,
            None => InventoryVerdict::Complete { older: count(|i| i.older) },
        };
        (known.is_some() || incomplete.is_some()).then(|| Self { records: count(|i| Some(i.records)), verdict })
    }

    /// Whether the list cannot be trusted, given the count that somebody confirmed.
    pub(crate) fn is_incomplete(&self, confirmed: Option<&String>) -> bool {
        match self.verdict {
            InventoryVerdict::Complete { .. } => false,
            InventoryVerdict::EndedEarly => true,
            InventoryVerdict::Missing { missing, .. } => !is_count(confirmed, missing),
        }
    }

    /// What the status says of it in numbers.
    pub(crate) fn status(&self, confirmed: Option<&String>) -> InventoryStatus {
        let (missing, known, older) = match self.verdict {
            InventoryVerdict::Missing { missing, of } => (Some(number(missing)), Some(number(of)), None),
            InventoryVerdict::Complete { older: older @ 1.. } => (None, None, Some(number(older))),
            _ => (None, None, None),
        };
        let complete = !self.is_incomplete(confirmed);
        InventoryStatus { records: number(self.records), complete, missing, known, older }
    }

    /// The condition that it leads to.
    pub(crate) fn condition(&self, (confirmed, stale): (Option<&String>, Option<&String>)) -> Option<Standing> {
        match self.verdict {
            InventoryVerdict::EndedEarly => Some((ConditionType::InventoryIncomplete, ENDED_EARLY, ended_early())),
            InventoryVerdict::Missing { missing, of } if self.is_incomplete(confirmed) => {
                Some((ConditionType::InventoryIncomplete, MISSING, records_missing((missing, of), stale)))
            }
            InventoryVerdict::Complete { older: older @ 1.. } => {
                Some((ConditionType::VaultRestored, "ChangeWentBack", restored(older)))
            }
            _ => None,
        }
    }
}

/// Whether an annotation is that count.
pub(crate) fn is_count(annotation: Option<&String>, count: usize) -> bool {
    annotation.is_some_and(|value| value.trim() == count.to_string())
}

/// As a status has it.
pub(crate) fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn size(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}

fn ended_early() -> String {
    format!(
        "The PAM's list ended early: {HELD_BACK} until a whole one comes. If this stays, look for what cuts long answers between the operator and the PAM (a proxy, a gateway), and whether another vault answers at spec.url, is being restored, or changed the authorization"
    )
}

fn records_missing((missing, of): (usize, usize), stale: Option<&String>) -> String {
    let again = if is_count(stale, missing) { AGAIN } else { "" };
    format!(
        "The PAM's list lacks, or shows moved, {missing} of the {of} records that are known: {HELD_BACK}. Likely the authorization was changed, another vault answers at spec.url, or the vault was restored from a backup: mend that. If these records really went or moved, annotate this connection with {CONFIRM_INVENTORY}: \"{missing}\"{again}"
    )
}

fn restored(older: usize) -> String {
    format!(
        "The PAM's list shows {older} records older than they were: the vault was restored from a backup, and their values are likely old, too. To write them again, annotate their PamCredentials with {RECONCILE_REQUESTED_AT}, or where the vault rotates the value with {PUSH_VALUE_REQUESTED_AT} (any new text)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::condition;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    fn finding(verdict: InventoryVerdict) -> InventoryFinding {
        InventoryFinding { records: 120, verdict }
    }

    fn text(count: usize) -> String {
        count.to_string()
    }

    #[test]
    fn a_list_is_trusted_if_it_is_whole_or_what_it_lacks_was_confirmed() {
        let missing = finding(InventoryVerdict::Missing { missing: 12, of: 100 });
        assert!(missing.is_incomplete(None) && missing.is_incomplete(Some(&text(11))));
        assert!(!missing.is_incomplete(Some(&text(12))));
        assert!(missing.condition((Some(&text(12)), None)).is_none() && missing.status(Some(&text(12))).complete);
        assert!(finding(InventoryVerdict::EndedEarly).is_incomplete(Some(&text(0))), "nothing to confirm");
        assert!(!finding(InventoryVerdict::Complete { older: 3 }).is_incomplete(None));
    }

    #[test]
    fn a_message_says_how_many_what_is_held_back_and_what_to_do() {
        let (kind, reason, message) =
            finding(InventoryVerdict::Missing { missing: 12, of: 100 }).condition((None, None)).unwrap();
        assert_eq!((kind, reason), (ConditionType::InventoryIncomplete, "RecordsMissing"));
        let parts = ["12 of the 100", "first pushes, corrections and disables", "confirm-inventory: \"12\""];
        assert!(parts.iter().all(|part| message.contains(part)) && !message.contains("set it again"), "{message}");
        let stale = text(12);
        let again = finding(InventoryVerdict::Missing { missing: 12, of: 100 }).condition((None, Some(&stale)));
        assert!(again.unwrap().2.ends_with("remove it, and set it again"));
        let (kind, reason, message) = finding(InventoryVerdict::Complete { older: 7 }).condition((None, None)).unwrap();
        assert_eq!((kind, reason), (ConditionType::VaultRestored, "ChangeWentBack"));
        assert!(message.contains(" 7 records") && message.contains("reconcile-requested-at"), "{message}");
        assert!(finding(InventoryVerdict::Complete { older: 0 }).condition((None, None)).is_none());
    }

    #[test]
    fn a_restart_knows_what_the_status_says() {
        let verdicts = [
            InventoryVerdict::Complete { older: 0 },
            InventoryVerdict::Complete { older: 4 },
            InventoryVerdict::EndedEarly,
            InventoryVerdict::Missing { missing: 12, of: 100 },
        ];
        for verdict in verdicts {
            let before = finding(verdict);
            let now = Time(jiff::Timestamp::now());
            let conditions = before.condition((None, None)).into_iter();
            let conditions =
                conditions.map(|(kind, reason, message)| condition(kind, "True", (reason, &message), None, &now, &[]));
            let status = PamConnectionStatus {
                inventory: Some(before.status(None)),
                conditions: conditions.collect(),
                ..PamConnectionStatus::default()
            };
            assert_eq!(InventoryFinding::restored(&status), Some(before));
        }
        assert_eq!(InventoryFinding::restored(&PamConnectionStatus::default()), None);
    }

    #[test]
    fn what_was_confirmed_is_known_to_be_that_after_a_restart() {
        let before = finding(InventoryVerdict::Missing { missing: 12, of: 100 });
        let inventory = Some(before.status(Some(&text(12))));
        let status = PamConnectionStatus { inventory, ..PamConnectionStatus::default() };
        assert_eq!(InventoryFinding::restored(&status), Some(before), "its condition is gone, its numbers are not");
    }
}

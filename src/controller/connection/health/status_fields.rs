//! Translates the rules' types to the fields of a connection's status, and back.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::api::{ConditionType, PamConnectionStatus, find};
use crate::{api, domain};

/// The conditions beside `Ready`, present only while true.
pub(crate) const SIDE_CONDITIONS: [ConditionType; 3] =
    [ConditionType::InventoryIncomplete, ConditionType::VaultRestored, ConditionType::DisablesHeld];

/// Why disables are held back: nobody confirmed the number of these namespaces yet.
pub(super) const TOO_MANY: &str = "TooManyDisables";
/// Why disables are held back: nobody confirmed the number of all namespaces yet.
pub(super) const TOO_MANY_IN_ALL: &str = "TooManyDisablesInAll";
/// Why disables are held back: the disables that were confirmed go on first.
pub(super) const CONFIRMED: &str = "Confirmed";

/// A condition beside `Ready`.
#[derive(Debug)]
pub(super) struct SideCondition {
    pub(super) kind: ConditionType,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// Returns whether a condition is one of [`SIDE_CONDITIONS`].
pub(crate) fn is_side_condition(condition: &Condition) -> bool {
    SIDE_CONDITIONS.iter().any(|kind| condition.type_ == kind.as_str())
}

/// Returns whether a condition beside `Ready` says that a person confirmed what the condition is about.
pub(crate) fn is_good(condition: &Condition) -> bool {
    condition.reason == CONFIRMED
}

/// Returns the namespaces that a condition beside `Ready` names in the status.
pub(crate) fn named_namespaces(status: &PamConnectionStatus, kind: ConditionType) -> BTreeSet<&str> {
    match kind {
        ConditionType::DisablesHeld => status.held_namespaces.iter().map(|held| held.namespace.as_str()).collect(),
        ConditionType::InventoryIncomplete => {
            let lacking = status.inventory.iter().flat_map(|inventory| &inventory.namespaces);
            lacking.filter(|lacking| !lacking.confirmed).map(|lacking| lacking.namespace.as_str()).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// Returns whether a status differs in something that is written at once: the conditions, their reasons and the namespaces
/// that they name, the answer to a confirmation, or the disables that are about to be sent.
pub(crate) fn is_urgent(before: &PamConnectionStatus, next: &PamConnectionStatus) -> bool {
    let reasons = |status: &PamConnectionStatus| {
        SIDE_CONDITIONS.map(|kind| find(&status.conditions, kind).map(|condition| condition.reason.clone()))
    };
    reasons(before) != reasons(next)
        || SIDE_CONDITIONS.iter().any(|kind| named_namespaces(before, *kind) != named_namespaces(next, *kind))
        || before.last_handled_confirm_disable != next.last_handled_confirm_disable
        || before.recent_disables != next.recent_disables
}

/// Returns what the status says of the brake of an earlier process. A time in the future (the clock was set back) counts as now.
pub(super) fn brake_record(status: &PamConnectionStatus, wall: Timestamp) -> domain::BrakeRecord {
    let recent = |recent: &api::RecentDisables| domain::RecentDisables {
        namespace: recent.namespace.clone(),
        age: Duration::try_from(wall.duration_since(recent.time.0)).unwrap_or_default(),
        count: size(recent.count),
    };
    domain::BrakeRecord {
        held: held_disables(status),
        handled: status.last_handled_confirm_disable.clone(),
        recent: status.recent_disables.iter().map(recent).collect(),
    }
}

/// Returns the disables that a status says are held back, or were confirmed.
fn held_disables(status: &PamConnectionStatus) -> Option<domain::HeldDisables> {
    let held = find(&status.conditions, ConditionType::DisablesHeld).filter(|held| held.status == "True")?;
    let both = |held: &api::HeldNamespace| (held.namespace.clone(), size(held.count));
    Some(domain::HeldDisables {
        shown: domain::ShownDisables {
            total: status.held_disables.map_or(0, size),
            namespaces: status.held_namespaces.iter().map(both).collect(),
        },
        by_connection: held.reason == TOO_MANY_IN_ALL,
        is_confirmed: held.reason == CONFIRMED,
    })
}

/// Returns the numbers of held disables that a status asks a person to confirm.
pub(super) fn shown_disables(status: &PamConnectionStatus) -> Option<domain::ShownDisables> {
    status.held_disables?;
    held_disables(status).filter(|held| !held.is_confirmed).map(|held| held.shown)
}

pub(super) fn held_namespaces(shown: &domain::ShownDisables) -> Vec<api::HeldNamespace> {
    let held = |(namespace, count): (&String, &usize)| api::HeldNamespace {
        namespace: namespace.clone(),
        count: number(*count),
    };
    shown.namespaces.iter().map(held).collect()
}

pub(super) fn recent_disables(recent: &[domain::RecentDisables], wall: Timestamp) -> Vec<api::RecentDisables> {
    let written = |recent: &domain::RecentDisables| api::RecentDisables {
        namespace: recent.namespace.clone(),
        time: Time(whole_seconds(wall, recent.age)),
        count: number(recent.count),
    };
    recent.iter().map(written).collect()
}

/// Returns the time `ago` before `wall`, rounded up to whole seconds as a status has them: rounded down, a disable would be
/// forgotten too early.
fn whole_seconds(wall: Timestamp, ago: Duration) -> Timestamp {
    let at = SignedDuration::try_from(ago).ok().and_then(|ago| wall.checked_sub(ago).ok()).unwrap_or(wall);
    Timestamp::from_second(at.as_second() + 1).unwrap_or(at)
}

/// Returns a count as a number of a status.
pub(super) fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Returns a number of a status as a count.
pub(super) fn size(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall() -> Timestamp {
        Timestamp::from_second(1_000_000).unwrap()
    }

    fn status(recent_disables: Vec<api::RecentDisables>) -> PamConnectionStatus {
        PamConnectionStatus { recent_disables, ..PamConnectionStatus::default() }
    }

    #[test]
    fn what_a_status_remembers_is_no_older_than_it_was_and_a_second_younger_at_most() {
        for millis in [0, 1, 999, 1000, 1001, 600_000] {
            let age = Duration::from_millis(millis);
            let namespace = Some("team-a".to_owned());
            let written = recent_disables(&[domain::RecentDisables { namespace, age, count: 3 }], wall());
            let read = &brake_record(&status(written), wall()).recent[0];
            assert_eq!(read.namespace.as_deref(), Some("team-a"));
            assert!(
                read.count == 3 && read.age <= age && age.saturating_sub(read.age) <= Duration::from_secs(1),
                "{age:?}: {read:?}"
            );
        }
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nothing_longer_than_a_window() {
        let noted =
            api::RecentDisables { namespace: None, time: Time(wall() + SignedDuration::from_hours(1000)), count: 1 };
        let read = brake_record(&status(vec![noted]), wall()).recent;
        assert_eq!(read, [domain::RecentDisables { namespace: None, age: Duration::ZERO, count: 1 }]);
    }
}

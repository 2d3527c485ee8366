//! From and to the fields of a connection's status.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::api::{ConditionType, PamConnectionStatus, find};
use crate::{api, domain};

/// The conditions beside `Ready`, present only while true.
pub(crate) const SIDE_CONDITIONS: [ConditionType; 3] =
    [ConditionType::InventoryIncomplete, ConditionType::VaultRestored, ConditionType::DisablesHeld];

/// Why disables are held back: nobody confirmed the number yet.
pub(super) const TOO_MANY: &str = "TooManyDisables";
/// Why disables are held back: those that were confirmed go on first.
pub(super) const CONFIRMED: &str = "Confirmed";

/// A condition beside `Ready`.
#[derive(Debug)]
pub(super) struct SideCondition {
    pub(super) kind: ConditionType,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

/// Whether a condition is one of those beside `Ready`.
pub(crate) fn is_side_condition(condition: &Condition) -> bool {
    SIDE_CONDITIONS.iter().any(|kind| condition.type_ == kind.as_str())
}

/// Whether a condition beside `Ready` says that a person has seen to it.
pub(crate) fn is_good(condition: &Condition) -> bool {
    condition.reason == CONFIRMED
}

/// Whether a status differs in what is written at once: which conditions there are and why, what was made of a confirmation, and
/// the disables that are about to be sent.
pub(crate) fn is_urgent(before: &PamConnectionStatus, next: &PamConnectionStatus) -> bool {
    let reasons = |status: &PamConnectionStatus| {
        SIDE_CONDITIONS.map(|kind| find(&status.conditions, kind).map(|condition| condition.reason.clone()))
    };
    reasons(before) != reasons(next)
        || before.last_handled_confirm_disable != next.last_handled_confirm_disable
        || before.recent_disables != next.recent_disables
}

/// Returns what an earlier process left of the brake. A time to come, by a clock that was set back, is taken for now.
pub(super) fn brake_record(status: &PamConnectionStatus, wall: Timestamp) -> domain::BrakeRecord {
    let recent = |recent: &api::RecentDisables| domain::RecentDisables {
        age: Duration::try_from(wall.duration_since(recent.time.0)).unwrap_or_default(),
        count: size(recent.count),
    };
    domain::BrakeRecord {
        is_on: find(&status.conditions, ConditionType::DisablesHeld).is_some_and(|held| held.status == "True"),
        handled: status.last_handled_confirm_disable.clone(),
        recent: status.recent_disables.iter().map(recent).collect(),
    }
}

/// The number of held disables that a status shows to be confirmed.
pub(super) fn shown_disables(status: &PamConnectionStatus) -> Option<usize> {
    let held = find(&status.conditions, ConditionType::DisablesHeld)?;
    status.held_disables.filter(|_| held.reason == TOO_MANY).map(size)
}

pub(super) fn recent_disables(recent: &[domain::RecentDisables], wall: Timestamp) -> Vec<api::RecentDisables> {
    let written = |recent: &domain::RecentDisables| api::RecentDisables {
        time: Time(whole_seconds(wall, recent.age)),
        count: number(recent.count),
    };
    recent.iter().map(written).collect()
}

/// Returns the time that long ago, or up to a second later: in a status a time has whole seconds, and no disable may be
/// forgotten too early.
fn whole_seconds(wall: Timestamp, ago: Duration) -> Timestamp {
    let at = SignedDuration::try_from(ago).ok().and_then(|ago| wall.checked_sub(ago).ok()).unwrap_or(wall);
    Timestamp::from_second(at.as_second() + 1).unwrap_or(at)
}

/// A count as a status has it.
pub(super) fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A number of a status as a count.
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
            let written = recent_disables(&[domain::RecentDisables { age, count: 3 }], wall());
            let read = brake_record(&status(written), wall()).recent[0];
            assert!(
                read.count == 3 && read.age <= age && age.saturating_sub(read.age) <= Duration::from_secs(1),
                "{age:?}: {read:?}"
            );
        }
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nothing_longer_than_a_window() {
        let noted = api::RecentDisables { time: Time(wall() + SignedDuration::from_hours(1000)), count: 1 };
        let read = brake_record(&status(vec![noted]), wall()).recent;
        assert_eq!(read, [domain::RecentDisables { age: Duration::ZERO, count: 1 }]);
    }
}

//! The condition `SharingIncomplete`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::api::{ConditionType, condition, find};
use crate::controller::safe_password::act::outcome::Outcome;
use crate::controller::safe_password::facts::observation::Observation;
use crate::domain::safe_password::{SHARES, Write};
use crate::message::safe_password as message;
use crate::pam::Sharing;

/// Returns the condition `SharingIncomplete` while it is true. What was said stays until shares are sent again, or the spec
/// names none any more.
pub(super) fn sharing_incomplete(observed: &Observation<'_>, outcome: &Outcome) -> Option<Condition> {
    let before = &observed.stored.conditions;
    let sent = || {
        let due = observed.input().content(Write::Update);
        SHARES.iter().any(|group| due.contains_key(*group))
    };
    match outcome {
        Outcome::Updated(Sharing::Complete) if sent() => None,
        Outcome::Updated(Sharing::Incomplete { names }) if sent() => {
            let (kind, generation) = (ConditionType::SharingIncomplete, Some(observed.generation()));
            let now = Time(observed.times.now);
            Some(condition(kind, "True", "NotShared", &message::not_shared(names), generation, &now, before))
        }
        _ => {
            let shares = SHARES.iter().any(|group| observed.desired.groups.contains_key(*group));
            find(before, ConditionType::SharingIncomplete).filter(|_| shares).cloned()
        }
    }
}

//! The condition `Drifted`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::api::{ConditionType, condition, find};
use crate::controller::safe_password::act::outcome::Outcome;
use crate::controller::safe_password::facts::observation::{Comparison, Observation};
use crate::domain::safe_password::EntryDrift;
use crate::message::safe_password as message;

/// Returns the condition `Drifted` while it is true. What was said stays until a newer list is known, or the entry is written.
pub(super) fn drifted(observed: &Observation<'_>, outcome: &Outcome) -> Option<Condition> {
    let before = &observed.stored.conditions;
    let drift = match observed.found.comparison {
        Comparison::Drifted(drift) => drift,
        Comparison::AsWritten => return None,
        Comparison::None => return find(before, ConditionType::Drifted).filter(|_| !outcome.is_written()).cloned(),
    };
    let reason = match drift {
        EntryDrift::NotListed => "NotListed",
        EntryDrift::ReadOnly => "ReadOnly",
        EntryDrift::Changed => "Changed",
    };
    let message = message::drifted(drift, observed.status.identifier.as_deref().unwrap_or_default());
    let (kind, now) = (ConditionType::Drifted, Time(observed.times.now));
    Some(condition(kind, "True", reason, &message, Some(observed.generation()), &now, before))
}

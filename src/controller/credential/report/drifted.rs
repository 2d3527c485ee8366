//! The condition `Drifted`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::api::{ConditionType, DriftPolicy, PamCredentialStatus, condition, find};
use crate::controller::credential::facts::drift::reason;
use crate::controller::credential::facts::observation::Observation;
use crate::domain::Drift;
use crate::message::drift::{DriftText, Remedy};

/// Returns the condition `Drifted` while it is true. What was said stays while no newer list is known.
pub(crate) fn drifted(observed: &Observation<'_>, next: &PamCredentialStatus) -> Option<Condition> {
    let before = &observed.stored.conditions;
    let Some(finding) = &observed.found.drift else {
        return find(before, ConditionType::Drifted).cloned();
    };
    let reason = reason(finding.drift)?;
    let text = DriftText {
        drift: finding.drift,
        id: next.id.as_deref().unwrap_or_default(),
        identifier: next.identifier.as_deref().unwrap_or_default(),
        listed_identifier: finding.remote.identifier.as_deref().unwrap_or_default(),
        remedy: remedy(observed, finding.drift),
    };
    let now = Time(observed.times.now);
    let (kind, generation) = (ConditionType::Drifted, Some(observed.generation()));
    Some(condition(kind, "True", reason, &text.message(), generation, &now, before))
}

fn remedy(observed: &Observation<'_>, drift: Drift) -> Remedy {
    match observed.object.spec.drift_policy {
        _ if !drift.is_correctable() => Remedy::ByHand,
        DriftPolicy::Report => Remedy::OnRequest,
        DriftPolicy::Correct if observed.situation.corrections_exhausted => Remedy::LeftAlone,
        DriftPolicy::Correct => Remedy::AboutToBeWritten,
    }
}

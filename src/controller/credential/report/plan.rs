//! `mode: Plan`: what would be done, in status and in words.

use crate::api::{Mode, Plan, PlanAction, PlannedValue};
use crate::controller::credential::facts::field_groups;
use crate::controller::credential::facts::observation::Observation;
use crate::domain::{Decision, Expect, Planned, Push, SecretsState, Seen, ValueComparison};

/// How many possible matches are shown.
const MATCHES: usize = 8;

/// What goes into `status.plan`; `None` where nothing is planned.
pub(crate) fn plan(observed: &Observation<'_>, decision: Decision) -> Option<Plan> {
    if observed.object.spec.mode != Mode::Plan {
        return None;
    }
    let identifier = Some(observed.identifier.clone());
    Some(match decision {
        Decision::Suspend => return observed.stored.plan.clone(),
        Decision::Plan(Planned::Push(push)) => pushing(observed, push),
        Decision::Plan(Planned::Enable) => Plan { action: PlanAction::Enable, identifier, ..of_record(observed) },
        Decision::Plan(Planned::Disable) => Plan { action: PlanAction::Disable, identifier, ..of_record(observed) },
        Decision::Plan(Planned::WithholdValue) => Plan { value: PlannedValue::HeldBack, ..of_record(observed) },
        Decision::Wait(_) => Plan { action: PlanAction::Blocked, ..Plan::default() },
        _ => Plan { value: unchanged(observed), ..of_record(observed) },
    })
}

fn of_record(observed: &Observation<'_>) -> Plan {
    let listed = observed.listed().map(|record| &record.id);
    Plan { id: observed.status.id.as_ref().or(listed).map(ToString::to_string), ..Plan::default() }
}

fn pushing(observed: &Observation<'_>, push: Push) -> Plan {
    let sight = observed.found.sight.as_ref();
    let listed = observed.listed().map(|record| record.id.to_string());
    Plan {
        action: action(observed, push),
        id: match push.expect {
            Expect::Create => None,
            Expect::Existing => listed,
            Expect::Update => observed.status.id.as_ref().map(ToString::to_string),
        },
        identifier: Some(observed.identifier.clone()),
        former_identifier: observed.replaced().map(str::to_owned),
        groups: due(observed, push),
        value: value(observed, push),
        possible_matches: sight.into_iter().flat_map(|sight| &sight.near).take(MATCHES).cloned().collect(),
    }
}

fn action(observed: &Observation<'_>, push: Push) -> PlanAction {
    let seen = observed.found.sight.as_ref().map(|sight| sight.seen);
    match (push.expect, seen) {
        (Expect::Create, _) => PlanAction::Create,
        (Expect::Existing, Some(Seen::IdentifierElsewhere { .. } | Seen::AccountOther { .. })) => PlanAction::TakeOver,
        (Expect::Existing, _) => PlanAction::Adopt,
        (Expect::Update, _) if observed.transition_input().only_corrects(push) => PlanAction::Correct,
        (Expect::Update, _) => PlanAction::Update,
    }
}

/// Returns the groups that the request would have, beside the account, username and value.
fn due(observed: &Observation<'_>, push: Push) -> Vec<String> {
    let mut all = field_groups::due(&observed.object.spec, &observed.status.digests, push.all_fields);
    if let Some(secrets) = &observed.found.secrets {
        all.extend(field_groups::due_secrets(secrets, push.all_fields));
    }
    all.into_iter().map(str::to_owned).collect()
}

fn value(observed: &Observation<'_>, push: Push) -> PlannedValue {
    let is_undisclosed = observed.found.secrets.as_ref().is_some_and(|secrets| secrets.is_undisclosed);
    match (push.value, push.expect) {
        (true, Expect::Update) if is_undisclosed => PlannedValue::Undisclosed,
        (true, _) => PlannedValue::Sent,
        (false, _) => held(observed, push),
    }
}

const fn held(observed: &Observation<'_>, push: Push) -> PlannedValue {
    match (observed.situation.secrets, push.expect) {
        (SecretsState::Read(ValueComparison::None), _) => PlannedValue::None,
        (SecretsState::Read(ValueComparison::Same), Expect::Update) if !observed.status.value_withheld => {
            PlannedValue::Unchanged
        }
        _ => PlannedValue::HeldBack,
    }
}

fn unchanged(observed: &Observation<'_>) -> PlannedValue {
    match (&observed.object.spec.content_secret_ref, observed.status.value_withheld) {
        (None, _) => PlannedValue::None,
        (Some(_), false) => PlannedValue::Unchanged,
        (Some(_), true) => PlannedValue::HeldBack,
    }
}

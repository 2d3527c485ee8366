//! `mode: Plan`: what would be done, in status and in words.

use crate::api::{Mode, Plan, PlanAction, PlannedValue};
use crate::controller::credential::facts::field_groups;
use crate::controller::credential::observe::observation::Observation;
use crate::domain::{Decision, Expect, Planned, Push, Secrets, Seen, Value, is_only_correction};

/// How many possible matches are shown.
const MATCHES: usize = 8;

/// What goes into `status.plan`; `None` where nothing is planned.
pub(crate) fn plan(observed: &Observation<'_>, decision: Decision) -> Option<Plan> {
    if observed.object.spec.mode != Mode::Plan {
        return None;
    }
    let identifier = Some(observed.identifier.clone());
    Some(match decision {
        Decision::Suspend => return observed.shown.plan.clone(),
        Decision::Plan(Planned::Push(push)) => pushing(observed, push),
        Decision::Plan(Planned::Enable) => Plan { action: PlanAction::Enable, identifier, ..of_record(observed) },
        Decision::Plan(Planned::Disable) => Plan { action: PlanAction::Disable, identifier, ..of_record(observed) },
        Decision::Plan(Planned::HoldValue) => Plan { value: PlannedValue::HeldBack, ..of_record(observed) },
        Decision::Wait(_) => Plan { action: PlanAction::Blocked, ..Plan::default() },
        _ => Plan { value: unchanged(observed), ..of_record(observed) },
    })
}

fn of_record(observed: &Observation<'_>) -> Plan {
    let listed = observed.sight.as_ref().and_then(|sight| sight.record.as_ref()).map(|record| record.id.clone());
    Plan { id: observed.status.id.clone().or(listed), ..Plan::default() }
}

fn pushing(observed: &Observation<'_>, push: Push) -> Plan {
    let sight = observed.sight.as_ref();
    let listed = sight.and_then(|sight| sight.record.as_ref()).map(|record| record.id.clone());
    Plan {
        action: action(observed, push),
        id: match push.expect {
            Expect::Create => None,
            Expect::Adopt => listed,
            Expect::Update => observed.status.id.clone(),
        },
        identifier: Some(observed.identifier.clone()),
        former_identifier: observed.replaced(),
        groups: due(observed, push),
        value: if push.value { PlannedValue::Sent } else { held(observed, push) },
        possible_matches: sight.into_iter().flat_map(|sight| &sight.near).take(MATCHES).cloned().collect(),
    }
}

fn action(observed: &Observation<'_>, push: Push) -> PlanAction {
    let seen = observed.sight.as_ref().map(|sight| sight.seen);
    let value = match observed.situation.secrets {
        Secrets::Read(value) => value,
        _ => Value::None,
    };
    match (push.expect, seen) {
        (Expect::Create, _) => PlanAction::Create,
        (Expect::Adopt, Some(Seen::IdentifierElsewhere { .. } | Seen::AccountOther { .. })) => PlanAction::TakeOver,
        (Expect::Adopt, _) => PlanAction::Adopt,
        (Expect::Update, _) if is_only_correction(&observed.situation, value) => PlanAction::Correct,
        (Expect::Update, _) => PlanAction::Update,
    }
}

/// The groups that the request would have.
fn due(observed: &Observation<'_>, push: Push) -> Vec<String> {
    let mut all = field_groups::due(&observed.object.spec, &observed.comparable(), push.all_fields);
    if let Some(read) = &observed.read {
        all.extend(field_groups::due_secrets(read, push.all_fields));
    }
    all.into_iter().map(str::to_owned).collect()
}

const fn held(observed: &Observation<'_>, push: Push) -> PlannedValue {
    match (observed.situation.secrets, push.expect) {
        (Secrets::Read(Value::None), _) => PlannedValue::None,
        (Secrets::Read(Value::Same), Expect::Update) if !observed.status.value_held_back => PlannedValue::Unchanged,
        _ => PlannedValue::HeldBack,
    }
}

fn unchanged(observed: &Observation<'_>) -> PlannedValue {
    match (&observed.object.spec.content_secret_ref, observed.status.value_held_back) {
        (None, _) => PlannedValue::None,
        (Some(_), false) => PlannedValue::Unchanged,
        (Some(_), true) => PlannedValue::HeldBack,
    }
}

/// The plan in words.
pub(crate) fn words(plan: &Plan) -> String {
    let record = plan.id.as_deref().map(|id| format!("record {id}")).unwrap_or_default();
    let identifier = plan.identifier.as_deref().unwrap_or_default();
    let what = match plan.action {
        PlanAction::Nothing => {
            return "spec.mode is Plan: nothing is due, Apply would send nothing to the PAM".to_owned();
        }
        PlanAction::Blocked => return "spec.mode is Plan".to_owned(),
        PlanAction::Create => format!("create a record with identifier {identifier}"),
        PlanAction::Update => format!("update {record}, identifier {identifier}"),
        PlanAction::Adopt => format!("go on with {record}, which is there already, under identifier {identifier}"),
        PlanAction::TakeOver => format!("take {record} over, under identifier {identifier}"),
        PlanAction::Correct => {
            format!("write {record}, identifier {identifier}, again, since it was changed in the PAM")
        }
        PlanAction::Enable => return format!("spec.mode is Plan: Apply would enable {record}"),
        PlanAction::Disable => {
            return format!("spec.mode is Plan: Apply would disable {record}, and let this object go");
        }
    };
    let value = match plan.value {
        PlannedValue::None => "without a value, since the spec names none",
        PlannedValue::Sent => "with the value",
        PlannedValue::Unchanged => "without the value, which the PAM has",
        PlannedValue::HeldBack => "without the value, since the vault rotates it or may hold a newer one",
    };
    format!("spec.mode is Plan: Apply would {what}{}, {value}{} (see status.plan)", fields(plan), matches(plan))
}

/// What of a record would be written.
fn fields(plan: &Plan) -> String {
    match (plan.groups.as_slice(), plan.action, plan.value) {
        ([], PlanAction::Update, PlannedValue::Sent) => String::new(),
        ([], PlanAction::Update, _) => ": its username, hostname and ip".to_owned(),
        ([], ..) => String::new(),
        (groups, ..) => format!(": {}", groups.join(", ")),
    }
}

/// A record that was meant, perhaps, where another is about to be made.
fn matches(plan: &Plan) -> String {
    match plan.possible_matches.as_slice() {
        [] => String::new(),
        ids => format!(
            "; record {} has this username and only one of hostname and ip: if it is meant, correct them",
            ids.join(", ")
        ),
    }
}

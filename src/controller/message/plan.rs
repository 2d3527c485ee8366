//! Says a plan in words.

use crate::api::{Plan, PlanAction, PlannedValue};

/// Returns a plan in words.
pub(crate) fn plan(plan: &Plan) -> String {
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

/// Returns which groups of fields would be written.
fn fields(plan: &Plan) -> String {
    match (plan.groups.as_slice(), plan.action, plan.value) {
        ([], PlanAction::Update, PlannedValue::Sent) => String::new(),
        ([], PlanAction::Update, _) => ": its username, hostname and ip".to_owned(),
        ([], ..) => String::new(),
        (groups, ..) => format!(": {}", groups.join(", ")),
    }
}

/// Returns the records that may be meant, where a new record would be created.
fn matches(plan: &Plan) -> String {
    match plan.possible_matches.as_slice() {
        [] => String::new(),
        ids => format!(
            "; record {} has this username and only one of hostname and ip: if it is meant, correct them",
            ids.join(", ")
        ),
    }
}

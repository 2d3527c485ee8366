//! Says a plan in words.

use crate::api::{Plan, PlanAction, PlannedValue};

/// Returns the plan in words. With `plan_only` the operator makes plans for every object, whatever its `spec.mode`.
pub(crate) fn plan(plan: &Plan, plan_only: bool) -> String {
    let cause = if plan_only { "The operator runs with --plan-only" } else { "spec.mode is Plan" };
    let record = plan.id.as_deref().map(|id| format!("record {id}")).unwrap_or_default();
    let identifier = plan.identifier.as_deref().unwrap_or_default();
    let what = match plan.action {
        PlanAction::Nothing => {
            return format!("{cause}: nothing is due, Apply would send nothing to the PAM");
        }
        PlanAction::Blocked => return cause.to_owned(),
        PlanAction::Create => format!("create a record with identifier {identifier}"),
        PlanAction::Update => format!("update {record}, identifier {identifier}"),
        PlanAction::Adopt => format!("adopt the existing {record}, under identifier {identifier}"),
        PlanAction::TakeOver => format!("take {record} over, under identifier {identifier}"),
        PlanAction::Correct => {
            format!("write {record}, identifier {identifier}, again, since it was changed in the PAM")
        }
        PlanAction::Enable => return format!("{cause}: Apply would enable {record}"),
        PlanAction::Disable => {
            return format!("{cause}: Apply would disable {record}, and then delete this object");
        }
    };
    let value = match plan.value {
        PlannedValue::None => "without a value, since the spec names none",
        PlannedValue::Sent => "with the value",
        PlannedValue::Unchanged => "without the value, which the PAM has",
        PlannedValue::HeldBack => "without the value, since the vault rotates it or may hold a newer one",
        PlannedValue::Undisclosed => {
            "with the value unless the PAM has it, which a plan does not tell of another Secret than those of the last write"
        }
    };
    format!("{cause}: Apply would {what}{}, {value}{} (see status.plan)", fields(plan), matches(plan))
}

/// Returns why the record of an object that is being deleted is not disabled.
pub(crate) const fn leaving(plan_only: bool) -> &'static str {
    if plan_only {
        "The operator runs with --plan-only: nothing is sent to the PAM (see status.plan). Run it without that flag to disable the record"
    } else {
        "spec.mode is Plan: nothing is sent to the PAM (see status.plan). Set spec.mode to Apply to disable the record"
    }
}

/// Returns which groups of fields would be written.
fn fields(plan: &Plan) -> String {
    match (plan.groups.as_slice(), plan.action, plan.value) {
        ([], PlanAction::Update, PlannedValue::Sent | PlannedValue::Undisclosed) => String::new(),
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
            "; record {} has this username and only one of hostname and ip, or an account that looks like this one: if it is meant, correct them",
            ids.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_says_what_keeps_it_from_being_done() {
        use PlanAction::{Adopt, Blocked, Correct, Create, Disable, Enable, Nothing, TakeOver, Update};
        for action in [Create, Update, Adopt, TakeOver, Correct, Enable, Disable, Nothing, Blocked] {
            let of = |plan_only| plan(&Plan { action, ..Plan::default() }, plan_only);
            assert!(of(true).starts_with("The operator runs with --plan-only"), "{}", of(true));
            assert_eq!(of(true).replace("The operator runs with --plan-only", "spec.mode is Plan"), of(false));
        }
        assert!(leaving(true).contains("--plan-only") && !leaving(true).contains("spec.mode"));
        assert!(leaving(false).contains("spec.mode") && !leaving(false).contains("--plan-only"));
    }
}

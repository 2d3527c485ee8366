//! `mode: Plan`: what would be done.

use crate::api::{EntryPlan, EntryPlanAction, Mode};
use crate::controller::safe_password::facts::observation::Observation;
use crate::domain::safe_password::{Decision, Planned, Write, identifier_to_bind};

/// Returns what goes into `status.plan`; `None` where nothing is planned.
pub(crate) fn plan(observed: &Observation<'_>, decision: Decision) -> Option<EntryPlan> {
    if observed.object.spec.mode != Mode::Plan {
        return None;
    }
    let input = observed.input();
    let of_entry = |action| EntryPlan {
        action,
        identifier: identifier_to_bind(&input).map(|id| id.to_string()),
        groups: Vec::new(),
    };
    Some(match decision {
        Decision::Suspend => return observed.stored.plan.clone(),
        Decision::Plan(Planned::Write(write @ Write::Create)) => {
            EntryPlan { identifier: None, groups: groups(observed, write), action: EntryPlanAction::Create }
        }
        Decision::Plan(Planned::Write(write @ Write::Update)) => {
            EntryPlan { groups: groups(observed, write), ..of_entry(EntryPlanAction::Update) }
        }
        Decision::Plan(Planned::Write(Write::Activate)) => of_entry(EntryPlanAction::Activate),
        Decision::Plan(Planned::Write(Write::Deactivate)) => of_entry(EntryPlanAction::Deactivate),
        Decision::Plan(Planned::Bind) => of_entry(EntryPlanAction::Adopt),
        Decision::Wait(_) => EntryPlan { action: EntryPlanAction::Blocked, ..EntryPlan::default() },
        _ => of_entry(EntryPlanAction::Nothing),
    })
}

fn groups(observed: &Observation<'_>, write: Write) -> Vec<String> {
    observed.input().content(write).into_keys().collect()
}

//! From what a pass saw to the facts of a decision.

use jiff::{SignedDuration, Timestamp};

use super::seen::seen;
use super::{EntryList, Input, List, Reason, SETTLE, Situation};

/// Returns the facts that are known from all this.
///
/// The facts that turn on rules, on other objects or on a failed call keep their default.
#[must_use]
pub fn situation(input: &Input<'_>) -> Situation {
    Situation {
        deleting: input.deleting,
        finalizer: input.finalizer,
        deactivates: input.desired.deactivates,
        suspended: input.desired.suspended,
        plan: input.desired.plan,
        connection: input.connection,
        secrets: input.secrets(),
        binding: input.binding(),
        named: input.desired.identifier.is_some(),
        fields_changed: input.due().iter().any(|(group, _)| input.desired.groups.contains_key(*group)),
        switch_due: input.switch_due(),
        in_flight: input.in_flight(),
        list: list(input),
        ..Situation::default()
    }
}

fn list(input: &Input<'_>) -> List {
    match input.list.filter(|list| is_late_enough(input, list)) {
        Some(list) if is_emptied(input, list) => List::Failed(Reason::InventoryIncomplete),
        Some(list) => List::Shows(seen(input, list)),
        None => List::NotAsked,
    }
}

/// Whether a list shows no entry at all, where the list before a POST without an answer showed some: then the entry of that POST
/// may be among those that the list lacks.
fn is_emptied(input: &Input<'_>, list: &EntryList) -> bool {
    list.entries.is_empty() && input.status.create_in_flight().is_some_and(|create| create.largest.is_some())
}

/// Whether a list began after the PAM had to be done with a POST without an answer: an entry that an earlier list lacks
/// may still have come.
fn is_late_enough(input: &Input<'_>, list: &EntryList) -> bool {
    let settle = SignedDuration::try_from(SETTLE).unwrap_or_default();
    let done = |since: Timestamp| since.max(input.started).saturating_add(settle).unwrap_or(Timestamp::MAX);
    let create = input.status.in_flight.as_ref().filter(|write| write.create.is_some());
    create.is_none_or(|write| list.began >= done(write.since))
}

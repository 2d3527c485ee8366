//! Two operators that serve the same objects: each undoes what the other one did.

use std::collections::BTreeSet;

use pam_operator::domain::Reason;

use crate::commands::doctor::facts::{Facts, Known, Operator};
use crate::commands::doctor::line::Lines;

const CHECK: &str = "one operator";
const STOP: &str = "uninstall one of them, or give each its own connectionSelector";

/// Looks for a second operator: in the Deployments, and in what the statuses say.
pub fn check(lines: &mut Lines, facts: &Facts) {
    let mut found = false;
    if let Known::Is(operators) = &facts.operators {
        found |= deployments(lines, operators);
    }
    let told = facts.objects.iter().find(|object| object.reason == Reason::AnotherOperator.as_str());
    if let Some(object) = told {
        found = true;
        lines.fail(CHECK, format!("another operator writes the status of {}", object.name), STOP);
    }
    let names: BTreeSet<&str> = facts
        .objects
        .iter()
        .filter(|object| object.observed)
        .filter_map(|object| object.cluster_name.as_deref())
        .collect();
    if names.len() > 1 {
        found = true;
        let names: Vec<&str> = names.into_iter().collect();
        lines.fail(
            CHECK,
            format!("connections were served under several names of this cluster: {}", names.join(", ")),
            "give all operators of the cluster the same clusterName, or uninstall the wrong one",
        );
    }
    if !found
        && let Known::Is(operators) = &facts.operators
        && !operators.is_empty()
    {
        lines.ok(CHECK, "no two operators serve the same connections");
    }
}

/// Tells whether two Deployments serve the same connections.
fn deployments(lines: &mut Lines, operators: &[Operator]) -> bool {
    let at_work: Vec<&Operator> = operators.iter().filter(|operator| operator.wanted > 0).collect();
    let pairs =
        at_work.iter().enumerate().flat_map(|(at, one)| at_work.iter().skip(at + 1).map(move |other| (one, other)));
    let Some((one, other)) = pairs.into_iter().find(|(one, other)| overlap(one, other)) else { return false };
    let name = |operator: &Operator| format!("{} in namespace {}", operator.name, operator.namespace);
    let what = format!("two operators serve the same connections: {}, and {}", name(one), name(other));
    lines.fail(CHECK, what, STOP);
    true
}

/// Tells whether two operators select the same connections. Where that is not known, an empty selector selects all, and two
/// that differ are taken for selectors of different connections.
fn overlap(one: &Operator, other: &Operator) -> bool {
    let (selector, another) = (&one.settings.selector, &other.settings.selector);
    match (&one.serves, &other.serves) {
        _ if selector == another => true,
        (Known::Is(served), Known::Is(others)) => !served.is_disjoint(others),
        _ => selector.is_empty() || another.is_empty(),
    }
}

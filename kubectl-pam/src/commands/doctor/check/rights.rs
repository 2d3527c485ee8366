//! Rights: those of the user, without which checks are left out, and those of the operator, without which it does not work.

use crate::commands::doctor::facts::{Held, Known, Operator};
use crate::commands::doctor::line::Lines;

/// Says which rights the user lacks.
pub fn of_user(lines: &mut Lines, rights: &[Held]) {
    let (lacking, unknown) = sorted(rights);
    for held in &lacking {
        let what_for = held.right.what_for;
        lines.warn(
            "your rights",
            format!("you may not {}", held.right.words()),
            format!("have that right granted: with it, {what_for}"),
        );
    }
    if let Some(why) = unknown {
        lines.warn("your rights", why, "try `kubectl auth can-i --list`");
    } else if lacking.is_empty() {
        lines.ok("your rights", "you may look at everything that is checked");
    }
}

/// Says which rights an operator lacks.
pub fn of_operator(lines: &mut Lines, operator: &Operator) {
    let (lacking, unknown) = sorted(&operator.rights);
    for held in &lacking {
        let (words, what_for) = (held.right.words(), held.right.what_for);
        lines.fail(
            "its rights",
            format!("the operator's account {} may not {words}", operator.account),
            format!("install the chart's roles and bindings, so that {what_for}"),
        );
    }
    if let Some(why) = unknown {
        lines.warn(
            "its rights",
            format!("what the operator may do is not known: {why}"),
            "you need the right to create subjectaccessreviews.authorization.k8s.io",
        );
    } else if lacking.is_empty() {
        lines.ok("its rights", format!("the account {} may do what the operator does", operator.account));
    }
}

/// Returns the rights that are not held, and why others are not known.
fn sorted(rights: &[Held]) -> (Vec<&Held>, Option<&String>) {
    let lacking = rights.iter().filter(|held| matches!(held.held, Known::Is(false))).collect();
    let unknown = rights.iter().find_map(|held| match &held.held {
        Known::Unknown(why) => Some(why),
        Known::Is(_) => None,
    });
    (lacking, unknown)
}

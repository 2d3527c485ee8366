//! The key of the digests in statuses. Without it the operator cannot tell a changed value from one that it sent before.

use std::collections::{BTreeMap, BTreeSet};

use crate::commands::doctor::facts::{Facts, KeyFact, Known, Operator};
use crate::commands::doctor::line::Lines;

const CHECK: &str = "digest key";
const RESTORE: &str = "restore Secret pam-operator-digest-key from a backup; without it, values are taken for changed once and \
                       pushed again where the spec allows that";

/// Compares the key with what the statuses were made with.
pub fn check(lines: &mut Lines, facts: &Facts) {
    let operators = facts.operators.found().map(Vec::as_slice).unwrap_or_default();
    for operator in operators {
        secret(lines, operator);
    }
    let used = used(facts);
    let all_known = !operators.is_empty() && operators.iter().all(|operator| operator.key.found().is_some());
    if all_known {
        statuses(lines, operators, &used);
    } else if used.len() > 1 {
        lines.fail(
            CHECK,
            format!(
                "statuses were made with {} keys: the key was replaced, or two operators serve the objects",
                used.len()
            ),
            RESTORE,
        );
    }
}

fn secret(lines: &mut Lines, operator: &Operator) {
    let namespace = &operator.namespace;
    match &operator.key {
        Known::Unknown(why) => {
            lines.warn(CHECK, why, format!("you need the right to get secrets in namespace {namespace}"));
        }
        Known::Is(KeyFact::NoSecret) => {
            let what = format!("Secret pam-operator-digest-key in namespace {namespace} is not there");
            lines.fail(CHECK, what, RESTORE);
        }
        Known::Is(KeyFact::NoKey) => lines.fail(
            CHECK,
            format!("Secret pam-operator-digest-key in namespace {namespace} holds no key of 32 bytes"),
            format!("start the operator, which makes a key on its first start; or {RESTORE}"),
        ),
        Known::Is(KeyFact::Id(_)) => {}
    }
}

fn statuses(lines: &mut Lines, operators: &[Operator], used: &BTreeMap<&str, usize>) {
    let own: BTreeSet<&str> = operators
        .iter()
        .filter_map(|operator| match operator.key.found() {
            Some(KeyFact::Id(id)) => Some(id.as_str()),
            _ => None,
        })
        .collect();
    let foreign: usize = used.iter().filter(|(id, _)| !own.contains(*id)).map(|(_, count)| count).sum();
    if own.is_empty() {
        // It was said of the Secret.
    } else if foreign > 0 {
        let what = format!("{foreign} statuses were made with another digest key: the key was lost and made again");
        lines.fail(CHECK, what, RESTORE);
    } else {
        lines.ok(CHECK, "the key is there, and the statuses were made with it");
    }
}

/// Returns how many objects have digests of each key.
fn used(facts: &Facts) -> BTreeMap<&str, usize> {
    let mut used = BTreeMap::new();
    for object in &facts.objects {
        let keys: BTreeSet<&str> = object.keys.iter().map(String::as_str).collect();
        for key in keys {
            *used.entry(key).or_default() += 1;
        }
    }
    used
}

/// Returns the id of the key that a recorded digest was made with, as in `v1:ff06744e:20c6a7`. Digests without a key have none.
pub fn key_of(recorded: &str) -> Option<&str> {
    let mut parts = recorded.trim_start_matches('?').split(':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("v1"), Some(key), Some(_), None) => Some(key),
        _ => None,
    }
}

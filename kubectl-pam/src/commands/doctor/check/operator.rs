//! The operator: it is there, runs, leads, and may do what it has to.

use crate::commands::doctor::facts::{Facts, Known, LeaseFact, Operator};
use crate::commands::doctor::line::{Line, Lines};

use super::clock::MOST;
use super::{digest_key, rights, two_operators};

/// What nobody serves.
const START: &str = "install the chart; if an operator runs, correct its connectionSelector, the labels of the connection, and the label \
                     app.kubernetes.io/name=pam-operator of its Deployment";

/// Makes the lines of the operator.
pub fn check(facts: &Facts) -> Vec<Line> {
    let mut lines = Lines::of("operator");
    match &facts.operators {
        Known::Unknown(why) => {
            lines.warn(
                "running",
                why,
                "whether the operator runs is not known: you need the right to list deployments.apps",
            );
        }
        Known::Is(none) if none.is_empty() => {
            lines.fail("running", "no operator runs that serves this: there is no Deployment of one", START);
        }
        Known::Is(operators) => {
            for operator in operators {
                one(&mut lines, operator, facts);
            }
        }
    }
    unseen(&mut lines, facts);
    two_operators::check(&mut lines, facts);
    digest_key::check(&mut lines, facts);
    lines.lines
}

fn one(lines: &mut Lines, operator: &Operator, facts: &Facts) {
    running(lines, operator);
    lease(lines, operator, facts);
    rights::of_operator(lines, operator);
}

fn running(lines: &mut Lines, operator: &Operator) {
    let Operator { namespace, name, image, wanted, ready, .. } = operator;
    if *ready > 0 {
        lines.ok("running", format!("Deployment {name} in namespace {namespace}: {ready} of {wanted} ready, {image}"));
    } else if *wanted == 0 {
        let scale = format!("kubectl scale deployment {name} -n {namespace} --replicas=1");
        lines.fail(
            "running",
            format!("Deployment {name} in namespace {namespace} is scaled to 0"),
            format!("`{scale}`"),
        );
    } else {
        let logs = format!("look at `kubectl logs -n {namespace} deployment/{name}` and its events");
        lines.fail("running", format!("Deployment {name} in namespace {namespace} has no Pod that is ready"), logs);
    }
    match &operator.pods {
        Known::Is(wrong) => {
            for what in wrong {
                let look = format!("look at `kubectl describe pods -n {namespace}`");
                lines.warn("pods", what, look);
            }
        }
        Known::Unknown(why) => {
            lines.warn("pods", why, format!("you need the right to list pods in namespace {namespace}"));
        }
    }
}

fn lease(lines: &mut Lines, operator: &Operator, facts: &Facts) {
    let namespace = &operator.namespace;
    match &operator.lease {
        _ if operator.settings.without_election => lines.ok("lease", "there is no election (--leader-election=false)"),
        Known::Unknown(why) => {
            lines.warn("lease", why, format!("you need the right to get leases in namespace {namespace}"));
        }
        Known::Is(None) => lines.fail(
            "lease",
            format!("there is no Lease pam-operator in namespace {namespace}: no replica ever led"),
            "look at the operator's log: it may lack the right to create leases",
        ),
        Known::Is(Some(lease)) => held(lines, lease, facts),
    }
}

/// Judges a Lease by the clock of the API server where it is known, since the operator's node is in the cluster.
fn held(lines: &mut Lines, lease: &LeaseFact, facts: &Facts) {
    let ahead = facts.cluster.clock.found().copied().unwrap_or_default();
    let age = lease.renewed.map(|renewed| facts.now.duration_since(renewed).as_secs() + ahead);
    match (&lease.holder, age) {
        (Some(_), Some(age)) if age < -MOST => lines.fail(
            "lease",
            format!("the Lease was renewed {} s in the future: the clock of the operator's node is off", -age),
            "set the clock of the node by NTP",
        ),
        (Some(holder), Some(age)) if age <= lease.duration + MOST => {
            lines.ok("lease", format!("{holder} leads, and renewed the Lease {} s ago", age.max(0)));
        }
        (Some(holder), Some(age)) => lines.fail(
            "lease",
            format!("{holder} holds the Lease and did not renew it for {age} s: no replica works, or its node's clock is off"),
            "look at the operator's Pods and at the clock of their node",
        ),
        _ => lines.fail("lease", "no replica holds the Lease: none works", "look at the operator's Pods and their log"),
    }
}

/// Says how many objects nobody looked at.
fn unseen(lines: &mut Lines, facts: &Facts) {
    let unseen: Vec<&str> =
        facts.objects.iter().filter(|object| !object.observed).map(|object| object.name.as_str()).collect();
    if let [first, ..] = unseen.as_slice() {
        lines.warn(
            "objects",
            format!("no operator has looked at the newest spec of {} objects yet, such as {first}", unseen.len()),
            "wait a moment and run it again; if it stays so, no operator serves them",
        );
    }
}

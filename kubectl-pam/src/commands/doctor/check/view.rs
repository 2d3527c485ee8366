//! What the operator says of a connection, and how that differs from what is seen from here.

use pam_operator::domain::Reason;

use crate::commands::doctor::facts::{ConnectionFacts, Known, ObjectFact};
use crate::commands::doctor::line::{Lines, Verdict};
use crate::manual;

/// Says whether the operator may connect to the host.
pub fn host(lines: &mut Lines, seen: Option<&ObjectFact>) {
    let Some(seen) = seen.filter(|seen| seen.reason == Reason::ConnectionNotAllowed.as_str()) else { return };
    lines.tell("host", Verdict::Fail, &seen.message);
}

/// Compares what the operator says with what is seen from here.
pub fn check(lines: &mut Lines, connection: &ConnectionFacts, seen: Option<&ObjectFact>) {
    let Some(seen) = seen else { return };
    if !seen.observed {
        lines.warn(
            "operator's view",
            "the operator has not looked at the newest version of the connection",
            "wait a moment; if it stays so, see the lines of the operator",
        );
    } else if seen.ready {
        lines.ok("operator's view", "the operator says that the connection is Ready");
    } else if seen.reason == Reason::PamUnavailable.as_str() && is_reached(connection) {
        lines.fail(
            "operator's view",
            "the operator cannot reach the PAM, and you can: something between them stops it",
            "let the operator's Pods out to the PAM: look at NetworkPolicies in its namespace (the chart's networkPolicy), \
             the egress firewall and the cluster's DNS",
        );
    } else if seen.reason != Reason::ConnectionNotAllowed.as_str() {
        let to_do = manual::reason(&seen.reason).map(|row| row.what_to_do);
        let to_do =
            to_do.unwrap_or_else(|| "use the plugin of the operator's release, which knows this reason".to_owned());
        lines.fail("operator's view", format!("the operator says {}: {}", seen.reason, seen.message), to_do);
    }
}

/// Tells whether the PAM is reached from here: by a login, or where none was tried by a connection.
const fn is_reached(connection: &ConnectionFacts) -> bool {
    match connection.login {
        Known::Is(Ok(())) => true,
        Known::Is(Err(_)) => false,
        Known::Unknown(_) => matches!(connection.network.connected, Known::Is(Ok(()))),
    }
}

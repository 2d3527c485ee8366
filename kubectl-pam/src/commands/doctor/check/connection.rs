//! One connection: what its spec says, how its PAM is reached from here, and what the operator says of it.

use crate::commands::doctor::facts::{ConnectionFacts, Facts, ObjectFact};
use crate::commands::doctor::line::{Line, Lines};

use super::{authorization, network, pam, view};

/// Makes the lines of a connection.
pub fn check(connection: &ConnectionFacts, facts: &Facts) -> Vec<Line> {
    let mut lines = Lines::of(&connection.name);
    let own: Vec<&ObjectFact> = facts.objects.iter().filter(|object| object.connection == connection.key).collect();
    let seen = own.iter().find(|object| object.is_connection).copied();
    match &connection.fault {
        Some(fault) => lines.fail("spec", fault, "correct the connection's spec"),
        None => lines.ok("spec", "the spec is understood"),
    }
    view::host(&mut lines, seen);
    if connection.fault.is_none() {
        // The network of the user may be another one than the operator's: where the operator is Ready, only that is said.
        let reached_by_operator = seen.is_some_and(|seen| seen.ready && seen.observed);
        network::check(&mut lines, connection, reached_by_operator, facts.now);
        pam::check(&mut lines, connection);
    }
    pam::tenant(&mut lines, connection, &own);
    view::check(&mut lines, connection, seen);
    authorization::check(&mut lines, &own);
    lines.lines
}

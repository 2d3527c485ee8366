//! The checks: each makes a line of the facts, and asks nobody.

mod authorization;
mod clock;
mod cluster;
mod connection;
mod definitions;
mod digest_key;
mod network;
mod operator;
mod pam;
mod rights;
#[cfg(test)]
mod tests;
mod two_operators;
mod view;

pub use digest_key::key_of;

use super::facts::Facts;
use super::line::Line;

/// Makes all lines, by group.
pub fn all(facts: &Facts) -> Vec<Line> {
    let mut lines = cluster::check(facts);
    lines.extend(operator::check(facts));
    for connection in &facts.connections {
        lines.extend(connection::check(connection, facts));
    }
    lines
}

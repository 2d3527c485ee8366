//! The cluster: it answers, its clock, the definitions of our kinds, and what the user may do there.

use crate::commands::doctor::facts::{Facts, Known};
use crate::commands::doctor::line::{Line, Lines};

use super::{clock, definitions, rights};

/// Makes the lines of the cluster.
pub fn check(facts: &Facts) -> Vec<Line> {
    let cluster = &facts.cluster;
    let mut lines = Lines::of("cluster");
    match &cluster.version {
        Known::Is(version) => lines.ok("version", format!("Kubernetes {version} answers")),
        Known::Unknown(why) => lines.warn("version", why, "have your account let in to /version"),
    }
    clock::check(&mut lines, "the API server", &cluster.clock);
    for definition in &cluster.definitions {
        definitions::check(&mut lines, definition);
    }
    rights::of_user(&mut lines, &cluster.rights);
    for left_out in &facts.left_out {
        lines.warn("objects", left_out, "what these objects say is not looked at: have the right granted");
    }
    lines.lines
}

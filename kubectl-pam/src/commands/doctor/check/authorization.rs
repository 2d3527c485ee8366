//! Whether the PAM's authorization may write. Nothing is written to find out: it is read off what the objects met.

use pam_operator::domain::Reason;

use crate::commands::doctor::facts::ObjectFact;
use crate::commands::doctor::line::Lines;

const CHECK: &str = "write permission";

/// Says whether writes were refused, or accepted, or not tried yet.
pub fn check(lines: &mut Lines, objects: &[&ObjectFact]) {
    let written = || objects.iter().filter(|object| !object.is_connection);
    let refused: Vec<_> = written().filter(|object| object.reason == Reason::PamPermissionDenied.as_str()).collect();
    if let [first, ..] = refused.as_slice() {
        lines.fail(
            CHECK,
            format!(
                "the PAM does not permit the writes of {} objects, such as {}: {}",
                refused.len(),
                first.name,
                first.message
            ),
            "give the authorization read and write permission in the PAM",
        );
    } else if written().any(|object| object.was_written) {
        lines.ok(CHECK, "the PAM accepted writes");
    } else {
        lines.warn(
            CHECK,
            "whether the authorization may write is not known: nothing was written yet, and this command writes nothing",
            "create an object that uses the connection, and look at its status",
        );
    }
}

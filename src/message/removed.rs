//! What users read of fields that the PAM keeps though the spec no longer has them.

/// Returns the end of a message that names the groups of fields; nothing if there are none.
pub(crate) fn suffix(groups: &[String]) -> String {
    if groups.is_empty() { String::new() } else { format!("; {}", sentence(groups)) }
}

/// Returns the note of an event.
pub(crate) fn sentence(groups: &[String]) -> String {
    format!("removed from spec but kept by the PAM, whose API cannot clear a field: {}", groups.join(", "))
}

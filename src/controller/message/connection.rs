//! What users read of a connection where something refers to it.

use crate::domain::Reason;

/// Says that a connection does not exist, or is not selected. `connection` is its kind and name.
pub(crate) fn connection_missing(connection: &str, selects: bool) -> String {
    let hint = if selects { ", or is not selected by this operator's --connection-selector" } else { "" };
    format!("{connection} does not exist{hint}: create it, or correct spec.connectionRef")
}

/// Says that a connection is not ready. What the PAM said to a connection is said to its credentials too.
pub(crate) fn connection_not_ready(connection: &str, reason: Option<Reason>, by_pam: &str) -> String {
    match reason {
        _ if !by_pam.is_empty() => format!("{connection}: {by_pam}"),
        Some(reason) if reason != Reason::Progressing => {
            format!("{connection} is not ready ({}): its own status says what to do", reason.as_str())
        }
        _ => format!("{connection} has not been checked yet"),
    }
}

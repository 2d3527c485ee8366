//! What the users of objects that refer to a connection read of the connection.

use crate::domain::Reason;

/// Says that a connection does not exist, or is not selected. `connection` is its kind and name.
pub(crate) fn connection_missing(connection: &str, selects: bool) -> String {
    let hint = if selects { ", or is not selected by this operator's --connection-selector" } else { "" };
    format!("{connection} does not exist{hint}: create it, or correct spec.connectionRef")
}

/// Says that a connection is not ready, with what the PAM answered to the connection.
pub(crate) fn connection_not_ready(connection: &str, reason: Option<Reason>, by_pam: &str) -> String {
    match reason {
        _ if !by_pam.is_empty() => format!("{connection}: {by_pam}"),
        Some(reason) if reason != Reason::Progressing => {
            format!("{connection} is not ready ({}): its own status says what to do", reason.as_str())
        }
        _ => format!("{connection} has not been checked yet"),
    }
}

//! What the users of objects that refer to a connection read of the connection.

use jiff::Timestamp;

use crate::api::Product;
use crate::domain::Reason;
use crate::domain::unacked::whole_second;

/// Says that a connection does not exist, or is not selected. `connection` is its kind and name.
pub(crate) fn connection_missing(connection: &str, selects: bool) -> String {
    let hint = if selects { ", or is not selected by this operator's --connection-selector" } else { "" };
    format!("{connection} does not exist{hint}: create it, or correct spec.connectionRef")
}

/// Says that a connection is for another product than the object needs.
pub(crate) fn connection_for_another_product(connection: &str, needed: Product) -> String {
    let (is_for, keeps) = match needed {
        Product::PamCore => ("MySafe", "PamCredentials are kept in PAM Core"),
        Product::MySafe => ("PAM Core", "MySafePasswords are kept in MySafe"),
    };
    format!(
        "{connection} is for {is_for}, and {keeps}; nothing was sent: name a connection with spec.product: {needed:?} in \
         spec.connectionRef"
    )
}

/// Says that a connection is not ready, with what the PAM answered to the connection.
pub(crate) fn connection_not_ready(connection: &str, reason: Option<Reason>, by_pam: &str) -> String {
    match reason {
        _ if !by_pam.is_empty() => format!("{connection}: {by_pam}"),
        Some(reason) if reason != Reason::Progressing => {
            format!(
                "{connection} is not ready ({}): its own status (kubectl get clusterpamconn,pamconn -o wide) says what to do",
                reason.as_str()
            )
        }
        _ => format!("{connection} has not been checked yet"),
    }
}

/// Says that a login is held back after refusals, and until when.
pub(crate) fn login_held(of_tenant: bool, until: Timestamp) -> String {
    let whose = if of_tenant { "of this namespace's PamConnections to it" } else { "of this connection" };
    format!(
        "the PAM refused several logins {whose}, so that the next one is not sent before {}: more of them would get the account or the operator's address locked. Check url, tenant, client id and client secret meanwhile; the login is tried by itself then",
        whole_second(until)
    )
}

/// Returns what a refused login says besides: when the next one may be sent, if not at once.
pub(crate) fn next_login(until: Timestamp) -> String {
    format!("; after a change, the next login is not sent before {}", whole_second(until))
}

//! Reads from a connection's spec and annotations what concerns its list and its brake.

use crate::controller::connection::object::AnyConnection;
use crate::domain::BrakeLimit;

/// Returns whether the operator lists what the PAM holds.
pub(super) fn lists(connection: &AnyConnection) -> bool {
    connection.spec.inventory.as_ref().is_none_or(|settings| settings.enabled)
}

/// Returns the value of an annotation of the connection.
pub(super) fn annotation<'a>(connection: &'a AnyConnection, name: &str) -> Option<&'a str> {
    connection.metadata.annotations.as_ref().and_then(|all| all.get(name)).map(String::as_str)
}

/// Returns `spec.disableBrake`, with its defaults.
pub(super) fn limit(connection: &AnyConnection) -> BrakeLimit {
    let settings = connection.spec.disable_brake.clone().unwrap_or_default();
    BrakeLimit { count: usize::try_from(settings.count).unwrap_or(usize::MAX), window: settings.window() }
}

//! What a connection's status says of the brake, and what those say whom it holds back.

use super::brake::{Brake, CONFIRMED, Latch, TOO_MANY};
use super::list_health::Standing;
use super::lists;
use crate::api::{CONFIRM_DISABLE, ConditionType};
use crate::controller::connection::object::AnyConnection;

/// The message of a login that is good: with what is not guarded, where nothing is listed.
pub(crate) fn logged_in(connection: &AnyConnection) -> String {
    let unguarded = if lists(connection) {
        ""
    } else {
        "; inventory.enabled is false: what others change in the PAM is not noticed, a record that was there before is told only from the answer to the first write, and deletionPolicy: Disable is blocked"
    };
    format!("The PAM accepted the login{unguarded}")
}

/// What an object says that waits.
pub(crate) fn held(connection: &AnyConnection, waiting: usize) -> String {
    format!(
        "The disable brake of {} holds it back: {}. It goes on when {} is confirmed: annotate the connection with {CONFIRM_DISABLE} and the number that its condition DisablesHeld shows",
        connection.id(),
        too_many(connection, waiting),
        if waiting == 1 { "that" } else { "their number" }
    )
}

/// The condition of a brake that is on, and so many wait.
pub(crate) fn condition(connection: &AnyConnection, brake: &Brake, waiting: usize) -> Option<Standing> {
    let (reason, message) = match brake.latch() {
        Latch::Off => return None,
        Latch::Held(_) => (TOO_MANY, to_confirm(connection, brake.handled(), waiting)),
        Latch::Confirming(_) | Latch::Going(_) => (CONFIRMED, going_on(waiting)),
    };
    Some((ConditionType::DisablesHeld, reason, message))
}

fn too_many(connection: &AnyConnection, waiting: usize) -> String {
    let settings = connection.spec.disable_brake.clone().unwrap_or_default();
    let wait = if waiting == 1 { "1 record waits".to_owned() } else { format!("{waiting} records wait") };
    let limit = format!("spec.disableBrake lets go {} within {}", settings.count, settings.window);
    format!("{wait} to be disabled, since {limit}")
}

fn to_confirm(connection: &AnyConnection, handled: Option<&String>, waiting: usize) -> String {
    let stale = match handled {
        Some(value) if super::list_health::is_count(Some(value), waiting) => {
            ". The annotation has this value already, from before this number was shown: remove it, and set it again"
        }
        Some(_) => ". The value that the annotation has now is not this number, or was used before",
        None => "",
    };
    format!(
        "{}. Look at which PamCredentials are being deleted. To let that many go on, annotate this connection with {CONFIRM_DISABLE}: \"{waiting}\"; to keep a record enabled, set its PamCredential's spec.deletionPolicy to Retain{stale}",
        too_many(connection, waiting)
    )
}

fn going_on(waiting: usize) -> String {
    format!("The number was confirmed: records go on being disabled, {waiting} are still to begin")
}

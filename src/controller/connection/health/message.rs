//! The messages of a connection's conditions, and of the objects that wait for the connection's brake.

use super::settings::lists;
use super::status_fields::{CONFIRMED, SideCondition, TOO_MANY};
use crate::api::{CONFIRM_DISABLE, CONFIRM_INVENTORY, ConditionType, PUSH_VALUE_REQUESTED_AT, RECONCILE_REQUESTED_AT};
use crate::controller::connection::object::AnyConnection;
use crate::domain::{BrakeState, DisableBrake, UnusedValue};
use crate::pam::ListBudget;

const HELD_BACK: &str = "first pushes, corrections and disables are held back";

/// Returns the message of a good login; without lists, the message also names what nothing guards.
pub(crate) fn logged_in(connection: &AnyConnection) -> String {
    let unguarded = if lists(connection) {
        ""
    } else {
        "; inventory.enabled is false: what others change in the PAM is not noticed, a record that was there before is told only from the answer to the first write, and deletionPolicy: Disable is blocked"
    };
    format!("The PAM accepted the login{unguarded}")
}

/// What the message of `Ready` ends in where `--plan-only` is set, whatever else it says.
pub(crate) const PLAN_ONLY: &str = "; the operator runs with --plan-only: nothing is written to the PAM";

/// Returns a message of a login with the blocks of the connection's certificates that were not used. A login that failed
/// may have failed for such a block.
pub(crate) fn with_unused(message: String, unused: Option<&str>) -> String {
    match unused {
        Some(unused) => format!("{message}; {unused}"),
        None => message,
    }
}

/// Returns the message of an object that waits for the brake.
pub(crate) fn held(connection: &AnyConnection, waiting: usize) -> String {
    format!(
        "The disable brake of {} holds it back: {}. It goes on when {} is confirmed: annotate the connection with {CONFIRM_DISABLE} and the number that its condition DisablesHeld shows",
        connection.id(),
        too_many(connection, waiting),
        if waiting == 1 { "that" } else { "their number" }
    )
}

/// Returns the condition of a brake that is on while `waiting` objects wait.
pub(super) fn brake_condition(
    connection: &AnyConnection,
    brake: &DisableBrake,
    waiting: usize,
) -> Option<SideCondition> {
    let (reason, message) = match brake.state() {
        BrakeState::Off => return None,
        BrakeState::Held(_) => {
            (TOO_MANY, confirm_disables(connection, waiting, brake.confirmation().unused_value(waiting)))
        }
        BrakeState::Confirming(_) | BrakeState::Releasing(_) => (CONFIRMED, releasing(waiting)),
    };
    Some(SideCondition { kind: ConditionType::DisablesHeld, reason, message })
}

fn too_many(connection: &AnyConnection, waiting: usize) -> String {
    let settings = connection.spec.disable_brake.clone().unwrap_or_default();
    let wait = if waiting == 1 { "1 record waits".to_owned() } else { format!("{waiting} records wait") };
    let limit = format!("spec.disableBrake lets go {} within {}", settings.count, settings.window);
    format!("{wait} to be disabled, since {limit}")
}

fn confirm_disables(connection: &AnyConnection, waiting: usize, unused: Option<UnusedValue>) -> String {
    format!(
        "{}. Look at which PamCredentials are being deleted. To let that many go on, annotate this connection with {CONFIRM_DISABLE}: \"{waiting}\"; to keep a record enabled, set its PamCredential's spec.deletionPolicy to Retain{}",
        too_many(connection, waiting),
        why_not(unused)
    )
}

fn releasing(waiting: usize) -> String {
    format!("The number was confirmed: records go on being disabled, {waiting} are still to begin")
}

pub(super) fn list_ended_early() -> String {
    format!(
        "The PAM's list ended early: {HELD_BACK} until a whole one comes. If this stays, look for what cuts long answers between the operator and the PAM (a proxy, a gateway), and whether another vault answers at spec.url, is being restored, or changed the authorization"
    )
}

pub(super) fn list_not_kept() -> String {
    format!(
        "The PAM's list was not kept, since the lists of PamConnections may take {} MiB of memory in one namespace, and {} MiB in all: {HELD_BACK}. Give this connection's OAuth client access to fewer records, or delete PamConnections that are not needed; if that does not help, ask an administrator for a ClusterPamConnection, whose list does not count",
        ListBudget::NAMESPACE >> 20,
        ListBudget::TENANTS >> 20,
    )
}

pub(super) fn records_missing(missing: usize, of: usize, unused: Option<UnusedValue>) -> String {
    format!(
        "The PAM's list lacks, or shows moved, {missing} of the {of} records that are known: {HELD_BACK}. Likely the authorization was changed, another vault answers at spec.url, or the vault was restored from a backup: mend that. If these records really went or moved, annotate this connection with {CONFIRM_INVENTORY}: \"{missing}\"{}",
        why_not(unused)
    )
}

pub(super) fn vault_restored(older: usize) -> String {
    format!(
        "The PAM's list shows {older} records older than they were: the vault was restored from a backup, and their values are likely old, too. To write them again, annotate their PamCredentials with {RECONCILE_REQUESTED_AT}, or where the vault rotates the value with {PUSH_VALUE_REQUESTED_AT} (any new text)"
    )
}

/// Says why the annotation's present value confirms nothing.
const fn why_not(unused: Option<UnusedValue>) -> &'static str {
    match unused {
        Some(UnusedValue::SameNumber) => {
            ". The annotation has this value already, maybe from before this number was shown: remove it, and set it again"
        }
        Some(UnusedValue::OtherValue) => {
            ". The value that the annotation has now is not this number, or was used before"
        }
        None => "",
    }
}

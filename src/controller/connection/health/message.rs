//! The messages of a connection's conditions, and of the objects that wait for the connection's brake.

use std::collections::BTreeMap;

use super::settings::lists;
use super::status_fields::{CONFIRMED, SideCondition, TOO_MANY, TOO_MANY_IN_ALL};
use crate::api::{CONFIRM_DISABLE, CONFIRM_INVENTORY, ConditionType, PUSH_VALUE_REQUESTED_AT, RECONCILE_REQUESTED_AT};
use crate::controller::connection::object::AnyConnection;
use crate::domain::{HeldDisables, Hold, MissingRecords, ShownDisables, ShownMissing, UnusedValue};
use crate::pam::ListBudget;

/// A message names so many namespaces.
const NAMED: usize = 8;

const HELD_BACK: &str = "first pushes, corrections and disables wait";

/// Returns the message of a good login; without lists, the message also names what nothing guards.
pub(crate) fn logged_in(connection: &AnyConnection) -> String {
    let unguarded = if lists(connection) {
        ""
    } else {
        "; inventory.enabled is false: what others change in the PAM is not noticed, an existing record shows only in the answer to the first write, and deletionPolicy: Disable is blocked"
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

/// Returns the message of an object that waits for the brake. Of other namespaces it says nothing.
pub(crate) fn held(connection: &AnyConnection, hold: Hold) -> String {
    let Hold { waiting, by_connection } = hold;
    format!(
        "The disable brake of {} stops it: {} of this namespace {} to be disabled, since {}. It continues when {} is confirmed: annotate the connection with {CONFIRM_DISABLE} and the number that its condition DisablesHeld shows",
        connection.id(),
        if waiting == 1 { "1 record".to_owned() } else { format!("{waiting} records") },
        if waiting == 1 { "waits" } else { "wait" },
        limits(connection, by_connection),
        if waiting == 1 { "that" } else { "their number" }
    )
}

/// Returns the condition of a brake that is on.
pub(super) fn brake_condition(
    connection: &AnyConnection,
    held: &HeldDisables,
    unused: Option<UnusedValue>,
) -> SideCondition {
    let (reason, message) = match held {
        HeldDisables { is_confirmed: true, shown, .. } => (CONFIRMED, releasing(shown.total)),
        HeldDisables { by_connection: true, .. } => (TOO_MANY_IN_ALL, confirm_disables(connection, held, unused)),
        _ => (TOO_MANY, confirm_disables(connection, held, unused)),
    };
    SideCondition { kind: ConditionType::DisablesHeld, reason, message }
}

/// Says what the brake lets go: of a namespace, and where the connection as a whole holds, of all.
fn limits(connection: &AnyConnection, in_all: bool) -> String {
    let settings = connection.spec.disable_brake.clone().unwrap_or_default();
    let limit = format!("spec.disableBrake allows {} within {} for each namespace", settings.count, settings.window);
    if in_all {
        format!("{limit}, and {} for all namespaces together", super::settings::limit(connection).connection())
    } else {
        limit
    }
}

fn confirm_disables(connection: &AnyConnection, held: &HeldDisables, unused: Option<UnusedValue>) -> String {
    let ShownDisables { total, namespaces } = &held.shown;
    format!(
        "{} to be disabled in {}, since {}. Look at which PamCredentials and MySafePasswords are being deleted there. To let that many continue, annotate this connection with {CONFIRM_DISABLE}: \"{total}\"{}; to keep a record enabled, set spec.deletionPolicy of its object to Retain{}",
        if *total == 1 { "1 record waits".to_owned() } else { format!("{total} records wait") },
        numbers(namespaces),
        limits(connection, held.by_connection),
        one_of(namespaces),
        why_not(unused)
    )
}

/// Names the namespaces with the highest numbers, and says how many more there are.
fn numbers(namespaces: &BTreeMap<String, usize>) -> String {
    if let (1, Some(namespace)) = (namespaces.len(), namespaces.keys().next()) {
        return format!("namespace {namespace}");
    }
    let mut all: Vec<_> = namespaces.iter().collect();
    all.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
    let named: Vec<_> = all.iter().take(NAMED).map(|(namespace, number)| format!("{namespace} {number}")).collect();
    let more = all.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("several namespaces ({}{more})", named.join(", "))
}

/// Says how one of several namespaces is confirmed.
fn one_of(namespaces: &BTreeMap<String, usize>) -> String {
    match namespaces.iter().next().filter(|_| namespaces.len() > 1) {
        Some((namespace, number)) => {
            format!(", or for one namespace with its name and number: \"{namespace}={number}\"")
        }
        None => String::new(),
    }
}

fn releasing(waiting: usize) -> String {
    format!("The number was confirmed: records continue to be disabled, {waiting} have not begun yet")
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

pub(super) fn records_missing(missing: MissingRecords, unused: Option<UnusedValue>) -> String {
    let MissingRecords { missing, of } = missing;
    format!(
        "In the PAM's list {missing} of the {of} known records are missing, or have another account: {HELD_BACK}. Likely the authorization was changed, another vault answers at spec.url, or the vault was restored from a backup: fix that. If these records really were removed or moved, annotate this connection with {CONFIRM_INVENTORY}: \"{missing}\"{}",
        why_not(unused)
    )
}

pub(super) fn namespace_records_missing(shown: &ShownMissing, unused: Option<UnusedValue>) -> String {
    let ShownMissing { total, namespaces } = shown;
    format!(
        "In the PAM's list many of the known records of {} are missing, or have another account, and those of the others are as they are known: {HELD_BACK} there, and nowhere else. Likely these records were renamed or removed in the vault, or the authorization lost them: fix that. If these records really were removed or moved, annotate this connection with {CONFIRM_INVENTORY}: \"{total}\"{}{}",
        numbers(namespaces),
        one_of(namespaces),
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
